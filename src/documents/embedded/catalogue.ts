import { pathOf, type Path } from '../paths.ts'
import type { Index } from '../port.ts'
import { encodeNumeral, INDEX_KEYS_MAX } from './keys.ts'
import type { Store } from './store.ts'

/** Which collections and indexes there are. Numbers are never given twice, so keys of a dropped one mean nothing. */
export type Catalogue = {
  readonly collections: Map<string, Collection>
  /** What of dropped collections still has to be removed. */
  readonly dropped: Dropped[]
  next: number
  /** As it is stored. */
  text: string
  /** Something changed that `saveCatalogue` has to store within the same transaction. */
  dirty: boolean
}

export type Collection = {
  readonly name: string
  readonly number: number
  /** How the keys of its documents begin. */
  readonly prefix: string
  readonly indexes: IndexState[]
  hasTombstones: boolean
}

export type IndexState = {
  readonly number: number
  /** How its entries begin. */
  readonly prefix: string
  readonly keys: readonly string[]
  readonly paths: readonly Path[]
  readonly unique: boolean
  /** For each key, whether an array was ever met: then a document may have several entries. */
  readonly many: boolean[]
  /** Every document is in it. Until then it is kept up to date, but not asked. */
  ready: boolean
}

export type Dropped = { readonly collection?: number; readonly indexes: readonly number[] }

export const loadCatalogue = (store: Store): Catalogue => {
  const text = catalogueText(store)
  const form: Form = text === '' ? { next: 1, collections: [], dropped: [] } : (JSON.parse(text) as Form)
  return {
    collections: new Map(form.collections.map((collection) => [collection.name, revive(store, collection)])),
    dropped: [...form.dropped],
    next: form.next,
    text,
    dirty: false,
  }
}

export const catalogueText = (store: Store): string => store.meta.get(KEY)?.toString() ?? ''

/** To be called in the transaction that changed it. */
export const saveCatalogue = (store: Store, catalogue: Catalogue): void => {
  const form: Form = {
    next: catalogue.next,
    dropped: [...catalogue.dropped],
    collections: [...catalogue.collections.values()].map(({ name, number, indexes }) => ({
      name,
      number,
      indexes: indexes.map(({ number, keys, unique, many, ready }) => ({
        number,
        keys,
        unique,
        many,
        ready,
      })),
    })),
  }
  catalogue.text = JSON.stringify(form)
  void store.meta.put(KEY, Buffer.from(catalogue.text))
  catalogue.dirty = false
}

/** The collection, made if it is missing. */
export const collectionNamed = (catalogue: Catalogue, name: string): Collection => {
  const found = catalogue.collections.get(name)
  if (found) return found
  const number = catalogue.next++
  const made: Collection = { name, number, prefix: encodeNumeral(number), indexes: [], hasTombstones: false }
  catalogue.collections.set(name, made)
  catalogue.dirty = true
  return made
}

/** The index, declared if it is missing. Throws for no or too many keys. */
export const indexNamed = (catalogue: Catalogue, collection: Collection, index: Index): IndexState => {
  const found = collection.indexes.find(
    ({ keys, unique }) => unique === (index.unique ?? false) && keys.join() === index.keys.join(),
  )
  if (found) return found
  if (index.keys.length === 0 || index.keys.length > INDEX_KEYS_MAX) {
    throw new RangeError(`an index has 1 to ${INDEX_KEYS_MAX} keys, not ${index.keys.length}`)
  }
  const many = index.keys.map(() => false)
  const made = indexState({
    number: catalogue.next++,
    keys: index.keys,
    unique: index.unique ?? false,
    many,
    ready: false,
  })
  collection.indexes.push(made)
  catalogue.dirty = true
  return made
}

type IndexForm = Pick<IndexState, 'number' | 'keys' | 'unique' | 'many' | 'ready'>
type Form = {
  readonly next: number
  readonly collections: readonly {
    readonly name: string
    readonly number: number
    readonly indexes: readonly IndexForm[]
  }[]
  readonly dropped: readonly Dropped[]
}

const KEY = 'catalogue'

const indexState = (form: IndexForm): IndexState => ({
  ...form,
  prefix: encodeNumeral(form.number),
  paths: form.keys.map(pathOf),
})

const revive = (store: Store, { name, number, indexes }: Form['collections'][number]): Collection => {
  const prefix = encodeNumeral(number)
  const [tombstone] = store.tombstones.getKeys({ start: prefix, end: `${prefix}\xff`, limit: 1 })
  return { name, number, prefix, indexes: indexes.map(indexState), hasTombstones: tombstone !== undefined }
}
