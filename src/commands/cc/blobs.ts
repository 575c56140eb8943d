import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { BLOB_EXISTS, blobDecider, type BlobChange, type BlobCommand } from '../../domain/cc/blob.ts'
import type { BlobContent } from '../../domain/cc/blob-events.ts'
import { blobStream, userActor, wordsSubject } from '../../domain/cc/names.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { BlobDocument } from '../../queries/cc/blobs.ts'
import type { Vault } from '../../vault/port.ts'
import type { Engine } from '../engine.ts'
import { numbersToTry } from './numbers.ts'

type Answered<A> = Promise<Either<Rejection, A>>

export type BlobParts = {
  readonly engine: Engine
  readonly vault: Pick<Vault, 'next' | 'raise' | 'deleteBlob'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
}

export type NewBlob = { readonly name: string; readonly contentType: string; readonly public: boolean }
type Blob = Pick<BlobDocument, 'app' | 'id' | 'owner'>

/** Answers its number. */
export const declareBlob = async (
  parts: BlobParts,
  { app, user: owner }: { readonly app: number; readonly user: number },
  wanted: NewBlob,
): Answered<number> => {
  const uid = `${Buffer.from(parts.random(UID_BYTES)).toString('hex')}00`
  const nextNumber = numbersToTry(parts.vault, `cc.blob-${app}`)
  for (;;) {
    const id = await nextNumber()
    const place = { app, blob: id, owner }
    const made = await run(parts, { app, id, owner }, { type: 'Declare', place, uid, ...wanted })
    if (E.isRight(made)) return E.right(id)
    if (made.left !== BLOB_EXISTS) return made
  }
}

/** The blob points to what the vault holds already (decisions 9). If it does not come to that, the bytes are deleted again. */
export const contentUploaded = async (
  parts: BlobParts,
  blob: Blob,
  content: BlobContent,
): Answered<unknown> => {
  const done = await run(parts, blob, { type: 'Upload', place: placeOf(blob, blob.owner), content })
  if (E.isLeft(done)) await parts.vault.deleteBlob(wordsSubject(blob.app, blob.owner), content.sha256)
  return done
}

/** Completes, changes or deletes it for that user: only its owner may. */
export const changeBlob = (
  parts: BlobParts,
  blob: Blob,
  user: number,
  command:
    { readonly type: 'Complete' | 'Delete' } | { readonly type: 'Change'; readonly change: BlobChange },
): Answered<unknown> => run(parts, blob, { ...command, place: placeOf(blob, user) })

/** On the owner's behalf, for somebody who may do that. */
export const deleteBlobFor = (parts: BlobParts, blob: Blob, actor: string): Answered<unknown> =>
  run(parts, blob, { type: 'Delete', place: placeOf(blob, blob.owner) }, actor)

const UID_BYTES = 16

const placeOf = ({ app, id: blob }: Blob, owner: number) => ({ app, blob, owner })

/** Bytes that nothing points to any more are deleted behind the append: nobody could get them. */
const run = async (
  { engine, vault, now }: BlobParts,
  { app, id, owner }: Blob,
  command: BlobCommand,
  actor = userActor(app, command.place.owner),
): Answered<unknown> => {
  const done = await engine.execute({
    stream: blobStream(app, id),
    decider: blobDecider(app, owner),
    command,
    commandId: randomUUID(),
    actor,
    at: now(),
    via: { protocol: 'connectycube' },
  })()
  if (E.isRight(done) && done.right.facts.length > 0 && done.right.state.dropped !== undefined)
    await vault.deleteBlob(wordsSubject(app, owner), done.right.state.dropped.sha256)
  return done
}
