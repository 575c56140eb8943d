import * as E from 'fp-ts/lib/Either.js'
import type { Filter, SortKey } from '../../documents/port.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { baseError, fieldErrors, RULES } from './answers.ts'
import { isComparison, isReadable, valueReader, type FieldType } from './filter-values.ts'
import { list, text, truthy } from './params.ts'

/** A field that clients may filter and sort by. */
export type Field = {
  readonly type: FieldType
  /** In the document, dotted. A list there matches if one of its elements does (`all` excepted). */
  readonly path: string
  /** The document holds it in lower case, and so the values are compared. */
  readonly fold?: true
  /** The operators that it takes, if they are others than `OPERATORS`. */
  readonly ops?: readonly Operator[]
  /** Operators that somebody else looks after (`near`, `calc`): passed over. */
  readonly elsewhere?: readonly string[]
}
export type Fields = { readonly [name: string]: Field }

export const OPERATORS = ['eq', 'gt', 'gte', 'lt', 'lte', 'ne', 'in', 'nin', 'all', 'or', 'ctn'] as const
/** `start_with` only where a field names it (connectycube 4.3): it matches the beginning, whatever the case. */
export type Operator = (typeof OPERATORS)[number] | 'start_with'

/**
 * Filter expressions (connectycube 2.10) in the language of the documents: the only place that knows both. What is named neither in `fields` nor
 * asked for is ignored. The answer is 422 for an operator that the field does not take, and for a value that is none of its type. The filter
 * has `$and` and nothing else at its top, or is empty: spread it beside the caller's own conditions.
 *
 * @param reserved names that are options of the request, whatever `fields` says
 */
export const translate = (
  params: JsonObject,
  fields: Fields,
  reserved: readonly string[] = [],
): E.Either<Answer, Filter> => {
  const all: Filter[] = []
  const any: Filter[] = []
  for (const clause of clausesOf(params, fields, reserved)) {
    const filter = translateClause(clause)
    if (E.isLeft(filter)) return filter
    if (clause.op === 'or') any.push(filter.right)
    else all.push(filter.right)
  }
  const parts = any.length === 0 ? all : [...all, { $or: any }]
  return E.right(parts.length === 0 ? {} : { $and: parts })
}

/** `sort_asc=f` or `sort_desc=f` of one that can be filtered by; the store breaks ties by `_id`. */
export const sortOf = (
  params: JsonObject,
  fields: Fields,
  otherwise: readonly SortKey[],
): readonly SortKey[] => {
  for (const [name, direction] of SORTS) {
    const path = fieldOf(fields, text(params[name])?.trim() ?? '')?.path
    if (path !== undefined) return [[path, direction]]
  }
  return otherwise
}

export type Operation = readonly [op: string, operand: Json]

/** What a field's parameter asks for; `f=a&f[ne]=b` comes as a list of both. */
export const operationsOf = (value: Json): readonly Operation[] => {
  if (isObject(value)) return Object.entries(value)
  if (!isList(value)) return [['eq', value]]
  const named = value.filter(isObject)
  const [first = null, ...more] = value.filter((item) => !isObject(item))
  if (named.length === 0 || named.length === value.length) return [['in', value]]
  return [
    more.length === 0 ? ['eq', first] : ['in', [first, ...more]],
    ...named.flatMap((item) => Object.entries(item)),
  ]
}

/** Only the number of matches is asked for. */
export const countOnly = (params: JsonObject): boolean => truthy(params['count'])

const SORTS = [
  ['sort_asc', 1],
  ['sort_desc', -1],
] as const

type Clause = { readonly name: string; readonly field: Field; readonly op: string; readonly value: Json }

const fieldOf = (fields: Fields, name: string): Field | undefined =>
  Object.hasOwn(fields, name) ? fields[name] : undefined

const clausesOf = (params: JsonObject, fields: Fields, reserved: readonly string[]): readonly Clause[] =>
  Object.entries(params).flatMap(([name, value]) => {
    const field = reserved.includes(name) ? undefined : fieldOf(fields, name)
    if (field === undefined) return []
    return operationsOf(value).flatMap(([op, operand]) =>
      field.elsewhere?.includes(op) === true ? [] : [{ name, field, op, value: operand }],
    )
  })

