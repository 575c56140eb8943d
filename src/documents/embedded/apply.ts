import { documentOf } from '../entries.ts'
import type { Checkpoint, Document, Write } from '../port.ts'
import { applyUpdate } from '../update.ts'
import { collectionNamed, type Catalogue, type Collection } from './catalogue.ts'
import { checkpointKey } from './checkpoints.ts'
import { refuseStopped, transact, type Engine } from './engine.ts'
import { reindex, type Change } from './indexing.ts'
import type { Hot } from './hot.ts'
import { encodeId } from './keys.ts'
import { searchToWrite, type WriteSearch } from './search.ts'
import { breathe, parseDocument, type Store } from './store.ts'

/**
 * Everything in one transaction, unless writes by filter find so much that it would keep all others waiting: then in several, with the
 * checkpoints in the last, because a batch that was cut and is applied again equals one (see the port). One batch after the other.
 */
export const applyWrites = (
  engine: Engine,
  writes: readonly Write[],
  checkpoints: readonly Checkpoint[],
): Promise<void> => {
  const work: Work = { writes, checkpoints, next: 0, search: undefined }
  const before = engine.applying
  if (before === undefined && applySlice(engine, work)) return DONE
  const mine = before === undefined ? applyRest(engine, work) : before.then(() => applyAll(engine, work))
  const settled = mine
    .catch(() => undefined)
    .then(() => {
      if (engine.applying === settled) engine.applying = undefined
    })
  engine.applying = settled
  return mine
}

const DONE = Promise.resolve()

const applyAll = async (engine: Engine, work: Work): Promise<void> => {
  if (!applySlice(engine, work)) await applyRest(engine, work)
}

const applyRest = async (engine: Engine, work: Work): Promise<void> => {
  do {
    await breathe()
    refuseStopped(engine)
  } while (!applySlice(engine, work))
}

/** How far a batch is applied. */
type Work = {
  readonly writes: readonly Write[]
  readonly checkpoints: readonly Checkpoint[]
  next: number
  /** Of the next write, if it is one by filter that has begun. */
  search: WriteSearch | undefined
}

/** Milliseconds of writes by filter that others wait for. */
const SLICE_MS = 5
/** Documents that are changed before the clock is looked at. */
const CHANGED_AT_ONCE = 50

/** Writes meet in memory first: a document is stored once, whatever happens to it. Answers whether that was all. */
const applySlice = (engine: Engine, work: Work): boolean =>
  transact(engine, (catalogue) => {
    const { store, hot } = engine
    const batch: Batch = { store, hot, catalogue, slots: new Map() }
    const until = performance.now() + SLICE_MS
    const first = work.next
    for (let write = work.writes[first]; write !== undefined; write = work.writes[++work.next]) {
      if ('id' in write) applyTo(slotOf(batch, collectionNamed(catalogue, write.collection), write.id), write)
      else if (work.next > first && performance.now() > until) break
      else if (!applyWhere(batch, work, write, until)) break
    }
    for (const collection of batch.slots.keys()) storeAll(batch, collection)
    if (work.next < work.writes.length) return false
    for (const { name, position } of work.checkpoints) {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64BE(position)
      void store.meta.put(checkpointKey(name), bytes)
    }
    return true
  })

/** A document within the batch. `value` is its text until somebody needs more. */
type Slot = {
  readonly id: string
  readonly bytes: string
  /** Text until somebody needs more. */
  before: Document | string | undefined
  readonly wasDeleted: boolean
  at: bigint | undefined
  value: Document | string | undefined
  changed: boolean
  isHot: boolean
}

type Batch = {
  readonly store: Store
  readonly hot: Hot
  readonly catalogue: Catalogue
  readonly slots: Map<Collection, Map<string, Slot>>
}

const slotsOf = ({ slots }: Batch, collection: Collection): Map<string, Slot> => {
  const found = slots.get(collection)
  if (found) return found
  const made = new Map<string, Slot>()
  slots.set(collection, made)
  return made
}

