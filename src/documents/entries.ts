import { canonicalJson } from '../canonical-json.ts'
import type { Json, JsonObject } from '../json.ts'
import { EMPTY, type SortValue } from './order.ts'
import { pathOf, reach, type Path } from './paths.ts'
import type { Document } from './port.ts'

/** What an index holds of one field of a document. */
export type Indexed = {
  readonly values: readonly SortValue[]
  /** An array stood at the path or on the way to it: the document may have several entries, or match by none of them. */
  readonly many: boolean
}

/** Entries of one document in one index; more is a mistake in the choice of the index. */
export const ENTRIES_MAX = 100_000

/** One value for each element of an array; never nothing, so that an index knows every document. */
export const indexedValues = (document: JsonObject, path: Path): Indexed => {
  const values: SortValue[] = []
  let arrays = 0
  const throughArray = reach(document, path, (value) => {
    if (!Array.isArray(value)) values.push(value)
    else {
      arrays++
      if (value.length === 0) values.push(EMPTY)
      else for (const item of value as readonly Json[]) values.push(item)
    }
  })
  if (values.length === 0) values.push(null)
  return { values, many: throughArray || arrays > 0 }
}

/** What a document takes for itself in a unique index: nothing if it has none of the index's fields. */
export const uniqueKeys = (document: JsonObject, keys: readonly string[]): ReadonlySet<string> => {
  const fields = keys.map((key) => indexedValues(document, pathOf(key)).values)
  const taken = combinations(fields)
    .filter((values) => values.some((value) => value !== undefined && value !== null))
    .map((values) => canonicalJson(values.map((value): Json => (value === EMPTY ? [] : (value ?? null)))))
  return new Set(taken)
}

/** What is stored for a put: the document knows its id. */
export const documentOf = (id: string, put: JsonObject): Document => {
  if (put['_id'] === id) return put as Document
  return Object.hasOwn(put, '_id') ? { ...put, _id: id } : { _id: id, ...put }
}

const combinations = <T>(fields: readonly (readonly T[])[]): readonly (readonly T[])[] => {
  const count = fields.reduce((product, values) => product * values.length, 1)
  if (count > ENTRIES_MAX) throw new Error(`a document has ${count} entries in one index`)
  return fields.reduce<readonly (readonly T[])[]>(
    (rows, values) => rows.flatMap((row) => values.map((value) => [...row, value])),
    [[]],
  )
}
