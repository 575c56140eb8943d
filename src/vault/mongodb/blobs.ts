import { createHash, randomUUID, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Binary, type Collection } from 'mongodb'
import { VAULT_CHUNK_BYTES, VAULT_UPLOAD_SILENCE_MS } from '../../limits.ts'
import type { Mongo } from '../../mongodb/connection.ts'
import { isSha256, subjectDigest } from '../names.ts'
import {
  BlobTooLarge,
  VaultUnavailable,
  type Blob,
  type HeldBlob,
  type Vault,
  type VaultHolding,
} from '../port.ts'
import { pagesOf } from './pages.ts'
import { reaching, unlessDuplicate } from './turns.ts'
import { uploadsOf, type ChunkDocument, type HeadDocument, type Uploads } from './uploads.ts'

export type Blobs = Pick<Vault, 'putBlob' | 'readBlob' | 'deleteBlob'> & {
  readonly deleteBlobs: (subject: string) => Promise<void>
  readonly holding: Pick<VaultHolding, 'blobs' | 'readBlob' | 'putBlob'>
} & Pick<Uploads, 'sweepUploads' | 'finishDeletions'>

/**
 * Blobs (decisions 17) as a document of `vault.blobs` each, the head, and chunks in `vault.chunks`. The head is written last and deleted
 * first, so that a blob is there whole or not at all; what a crash left in between is found by its mark in `vault.uploads`.
 */
export const blobsOf = ({ db }: Mongo, now: () => number): Blobs => {
  const heads = db.collection<HeadDocument>('vault.blobs')
  const chunks = db.collection<ChunkDocument>('vault.chunks')
  const uploads = uploadsOf(db, now)

  const writeChunk = async (upload: Upload, number: number, chunk: Buffer): Promise<void> => {
    if (number === 0 || now() - upload.signedAt > SIGN_MS) {
      upload.signedAt = now()
      await (number === 0 ? uploads.begin(upload.id) : uploads.sign(upload.id))
    }
    await chunks.insertOne({ _id: chunkId(upload.id, number), bytes: new Binary(chunk) })
  }

  const writeChunks = async (upload: Upload, content: Readable, bytesMax: number): Promise<Blob> => {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of chunked(hashed(content, hash, bytesMax))) {
      await reaching(() => writeChunk(upload, upload.chunks, chunk))
      upload.chunks += 1
      bytes += chunk.length
    }
    return { sha256: hash.digest('hex'), bytes }
  }

  const writeHead = async (_id: string, bytes: number, upload: Upload): Promise<void> => {
    const { id } = upload
    if (upload.chunks > 0) await uploads.sign(id, _id)
    const head = { _id, bytes, chunkBytes: VAULT_CHUNK_BYTES, upload: id }
    const made = await unlessDuplicate(() => heads.insertOne(head))
    if (upload.chunks === 0) return
    // The same content may have been there before, and have readers of its chunks. What fails here a sweep does later.
    await (made === true ? uploads.end(id) : uploads.discard(id)).catch(() => undefined)
  }

  const put = async (digest: string, content: Readable, bytesMax: number): Promise<Blob> => {
    const upload: Upload = { id: randomUUID(), chunks: 0, signedAt: now() }
    try {
      const blob = await writeChunks(upload, content, bytesMax)
      await reaching(() => writeHead(`${digest}/${blob.sha256}`, blob.bytes, upload))
      return blob
    } catch (error) {
      // A server that went away may have taken the head all the same: a sweep will see.
      const known = upload.chunks > 0 && !(error instanceof VaultUnavailable)
      if (known) await uploads.discard(upload.id).catch(() => undefined)
      throw error
    }
  }

  const headOf = (id: string | undefined) => headIn(heads, id)
  const readHead = async (id: string | undefined, range?: Range): Promise<Readable | undefined> => {
    const head = await headOf(id)
    return head && readable(chunks, head, range)
  }

  return {
    putBlob: (subject, content, bytesMax) => put(subjectDigest(subject).toString('hex'), content, bytesMax),
    readBlob: (subject, sha256, range) => readHead(idOf(subject, sha256), range),
    holding: {
      blobs: () => allBlobs(heads),
      readBlob: (digest, sha256) => readHead(`${digest}/${sha256}`),
      putBlob: (digest, content) => put(digest, content, Infinity),
    },
    deleteBlob: async (subject, sha256) => {
      const head = await headOf(idOf(subject, sha256))
      return head !== undefined && reaching(() => uploads.deleteHead(head))
    },
    deleteBlobs: async (subject) => {
      const range = { $gte: headId(subject, ''), $lt: headId(subject, '~') }
      const found = await reaching(() => heads.find({ _id: range }).toArray())
      for (const head of found) await reaching(() => uploads.deleteHead(head))
    },
    sweepUploads: () => reaching(uploads.sweepUploads),
    finishDeletions: () => reaching(uploads.finishDeletions),
  }
}