const slotOf = (batch: Batch, collection: Collection, id: string): Slot => {
  const slots = slotsOf(batch, collection)
  const found = slots.get(id)
  if (found) return found
  const { store, hot } = batch
  const bytes = encodeId(id)
  const key = collection.prefix + bytes
  const parsed = hot.get(key)
  const live = parsed ?? store.documents.get(key)
  const deleted = live || !collection.hasTombstones ? undefined : store.tombstones.get(key)
  const before = live && ('value' in live ? live.value : live.text)
  const slot: Slot = {
    id,
    bytes,
    before,
    wasDeleted: deleted !== undefined,
    at: (live ?? deleted)?.at,
    value: before,
    changed: false,
    isHot: false,
  }
  slots.set(id, slot)
  return slot
}

/** Parsed once: what was there before shares what the updates left alone. */
const valueOf = (slot: Slot): Document | undefined => {
  if (typeof slot.value !== 'string') return slot.value
  const parsed = parseDocument(slot.value)
  if (slot.before === slot.value) slot.before = parsed
  slot.value = parsed
  return parsed
}

/** The guard: only a write that is newer than the document changes it. */
const applyTo = (slot: Slot, write: Write): void => {
  if (slot.at !== undefined && write.at <= slot.at) return
  if ('put' in write) slot.value = documentOf(slot.id, write.put)
  else if ('delete' in write) slot.value = undefined
  else {
    const old = valueOf(slot)
    if (!old) return
    slot.value = applyUpdate(old, write.update)
    slot.isHot = true
  }
  slot.at = write.at
  slot.changed = true
}

/** Answers whether all that match are changed. A collection that was dropped meanwhile is another. */
const applyWhere = (
  batch: Batch,
  work: Work,
  write: Extract<Write, { where: unknown }>,
  until: number,
): boolean => {
  const collection = collectionNamed(batch.catalogue, write.collection)
  storeAll(batch, collection)
  const begun = work.search?.collection === collection ? work.search : undefined
  const search = begun ?? searchToWrite(batch.store, collection, write.where)
  work.search = search
  for (;;) {
    const ids = search.next({ atMost: CHANGED_AT_ONCE, until })
    for (const id of ids) applyTo(slotOf(batch, collection, id), write)
    storeAll(batch, collection)
    if (search.isDone()) {
      work.search = undefined
      return true
    }
    if (performance.now() > until) return false
  }
}

/** The indexes know the batch's earlier writes only once these are stored. */
const storeAll = (batch: Batch, collection: Collection): void => {
  const slots = slotsOf(batch, collection)
  storeSlots(batch, collection, [...slots.values()])
  slots.clear()
}

const storeSlots = (batch: Batch, collection: Collection, slots: readonly Slot[]): void => {
  const { store, catalogue } = batch
  const isIndexed = collection.indexes.length > 0
  const changes: Change[] = []
  for (const slot of slots) {
    if (!slot.changed) continue
    const after = valueOf(slot)
    put(batch, collection, slot, after)
    if (isIndexed) {
      const before = typeof slot.before === 'string' ? parseDocument(slot.before) : slot.before
      changes.push({ id: slot.bytes, before, after })
    }
  }
  if (isIndexed) reindex(store, catalogue, collection, changes)
}

const put = (
  { store, hot }: Batch,
  collection: Collection,
  slot: Slot,
  value: Document | undefined,
): void => {
  const key = collection.prefix + slot.bytes
  const at = slot.at ?? 0n
  if (value) {
    const text = JSON.stringify(value)
    void store.documents.put(key, { at, text })
    // A transaction that fails clears all of it.
    if (slot.isHot) hot.set(key, { at, value }, text.length)
    else hot.forget(key)
    if (slot.wasDeleted) void store.tombstones.remove(key)
  } else {
    hot.forget(key)
    if (slot.before !== undefined) void store.documents.remove(key)
    void store.tombstones.put(key, { at, text: JSON.stringify(slot.id) })
    collection.hasTombstones = true
  }
}
