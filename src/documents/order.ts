import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Document, SortKey } from './port.ts'
import { pathOf, reach, type Path } from './paths.ts'

/** What a document is sorted by. */
export type Sortable = { readonly id: string; readonly values: readonly SortValue[] }
/** An empty array sorts before everything, as in MongoDB. */
export type SortValue = Json | undefined | typeof EMPTY
export const EMPTY: unique symbol = Symbol('empty array')

export type Order = {
  readonly sortable: (document: Document) => Sortable
  readonly compare: (a: Sortable, b: Sortable) => number
}

/** Missing and null, numbers, strings, objects, arrays, booleans: MongoDB's order of types. */
export const typeRank = (value: Json | undefined): number => {
  if (value === undefined || value === null) return 0
  if (typeof value === 'number') return 1
  if (typeof value === 'string') return 2
  if (typeof value === 'boolean') return 5
  return Array.isArray(value) ? 4 : 3
}

/** Order of two values. All objects count as equal, so that indexes need not hold them. */
export const compareValues = (a: Json | undefined, b: Json | undefined): number => {
  const rank = typeRank(a) - typeRank(b)
  if (rank !== 0) return rank
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return typeof a === 'boolean' ? Number(a) - Number(b) : 0
}

/** By code point. JavaScript's `<` compares halves of surrogate pairs, which sorts an emoji before U+FFFD. */
export const compareText = (a: string, b: string): number => {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return pointAround(a, i) - pointAround(b, i)
  }
  return a.length - b.length
}

/** An array is sorted by its least element ascending and by its greatest descending; ties always by `_id` ascending. */
export const orderOf = (sort: readonly SortKey[] = []): Order => {
  const keys = sort.map(([path, direction]) => ({ path: pathOf(path), direction }))
  return {
    sortable: (document) => ({
      id: document._id,
      values: keys.map(({ path, direction }) => sortValue(document, path, direction)),
    }),
    compare: (a, b) => {
      for (const [at, { direction }] of keys.entries()) {
        const difference = compareSortValues(a.values[at], b.values[at])
        if (difference !== 0) return difference * direction
      }
      return compareText(a.id, b.id)
    },
  }
}

const sortValue = (document: JsonObject, path: Path, direction: 1 | -1): SortValue => {
  const found: SortValue[] = []
  reach(document, path, (value) => {
    if (!Array.isArray(value)) found.push(value)
    else if (value.length === 0) found.push(EMPTY)
    else for (const item of value as readonly Json[]) found.push(item)
  })
  if (found.length < 2) return found[0]
  return found.reduce((best, value) => (compareSortValues(value, best) * direction < 0 ? value : best))
}

const compareSortValues = (a: SortValue, b: SortValue): number => {
  if (a === EMPTY || b === EMPTY) return Number(b === EMPTY) - Number(a === EMPTY)
  return compareValues(a, b)
}

/** The code point that the unit at `i` belongs to. */
const pointAround = (text: string, i: number): number => {
  const before = i > 0 ? (text.codePointAt(i - 1) ?? 0) : 0
  return before > 0xffff ? before : (text.codePointAt(i) ?? 0)
}

/** Operands that `$gt` and its like can compare with: each matches values of its own type only. */
export const isComparable = (value: Json | undefined): boolean => !Array.isArray(value) && !isObject(value)
