import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Decider } from '../domain/decider.ts'
import type { Documents } from '../documents/port.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { SNAPSHOT_EVERY_EVENTS } from '../limits.ts'
import type { Keyring } from '../vault/port.ts'
import type { Slot } from './slots.ts'

/** States of long streams, so that loading one costs a read and not its history. Losing all of them loses only time. */
export type Snapshots = {
  readonly find: <S, C>(stream: string, decider: Decider<S, C>) => Promise<Snapshot | undefined>
  /** Takes one beside the caller if enough has happened since the last. `position` is that of the slot's last event. */
  readonly keep: <S, C>(of: Kept<S, C>, slot: Slot, position: bigint) => void
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
    const content = await open(found.value, keyring)
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
    seal(content, decider.subject?.(stream), keyring)
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

const seal = async (
  content: JsonObject,
  subject: string | undefined,
  keyring: Keyring,
): Promise<JsonObject | undefined> => {
  if (subject === undefined) return { content }
  const key = await keyring.obtain(subject)
  if (key === 'destroyed') return undefined
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const parts = [nonce, cipher.update(JSON.stringify(content)), cipher.final(), cipher.getAuthTag()]
  return { _s: [subject], sealed: Buffer.concat(parts).toString('base64') }
}

const open = async (document: JsonObject, keyring: Keyring): Promise<Json | undefined> => {
  if (document.content !== undefined) return document.content
  const [subject] = textsOf(document._s)
  if (subject === undefined || typeof document.sealed !== 'string') return undefined
  const key = await keyring.find(subject)
  if (key === undefined) return undefined
  const bytes = Buffer.from(document.sealed, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
  decipher.setAuthTag(bytes.subarray(-16))
  const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString()
  return JSON.parse(text) as Json
}

const textsOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter((item) => typeof item === 'string') : []
