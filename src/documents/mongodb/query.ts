import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { isComparable } from '../order.ts'
import type { Filter } from '../port.ts'
import { ask, collectionOf, type Engine } from './stored.ts'
import { encodeJson, encodePath, encodeRelativePath, VALUE } from './encoding.ts'

/** A filter as the server is asked it. */
export type Query = {
  readonly query: JsonObject
  /** The server says exactly what the port means. Otherwise it says more, and `compileFilter` has the last word. */
  readonly exact: boolean
  /** No tombstone matches, so it need not be said, and an index can answer alone. */
  readonly live: boolean
  /** The server cannot sort what is there. */
  readonly unsortable?: true
}

/**
 * What the server may answer differently is asked so that it answers more, never less: equality of objects (MongoDB minds the order of
 * their fields), regular expressions (PCRE or RE2 there), `$elemMatch`. The filter has passed `compileFilter`.
 */
export const queryOn = async (engine: Engine, name: string, filter: Filter): Promise<Query> => {
  const query = queryOf(filter)
  if (!(await engine.limited())) return query
  // The server does not see into what is wrapped.
  const odd = await ask(() => collectionOf(engine, name).findOne({ e: true }))
  return odd
    ? { query: { $or: [query.query, { e: true }] }, exact: false, live: false, unsortable: true }
    : query
}

const queryOf = (filter: Filter): Query => {
  const all = conjunction(filter, encodePath)
  return all.live ? all : both(all, { query: { [VALUE]: { $exists: true } }, exact: true, live: true })
}

type ToPath = (path: string) => string

const NOTHING: Query = { query: { _id: { $in: [] } }, exact: true, live: true }
const PERHAPS: Query = { query: {}, exact: false, live: false }

const isOpen = ({ query }: Query): boolean => Object.keys(query).length === 0

const both = (a: Query, b: Query): Query => allOf([a, b])

const allOf = (parts: readonly Query[]): Query => {
  const closed = parts.filter((part) => !isOpen(part)).map(({ query }) => query)
  const [first] = closed
  return {
    query: first === undefined ? {} : closed.length === 1 ? first : { $and: closed },
    exact: parts.every(({ exact }) => exact),
    live: parts.some(({ live }) => live),
  }
}

const anyOf = (parts: readonly Query[]): Query => {
  if (parts.length === 0) return NOTHING
  return {
    query: parts.some(isOpen) ? {} : { $or: parts.map(({ query }) => query) },
    exact: parts.every(({ exact }) => exact),
    live: parts.every(({ live }) => live),
  }
}

/** What is not matched for certain is not excluded for certain either. */
const not = (part: Query): Query => {
  if (!part.exact) return PERHAPS
  return isOpen(part) ? NOTHING : { query: { $nor: [part.query] }, exact: true, live: false }
}

const conjunction = (filter: Filter, toPath: ToPath): Query =>
  allOf(
    Object.entries(filter).map(([key, value]) => {
      const join = Object.hasOwn(JOINS, key) ? JOINS[key] : undefined
      if (join) return join(filtersIn(value).map((part) => conjunction(part, toPath)))
      return key.startsWith('$') ? PERHAPS : onPath(toPath(nameOf(key)), value)
    }),
  )

const JOINS: Readonly<Record<string, (parts: readonly Query[]) => Query>> = {
  $and: allOf,
  $or: anyOf,
  $nor: (parts) => allOf(parts.map(not)),
}

const filtersIn = (value: Json): readonly Filter[] => (isList(value) ? value.filter(isObject) : [])

/** Such a field counts as missing, as in `compileFilter`. */
const nameOf = (path: string): string => (path.split('.').includes('__proto__') ? `${path}\0` : path)

const onPath = (path: string, value: Json): Query => {
  if (!isObject(value) || !Object.keys(value).some((key) => key.startsWith('$'))) return equals(path, value)
  const entries = Object.entries(value).filter(([operator]) => operator !== '$options')
  return allOf(
    entries.map(([operator, operand]) => {
      if (operator === '$regex') return regex(path, operand, value['$options'])
      const translate = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
      return translate ? translate(path, operand) : PERHAPS
    }),
  )
}