async function* allBlobs(heads: Collection<HeadDocument>): AsyncGenerator<readonly HeldBlob[], void> {
  for await (const page of pagesOf(heads))
    yield page.map(({ _id }) => {
      const [subject = '', sha256 = ''] = _id.split('/')
      return { subject, sha256 }
    })
}

type Range = { readonly from: number; readonly to: number }

const headIn = async (
  heads: Collection<HeadDocument>,
  id: string | undefined,
): Promise<HeadDocument | undefined> =>
  id === undefined ? undefined : reaching(async () => (await heads.findOne({ _id: id })) ?? undefined)

const readable = (
  chunks: Collection<ChunkDocument>,
  head: HeadDocument,
  { from = 0, to = Infinity }: Partial<Range> = {},
): Readable => {
  const last = Math.min(to, head.bytes - 1)
  return Readable.from(from > last ? [] : read(chunks, head, from, last), { objectMode: false })
}

/** One on its way: chunks acknowledged, and when its mark was written last. */
type Upload = { readonly id: string; chunks: number; signedAt: number }

const SIGN_MS = VAULT_UPLOAD_SILENCE_MS / 60

/** A chunk at a time, when it is wanted. Both ends included. */
async function* read(
  chunks: Collection<ChunkDocument>,
  head: HeadDocument,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  const { chunkBytes, upload } = head
  for (let number = Math.floor(from / chunkBytes); number * chunkBytes <= to; number += 1) {
    const start = number * chunkBytes
    const chunk = await reaching(() => chunks.findOne({ _id: chunkId(upload, number) }))
    const bytes = chunk === null ? undefined : bufferOf(chunk.bytes)
    if (bytes?.length !== Math.min(chunkBytes, head.bytes - start))
      throw new VaultUnavailable('the blob was deleted while it was read')
    yield bytes.subarray(Math.max(0, from - start), to + 1 - start)
  }
}

/** Subjects are names of any length and with any character in them. */
const headId = (subject: string, sha256: string): string =>
  `${subjectDigest(subject).toString('hex')}/${sha256}`

const idOf = (subject: string, sha256: string): string | undefined =>
  isSha256(sha256) ? headId(subject, sha256) : undefined

const chunkId = (upload: string, number: number): string => `${upload}/${number}`

const bufferOf = ({ buffer, position }: Binary): Buffer =>
  Buffer.from(buffer.buffer, buffer.byteOffset, position)

async function* hashed(content: Readable, hash: Hash, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of content as AsyncIterable<Uint8Array | string>) {
    const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    bytes += part.length
    if (bytes > bytesMax) throw new BlobTooLarge(`more than ${bytesMax} bytes`)
    hash.update(part)
    yield Buffer.from(part.buffer, part.byteOffset, part.length)
  }
}

/** The same bytes in parts of `VAULT_CHUNK_BYTES`, the last one shorter. */
async function* chunked(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let bytes = 0
  for await (const part of parts) {
    held.push(part)
    bytes += part.length
    if (bytes < VAULT_CHUNK_BYTES) continue
    const whole = Buffer.concat(held)
    let from = 0
    for (; bytes - from >= VAULT_CHUNK_BYTES; from += VAULT_CHUNK_BYTES)
      yield whole.subarray(from, from + VAULT_CHUNK_BYTES)
    held = [whole.subarray(from)]
    bytes -= from
  }
  if (bytes > 0) yield Buffer.concat(held)
}