const isOperator = (op: string, { ops = OPERATORS }: Field): op is Operator =>
  (ops as readonly string[]).includes(op)

/** No regular expression is longer. */
const PATTERN_CHARACTERS_MAX = 1_000

const NOTHING: Filter = { _id: { $in: [] } }

const translateClause = ({ name, field, op, value }: Clause): E.Either<Answer, Filter> => {
  if (!isOperator(op, field) || !isReadable(field.type, op))
    return E.left(baseError(422, `Operator ${op} is not supported for the field ${name}`))
  const filter = PATTERNS.has(op) ? patternOf(field, op, value) : comparisonOf(field, op, value)
  return filter === undefined ? E.left(fieldErrors({ [name]: [RULES.invalid] })) : E.right(filter)
}

const PATTERNS: ReadonlySet<Operator> = new Set(['ctn', 'start_with'] as const)

/** `undefined`: the value is none of the field's type. */
const patternOf = ({ path }: Field, op: Operator, value: Json): Filter | undefined => {
  const part = text(value)
  return part === undefined || part.length > PATTERN_CHARACTERS_MAX
    ? undefined
    : matching(path, part, op === 'start_with' ? '^' : '')
}

const comparisonOf = (field: Field, asked: Operator, value: Json): Filter | undefined => {
  const { type, path, fold } = field
  const op = asked === 'eq' && isCommaList(field, value) ? 'in' : asked
  const read = valueReader(type, fold === true)
  const operands = LISTS.has(op) ? listOf(value).map(read) : [read(value)]
  const known = operands.filter((operand) => operand !== undefined)
  if (known.length < operands.length || known.length > mostOf(type, op)) return undefined
  if (!isComparison(op))
    return joined(
      op,
      known.map((operand) => operand.equals(path)),
    )
  const [first] = known
  return first === undefined || first.isNull ? undefined : first.compare(path, op)
}

/** The SDK writes a list so that stands behind another nested parameter (connectycube 2.2); no value of these types has a comma. */
const isCommaList = ({ type }: Field, value: Json): boolean =>
  COMMALESS.has(type) && typeof value === 'string' && value.includes(',')

const COMMALESS: ReadonlySet<FieldType> = new Set(['id', 'number', 'numbers'] as const)

/** Values of an operator that each document is held against one by one; all others are looked up together. */
const ONE_BY_ONE_MAX = 1_000
const mostOf = (type: FieldType, op: Operator): number =>
  op === 'all' || type === 'time' || type === 'any' ? ONE_BY_ONE_MAX : Infinity

const LISTS: ReadonlySet<Operator> = new Set(['in', 'nin', 'all', 'or'] as const)

/** Elements of a JSON list keep their type: null is one of them. */
const listOf = (value: Json): readonly Json[] =>
  isList(value) ? value : value === null ? [null] : list(value)

const joined = (op: Operator, equalities: readonly Filter[]): Filter => {
  if (op === 'ne' || op === 'nin') return equalities.length === 0 ? {} : { $nor: [merged(equalities)] }
  if (equalities.length === 0) return NOTHING
  if (op === 'all') return { $and: equalities }
  return merged(equalities)
}

/** One of many values of a path is a matter for an index. */
const merged = (equalities: readonly Filter[]): Filter => {
  const [first] = equalities
  if (first !== undefined && equalities.length === 1) return first
  const pairs = equalities.flatMap((equality) => Object.entries(equality))
  const [path] = pairs[0] ?? []
  return path !== undefined &&
    pairs.every(([key, value]) => key === path && !isObject(value) && !isList(value))
    ? { [path]: { $in: pairs.map(([, value]) => value) } }
    : { $or: equalities }
}

const matching = (path: string, part: string, start: '' | '^'): Filter =>
  // No expression of MongoDB's can hold it.
  part.includes('\0')
    ? NOTHING
    : { [path]: { $regex: start + part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), $options: 'i' } }
