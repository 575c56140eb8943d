import { isList, isObject, type Json } from '../../json.ts'
import { typeRank } from '../order.ts'
import type { Filter } from '../port.ts'
import { behindType, encodeIfPossible, encodeValue, END, isIndexable, isVague, NULL } from './keys.ts'

/** A filter taken apart: all of it has to hold. */
export type Conjunction = {
  readonly conditions: readonly Condition[]
  readonly ors: readonly (readonly Filter[])[]
  /** There is something that no index can answer. */
  readonly rest: boolean
}
export type Condition = { readonly path: string; readonly operator: string; readonly operand: Json }

/** What a conjunction says about one path, as encoded values: a list of points or a range `from <= value < to`. */
export type Bound = (
  | { readonly points: readonly string[] }
  | { readonly from: string | undefined; readonly to: string | undefined }
) & {
  /** Conditions that it stands for. */
  readonly used: readonly Condition[]
  /** Within it they hold without a look at the document. */
  readonly exact: boolean
}

export const conjunctionOf = (filter: Filter): Conjunction => {
  const parts: { conditions: Condition[]; ors: (readonly Filter[])[]; rest: boolean } = {
    conditions: [],
    ors: [],
    rest: false,
  }
  const add = (part: Filter): void => {
    for (const [key, value] of Object.entries(part)) {
      if (key === '$and') for (const item of filtersIn(value)) add(item)
      else if (key === '$or') parts.ors.push(filtersIn(value))
      else if (key.startsWith('$')) parts.rest = true
      else parts.conditions.push(...conditionsOn(key, value))
    }
  }
  add(filter)
  return { ...parts, rest: parts.rest || parts.conditions.some((condition) => !isUsable(condition)) }
}

/** What the conditions say about an indexed path. `many`: the path meets arrays, of which each condition may hold for another element. */
export const boundOn = (conditions: readonly Condition[], path: string, many: boolean): Bound | undefined => {
  const here = conditions.filter((condition) => condition.path === path && isUsable(condition))
  const point =
    here.find(({ operator }) => operator === '$eq') ?? here.find(({ operator }) => operator === '$in')
  if (point) return pointsOf(point, many)
  return rangeOf(here, many)
}

/** The same for `_id`, which keys hold as it is. What cannot be an id is the id of nothing. */
export const boundOnId = (conditions: readonly Condition[]): Bound | undefined => {
  const here = conditions.filter((condition) => condition.path === '_id' && isUsable(condition))
  const point =
    here.find(({ operator }) => operator === '$eq') ?? here.find(({ operator }) => operator === '$in')
  if (point) {
    const points = operands(point).flatMap((id) => encodeIfPossible(id) ?? [])
    return { points: sortedSet(points), used: [point], exact: true }
  }
  const ends = here.flatMap((condition) => {
    const id = encodeIfPossible(condition.operand)
    return id === undefined ? [] : [{ condition, operator: condition.operator, id }]
  })
  const ids = (...operators: readonly string[]): readonly string[] =>
    ends
      .filter(({ operator }) => operators.includes(operator))
      .map(({ operator, id }) => behindId(operator, id))
  const used = ends.map(({ condition }) => condition)
  if (used.length === 0) return undefined
  return { from: greatest(ids('$gte', '$gt')), to: least(ids('$lt', '$lte')), used, exact: true }
}

const behindId = (operator: string, id: string): string =>
  operator === '$gt' || operator === '$lte' ? `${id}\0` : id

const RANGES: ReadonlySet<string> = new Set(['$gt', '$gte', '$lt', '$lte'])

const isUsable = ({ operator, operand }: Condition): boolean => {
  if (operator === '$in') return isList(operand) && operand.every(isIndexable)
  return isIndexable(operand) && (operator === '$eq' || (RANGES.has(operator) && operand !== null))
}

const operands = ({ operator, operand }: Condition): readonly Json[] =>
  operator === '$in' ? (operand as readonly Json[]) : [operand]

const pointsOf = (condition: Condition, many: boolean): Bound => {
  const points = sortedSet(operands(condition).map(encodeValue))
  const isSure = (point: string): boolean => !isVague(point) && !(many && point === NULL)
  return { points, used: [condition], exact: points.every(isSure) }
}

/** A string that was cut in the index stands for many: then both ends are taken in and the document decides. */
const rangeOf = (conditions: readonly Condition[], many: boolean): Bound | undefined => {
  const [first] = conditions
  if (!first) return undefined
  const rank = typeRank(first.operand)
  const usable = conditions.filter(({ operand }) => typeRank(operand) === rank)
  const used = many ? usable.slice(0, 1) : usable
  const ends = used.map(({ operator, operand }) => ({ operator, value: encodeValue(operand) }))
  const vague = ends.some(({ value }) => isVague(value))
  const side = (operators: string, after: string): readonly string[] =>
    ends
      .filter(({ operator }) => operator === operators)
      .map(({ value }) => (isVague(value) ? value + (operators.startsWith('$g') ? '' : END) : value + after))
  const tag = encodeValue(first.operand).charAt(0)
  return {
    from: greatest([tag, ...side('$gte', ''), ...side('$gt', END)]),
    to: least([behindType(tag), ...side('$lt', ''), ...side('$lte', END)]),
    used,
    exact: !vague,
  }
}

const conditionsOn = (path: string, value: Json): readonly Condition[] =>
  isObject(value) && Object.keys(value).some((key) => key.startsWith('$'))
    ? Object.entries(value).map(([operator, operand]) => ({ path, operator, operand }))
    : [{ path, operator: '$eq', operand: value }]

const filtersIn = (value: Json): readonly Filter[] => (isList(value) ? value.filter(isObject) : [])

const sortedSet = (values: readonly string[]): readonly string[] => [...new Set(values)].sort(byBytes)
const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const greatest = (values: readonly string[]): string | undefined => [...values].sort(byBytes).at(-1)
const least = (values: readonly string[]): string | undefined => [...values].sort(byBytes)[0]
