import * as E from 'fp-ts/lib/Either.js'
import { equalJson, isList, isObject, type Json, type JsonObject } from '../../json.ts'
import type { Decider, Fact } from '../decider.ts'
import type { Fields, Rejection } from '../rejection.ts'
import type { Caller } from './commands.ts'
import { evolve, NOTHING, type EntityState } from './evolve.ts'
import {
  changedFacts,
  conflict,
  createdFact,
  deletedFact,
  invalid,
  isTooLarge,
  notFound,
  tooLarge,
} from './facts.ts'
import { deepMerge, ownValue } from './paths.ts'
import { ROWS } from './sub-stores.ts'
import { bodyFields, safeFields, type Mode } from './validate.ts'
import { mayWrite, scopeOf } from './visibility.ts'

/** What may be asked of a row (rightech 3.7). */
export type RowCommand = CreateRow | PatchRow | DeleteRow

type Common = {
  /** 24 lower-case hexadecimal digits. */
  readonly id: string
  /** The table of the path as its stream has it at this moment; `undefined`: there is none any more. */
  readonly table: JsonObject | undefined
  readonly at: number
  readonly caller: Caller
}
export type CreateRow = Common & { readonly type: 'CreateRow'; readonly body: JsonObject }
export type PatchRow = Common & { readonly type: 'PatchRow'; readonly body: JsonObject }
export type DeleteRow = Common & { readonly type: 'DeleteRow' }

/** A column's `dataType`. */
export type ColumnType = 'string' | 'number' | 'boolean' | 'date'

/** The columns of a table whose values stand in `data`, by their ids; `time` and `_id` are the row's own. */
export const columnTypes = (table: JsonObject): ReadonlyMap<string, ColumnType> => {
  const columns = isList(table['columns']) ? table['columns'] : []
  return new Map(
    columns.flatMap((column): [string, ColumnType][] => {
      if (!isObject(column)) return []
      const { id, dataType } = column
      return typeof id === 'string' && !VIRTUAL.has(id) && isColumnType(dataType) ? [[id, dataType]] : []
    }),
  )
}

/**
 * One stream a row. What a column's removal or new type leaves behind stays in the rows as it was given: only values that a write changes are
 * held against the columns.
 */
export const rowsDecider: Decider<EntityState, RowCommand> = {
  initial: NOTHING,
  stateVersion: 1,
  evolve: (state, event) => evolve(ROWS, state, event),
  decide: (command, state) => {
    const { table, caller } = command
    // A row is seen and changed by whoever may do so with its table.
    if (table === undefined || !mayWrite(caller, table, ROWS)) return E.left(notFound('tables'))
    return E.map((facts: readonly Fact[]) => facts.map((fact) => ofTable(fact, table)))(
      decide(command, table, state),
    )
  },
}

type Decision = E.Either<Rejection, readonly Fact[]>

const decide = (command: RowCommand, table: JsonObject, state: EntityState): Decision => {
  if (command.type === 'CreateRow') return create(command, table, state)
  const row = state.entity
  if (row === undefined || row['table'] !== table['_id']) return E.left(notFound(ROWS.path))
  return command.type === 'PatchRow'
    ? patch(command, table, row)
    : E.right([deletedFact(ROWS, command.id, { entity: row, secrets: {} })])
}

const create = ({ id, at, body }: CreateRow, table: JsonObject, state: EntityState): Decision => {
  if (state.exists || state.deleted) return E.left(conflict(ROWS.path, '_id', 'unique'))
  const { data, broken } = checked(table, body, 'create')
  if (Object.keys(broken).length > 0) return E.left(invalid(ROWS.path, broken))
  const row = { entity: { _id: id, table: table['_id'] ?? null, time: at, data }, secrets: {} }
  return isTooLarge(row) ? E.left(tooLarge(ROWS.path)) : E.right([createdFact(ROWS, id, row)])
}

const patch = ({ id, at, body }: PatchRow, table: JsonObject, row: JsonObject): Decision => {
  const before = isObject(row['data']) ? row['data'] : {}
  const { data, broken } = checked(table, body, 'patch', before)
  if (Object.keys(broken).length > 0) return E.left(invalid(ROWS.path, broken))
  const after = { entity: { ...row, data }, secrets: {} }
  if (isTooLarge(after)) return E.left(tooLarge(ROWS.path))
  return E.right(changedFacts(ROWS, id, { before: { entity: row, secrets: {} }, after, at }))
}

type Checked = { readonly data: JsonObject; readonly broken: Fields }

/** The whole `data` after a write, and what of the write breaks a rule, by path. */
const checked = (table: JsonObject, body: JsonObject, mode: Mode, before: JsonObject = {}): Checked => {
  const { fields, unsafe } = safeFields(bodyFields(ROWS, body, mode))
  const format = Object.fromEntries(unsafe.map((name) => [name, ['format']]))
  const { data: given = mode === 'create' ? null : {} } = fields
  if (given === null || given === '')
    return { data: {}, broken: mode === 'create' ? format : { ...format, data: ['required'] } }
  if (!isObject(given)) return { data: {}, broken: { ...format, data: ['type'] } }
  const own = Object.fromEntries(Object.entries(given).filter(([column]) => !VIRTUAL.has(column)))
  const data = deepMerge(before, own)
  const changed = Object.keys(own).filter((column) => !equalJson(ownValue(before, column), data[column]))
  return { data, broken: { ...format, ...brokenColumns(table, data, changed) } }
}

const brokenColumns = (table: JsonObject, data: JsonObject, changed: readonly string[]): Fields => {
  const types = columnTypes(table)
  return Object.fromEntries(
    changed.flatMap((column): [string, readonly string[]][] => {
      const type = types.get(column)
      if (type === undefined) return [[`data.${column}`, ['unknown']]]
      const value = data[column] ?? null
      return value === null || FITS[type](value) ? [] : [[`data.${column}`, ['type']]]
    }),
  )
}

/** Who is told of a row: who is told of its table. */
const ofTable = (fact: Fact, table: JsonObject): Fact => ({
  ...fact,
  scope: { ...scopeOf(ROWS.path, table), table: table['_id'] ?? null },
})

const VIRTUAL: ReadonlySet<string> = new Set(['time', '_id'])

const FITS: { readonly [type in ColumnType]: (value: Json) => boolean } = {
  string: (value) => typeof value === 'string',
  number: (value) => Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  date: (value) => Number.isFinite(value),
}

const isColumnType = (type: Json | undefined): type is ColumnType =>
  typeof type === 'string' && Object.hasOwn(FITS, type)
