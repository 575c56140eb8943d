import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Filter, SortKey } from '../../documents/port.ts'
import { folded } from '../../domain/cc/user.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { LAST_REQUEST_AT, type Active } from '../../queries/cc/users-page.ts'
import { baseError } from './answers.ts'
import { integer, text, time } from './params.ts'

/** What the grammar of `filter[]` asks for (connectycube 4.4). */
export type V1Question = { readonly filter: Filter; readonly active: readonly Active[] }

/** `filter[]=<type> <field> <op> <value>`, `filter[<op>]=<type> <field> <value>`, and plain fields as equalities. */
export const readV1Filters = (params: JsonObject): Either<Answer, V1Question> => {
  const filters: Filter[] = []
  const active: Active[] = []
  for (const expression of [...expressionsOf(params['filter']), ...plainOf(params)]) {
    const read = expression === undefined ? undefined : conditionOf(expression)
    if (read === undefined) return E.left(baseError(422, 'Unexpected filter'))
    if (typeof read === 'function') active.push(read)
    else filters.push(read)
  }
  return E.right({ filter: filters.length === 0 ? {} : { $and: filters }, active })
}

/** `order=<asc|desc> <type> <field>`; the type says nothing. */
export const readV1Order = (value: Json | undefined): Either<Answer, SortKey> => {
  const order = text(isList(value) ? value[0] : value) ?? ''
  if (order === '') return E.right(['id', 1])
  const [, direction, name = ''] = /^\s*(asc|desc)\s+(?:\S+\s+)?(\S+)\s*$/i.exec(order) ?? []
  const path = fieldOf(name)?.path
  if (direction === undefined || path === undefined) return E.left(baseError(422, 'Unexpected order'))
  return E.right([path, direction.toLowerCase() === 'asc' ? 1 : -1])
}

/** What version 1 filters and sorts by. */
export const v1FieldNames = (): readonly string[] => Object.keys(FIELDS)

type Kind = 'number' | 'text' | 'folded' | 'list' | 'date'
type Field = { readonly kind: Kind; readonly path: string }

const FIELDS: { readonly [name: string]: Field } = {
  id: { kind: 'number', path: 'id' },
  full_name: { kind: 'text', path: 'fullName' },
  email: { kind: 'folded', path: 'emailLc' },
  login: { kind: 'folded', path: 'loginLc' },
  phone: { kind: 'text', path: 'phone' },
  website: { kind: 'text', path: 'website' },
  avatar: { kind: 'text', path: 'avatar' },
  external_user_id: { kind: 'number', path: 'externalUserId' },
  external_id: { kind: 'text', path: 'externalId' },
  facebook_id: { kind: 'text', path: 'facebookId' },
  twitter_id: { kind: 'text', path: 'twitterId' },
  blob_id: { kind: 'number', path: 'blobId' },
  timezone: { kind: 'number', path: 'timezone' },
  user_tags: { kind: 'list', path: 'tags' },
  created_at: { kind: 'date', path: 'createdAt' },
  updated_at: { kind: 'date', path: 'updatedAt' },
  last_request_at: { kind: 'date', path: LAST_REQUEST_AT },
}

const fieldOf = (name: string): Field | undefined => (Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined)

/** Texts that the documents have in lower case too, for an index. */
const INDEXED: ReadonlySet<string> = new Set(['fullName', 'phone', 'externalId', 'facebookId', 'twitterId'])

type Expression = { readonly name: string; readonly op: string; readonly value: string }

const TYPES: ReadonlySet<string> = new Set(['number', 'string', 'date', 'object', 'boolean', 'undefined'])

const expressionsOf = (value: Json | undefined): readonly (Expression | undefined)[] => {
  if (value === undefined) return []
  if (isList(value)) return value.map((one) => expressionOf(text(one)))
  if (!isObject(value)) return [expressionOf(text(value))]
  return Object.entries(value).flatMap(([op, operand]) =>
    (isList(operand) ? operand : [operand]).map((one) =>
      /^\d+$/.test(op) ? expressionOf(text(one)) : expressionWith(op, text(one)),
    ),
  )
}

const expressionOf = (expression: string | undefined): Expression | undefined => {
  const [, type = '', name, op, value] =
    /^\s*(\S+)\s+(\S+)\s+(\S+)(?:\s+([\s\S]*))?$/.exec(expression ?? '') ?? []
  return name !== undefined && op !== undefined && TYPES.has(type)
    ? { name, op, value: value ?? '' }
    : undefined
}

