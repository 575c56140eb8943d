import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import type { Outcome } from '../../commands/engine.ts'
import type { Document } from '../../documents/port.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { storesDecider, type EntityState } from '../../domain/stores/decide.ts'
import { collectionOf, entityStream, isId } from '../../domain/stores/names.ts'
import { present } from '../../domain/stores/present.ts'
import { columnTypes, rowsDecider, type ColumnType, type RowCommand } from '../../domain/stores/rows.ts'
import { ROWS } from '../../domain/stores/sub-stores.ts'
import { mayRead, mayWrite } from '../../domain/stores/visibility.ts'
import type { JsonObject } from '../../json.ts'
import { findEntity, versionOf } from '../../queries/stores.ts'
import { readBody } from './bodies.ts'
import { rejected } from './errors.ts'
import { listDocuments } from './lists.ts'
import { onlyOf } from './reads.ts'
import { entityText, reply, replyJson } from './replies.ts'
import type { Parameters, Resource, ResourceCall } from './resources.ts'
import type { Selectable } from './selectors.ts'
import type { PathType } from './where.ts'

const COLLECTION = collectionOf(ROWS.path)

/** `GET /tables/:id/rows`: everything of rightech 2, with conditions typed by the columns. */
const listRows = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const { ctx, services, principal } = call
  const table = await tableOf(call, id, mayRead)
  if (table === undefined) return
  return listDocuments(ctx, services, {
    collection: COLLECTION,
    selectable: selectableOf(table),
    filter: { table: table._id },
    encode: (row) => present(ROWS.path, row),
    about: ROWS.path,
    headers: async () => ({
      'X-Ric-Version': String(await versionOf(services.reader, principal.caller.group, ROWS.path)),
    }),
  })
}

const getRow = async (call: ResourceCall, { id = '', row: wanted = '' }: Parameters): Promise<void> => {
  const table = await tableOf(call, id, mayRead)
  const row = table && (await rowOf(call, table, wanted))
  if (row === undefined) return
  replyJson(call.ctx, entityText(ROWS.path, onlyOf(call.ctx.state.request.query, row)))
}

const createRow = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const { ctx, services } = call
  const table = await tableOf(call, id, mayWrite)
  const body = table && (await readBody(ctx))
  if (table === undefined || body === undefined) return
  const at = services.now()
  const command = { type: 'CreateRow', id: services.newId(at), at, body } as const
  return answer(call, await execute(call, table._id, command))
}

const patchRow = async (call: ResourceCall, { id = '', row: wanted = '' }: Parameters): Promise<void> => {
  const table = await tableOf(call, id, mayWrite)
  const row = table && (await rowOf(call, table, wanted))
  const body = row && (await readBody(call.ctx))
  if (table === undefined || row === undefined || body === undefined) return
  const command = { type: 'PatchRow', id: row._id, at: call.services.now(), body } as const
  return answer(call, await execute(call, table._id, command))
}

const deleteRow = async (call: ResourceCall, { id = '', row: wanted = '' }: Parameters): Promise<void> => {
  const table = await tableOf(call, id, mayWrite)
  const row = table && (await rowOf(call, table, wanted))
  if (table === undefined || row === undefined) return
  let before: JsonObject | undefined
  const command = { type: 'DeleteRow', id: row._id, at: call.services.now() } as const
  const deleted = await execute(call, table._id, command, (state) => (before = state.entity))
  if (E.isLeft(deleted)) return reply(call.ctx, rejected(deleted.left))
  replyJson(call.ctx, entityText(ROWS.path, before ?? row))
}

/** The rows of tables (rightech 3.7). */
export const TABLE_ROW_RESOURCES: readonly Resource[] = [
  { method: 'GET', path: 'tables/:id/rows', serve: listRows },
  { method: 'POST', path: 'tables/:id/rows', serve: createRow },
  { method: 'GET', path: 'tables/:id/rows/:row', serve: getRow },
  { method: 'PATCH', path: 'tables/:id/rows/:row', serve: patchRow },
  { method: 'DELETE', path: 'tables/:id/rows/:row', serve: deleteRow },
]

/** The table of the path, or the answer that it is not there. */
const tableOf = async (
  { ctx, services, principal, routeOf }: ResourceCall,
  id: string,
  may: typeof mayRead,
): Promise<Document | undefined> => {
  const { def, notFound } = routeOf('tables')
  const table = await findEntity(services.reader, def, id)
  if (table !== undefined && may(principal.caller, table, def)) return table
  reply(ctx, notFound)
  return undefined
}

/** The row of the path, or the answer that the table has none like it. */
const rowOf = async (
  { ctx, services }: ResourceCall,
  table: Document,
  id: string,
): Promise<Document | undefined> => {
  const row = isId(id) ? (await services.reader.get(COLLECTION, id.toLowerCase()))?.value : undefined
  if (row !== undefined && row['table'] === table._id) return row
  reply(ctx, NO_ROW)
  return undefined
}

const NO_ROW = rejected(rejection('NotFound', 'no_such_entity', { about: ROWS.path }))

/** A command without what its decision takes from elsewhere. */
type Asked<C> = C extends RowCommand ? Omit<C, 'table' | 'caller'> : never

/**
 * The columns are those that the table's stream has, so a row is never held against what was changed before it. A table that goes in the same
 * instant may leave a row that no path leads to.
 */
const execute = (
  { services, ctx, principal }: ResourceCall,
  table: string,
  asked: Asked<RowCommand>,
  onLoaded: (state: EntityState) => unknown = () => undefined,
): Promise<Either<Rejection, Outcome<EntityState>>> => {
  const { engine } = services
  return engine.execute({
    stream: entityStream(ROWS.path, asked.id),
    decider: rowsDecider,
    command: async (state: EntityState): Promise<RowCommand> => {
      onLoaded(state)
      const found = await engine.load(entityStream('tables', table), storesDecider('tables'))
      return { ...asked, table: found.state.entity, caller: principal.caller }
    },
    ...(asked.type === 'CreateRow' ? { isNew: true } : {}),
    commandId: randomUUID(),
    actor: `stores:user:${principal.caller.user}`,
    at: asked.at,
    correlationId: ctx.state.request.id,
    via: { protocol: 'rightech', auth: principal.kind },
  })()
}

const answer = ({ ctx }: ResourceCall, outcome: Either<Rejection, Outcome<EntityState>>): void => {
  if (E.isLeft(outcome)) return reply(ctx, rejected(outcome.left))
  replyJson(ctx, entityText(ROWS.path, outcome.right.state.entity ?? {}))
}

/** How conditions on a row are read; `search` looks into its texts. */
const selectableOf = (table: JsonObject): Selectable => {
  const types = columnTypes(table)
  const texts = [...types].filter(([, type]) => type === 'string').map(([column]) => `data.${column}`)
  return {
    typeAt: (path) => OWN.get(path) ?? columnType(types, path),
    search: texts.length > 0 ? texts : ['_id'],
  }
}

const OWN: ReadonlyMap<string, PathType> = new Map([
  ['_id', 'id'],
  ['time', 'number'],
  ['_at', 'number'],
  ['table', 'hidden'],
])

const columnType = (types: ReadonlyMap<string, ColumnType>, path: string): PathType => {
  const type = path.startsWith('data.') ? types.get(path.slice('data.'.length)) : undefined
  return type === 'date' ? 'number' : (type ?? 'any')
}
