import type { Decider } from '../domain/decider.ts'
import type { Document, Documents } from '../documents/port.ts'
import { isSealed, open, seal } from '../history/cipher.ts'
import { isList, isObject, type Json, type JsonObject } from '../json.ts'
import { SNAPSHOT_EVERY_EVENTS } from '../limits.ts'
import type { Keyring } from '../vault/port.ts'

/** States of long streams, so that loading one costs a read and not its history. Losing all of them loses only time. */
export type Snapshots = {
  readonly find: <S, C>(stream: string, decider: Decider<S, C>) => Promise<Snapshot | undefined>
  /** Takes one beside the caller if enough has happened since the last. `position` is that of the slot's last event. */
  readonly keep: <S, C>(of: Kept<S, C>, slot: Tip, position: bigint) => void
}

/** A stream's state as of an event, and when the last snapshot of it was taken. */
export type Tip = {
  readonly state: unknown
  readonly revision: bigint | 'none'
  snapshotRevision: bigint
  readonly recent: ReadonlyMap<string, bigint>
}

export type Kept<S, C> = { readonly stream: string; readonly decider: Decider<S, C> }

export type Snapshot = {
  readonly state: Json
  readonly revision: bigint
  readonly position: bigint
  readonly recent: readonly string[]
}

export const SNAPSHOTS = 'platform_snapshots'

/** Sealed whole with the key of the stream's subject (decisions 7): an erased subject's snapshot cannot be opened, so it is not there. */
export const createSnapshots = (documents: Documents, keyring: Keyring): Snapshots => ({
  find: async (stream, decider) => {
    const found = await documents.get(SNAPSHOTS, stream)
    if (found === undefined || found.value.stateVersion !== decider.stateVersion) return undefined
    const content = await openWhole(found.value, keyring)
    if (!isObject(content) || typeof found.value.revision !== 'string') return undefined
    return {
      state: content.state ?? null,
      revision: BigInt(found.value.revision),
      position: found.at,
      recent: textsOf(content.recent),
    }
  },
  keep: ({ stream, decider }, slot, position) => {
    if (slot.revision === 'none' || slot.revision - slot.snapshotRevision < SNAPSHOT_EVERY_EVENTS) return
    slot.snapshotRevision = slot.revision
    const head = { stateVersion: decider.stateVersion, revision: String(slot.revision) }
    const content = { state: slot.state as Json, recent: [...slot.recent.keys()] }
    sealWhole(content, { stream, decider }, keyring)
      .then((sealed) =>
        sealed === undefined
          ? undefined
          : documents.apply(
              [{ collection: SNAPSHOTS, id: stream, at: position, put: { ...head, ...sealed } }],
              [],
            ),
      )
      .catch(() => undefined)
  },
})

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
