import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Decider } from '../domain/decider.ts'
import type { Document, Documents } from '../documents/port.ts'
import { isSealed, open, seal } from '../history/cipher.ts'
import { isList, isObject, type Json, type JsonObject } from '../json.ts'
import { SNAPSHOT_EVENTS_MAX, SNAPSHOT_EVERY_EVENTS, SNAPSHOTS_WAITING_MAX } from '../limits.ts'
import type { Keyring } from '../vault/port.ts'
import { snapshotOf, type Slot, type Snapshot } from './slot.ts'

/** States of long streams, so that loading one costs a read and not its history. Losing all of them loses only time. */
export type Snapshots = {
  readonly find: <S, C>(stream: string, decider: Decider<S, C>) => Promise<Snapshot | undefined>
  /**
   * Takes one beside the caller if enough has happened since the last: events that weigh as much as the state, so that a snapshot costs
   * an event about its own size whatever the state's; at least `SNAPSHOT_EVERY_EVENTS` and at most `SNAPSHOT_EVENTS_MAX`.
   */
  readonly keep: <S, C>(of: Kept<S, C>, slot: Slot) => void
  /** Takes one beside the caller: for a slot that was long to load. */
  readonly take: <S, C>(of: Kept<S, C>, slot: Slot) => void
}

export type Kept<S, C> = { readonly stream: string; readonly decider: Decider<S, C> }

export const SNAPSHOTS = 'platform_snapshots'

/**
 * Sealed whole with the key of the stream's subject (decisions 7): an erased subject's snapshot cannot be opened, so it is not there.
 * @param upcasters how many there are: a state that was folded with another number of them is not found, because events had other shapes then
 */
export const createSnapshots = (documents: Documents, keyring: Keyring, upcasters = 0): Snapshots => {
  const waiting = new Set<string>()
  let turn: Promise<unknown> = Promise.resolve()

  const write = async <S, C>({ stream, decider }: Kept<S, C>, snapshot: Snapshot): Promise<void> => {
    const head = { stateVersion: decider.stateVersion, revision: String(snapshot.revision), upcasters }
    const content = { state: snapshot.state as Json, recent: snapshot.recent }
    const sealed = await sealWhole(content, { stream, decider }, keyring)
    if (sealed === undefined) return
    await nextTurn()
    await documents.apply(
      [{ collection: SNAPSHOTS, id: stream, at: snapshot.position, put: { ...head, ...sealed } }],
      [],
    )
  }

  const take: Snapshots['take'] = (of, slot) => {
    if (of.decider.hasSnapshots === false) return
    const snapshot = snapshotOf(slot)
    if (snapshot === undefined || waiting.has(of.stream) || waiting.size >= SNAPSHOTS_WAITING_MAX) return
    waiting.add(of.stream)
    slot.snapshot = { revision: snapshot.revision, taken: slot.taken }
    // One after the other, with a turn for others between: making one of a large state takes some milliseconds.
    turn = turn
      .then(() => nextTurn())
      .then(() => write(of, snapshot))
      .catch(() => undefined)
      .finally(() => waiting.delete(of.stream))
  }

  return {
    find: async (stream, decider) => {
      if (decider.hasSnapshots === false) return undefined
      const found = await documents.get(SNAPSHOTS, stream)
      if (found === undefined || !isAsNow(found.value, decider.stateVersion, upcasters)) return undefined
      const content = await openWhole(found.value, keyring)
      if (!isObject(content) || typeof found.value.revision !== 'string') return undefined
      return {
        state: content.state ?? null,
        revision: BigInt(found.value.revision),
        position: found.at,
        recent: textsOf(content.recent),
      }
    },
    keep: (of, slot) => {
      if (isDue(slot)) take(of, slot)
    },
    take,
  }
}

/** Snapshots that do not say how many upcasters there were are from before the first. */
const isAsNow = (found: Document, stateVersion: number, upcasters: number): boolean =>
  found.stateVersion === stateVersion && (found.upcasters ?? 0) === upcasters

const isDue = ({ written: { revision }, snapshot, taken, weight }: Slot): boolean => {
  if (revision === 'none') return false
  const events = revision - snapshot.revision
  if (events < SNAPSHOT_EVERY_EVENTS) return false
  return events >= SNAPSHOT_EVENTS_MAX || taken - snapshot.taken >= weight.characters
}

const sealWhole = async (
  content: JsonObject,
  { stream, decider }: { readonly stream: string; readonly decider: Pick<Decider<never, never>, 'subject'> },
  keyring: Keyring,
): Promise<JsonObject | undefined> => {
  const subject = decider.subject?.(stream)
  if (subject === undefined) return { content }
  const key = await keyring.obtain(subject)
  return key === 'destroyed' ? undefined : { _s: [subject], content: seal(content, key, stream) }
}

const openWhole = async ({ _id, _s, content }: Document, keyring: Keyring): Promise<Json | undefined> => {
  if (!isSealed(content)) return content
  const [subject] = textsOf(_s)
  const key = subject === undefined ? undefined : await keyring.find(subject)
  return key === undefined ? undefined : open(content, key, _id)
}

const textsOf = (value: Json | undefined): readonly string[] =>
  isList(value) ? value.filter((item) => typeof item === 'string') : []
