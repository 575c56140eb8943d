import { DOCUMENTS_PAGE } from '../../limits.ts'
import { projectFields } from '../fields.ts'
import { documentOf, uniqueKeys } from '../entries.ts'
import { compileFilter } from '../filter.ts'
import { compareText, orderOf } from '../order.ts'
import type { Document, Documents, Filter, FindOptions, Index, Scanned, Versioned, Write } from '../port.ts'
import { applyUpdate } from '../update.ts'

/** Documents in the process's memory, found by looking at each: for tests, and what the others are compared with. */
export const memoryDocuments = (): Documents => {
  const state: State = { collections: new Map(), checkpoints: new Map() }
  return {
    apply: (writes, checkpoints) =>
      answer(() => {
        applyAll(state, writes)
        for (const { name, position } of checkpoints) state.checkpoints.set(name, position)
      }),
    get: (collection, id) => answer(() => versioned(state.collections.get(collection)?.records.get(id))),
    find: (collection, filter, options) => find(state, collection, filter, options),
    count: (collection, filter) => answer(() => matching(state, collection, filter).length),
    scan: (collection, after) => scan(state, collection, after),
    ensureIndexes: (collection, indexes) => answer(() => ensureIndexes(state, collection, indexes)),
    drop: (collection) => answer(() => void state.collections.delete(collection)),
    collections: () => answer(() => [...state.collections.keys()]),
    checkpoint: (name) => answer(() => state.checkpoints.get(name)),
    checkpoints: () => answer(() => new Map(state.checkpoints)),
    forgetCheckpoint: (name) => answer(() => void state.checkpoints.delete(name)),
    flush: () => Promise.resolve(),
    rewrite: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

/** Documents are kept as text, so that nobody shares an object with the store. Without text: a tombstone. */
type Kept = { readonly at: bigint; readonly text?: string }
type Collection = { readonly records: Map<string, Kept>; readonly unique: Index[] }
type State = { readonly collections: Map<string, Collection>; readonly checkpoints: Map<string, bigint> }

const answer = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(work()))

const collectionOf = (state: State, name: string): Collection => {
  const found = state.collections.get(name)
  if (found) return found
  const made: Collection = { records: new Map(), unique: [] }
  state.collections.set(name, made)
  return made
}

const valueOf = (kept: Kept | undefined): Document | undefined =>
  kept?.text === undefined ? undefined : (JSON.parse(kept.text) as Document)

const versioned = (kept: Kept | undefined): Versioned | undefined => {
  const value = valueOf(kept)
  return kept && value && { at: kept.at, value }
}

/** All or nothing: a write that breaks a unique index leaves nothing behind. */
const applyAll = (state: State, writes: readonly Write[]): void => {
  const undo: (() => void)[] = []
  try {
    for (const write of writes) applyOne(collectionOf(state, write.collection), write, undo)
    for (const name of new Set(writes.map(({ collection }) => collection)))
      checkUnique(collectionOf(state, name))
  } catch (error) {
    for (const back of undo.reverse()) back()
    throw error
  }
}

const applyOne = ({ records }: Collection, write: Write, undo: (() => void)[]): void => {
  const matches = 'where' in write ? compileFilter(write.where) : undefined
  const ids = 'id' in write ? [write.id] : [...records.keys()]
  for (const id of ids) {
    const kept = records.get(id)
    if (kept && kept.at >= write.at) continue
    const old = valueOf(kept)
    if (matches && !(old && matches(old))) continue
    const next = changed(write, id, old)
    if (next === 'missing') continue
    undo.push(() => (kept ? records.set(id, kept) : records.delete(id)))
    records.set(id, { at: write.at, ...next })
  }
}

const changed = (write: Write, id: string, old: Document | undefined): { text?: string } | 'missing' => {
  if ('delete' in write) return {}
  if ('put' in write) return { text: JSON.stringify(documentOf(id, write.put)) }
  return old ? { text: JSON.stringify(applyUpdate(old, write.update)) } : 'missing'
}

const matching = (state: State, name: string, filter: Filter): readonly Document[] => {
  const matches = compileFilter(filter)
  const found: Document[] = []
  for (const kept of state.collections.get(name)?.records.values() ?? []) {
    const value = valueOf(kept)
    if (value && matches(value)) found.push(value)
  }
  return found
}

async function* find(
  state: State,
  name: string,
  filter: Filter,
  options: FindOptions = {},
): AsyncGenerator<readonly Document[]> {
  const { skip = 0, limit = Infinity } = options
  const order = orderOf(options.sort)
  const project = projectFields(options.fields)
  const found = matching(state, name, filter)
    .map((value) => ({ value, by: order.sortable(value) }))
    .sort((a, b) => order.compare(a.by, b.by))
    .slice(skip, skip + limit)
    .map(({ value }) => project(value))
  yield* pages(found)
}

async function* scan(state: State, name: string, after = ''): AsyncGenerator<readonly Scanned[]> {
  const found = [...(state.collections.get(name)?.records ?? [])]
    .filter(([id]) => compareText(id, after) > 0)
    .sort(([a], [b]) => compareText(a, b))
    .map(([id, kept]) => {
      const value = valueOf(kept)
      return value ? { id, at: kept.at, value } : { id, at: kept.at }
    })
  yield* pages(found)
}

async function* pages<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += DOCUMENTS_PAGE) {
    yield await Promise.resolve(items.slice(at, at + DOCUMENTS_PAGE))
  }
}

const ensureIndexes = (state: State, name: string, indexes: readonly Index[]): void => {
  const collection = collectionOf(state, name)
  collection.unique.push(...indexes.filter((index) => index.unique))
  checkUnique(collection)
}

const checkUnique = (collection: Collection): void => {
  for (const index of collection.unique) {
    const taken = new Set<string>()
    const keys = [...collection.records.values()].map(valueOf).flatMap((value) => {
      return value ? [...uniqueKeys(value, index.keys)] : []
    })
    for (const key of keys) {
      if (taken.has(key)) throw new Error(`unique index ${index.keys.join(', ')} has ${key} twice`)
      taken.add(key)
    }
  }
}