const leaf = (path: string, test: JsonObject, exact = true, live = path !== '_id'): Query => ({
  query: { [path]: test },
  exact,
  live,
})

const equals = (path: string, operand: Json): Query =>
  isOrdered(operand)
    ? leaf(path, { $type: isList(operand) ? 'array' : 'object' }, false)
    : leaf(path, { $eq: encodeJson(operand) }, true, operand !== null && path !== '_id')

const isOneOf = (path: string, operand: Json): Query => {
  const items = isList(operand) ? operand : []
  return items.some(isOrdered)
    ? anyOf(items.map((item) => equals(path, item)))
    : leaf(path, { $in: encodeJson(items) }, true, !items.includes(null) && path !== '_id')
}

/** Whether an object of several fields is in it: MongoDB minds their order, the port does not. */
const isOrdered = (value: Json): boolean => {
  if (isList(value)) return value.some(isOrdered)
  if (!isObject(value)) return false
  const fields = Object.values(value)
  return fields.length > 1 || fields.some(isOrdered)
}

/** Arrays and objects compare with nothing. */
const compares =
  (operator: string) =>
  (path: string, operand: Json): Query =>
    isComparable(operand)
      ? leaf(path, { [operator]: encodeJson(operand) }, true, operand !== null && path !== '_id')
      : NOTHING

/** Texts that are alike to JavaScript, PCRE and RE2, or that these find more by: literals, `.*`, both ends. MongoDB refuses NUL in them. */
const COMMON = /^\^?(?:[^\0\\^$.*+?()[\]{}|\p{Surrogate}\ue000-\uffff]|\\[!-/:-@[-`{-~]|\.\*)*\$?$/u

/** Characters; MongoDB takes 16,384 bytes. */
const PATTERN_MAX = 4_000

const regex = (path: string, pattern: Json, options: Json = ''): Query =>
  typeof pattern === 'string' && isCommon(pattern) && (options === '' || options === 'i')
    ? leaf(path, { $regex: pattern, ...(options !== '' && { $options: options }) }, false)
    : leaf(path, { $type: 'string' }, false)

const isCommon = (pattern: string): boolean => pattern.length <= PATTERN_MAX && COMMON.test(pattern)

const OPERATORS: Readonly<Record<string, (path: string, operand: Json) => Query>> = {
  $eq: equals,
  $ne: (path, operand) => not(equals(path, operand)),
  $in: isOneOf,
  $nin: (path, operand) => not(isOneOf(path, operand)),
  $gt: compares('$gt'),
  $gte: compares('$gte'),
  $lt: compares('$lt'),
  $lte: compares('$lte'),
  $exists: (path, operand) =>
    operand === false || operand === 0 || operand === null
      ? leaf(path, { $exists: false }, true, false)
      : leaf(path, { $exists: true }),
  $elemMatch: (path, operand) => elementMatches(path, isObject(operand) ? operand : {}),
  $size: (path, operand) =>
    typeof operand === 'number' && Number.isInteger(operand) && operand >= 0 && operand <= 0x7fffffff
      ? leaf(path, { $size: operand })
      : NOTHING,
  $not: (path, operand) => not(onPath(path, operand)),
}

/**
 * What one element must have some element has: asked so because FerretDB knows no `$elemMatch` of fields. Conditions on the element itself reach
 * into an array there, which MongoDB does not; these and the rest are for the last word.
 */
const elementMatches = (path: string, operand: JsonObject): Query => {
  const fields = Object.entries(operand).filter(([key]) => !key.startsWith('$'))
  const tests = fields.flatMap(([key, value]) => {
    const below = `${path}.${encodeRelativePath(nameOf(key))}`
    return positive(value).map((test) => onPath(below, test))
  })
  return allOf([leaf(path, { $type: 'array' }, false), ...tests])
}

/** The conditions that hold for a list if they hold for one of its elements. */
const positive = (value: Json): readonly Json[] => {
  if (!isObject(value) || !Object.keys(value).some((key) => key.startsWith('$'))) return [value]
  return Object.entries(value).flatMap(([operator, operand]) =>
    POSITIVE.has(operator) ? [{ [operator]: operand }] : [],
  )
}

const POSITIVE: ReadonlySet<string> = new Set(['$eq', '$in', '$gt', '$gte', '$lt', '$lte'])
