import { createHash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { Readable } from 'node:stream'
import { contentUploaded } from '../../commands/cc/blobs.ts'
import type { BlobContent } from '../../domain/cc/blob-events.ts'
import { wordsSubject } from '../../domain/cc/names.ts'
import { closeAfterAnswer } from '../../http/answers.ts'
import type { Answer } from '../../http/protocol.ts'
import { CC_BLOB_BYTES_MAX, CC_UPLOAD_MS_MAX } from '../../limits.ts'
import { findBlobByUid, type BlobDocument } from '../../queries/cc/blobs.ts'
import { BlobTooLarge } from '../../vault/port.ts'
import { receiveFile } from './data-upload.ts'
import type { StreamEndpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { reply } from './routes.ts'
import type { Services } from './services.ts'
import { storageUrls, type StorageUrls } from './storage-signatures.ts'

/** Begins each blob: it is of this upload alone, so that no other one loses its bytes with it. */
export const MARK_BYTES = 16

/** `POST /storage/upload` (connectycube 7.3), answered as S3 does. */
export const upload: StreamEndpoint['stream'] = async (services, { baseUrl, now }, ctx) => {
  const urls = await storageUrls(services.keyring, baseUrl)
  let failure = MALFORMED
  const receive = async (content: Readable, fields: ReadonlyMap<string, string>): Promise<Received> => {
    const blob = await allowed(services, urls, fields, now)
    if (blob === undefined) throw new Denied()
    return stored(services, blob, content).catch((error: unknown) => {
      if (error instanceof BlobTooLarge) failure = TOO_LARGE
      throw error
    })
  }
  const received = await receiveFile(ctx.req, receive, CC_UPLOAD_MS_MAX).catch((error: unknown) => {
    if (!(error instanceof Denied)) throw error
    failure = DENIED
    return undefined
  })
  if (received === undefined) closeAfterAnswer(ctx.req, ctx.res)
  const taken = received?.file?.taken
  reply(ctx, taken === undefined ? failure : await point(services, taken, baseUrl))
}

type Received = { readonly blob: BlobDocument; readonly content: BlobContent }

/** Nothing that the form says allows it. */
class Denied extends Error {
  override readonly name = 'Denied'
}

const allowed = async (
  { reader }: Services,
  urls: StorageUrls,
  fields: ReadonlyMap<string, string>,
  now: number,
): Promise<BlobDocument | undefined> => {
  const uid = urls.uploadedTo(fields, now)
  const blob = uid === undefined ? undefined : await findBlobByUid(reader, uid)
  return blob?.completedAt === null ? blob : undefined
}

const stored = async (
  { vault, random }: Services,
  blob: BlobDocument,
  content: Readable,
): Promise<Received> => {
  const md5 = createHash('md5')
  const subject = wordsSubject(blob.app, blob.owner)
  const marked = async function* (): AsyncGenerator<Uint8Array> {
    yield random(MARK_BYTES)
    for await (const chunk of content) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
      md5.update(bytes)
      yield bytes
    }
  }
  const { sha256, bytes } = await vault.putBlob(
    subject,
    Readable.from(marked()),
    CC_BLOB_BYTES_MAX + MARK_BYTES,
  )
  return { blob, content: { sha256, size: bytes - MARK_BYTES, md5: md5.digest('hex') } }
}

/** Meanwhile it can have been completed or deleted. */
const point = async (services: Services, { blob, content }: Received, baseUrl: string): Promise<Answer> => {
  const done = await contentUploaded(services, blob, content)
  if (E.isLeft(done)) return done.left.kind === 'Unavailable' ? render(done.left) : DENIED
  const location = escaped(`${baseUrl}/blobs/${blob.uid}`)
  return xml(
    201,
    `<PostResponse><Location>${location}</Location><Bucket>headwater</Bucket><Key>${blob.uid}</Key><ETag>"${content.md5}"</ETag></PostResponse>`,
  )
}

const xml = (status: number, body: string): Answer => ({
  status,
  headers: { 'Content-Type': 'application/xml; charset=utf-8' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
})

const refused = (status: number, code: string, message: string): Answer =>
  xml(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`)

const MALFORMED = refused(400, 'MalformedPOSTRequest', 'The body is no complete form with a file')
const TOO_LARGE = refused(400, 'EntityTooLarge', 'The file is larger than the policy allows')
const DENIED = refused(403, 'AccessDenied', 'The policy is invalid or expired')

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
])
const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (character) => ENTITIES.get(character) ?? character)
