import { documentOf } from '../entries.ts'
import { compileFilter } from '../filter.ts'
import type { Checkpoint, Document, Write } from '../port.ts'
import { applyUpdate } from '../update.ts'
import { collectionNamed, type Catalogue, type Collection } from './catalogue.ts'
import { checkpointKey } from './checkpoints.ts'
import { transact, type Engine } from './engine.ts'
import { reindex, type Change } from './indexing.ts'
import type { Hot } from './hot.ts'
import { encodeId } from './keys.ts'
import { matchingIds } from './search.ts'
import { parseDocument, type Store } from './store.ts'

/** Everything in one transaction. Writes meet in memory first: a document is stored once a batch, whatever happens to it. */
export const applyWrites = (
  engine: Engine,
  writes: readonly Write[],
  checkpoints: readonly Checkpoint[],
): void =>
  transact(engine, (catalogue) => {
    const { store, hot } = engine
    const batch: Batch = { store, hot, catalogue, slots: new Map() }
    for (const write of writes) {
      const collection = collectionNamed(catalogue, write.collection)
      if ('id' in write) applyTo(slotOf(batch, collection, write.id), write)
      else applyWhere(batch, collection, write)
    }
    for (const [collection, slots] of batch.slots) storeSlots(batch, collection, [...slots.values()])
    for (const { name, position } of checkpoints) {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64BE(position)
      void store.meta.put(checkpointKey(name), bytes)
    }
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

/** The indexes know the batch's earlier writes only once these are stored. */
const applyWhere = (
  batch: Batch,
  collection: Collection,
  write: Extract<Write, { where: unknown }>,
): void => {
  const slots = slotsOf(batch, collection)
  storeSlots(batch, collection, [...slots.values()])
  slots.clear()
  const matches = compileFilter(write.where)
  for (const id of matchingIds(batch.store, collection, write.where, matches)) {
    applyTo(slotOf(batch, collection, id), write)
  }
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
