import type { SortKey } from '../port.ts'
import type { Collection, IndexState } from './catalogue.ts'
import { boundOn, boundOnId, type Bound, type Condition, type Conjunction } from './conditions.ts'
import { END } from './keys.ts'

/** A stretch of a table: keys from `start` up to, not with, `end`. */
export type Range = {
  readonly table: 'documents' | 'entries'
  readonly start: string
  readonly end: string
  /** Characters at the beginning that all its keys share and that do not matter for the order. */
  readonly lead: number
  /** Values between those and the id. */
  readonly values: number
}

/** One way to the documents that may match. */
export type Access = {
  readonly ranges: readonly Range[]
  /** Everything in the ranges matches: the documents need not be looked at. */
  readonly exact: boolean
  /** No document comes twice. */
  readonly distinct: boolean
  /** Each range is in the order that was asked for. */
  readonly ordered: boolean
  /** The ranges are less than everything. */
  readonly bounded: boolean
  /** The ranges follow one another in the order that was asked for. */
  readonly sequential: boolean
}

/** How keys have to be read. `_id` ends every order. */
export type Direction = {
  readonly descending: boolean
  /** Among equals. */
  readonly idDescending: boolean
}

/** The order asked for, as far as an index can give it; `undefined` where directions differ. */
export type Wanted = { readonly paths: readonly string[]; readonly direction: Direction } | undefined

export const wantedOf = (sort: readonly SortKey[] = []): Wanted => {
  const at = sort.findIndex(([path]) => path === '_id')
  const keys = at < 0 ? sort : sort.slice(0, at)
  const idDescending = at >= 0 && sort[at]?.[1] === -1
  const descending = keys.length === 0 ? idDescending : keys[0]?.[1] === -1
  if (keys.some(([, direction]) => (direction === -1) !== descending)) return undefined
  if (!descending && idDescending) return undefined
  return { paths: keys.map(([path]) => path), direction: { descending, idDescending } }
}

/** Reading the documents themselves, by `_id`. */
export const accessById = (collection: Collection, all: Conjunction, wanted: Wanted): Access => {
  const bound = boundOnId(all.conditions)
  const { prefix } = collection
  return {
    ranges: rangesBehind(prefix, bound, { table: 'documents', lead: prefix.length, values: 0 }),
    exact: isExact(all, bound ? [bound] : []),
    distinct: true,
    ordered: wanted?.paths.length === 0,
    bounded: bound !== undefined,
    sequential: true,
  }
}

/** Reading an index: equal values as far as the conditions go, then at most one range. `undefined` if it neither narrows nor orders. */
export const accessByIndex = (index: IndexState, all: Conjunction, wanted: Wanted): Access | undefined => {
  const fixed = fixedBy(index, all.conditions)
  const at = fixed.bounds.length
  const next = nextBound(index, at, all.conditions)
  const bounds = next ? [...fixed.bounds, next] : fixed.bounds
  const free = index.keys.slice(at)
  const freeMany = index.many.slice(at).includes(true)
  const isOrder = !freeMany && isWanted(free, fixed.constant, wanted)
  if (bounds.length === 0 && !isOrder) return undefined
  const ranges = fixed.prefixes.flatMap((prefix) =>
    rangesBehind(prefix, next, { table: 'entries', lead: prefix.length, values: free.length }),
  )
  return {
    ranges,
    exact: isExact(all, bounds),
    distinct: fixed.distinct && !freeMany,
    ordered: isOrder && ranges.length <= MERGED_RANGES_MAX,
    bounded: bounds.length > 0,
    sequential: ranges.length <= 1,
  }
}

/** What narrows the first key that is not fixed to values; behind the last key that is the id. */
const nextBound = (index: IndexState, at: number, conditions: readonly Condition[]): Bound | undefined => {
  const key = index.keys[at]
  if (key === undefined) return boundOnId(conditions)
  const bound = boundOn(conditions, key, isMany(index, at))
  return bound && 'points' in bound ? undefined : bound
}

/** More ranges than these are not merged: each holds a cursor open. */
const MERGED_RANGES_MAX = 500
const RANGES_MAX = 20_000

type Fixed = {
  readonly prefixes: readonly string[]
  readonly bounds: readonly Bound[]
  readonly distinct: boolean
  /** Paths that have the same value in every document found. */
  readonly constant: ReadonlySet<string>
}

const fixedBy = (index: IndexState, conditions: readonly Condition[]): Fixed => {
  let prefixes: readonly string[] = [index.prefix]
  const bounds: Bound[] = []
  const constant = new Set<string>()
  let distinct = true
  for (const [at, key] of index.keys.entries()) {
    const many = isMany(index, at)
    const bound = boundOn(conditions, key, many)
    if (!bound || !('points' in bound)) break
    const { points, exact } = bound
    if (prefixes.length * points.length > RANGES_MAX) break
    prefixes = prefixes.flatMap((prefix) => points.map((point) => prefix + point))
    bounds.push(bound)
    const isOne = points.length === 1
    if (isOne && exact && !many) constant.add(key)
    distinct = distinct && (isOne || !many)
  }
  return { prefixes, bounds, distinct, constant }
}

const isMany = ({ many }: IndexState, at: number): boolean => many[at] ?? true

/** Whether keys that are free come in the order asked for, once what is constant is left out of it. */
const isWanted = (free: readonly string[], constant: ReadonlySet<string>, wanted: Wanted): boolean => {
  const paths = wanted?.paths.filter((path) => !constant.has(path))
  return paths?.length === free.length && paths.every((path, at) => path === free[at])
}

const isExact = (all: Conjunction, bounds: readonly Bound[]): boolean =>
  !all.rest &&
  all.ors.length === 0 &&
  bounds.every(({ exact }) => exact) &&
  all.conditions.every((condition) => bounds.some(({ used }) => used.includes(condition)))

type Kind = Pick<Range, 'table' | 'lead' | 'values'>

const rangesBehind = (prefix: string, bound: Bound | undefined, kind: Kind): readonly Range[] => {
  if (!bound) return [{ ...kind, start: prefix, end: prefix + END }]
  if ('points' in bound) {
    return bound.points.map((point) => ({ ...kind, start: prefix + point, end: `${prefix}${point}\0` }))
  }
  return [{ ...kind, start: prefix + (bound.from ?? ''), end: prefix + (bound.to ?? END) }]
}
