import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { BlobContent } from '../../domain/cc/blob-events.ts'
import { wordsSubject } from '../../domain/cc/names.ts'
import type { Answer } from '../../http/protocol.ts'
import { findBlobByUid, type BlobDocument } from '../../queries/cc/blobs.ts'
import { forbidden, json, notFound } from './answers.ts'
import { disposition } from './disposition.ts'
import type { Call, StreamEndpoint } from './endpoint.ts'
import { CORS } from './headers.ts'
import { integer, text } from './params.ts'
import { reply } from './routes.ts'
import type { Services } from './services.ts'
import { storageUrls } from './storage-signatures.ts'
import { MARK_BYTES } from './storage-upload.ts'

/** `GET /storage/files/:uid` (connectycube 7.6): the bytes, or a range of them, for whoever has the signed URL. */
export const download: StreamEndpoint['stream'] = async (services, call, ctx) => {
  const uid = call.path['uid'] ?? ''
  if (!(await isSigned(services, call, uid))) return reply(ctx, forbidden())
  const blob = await findBlobByUid(services.reader, uid)
  const content = completeContent(blob)
  if (blob === undefined || content === undefined) return reply(ctx, notFound())
  const range = askedOf(ctx.req, content)
  if (typeof range === 'string' && range !== 'whole') return reply(ctx, WITHOUT[range](content))
  const headers = { ...headersOf(blob, content), ...headersOfRange(range, content.size) }
  if (ctx.req.method === 'HEAD') {
    ctx.respond = false
    ctx.res.writeHead(200, headers).end()
    return
  }
  const bytes = await bytesOf(services, blob, content, range)
  if (bytes === undefined) return reply(ctx, notFound())
  ctx.status = range === 'whole' ? 200 : 206
  ctx.set(headers)
  ctx.body = bytes
}

const isSigned = async (
  { keyring }: Services,
  { query, now }: Pick<Call, 'query' | 'now'>,
  uid: string,
): Promise<boolean> => {
  const [expires, signature] = [integer(query['expires']), text(query['signature'])]
  if (expires === undefined || signature === undefined) return false
  return (await storageUrls(keyring, '')).opens({ uid, expires, signature }, now)
}

/** Only what is complete is served. */
export const completeContent = (blob: BlobDocument | undefined): BlobContent | undefined =>
  blob === undefined || blob.completedAt === null || blob.content === null ? undefined : blob.content

const validators = ({ md5 }: BlobContent) => ({ ETag: `"${md5}"` })

const notModified = (content: BlobContent): Answer => ({
  status: 304,
  headers: validators(content),
  body: '',
})

const preconditionFailed = (content: BlobContent): Answer =>
  json(412, { errors: ['Precondition Failed'] }, validators(content))

const outOfRange = ({ size }: BlobContent): Answer =>
  json(416, { errors: ['Range Not Satisfiable'] }, { 'Content-Range': `bytes */${size}` })

/** Answers that bring no content. */
const WITHOUT = { other: preconditionFailed, known: notModified, none: outOfRange } as const

/** The client has just this content already (RFC 9110 13.1.2). */
const isKnown = (headers: IncomingHttpHeaders, { md5 }: BlobContent): boolean =>
  etagsIn(headers['if-none-match']).some((etag) => etag === '*' || etag.replace(/^W\//, '') === `"${md5}"`)

/** The client wants another content, or none (RFC 9110 13.1.1). */
const isOther = (headers: IncomingHttpHeaders, { md5 }: BlobContent): boolean =>
  headers['if-match'] !== undefined &&
  !etagsIn(headers['if-match']).some((etag) => etag === '*' || etag === `"${md5}"`)

const etagsIn = (header: string | undefined): readonly string[] =>
  (header ?? '').split(',').map((etag) => etag.trim())

const headersOf = ({ contentType, name }: BlobDocument, content: BlobContent) => ({
  ...CORS,
  ...validators(content),
  'Content-Type': contentType,
  'Accept-Ranges': 'bytes',
  'Content-Disposition': disposition(RUN.test(contentType) ? 'attachment' : 'inline', name),
  'X-Content-Type-Options': 'nosniff',
})

/** What a browser runs scripts of, in this origin. */
const RUN = /^(?:text\/(?:html|xsl)|(?:text|application)\/xml|[^;]*\+xml)\s*(?:;|$)/i

/** Behind the mark. */
const bytesOf = async (
  { vault }: Services,
  { app, owner }: BlobDocument,
  { sha256, size }: BlobContent,
  range: Range | 'whole',
): Promise<Readable | Buffer | undefined> => {
  const { from, to } = range === 'whole' ? { from: 0, to: size - 1 } : range
  return size === 0
    ? Buffer.alloc(0)
    : vault.readBlob(wordsSubject(app, owner), sha256, { from: MARK_BYTES + from, to: MARK_BYTES + to })
}

/** Both included. */
type Range = { readonly from: number; readonly to: number }

const headersOfRange = (range: Range | 'whole', size: number): Readonly<Record<string, string>> =>
  range === 'whole'
    ? { 'Content-Length': String(size) }
    : {
        'Content-Length': String(range.to - range.from + 1),
        'Content-Range': `bytes ${range.from}-${range.to}/${size}`,
      }

const askedOf = (
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  content: BlobContent,
): Range | 'whole' | keyof typeof WITHOUT => {
  if (isOther(headers, content)) return 'other'
  if (isKnown(headers, content)) return 'known'
  return method === 'HEAD' ? 'whole' : rangeOf(headers, content)
}

/** A single range (RFC 9110 14): several, or what is none, mean the whole; `none` if there is nothing of it. */
const rangeOf = (headers: IncomingHttpHeaders, { size, md5 }: BlobContent): Range | 'whole' | 'none' => {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(headers.range ?? '')
  const etag = headers['if-range']
  if (match === null || (etag !== undefined && etag !== `"${md5}"`)) return 'whole'
  const [, first = '', last = ''] = match
  return first === '' ? lastBytes(last, size) : between(Number(first), last, size)
}

const lastBytes = (count: string, size: number): Range | 'whole' | 'none' => {
  if (count === '') return 'whole'
  const length = Math.min(Number(count), size)
  return length === 0 ? 'none' : { from: size - length, to: size - 1 }
}

const between = (from: number, last: string, size: number): Range | 'whole' | 'none' => {
  const to = last === '' ? Infinity : Number(last)
  if (from > to) return 'whole'
  return from >= size ? 'none' : { from, to: Math.min(to, size - 1) }
}