const expressionWith = (op: string, expression: string | undefined): Expression | undefined => {
  const [, type = '', name, value] = /^\s*(\S+)\s+(\S+)(?:\s+([\s\S]*))?$/.exec(expression ?? '') ?? []
  return name !== undefined && TYPES.has(type) ? { name, op, value: value ?? '' } : undefined
}

const plainOf = (params: JsonObject): readonly Expression[] =>
  Object.keys(FIELDS).flatMap((name) => {
    const value = text(params[name])
    return value === undefined ? [] : [{ name, op: 'eq', value }]
  })

const OPS: ReadonlySet<string> = new Set(['gt', 'lt', 'ge', 'le', 'eq', 'ne', 'between', 'in'])
const RANGE_OPS: { readonly [op: string]: string } = { gt: '$gt', lt: '$lt', ge: '$gte', le: '$lte' }

const conditionOf = ({ name, op, value }: Expression): Filter | Active | undefined => {
  const field = fieldOf(name)
  if (field === undefined || !OPS.has(op)) return undefined
  const parts = op === 'in' || op === 'between' ? value.split(',').map((part) => part.trim()) : [value.trim()]
  if (op === 'between' && parts.length !== 2) return undefined
  return field.kind === 'date' ? daysOf(field.path, op, parts) : valuesOf(field, op, parts)
}

const READERS: { readonly [kind in Exclude<Kind, 'date'>]: (part: string) => string | number | undefined } = {
  number: (part) => integer(part),
  text: (part) => part,
  folded,
  list: (part) => part,
}

const valuesOf = ({ kind, path }: Field, op: string, parts: readonly string[]): Filter | undefined => {
  if (kind === 'date') return undefined
  const read = parts.map(READERS[kind])
  const values = read.filter((value) => value !== undefined)
  const [first, last] = values
  if (values.length < parts.length || first === undefined) return undefined
  if (op === 'ne') return { [path]: { $ne: first } }
  if (op === 'between') return { $and: [{ [path]: { $gte: first } }, { [path]: { $lte: last ?? first } }] }
  const range = RANGE_OPS[op]
  if (range !== undefined) return { [path]: { [range]: first } }
  const exact: Filter = { [path]: { $in: values } }
  return INDEXED.has(path) ? { $and: [{ [`${path}Lc`]: { $in: parts.map(folded) } }, exact] } : exact
}

const DAY_MS = 24 * 60 * 60_000

/** A day from its beginning to the next one, in milliseconds. */
type Day = { readonly from: number; readonly to: number }

/** Dates are days. */
const daysOf = (path: string, op: string, parts: readonly string[]): Filter | Active | undefined => {
  const days = parts.map(dayOf)
  const known = days.filter((day) => day !== undefined)
  const [first, last] = known
  if (first === undefined || known.length < days.length) return undefined
  const spans = spansOf(op, known, { first, last: last ?? first })
  if (path === LAST_REQUEST_AT) return (at) => spans.some(({ from, to }) => at >= from && at < to)
  return { $or: spans.map(({ from, to }) => ({ [path]: { $gte: from, $lt: to } })) }
}

/** As long as numbers of days go: before any user, and after the last. */
const EVER: Day = { from: 0, to: Number.MAX_SAFE_INTEGER }

const spansOf = (
  op: string,
  days: readonly Day[],
  { first, last }: { readonly first: Day; readonly last: Day },
): readonly Day[] => {
  switch (op) {
    case 'gt':
      return [{ from: first.to, to: EVER.to }]
    case 'ge':
      return [{ from: first.from, to: EVER.to }]
    case 'lt':
      return [{ from: EVER.from, to: first.from }]
    case 'le':
      return [{ from: EVER.from, to: first.to }]
    case 'ne':
      return [
        { from: EVER.from, to: first.from },
        { from: first.to, to: EVER.to },
      ]
    case 'between':
      return [{ from: first.from, to: last.to }]
    default:
      return days
  }
}

const dayOf = (part: string): Day | undefined => {
  const at = time(part)
  if (typeof at !== 'number') return undefined
  const from = Math.floor(at / DAY_MS) * DAY_MS
  return { from, to: from + DAY_MS }
}
