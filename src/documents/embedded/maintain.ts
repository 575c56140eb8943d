import { DOCUMENTS_PAGE } from '../../limits.ts'
import type { Index, Scanned } from '../port.ts'
import { collectionNamed, indexNamed, type Collection, type IndexState } from './catalogue.ts'
import { collectionNow, refuseEnded, transact, type Engine } from './engine.ts'
import { entryKeys, refuseTwice } from './indexing.ts'
import { encodeId, encodeNumeral, END } from './keys.ts'
import { breathe, NOTHING, parseDocument, type RawRecord } from './store.ts'

/** Documents indexed, or keys removed, in one transaction. */
const PIECE = 500

export const ensureIndexes = async (
  engine: Engine,
  name: string,
  indexes: readonly Index[],
): Promise<void> => {
  const declared = transact(engine, (catalogue) => {
    const collection = collectionNamed(catalogue, name)
    const { prefix } = collection
    const [first] = engine.store.documents.getKeys({ start: prefix, end: prefix + END, limit: 1 })
    return indexes.map((index) => {
      const state = indexNamed(catalogue, collection, index)
      if (first === undefined && !state.ready) {
        state.ready = true
        catalogue.dirty = true
      }
      return state.number
    })
  })
  for (const number of declared) await fill(engine, name, number)
}

/** A declared index is kept up to date at once, and asked only when every document is in it. */
const fill = async (engine: Engine, name: string, number: number): Promise<void> => {
  let after = ''
  for (;;) {
    const state = indexNow(engine, name, number)
    if (!state || state.index.ready) return
    const next = fillPiece(engine, name, number, after)
    if (next === undefined) return
    after = next
    await breathe()
  }
}

type Place = { readonly collection: Collection; readonly index: IndexState }

const indexNow = (engine: Engine, name: string, number: number): Place | undefined => {
  const collection = engine.catalogue.collections.get(name)
  const index = collection?.indexes.find((candidate) => candidate.number === number)
  return collection && index && { collection, index }
}

const fillPiece = (engine: Engine, name: string, number: number, after: string): string | undefined => {
  try {
    return transact(engine, (catalogue) => {
      const place = indexNow(engine, name, number)
      if (!place) return undefined
      const { collection, index } = place
      const end = collection.prefix + END
      let last: string | undefined
      let pieces = 0
      const start = after === '' ? collection.prefix : `${after}\0`
      for (const { key, value } of engine.store.documents.getRange({ start, end, limit: PIECE })) {
        const id = key.slice(collection.prefix.length)
        const document = parseDocument(value.text)
        for (const entry of entryKeys(catalogue, index, document, id)) {
          if (index.unique) refuseTwice(engine.store, collection, index, { id, key: entry, document })
          void engine.store.entries.put(entry, NOTHING)
        }
        last = key
        pieces++
      }
      if (pieces === PIECE) return last
      index.ready = true
      catalogue.dirty = true
      return undefined
    })
  } catch (error) {
    if (!engine.ended) forgetIndex(engine, name, number)
    throw error
  }
}

const forgetIndex = (engine: Engine, name: string, number: number): void => {
  transact(engine, (catalogue) => {
    const place = indexNow(engine, name, number)
    if (!place) return
    place.collection.indexes.splice(place.collection.indexes.indexOf(place.index), 1)
    catalogue.dropped.push({ indexes: [number] })
    catalogue.dirty = true
  })
  purge(engine).catch(() => undefined)
}

export const drop = async (engine: Engine, name: string): Promise<void> => {
  transact(engine, (catalogue) => {
    const collection = catalogue.collections.get(name)
    if (!collection) return
    catalogue.collections.delete(name)
    const indexes = collection.indexes.map(({ number }) => number)
    catalogue.dropped.push({ collection: collection.number, indexes })
    catalogue.dirty = true
  })
  await purge(engine)
}

/** Removes what dropped collections left, also what an earlier process did not get to. */
export const purge = (engine: Engine): Promise<void> => {
  const work = engine.purging.then(async () => {
    for (
      let [first] = engine.catalogue.dropped;
      first && !hasEnded(engine);
      [first] = engine.catalogue.dropped
    ) {
      const { collection, indexes } = first
      for (const number of indexes) await purgeTable(engine, 'entries', number)
      if (collection !== undefined) {
        await purgeTable(engine, 'documents', collection)
        await purgeTable(engine, 'tombstones', collection)
      }
      if (hasEnded(engine)) return
      transact(engine, (catalogue) => {
        catalogue.dropped.shift()
        catalogue.dirty = true
      })
    }
  })
  engine.purging = work.catch(() => undefined)
  return work
}

const purgeTable = async (
  engine: Engine,
  name: 'entries' | 'documents' | 'tombstones',
  number: number,
): Promise<void> => {
  const table = engine.store[name]
  const start = encodeNumeral(number)
  for (;;) {
    if (hasEnded(engine)) return
    const keys = [...table.getKeys({ start, end: start + END, limit: PIECE })]
    if (keys.length === 0) return
    transact(engine, () => keys.forEach((key) => void table.remove(key)))
    await breathe()
  }
}

const hasEnded = ({ ended, isClosed }: Engine): boolean => isClosed || ended !== undefined

/** Both tables in order of their keys, which is the order of ids. */
export async function* scan(engine: Engine, name: string, after = ''): AsyncGenerator<readonly Scanned[]> {
  let from = after === '' ? '' : `${encodeId(after)}\0`
  for (;;) {
    refuseEnded(engine)
    const collection = collectionNow(engine, name)
    if (!collection) return
    const page = scanPage(engine, collection, from)
    const last = page.at(-1)
    if (!last) return
    yield page.map(({ scanned }) => scanned)
    if (page.length < DOCUMENTS_PAGE) return
    from = `${last.key.slice(collection.prefix.length)}\0`
    await breathe()
  }
}

type Row = { readonly key: string; readonly scanned: Scanned }

const scanPage = ({ store }: Engine, { prefix }: Collection, from: string): readonly Row[] => {
  const range = { start: prefix + from, end: prefix + END, limit: DOCUMENTS_PAGE }
  const rows = (table: 'documents' | 'tombstones', read: (record: RawRecord) => Scanned): readonly Row[] =>
    [...store[table].getRange(range)].map(({ key, value }) => ({ key, scanned: read(value) }))
  const live = rows('documents', ({ at, text }) => {
    const value = parseDocument(text)
    return { id: value._id, at, value }
  })
  const dead = rows('tombstones', ({ at, text }) => ({ id: JSON.parse(text) as string, at }))
  if (dead.length === 0) return live
  return [...live, ...dead].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, DOCUMENTS_PAGE)
}
