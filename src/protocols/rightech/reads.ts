import * as E from 'fp-ts/lib/Either.js'
import type { Document, Filter, FindOptions } from '../../documents/port.ts'
import { rejection } from '../../domain/rejection.ts'
import { present } from '../../domain/stores/present.ts'
import { mayRead, visibilityFilter } from '../../domain/stores/visibility.ts'
import type { Answer, Context } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import type { Principal } from '../../queries/stores-principals.ts'
import { findEntity, versionOf } from '../../queries/stores.ts'
import type { StoreRoute } from './directory.ts'
import { rejected } from './errors.ts'
import { EMPTY, frame, frameStream } from './framing.ts'
import { fieldPaths, pick } from './only.ts'
import { allOf, readQuery } from './query.ts'
import { entityText, reply, replyJson, replyStream, replyStreamHead } from './replies.ts'
import { allConditions, readSelectors } from './selectors.ts'
import type { Selectors } from './selectors.ts'
import type { Services } from './services.ts'

/** A call that may be made: the store by its route, the caller by his credential. */
export type Call = {
  readonly services: Services
  readonly ctx: Context
  readonly route: StoreRoute
  readonly principal: Principal
}

/** `GET /:store` (rightech 2). */
export const list = async (call: Call): Promise<void> => {
  const { services, ctx, route, principal } = call
  const selectors = readSelectors(ctx.state.request.query, route.selectable)
  if (E.isLeft(selectors)) {
    const refusal = rejection('Invalid', 'selectors', { fields: selectors.left, about: route.def.path })
    return reply(ctx, rejected(refusal))
  }
  // Before the list: a version may be older than what it stands on, never newer.
  const version = await versionOf(services.reader, principal.caller.group, route.def.path)
  const headers = { 'X-Ric-Version': String(version) }
  return selectors.right.meta === undefined
    ? listPages(call, selectors.right, headers)
    : listMeta(call, selectors.right, headers)
}

/** `GET /:store/:id`, with `only`. */
export const getOne = async ({ services, ctx, route, principal }: Call, id: string): Promise<void> => {
  const entity = await findEntity(services.reader, route.def, id)
  if (entity === undefined || !mayRead(principal.caller, entity, route.def)) return reply(ctx, route.notFound)
  const { query } = ctx.state.request
  replyJson(ctx, entityText(route.def.path, query === '' ? entity : onlyOf(query, entity)))
}

const onlyOf = (query: string, entity: Document): JsonObject => {
  const only = fieldPaths(
    allOf(readQuery(query), 'only').flatMap(({ value }) => (value === undefined ? [] : [value])),
  )
  return only === undefined ? entity : pick(entity, only)
}

const listPages = async (call: Call, selectors: Selectors, headers: Answer['headers']): Promise<void> => {
  const { services, ctx, route, principal } = call
  const { path } = route.def
  if (selectors.limit === 0) return replyJson(ctx, EMPTY, headers)
  if (selectors.streamed && ctx.method === 'HEAD') return replyStreamHead(ctx, headers)
  const encode = (document: Document): string => JSON.stringify(present(path, document))
  const pages = (): AsyncIterable<readonly Document[]> =>
    services.reader.find(route.collection, filterOf(route, principal, selectors), optionsOf(route, selectors))
  if (selectors.streamed) return replyStream(ctx, await frameStream(pages(), encode), headers)
  const body = await frame(pages(), encode)
  return typeof body === 'string' ? replyJson(ctx, body, headers) : replyStream(ctx, body, headers)
}

/** rightech 2.2: first and last are by `_id`, whatever the order. */
const listMeta = async (call: Call, selectors: Selectors, headers: Answer['headers']): Promise<void> => {
  const { ctx, route, principal } = call
  const { reader } = call.services
  const filter = filterOf(route, principal, selectors)
  if (selectors.meta === 'count') {
    const count = await reader.count(route.collection, filter)
    return replyJson(ctx, JSON.stringify({ count, success: true }), headers)
  }
  const edge = async (direction: 1 | -1): Promise<unknown> => {
    const options = { ...fieldsOf(selectors), sort: [['_id', direction]], limit: 1 } as const
    for await (const [document] of reader.find(route.collection, filter, options)) {
      if (document !== undefined) return present(route.def.path, document)
    }
    return null
  }
  const [count, first, last] = await Promise.all([reader.count(route.collection, filter), edge(1), edge(-1)])
  replyJson(ctx, JSON.stringify({ count, first, last, success: true }), headers)
}

const filterOf = ({ def }: StoreRoute, { caller }: Principal, selectors: Selectors): Filter =>
  allConditions([visibilityFilter(caller, def, selectors.withChildGroups), selectors.filter])

const optionsOf = ({ def }: StoreRoute, selectors: Selectors): FindOptions => {
  const { sort = def.order === '-id' ? NEWEST_FIRST : undefined, skip, limit } = selectors
  return {
    ...fieldsOf(selectors),
    ...(sort === undefined ? {} : { sort }),
    ...(skip === 0 ? {} : { skip }),
    ...(limit === undefined ? {} : { limit }),
  }
}

const NEWEST_FIRST: FindOptions['sort'] = [['_id', -1]]

const fieldsOf = ({ only }: Selectors): Pick<FindOptions, 'fields'> =>
  only === undefined ? {} : { fields: only }
