import type { Decider } from '../domain/decider.ts'
import type { Appended, NewEvent, StoredEvent } from '../history/port.ts'
import { RECENT_COMMANDS_MAX } from '../limits.ts'
import { factOf } from './facts.ts'
import { charactersOfEvent } from './weight.ts'

/**
 * A stream's state at its tip: at what was appended, even if the flush has not answered yet. So commands of one stream are decided one
 * after the other in this process without waiting for each other's flush, and nothing is locked.
 */
export type Slot = {
  state: unknown
  revision: bigint | 'none'
  /** The same as of the last event that is known to be written: for snapshots, and to begin with again after a failed append. */
  written: Written
  /** Positions of the last commands' last events; 0n while the append is under way. */
  readonly recent: Map<string, bigint>
  /** The newest append under way; settles with whether it was written. */
  pending: Promise<boolean> | undefined
  /** An append failed: what the slot says may not be true. Whoever holds it loads again, and gets another. */
  broken: boolean
  /** What the events that came in weigh, roughly, in characters. */
  taken: number
  /** What the state weighed, and how much had come in by then. */
  weight: { readonly characters: number; readonly taken: number }
  /** As of what the newest snapshot is, and how much had come in by then. */
  snapshot: { readonly revision: bigint; readonly taken: number }
}

export type Written = {
  readonly state: unknown
  readonly revision: bigint | 'none'
  readonly position: bigint
  /** Of the last event. */
  readonly commandId: string
}

/** A stream's state as of an event. */
export type Snapshot = {
  readonly state: unknown
  readonly revision: bigint
  readonly position: bigint
  /** The last commands; the event is of the last one. */
  readonly recent: readonly string[]
}

export const emptySlot = <S, C>({ initial }: Decider<S, C>): Slot => ({
  state: initial,
  revision: 'none',
  written: { state: initial, revision: 'none', position: 0n, commandId: '' },
  recent: new Map(),
  pending: undefined,
  broken: false,
  taken: 0,
  weight: { characters: 0, taken: 0 },
  snapshot: { revision: -1n, taken: 0 },
})

export const slotOf = <S, C>(decider: Decider<S, C>, snapshot: Snapshot): Slot => ({
  ...emptySlot(decider),
  state: snapshot.state,
  revision: snapshot.revision,
  written: { ...snapshot, commandId: snapshot.recent.at(-1) ?? '' },
  recent: new Map(snapshot.recent.map((id) => [id, snapshot.position])),
  snapshot: { revision: snapshot.revision, taken: 0 },
})

/** What of a slot is known to be written; `undefined` if nothing is. */
export const snapshotOf = ({ written, recent }: Slot): Snapshot | undefined => {
  const { state, revision, position, commandId } = written
  if (revision === 'none') return undefined
  const earlier = [...recent].filter(([id, last]) => id !== commandId && last > 0n && last <= position)
  return { state, revision, position, recent: [...earlier.map(([id]) => id), commandId] }
}

/** To the tip that an append makes if it succeeds. */
export const moveOn = (slot: Slot, commandId: string, events: readonly NewEvent[], state: unknown): void => {
  slot.state = state
  slot.revision = following(slot.revision) + BigInt(events.length - 1)
  for (const event of events) slot.taken += charactersOfEvent(event)
  remember(slot, commandId, 0n)
}

/** `state` is that of the events which were appended behind `expected`. */
export const confirm = (slot: Slot, commandId: string, { expected, state, appended }: Confirmed): void => {
  remember(slot, commandId, appended.position)
  // Before the append that it was decided on: what became of that one, only the history can tell.
  if (slot.written.revision !== expected) slot.broken = true
  else slot.written = { state, ...appended, commandId }
}

type Confirmed = {
  readonly expected: bigint | 'none'
  readonly state: unknown
  readonly appended: Appended
}

/** Skips what the slot has meanwhile got from this process's own append. */
export const takeIn = <S, C>(slot: Slot, event: StoredEvent, decider: Decider<S, C>): boolean => {
  const { revision, position } = event
  const { commandId } = event.meta
  if (revision !== following(slot.revision)) return false
  const isWritten = slot.written.revision === slot.revision
  slot.state = decider.evolve(slot.state as S, factOf(event))
  slot.revision = revision
  slot.taken += charactersOfEvent(event)
  remember(slot, commandId, position)
  if (isWritten) slot.written = { state: slot.state, revision, position, commandId }
  return true
}

/** Of what is known to be written; 0n if nothing is. */
export const lastPosition = ({ recent }: Slot): bigint => {
  let last = 0n
  for (const position of recent.values()) if (position > last) last = position
  return last
}

export const following = (revision: bigint | 'none'): bigint => (revision === 'none' ? 0n : revision + 1n)

const remember = (slot: Slot, commandId: string, position: bigint): void => {
  slot.recent.delete(commandId)
  slot.recent.set(commandId, position)
  if (slot.recent.size <= RECENT_COMMANDS_MAX) return
  const oldest = slot.recent.keys().next()
  if (oldest.done !== true) slot.recent.delete(oldest.value)
}
