import type { JsonObject } from '../../json.ts'
import { ENTRIES_MAX, indexedValues, uniqueKeys } from '../entries.ts'
import { own, type Path } from '../paths.ts'
import type { Catalogue, Collection, IndexState } from './catalogue.ts'
import { encodeValue, END, hasCut, NULL } from './keys.ts'
import { NOTHING, parseDocument, type Store } from './store.ts'

/** One document's old and new state, its id as in keys. */
export type Change = {
  readonly id: string
  readonly before: JsonObject | undefined
  readonly after: JsonObject | undefined
}

/** The entries of an index that a document has. Notes in the index where it met arrays. */
export const entryKeys = (
  catalogue: Catalogue,
  index: IndexState,
  document: JsonObject,
  id: string,
): readonly string[] => {
  let rows: readonly string[] = [index.prefix]
  for (const [at, path] of index.paths.entries()) {
    const plain = plainValue(document, path)
    if (plain !== undefined) {
      rows = rows.length === 1 ? [`${rows[0] ?? ''}${plain}`] : rows.map((row) => row + plain)
      continue
    }
    const { values, many } = indexedValues(document, path)
    if (many && !index.many[at]) {
      index.many[at] = true
      catalogue.dirty = true
    }
    const encoded = [...new Set(values.map(encodeValue))]
    if (encoded.length * rows.length > ENTRIES_MAX)
      throw new Error(`too many entries in index ${index.keys.join()}`)
    rows = rows.flatMap((row) => encoded.map((value) => row + value))
  }
  return rows.map((row) => row + id)
}

/**
 * Changes the entries of documents from their old to their new state and leaves alone those that stay; the documents themselves are
 * stored already. Old entries go first, so that one document may take over what another gives up. Throws, naming the
 * index, if a unique one would hold something twice.
 */
export const reindex = (
  store: Store,
  catalogue: Catalogue,
  collection: Collection,
  changes: readonly Change[],
): void => {
  for (const index of collection.indexes) {
    const added: (readonly [change: Change, key: string])[] = []
    for (const change of changes.filter((one) => !isSame(index.paths, one))) {
      const { id, before, after } = change
      const old = before ? entryKeys(catalogue, index, before, id) : NONE
      const now = after ? entryKeys(catalogue, index, after, id) : NONE
      for (const key of missingIn(now, old)) void store.entries.remove(key)
      for (const key of missingIn(old, now)) added.push([change, key])
    }
    for (const [{ id, after }, key] of added) {
      if (index.unique && after) refuseTwice(store, collection, index, { id, key, document: after })
      void store.entries.put(key, NOTHING)
    }
  }
}

type Claim = { readonly id: string; readonly key: string; readonly document: JsonObject }

/** Throws if another document has the same values. Documents that have none of the fields do not count. */
export const refuseTwice = (store: Store, collection: Collection, index: IndexState, claim: Claim): void => {
  const { id, key, document } = claim
  const values = key.slice(0, key.length - id.length)
  if (values === index.prefix + NULL.repeat(index.keys.length)) return
  for (const other of store.entries.getKeys({ start: values, end: values + END })) {
    if (other === key) continue
    const stored = hasCut(values)
      ? store.documents.get(collection.prefix + other.slice(values.length))
      : undefined
    if (stored?.text === undefined || sharesUnique(document, parseDocument(stored.text), index.keys)) {
      throw new Error(`unique index ${index.keys.join(', ')} of ${collection.name} has a value twice`)
    }
  }
}

/** Entries that were cut are alike although their documents may differ. */
const sharesUnique = (a: JsonObject, b: JsonObject, keys: readonly string[]): boolean => {
  const taken = uniqueKeys(a, keys)
  return [...uniqueKeys(b, keys)].some((key) => taken.has(key))
}

/** An update leaves what it does not touch as the same value. */
const isSame = (paths: readonly Path[], { before, after }: Change): boolean =>
  before !== undefined &&
  after !== undefined &&
  paths.every(([key = '']) => own(before, key) === own(after, key))

const missingIn = (present: readonly string[], keys: readonly string[]): readonly string[] => {
  if (present.length < 8) return keys.filter((key) => !present.includes(key))
  const known = new Set(present)
  return keys.filter((key) => !known.has(key))
}

const NONE: readonly string[] = []

/** The encoded value of a field of the document itself that is no array: by far the most common. */
const plainValue = (document: JsonObject, path: Path): string | undefined => {
  if (path.length !== 1) return undefined
  const value = own(document, path[0] ?? '')
  return Array.isArray(value) ? undefined : encodeValue(value)
}
