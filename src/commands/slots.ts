import { LRUCache } from 'lru-cache'
import type { Decider } from '../domain/decider.ts'
import type { History, StoredEvent } from '../history/port.ts'
import { RECENT_COMMANDS_MAX, STATE_CACHE_CHARACTERS_MAX, STATE_CACHE_ENTRIES_MAX } from '../limits.ts'
import type { Snapshot, Snapshots } from './snapshots.ts'

/**
 * A stream's state at its tip: at what was appended, even if the flush has not answered yet. So commands of one stream are decided one
 * after the other in this process without waiting for each other's flush, and nothing is locked.
 */
export type Slot = {
  state: unknown
  revision: bigint | 'none'
  snapshotRevision: bigint
  /** Positions of the last commands' last events; 0n while the append is under way. */
  readonly recent: Map<string, bigint>
  /** The newest append under way; settles with whether it was written. */
  pending: Promise<boolean> | undefined
  /** An append failed: what the slot says may not be true. Whoever holds it loads again, and gets another. */
  broken: boolean
}

export type Slots = {
  readonly load: <S, C>(stream: string, decider: Decider<S, C>) => Promise<Slot>
  /** For a stream whose name was made for this command: the append will say if it is not new after all. */
  readonly fresh: <S, C>(stream: string, decider: Decider<S, C>) => Slot
  /** Reads what other nodes appended meanwhile; tells whether there was any. */
  readonly refresh: <S, C>(stream: string, slot: Slot, decider: Decider<S, C>) => Promise<boolean>
  /** Counts anew what the slot takes of the memory for all, after its state has changed. */
  readonly weigh: (stream: string, slot: Slot) => void
  /** At what is flushed by this node, and by the others as far as can be read: for who decides about another stream by it. */
  readonly present: <S, C>(stream: string, decider: Decider<S, C>) => Promise<Slot>
}

export const createSlots = (history: History, snapshots: Snapshots): Slots => {
  const cache = new LRUCache<string, Slot>({
    max: STATE_CACHE_ENTRIES_MAX,
    maxSize: STATE_CACHE_CHARACTERS_MAX,
    sizeCalculation: ({ state }) => charactersOf(state),
  })
  const loading = new Map<string, Promise<Slot>>()
  const cached = (stream: string): Slot | undefined => {
    const slot = cache.get(stream)
    return slot?.broken === true ? undefined : slot
  }

  const loadNow = async <S, C>(stream: string, decider: Decider<S, C>): Promise<Slot> => {
    const slot = emptySlot(decider)
    const snapshot = await snapshots.find(stream, decider)
    if (snapshot !== undefined && (await isOf(history, stream, snapshot))) {
      slot.state = snapshot.state
      slot.revision = snapshot.revision
      slot.snapshotRevision = snapshot.revision
      for (const id of snapshot.recent) slot.recent.set(id, snapshot.position)
    }
    await catchUp(history, stream, slot, decider)
    cache.set(stream, slot)
    return slot
  }

  const load: Slots['load'] = async (stream, decider) => {
    const known = cached(stream)
    if (known !== undefined) return known
    const running = loading.get(stream)
    if (running !== undefined) return running
    const started = loadNow(stream, decider).finally(() => loading.delete(stream))
    loading.set(stream, started)
    return started
  }

  return {
    load,
    fresh: (stream, decider) => cached(stream) ?? emptySlot(decider),
    weigh: (stream, slot) => {
      if (cache.peek(stream) !== slot) return
      // Set again alone, it would keep the size that it had.
      cache.delete(stream)
      cache.set(stream, slot)
    },
    refresh: (stream, slot, decider) => catchUp(history, stream, slot, decider),
    present: async (stream, decider) => {
      for (;;) {
        const slot = await load(stream, decider)
        await slot.pending
        await catchUp(history, stream, slot, decider)
        if (!slot.broken) return slot
      }
    },
  }
}

/** About as many as its JSON has, at least one. */
const charactersOf = (value: unknown): number => {
  if (typeof value === 'string') return value.length + CHARACTERS_A_VALUE
  if (typeof value !== 'object' || value === null) return CHARACTERS_A_VALUE
  let sum = CHARACTERS_A_VALUE
  for (const key in value)
    sum += key.length + charactersOf((value as { readonly [key: string]: unknown })[key])
  return sum
}

const CHARACTERS_A_VALUE = 8

export const remember = (slot: Slot, commandId: string, position: bigint): void => {
  slot.recent.delete(commandId)
  slot.recent.set(commandId, position)
  if (slot.recent.size <= RECENT_COMMANDS_MAX) return
  const oldest = slot.recent.keys().next()
  if (oldest.done !== true) slot.recent.delete(oldest.value)
}

const emptySlot = <S, C>(decider: Decider<S, C>): Slot => ({
  state: decider.initial,
  revision: 'none',
  snapshotRevision: -1n,
  recent: new Map(),
  pending: undefined,
  broken: false,
})

/** Whether the history has what a snapshot was taken of: the documents may be newer than a history that was put back. */
const isOf = async (
  history: History,
  stream: string,
  { revision, position, recent }: Snapshot,
): Promise<boolean> => {
  for await (const [event] of history.read(stream, { from: revision, limit: 1 }))
    return event?.position === position && event.meta.commandId === recent.at(-1)
  return false
}

const catchUp = async <S, C>(
  history: History,
  stream: string,
  slot: Slot,
  decider: Decider<S, C>,
): Promise<boolean> => {
  let moved = false
  for await (const page of history.read(stream, { from: following(slot.revision) })) {
    for (const event of page) moved = takeIn(slot, event, decider) || moved
  }
  return moved
}

/** Skips what the slot has meanwhile got from this process's own append. */
const takeIn = <S, C>(slot: Slot, event: StoredEvent, decider: Decider<S, C>): boolean => {
  if (event.revision !== following(slot.revision)) return false
  slot.state = decider.evolve(slot.state as S, event)
  slot.revision = event.revision
  remember(slot, event.meta.commandId, event.position)
  return true
}

/** Of what is known to be written; 0n if nothing is. */
export const lastPosition = ({ recent }: Slot): bigint => {
  let last = 0n
  for (const position of recent.values()) if (position > last) last = position
  return last
}

export const following = (revision: bigint | 'none'): bigint => (revision === 'none' ? 0n : revision + 1n)
