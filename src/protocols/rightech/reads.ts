import type { Document, Filter, SortKey } from '../../documents/port.ts'
import { present } from '../../domain/stores/present.ts'
import { mayRead, visibilityFilter } from '../../domain/stores/visibility.ts'
import type { Context } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import type { Principal } from '../../queries/stores-principals.ts'
import { findEntity, versionOf } from '../../queries/stores.ts'
import type { StoreRoute } from './directory.ts'
import { listDocuments } from './lists.ts'
import { fieldPaths, pick } from './only.ts'
import { allOf, readQuery } from './query.ts'
import { entityText, reply, replyJson } from './replies.ts'
import { allConditions } from './selectors.ts'
import type { Services } from './services.ts'

/** A call that may be made: the store by its route, the caller by his credential. */
export type Call = {
  readonly services: Services
  readonly ctx: Context
  readonly route: StoreRoute
  readonly principal: Principal
}

/** `GET /:store` (rightech 2). @param within what of it, under the path of something else. */
export const list = (
  { services, ctx, route, principal }: Call,
  within: { readonly filter: Filter; readonly about: string } = { filter: {}, about: route.def.path },
): Promise<void> => {
  const { def, collection, selectable } = route
  const { caller } = principal
  return listDocuments(ctx, services, {
    collection,
    selectable,
    filter: ({ withChildGroups }) =>
      allConditions([visibilityFilter(caller, def, withChildGroups), within.filter]),
    sort: def.order === '-id' ? NEWEST_FIRST : undefined,
    encode: (document) => present(def.path, document),
    about: within.about,
    headers: async () => ({
      'X-Ric-Version': String(await versionOf(services.reader, caller.group, def.path)),
    }),
  })
}

const NEWEST_FIRST: readonly SortKey[] = [['_id', -1]]

/** The entity that the path means if the caller may read it, or the answer that it is not there. */
export const readable = async (
  { services, ctx, route, principal }: Call,
  id: string,
): Promise<Document | undefined> => {
  const entity = await findEntity(services.reader, route.def, id)
  if (entity !== undefined && mayRead(principal.caller, entity, route.def)) return entity
  reply(ctx, route.notFound)
  return undefined
}

/** `GET /:store/:id`, with `only`. */
export const getOne = async (call: Call, id: string): Promise<void> => {
  const { ctx, route } = call
  const entity = await readable(call, id)
  if (entity === undefined) return
  const { query } = ctx.state.request
  replyJson(ctx, entityText(route.def.path, onlyOf(query, entity)))
}

/** An entity with what `only` of a raw query keeps of it. */
export const onlyOf = (query: string, entity: Document): JsonObject => {
  if (query === '') return entity
  const only = fieldPaths(
    allOf(readQuery(query), 'only').flatMap(({ value }) => (value === undefined ? [] : [value])),
  )
  return only === undefined ? entity : pick(entity, only)
}
