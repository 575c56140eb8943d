import type { Binary, Db } from 'mongodb'
import { VAULT_UPLOAD_SILENCE_MS } from '../../limits.ts'
import { VaultUnavailable } from '../port.ts'
import { unlessDuplicate, untilWon } from './turns.ts'

/** A blob as `<SHA-256 of the subject>/<SHA-256 of the bytes>`. */
export type HeadDocument = {
  readonly _id: string
  readonly bytes: number
  /** Of every chunk but the last. */
  readonly chunkBytes: number
  /** What its chunks are called after. */
  readonly upload: string
}
/** `<upload>/<number from 0>`. */
export type ChunkDocument = { readonly _id: string; readonly bytes: Binary }

/**
 * The mark of chunks that may have no head: written before the first of them and removed when the head stands, and written again before the
 * head is deleted.
 */
type UploadDocument = {
  readonly _id: string
  /** Milliseconds since the epoch of its last sign of life. */
  readonly at: number
  readonly head?: string
  /** Nobody may complete it any more: head and chunks go. */
  readonly doomed?: true
}

export type Uploads = {
  /** Before the first chunk. */
  readonly begin: (upload: string) => Promise<unknown>
  /** A sign of life; before the head is written, with its name. Throws `VaultUnavailable` if the upload was taken for dead meanwhile. */
  readonly sign: (upload: string, head?: string) => Promise<void>
  /** The head stands. */
  readonly end: (upload: string) => Promise<unknown>
  /** Deletes the chunks of an upload that has no head. */
  readonly discard: (upload: string) => Promise<unknown>
  /** Tells whether it was this call that deleted the head. */
  readonly deleteHead: (head: HeadDocument) => Promise<boolean>
  /** What died in the middle an hour ago goes. */
  readonly sweepUploads: () => Promise<void>
  /** What is left of deletions that died in the middle goes. */
  readonly finishDeletions: () => Promise<void>
}

/** Marks of uploads and deletions in `vault.uploads`. `now` in milliseconds since the Unix epoch. */
export const uploadsOf = (db: Db, now: () => number): Uploads => {
  const uploads = db.collection<UploadDocument>('vault.uploads')
  const heads = db.collection<HeadDocument>('vault.blobs')
  const chunks = db.collection<ChunkDocument>('vault.chunks')

  const end = (upload: string): Promise<unknown> => uploads.deleteOne({ _id: upload, doomed: NOT_DOOMED })

  /** Head, chunks, mark: in this order, so that it can be resumed. */
  const remove = async (upload: string, head: string | undefined): Promise<boolean> => {
    const gone = head === undefined ? undefined : await heads.deleteOne({ _id: head, upload })
    await chunks.deleteMany({ _id: { $gte: `${upload}/`, $lt: `${upload}0` } })
    await uploads.deleteOne({ _id: upload })
    return gone?.deletedCount === 1
  }

  const settle = async ({ _id, at, head, doomed }: UploadDocument): Promise<unknown> => {
    const whole =
      doomed === undefined && head !== undefined && (await heads.findOne({ _id: head, upload: _id })) !== null
    if (whole) return end(_id)
    // From here on the upload cannot be completed, should it be alive in spite of all.
    const { matchedCount } = await uploads.updateOne({ _id, at }, { $set: { at: now(), doomed: true } })
    return matchedCount === 1 && remove(_id, head)
  }

  return {
    begin: (upload) => uploads.insertOne({ _id: upload, at: now() }),
    sign: async (upload, head) => {
      const signs = { at: now(), ...(head === undefined ? {} : { head }) }
      const { matchedCount } = await uploads.updateOne({ _id: upload, doomed: NOT_DOOMED }, { $set: signs })
      if (matchedCount === 0) throw new VaultUnavailable('the upload was silent for too long')
    },
    end,
    discard: (upload) => remove(upload, undefined),
    deleteHead: async ({ _id, upload }) => {
      const doom = { $set: { at: now(), head: _id, doomed: true } } as const
      await untilWon(() => unlessDuplicate(() => uploads.updateOne({ _id: upload }, doom, { upsert: true })))
      return remove(upload, _id)
    },
    sweepUploads: async () => {
      const silent = { at: { $lte: now() - VAULT_UPLOAD_SILENCE_MS } }
      for (const upload of await uploads.find(silent).toArray()) await settle(upload)
    },
    finishDeletions: async () => {
      for (const { _id, head } of await uploads.find({ doomed: true }).toArray()) await remove(_id, head)
    },
  }
}

const NOT_DOOMED = { $exists: false }
