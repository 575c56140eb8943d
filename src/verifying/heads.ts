import type { Fault } from './faults.ts'
import { isSignedBy, originOf, parseKey, parseNote, type Note, type VerifierKey } from './notes.ts'
import { HEADS_STREAM, type SeenHead } from './parts.ts'

/** A head whose signature is right, and which says what its event says. */
export type SignedHead = { readonly position: string; readonly revision: string; readonly note: Note }

/** A head as it is shown, believed or not. */
export type Claimed = { readonly note: string; readonly key: string }

export const claimedIn = ({ data: { note, key } }: SeenHead): Claimed | undefined =>
  typeof note === 'string' && typeof key === 'string' ? { note, key } : undefined

/** Reads signed heads as they come: one key signs them all. */
export type HeadReader = {
  /** `undefined` for what is no head and need not be. */
  readonly read: (seen: SeenHead) => SignedHead | Fault | undefined
  /** The key that the heads are held against; the first one's, if none was pinned. */
  readonly key: () => VerifierKey | undefined
}

export const createHeadReader = (pinned: VerifierKey | undefined): HeadReader => {
  let key = pinned
  return {
    key: () => key,
    read: (seen) => {
      if (seen.type !== 'HeadSigned') return undefined
      const { position, revision, data } = seen
      const note = typeof data.note === 'string' ? parseNote(data.note) : undefined
      const own = typeof data.key === 'string' ? parseKey(data.key) : undefined
      const fault = faultOf(seen, note, own, key)
      if (fault !== undefined)
        return { kind: 'head', position, revision, stream: HEADS_STREAM, detail: fault }
      key ??= own
      return note === undefined ? undefined : { position, revision, note }
    },
  }
}

const faultOf = (
  { data }: SeenHead,
  note: Note | undefined,
  own: VerifierKey | undefined,
  key: VerifierKey | undefined,
): string | undefined => {
  if (note === undefined) return 'its note is not a signed head'
  if (own === undefined) return 'its key is not a verifier key'
  if (key !== undefined && own.text !== key.text) return `its key is ${own.text}, not ${key.text}`
  if (own.name !== originOf(own.key)) return 'its key does not belong to its origin'
  if (!isSignedBy(note, own)) return 'its signature is not of its key'
  const { origin, size, root } = data
  if (origin !== note.origin || size !== note.size || root !== note.root.toString('base64'))
    return 'its note says something else than the event'
  return undefined
}
