import { LRUCache } from 'lru-cache'
import type { Decider } from '../domain/decider.ts'
import type { History } from '../history/port.ts'
import {
  SNAPSHOT_EVERY_EVENTS,
  STATE_CACHE_CHARACTERS_MAX,
  STATE_CACHE_ENTRIES_MAX,
  STATE_CHANGED_SHARE,
} from '../limits.ts'
import { emptySlot, following, slotOf, snapshotOf, takeIn, type Slot, type Snapshot } from './slot.ts'
import type { Snapshots } from './snapshots.ts'
import { charactersOf } from './weight.ts'

/** The slots of this process, as many as fit into the memory for them. */
export type Slots = {
  readonly load: <S, C>(stream: string, decider: Decider<S, C>) => Promise<Slot>
  /** For a stream whose name was made for this command: the append will say if it is not new after all. */
  readonly fresh: <S, C>(stream: string, decider: Decider<S, C>) => Slot
  /** Reads what other nodes appended meanwhile; tells whether there was any. */
  readonly refresh: <S, C>(stream: string, slot: Slot, decider: Decider<S, C>) => Promise<boolean>
  /** After its state has changed: counts anew what the slot takes of the memory for all, if that may be much more or less by now. */
  readonly weigh: (stream: string, slot: Slot) => void
  /** At what is flushed by this node, and by the others as far as can be read: for who decides about another stream by it. */
  readonly present: <S, C>(stream: string, decider: Decider<S, C>) => Promise<Slot>
}

export const createSlots = (history: History, snapshots: Snapshots): Slots => {
  const cache = new LRUCache<string, Slot>({
    max: STATE_CACHE_ENTRIES_MAX,
    maxSize: STATE_CACHE_CHARACTERS_MAX,
  })
  const loading = new Map<string, Promise<Slot>>()
  const cached = (stream: string): Slot | undefined => {
    const slot = cache.get(stream)
    return slot?.broken === true ? undefined : slot
  }

  /** With what it may grow by until it is weighed again. */
  const put = (stream: string, slot: Slot): void => {
    const characters = charactersOf(slot.state)
    slot.weight = { characters, taken: slot.taken }
    // Set again alone, it would keep the size that it had.
    cache.delete(stream)
    cache.set(stream, slot, { size: Math.ceil(characters * (1 + STATE_CHANGED_SHARE)) })
  }

  const weigh = (stream: string, slot: Slot): void => {
    const { characters, taken } = slot.weight
    if (slot.taken - taken >= characters * STATE_CHANGED_SHARE && cache.peek(stream) === slot)
      put(stream, slot)
  }

  const refresh: Slots['refresh'] = async (stream, slot, decider) => {
    const moved = await catchUp(history, stream, slot, decider)
    if (moved) weigh(stream, slot)
    return moved
  }

  const loadNow = async <S, C>(stream: string, decider: Decider<S, C>): Promise<Slot> => {
    const slot =
      (await again(history, stream, cache.peek(stream), decider)) ??
      (await fromSnapshot({ history, snapshots }, stream, decider))
    const start = following(slot.revision)
    await catchUp(history, stream, slot, decider)
    put(stream, slot)
    if (following(slot.revision) - start >= SNAPSHOT_EVERY_EVENTS) snapshots.take({ stream, decider }, slot)
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
    weigh,
    refresh,
    present: async (stream, decider) => {
      for (;;) {
        const slot = await load(stream, decider)
        await slot.pending
        await refresh(stream, slot, decider)
        if (!slot.broken) return slot
      }
    },
  }
}

/** In place of a slot whose append failed: many writers of one stream on several nodes pay for what the others wrote, not for its state. */
const again = async <S, C>(
  history: History,
  stream: string,
  failed: Slot | undefined,
  decider: Decider<S, C>,
): Promise<Slot | undefined> => {
  if (failed === undefined) return undefined
  const { snapshot, taken } = failed
  const known = snapshotOf(failed)
  if (known === undefined || !(await isOf(history, stream, known))) return undefined
  return { ...slotOf(decider, known), snapshot, taken }
}

const fromSnapshot = async <S, C>(
  { history, snapshots }: { readonly history: History; readonly snapshots: Snapshots },
  stream: string,
  decider: Decider<S, C>,
): Promise<Slot> => {
  const found = await snapshots.find(stream, decider)
  const isGood = found !== undefined && (await isOf(history, stream, found))
  return isGood ? slotOf(decider, found) : emptySlot(decider)
}

/** Whether the history has what a state was folded from: the documents, or this process, may be newer than one that was put back. */
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
