import * as E from 'fp-ts/lib/Either.js'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { createRecords, type Acting } from '../../commands/cc/records.ts'
import { own, type StoredFile } from '../../domain/cc/field-types.ts'
import { wordsSubject } from '../../domain/cc/names.ts'
import { allows, classRule, type RecordAction } from '../../domain/cc/permissions.ts'
import type { DataRecord } from '../../domain/cc/record.ts'
import { closeAfterAnswer } from '../../http/answers.ts'
import type { Answer, Context } from '../../http/protocol.ts'
import { CC_FIELD_FILE_BYTES_MAX } from '../../limits.ts'
import { findRecords } from '../../queries/cc/records.ts'
import type { Vault } from '../../vault/port.ts'
import { badRequest, empty, fieldErrors, forbidden, json, notFound, RULES } from './answers.ts'
import { actingOf, LEVEL, renderRecord, undefinedClass } from './data-acting.ts'
import { receiveFile } from './data-upload.ts'
import { disposition } from './disposition.ts'
import type { Call, Endpoint, StreamEndpoint } from './endpoint.ts'
import { text } from './params.ts'
import { recordId } from './record-input.ts'
import { fileView } from './record-view.ts'
import { reply } from './routes.ts'
import type { Services } from './services.ts'

/** Contents of fields of type `File` (connectycube 6.7): blobs of the owner's words. */
export const FILE_ENDPOINTS: readonly (Endpoint | StreamEndpoint)[] = [
  {
    method: 'POST',
    path: '/data/:class/:id/file',
    level: LEVEL,
    stream: async (services, call, ctx) => reply(ctx, await upload(services, call, ctx)),
  },
  {
    method: 'GET',
    path: '/data/:class/:id/file',
    level: LEVEL,
    stream: (services, call, ctx) => download(services, call, ctx),
  },
  {
    method: 'DELETE',
    path: '/data/:class/:id/file',
    level: LEVEL,
    serve: async (services, call) => {
      const at = await placeOf(services, call, 'update')
      if ('status' in at) return at
      const field = fileField(at.acting, text(call.params['field_name']))
      if (field === undefined) return noField()
      const files = { [field]: null }
      const change = { steps: [], permissions: {}, files }
      const changed = await createRecords(services).change(at.acting, at.record, change)
      return E.isLeft(changed) ? renderRecord(changed.left) : empty()
    },
  },
]

type Place = { readonly acting: Acting; readonly record: DataRecord }
type StreamCall = Omit<Call, 'body'>

/** The record, if the caller may do that with it. */
const placeOf = async (
  services: Services,
  call: Pick<Call, 'caller' | 'path'>,
  action: RecordAction,
): Promise<Place | Answer> => {
  const acting = await actingOf(services, call)
  if (acting === undefined) return undefinedClass()
  const { of, who } = acting
  const id = recordId(call.path['id'])
  const record = id === undefined ? undefined : (await findRecords(services.reader, of, [id])).get(id)
  if (record === undefined) return notFound()
  const rule = classRule(of, action) ?? record.permissions[action]
  return allows(rule, who, record.owner) ? { acting, record } : forbidden()
}

const fileField = ({ of }: Acting, name: string | undefined): string | undefined =>
  name !== undefined && own(of.fields, name) === 'File' ? name : undefined

const noField = (): Answer => fieldErrors({ field_name: [RULES.invalid] })

/** The bytes are put before the record points to them (decisions 9); those that it does not come to point to are deleted again. */
const upload = async (services: Services, call: StreamCall, ctx: Context): Promise<Answer> => {
  const at = await placeOf(services, call, 'update')
  if ('status' in at) {
    closeAfterAnswer(ctx.req, ctx.res)
    return at
  }
  const { app, owner } = at.record
  const subject = wordsSubject(app, owner)
  const mark = Buffer.from(services.random(MARK_BYTES))
  const received = await receive(ctx.req, services.vault, { subject, mark })
  if (received === undefined) {
    closeAfterAnswer(ctx.req, ctx.res)
    return badRequest()
  }
  const field = fileField(at.acting, received.field ?? text(call.params['field_name']))
  const { file } = received
  const answer =
    file === undefined
      ? fieldErrors({ file: [RULES.blank] })
      : field === undefined
        ? noField()
        : await point(services, at, field, { ...file, file_id: mark.toString('hex') })
  if (file !== undefined && answer.status !== 200) await services.vault.deleteBlob(subject, file.sha256)
  return answer
}

const point = async (
  services: Services,
  { acting, record }: Place,
  field: string,
  file: StoredFile,
): Promise<Answer> => {
  const change = { steps: [], permissions: {}, files: { [field]: file } }
  const changed = await createRecords(services).change(acting, record, change)
  return E.isLeft(changed) ? renderRecord(changed.left) : json(200, fileView(changed.right, field) ?? {})
}

/** Begins each blob: it is of this upload alone. */
const MARK_BYTES = 16
const NAME_CHARACTERS_MAX = 255

/** What came; `undefined`: no multipart, broken off, or too large: nothing of it is kept. */
const receive = async (
  req: IncomingMessage,
  vault: Pick<Vault, 'putBlob' | 'deleteBlob'>,
  { subject, mark }: { readonly subject: string; readonly mark: Buffer },
): Promise<Received | undefined> => {
  const received = await receiveFile(req, (content) =>
    vault.putBlob(subject, Readable.from(marked(mark, content)), BLOB_BYTES_MAX),
  )
  if (received === undefined) return undefined
  const { field, file } = received
  if (file === undefined) return { field }
  const { name, type, taken } = file
  const size = taken.bytes - MARK_BYTES
  return {
    field,
    file: { name: name.slice(0, NAME_CHARACTERS_MAX), content_type: type, size, sha256: taken.sha256 },
  }
}

type Received = { readonly field: string | undefined; readonly file?: Omit<StoredFile, 'file_id'> }

const BLOB_BYTES_MAX = CC_FIELD_FILE_BYTES_MAX + MARK_BYTES

async function* marked(mark: Buffer, content: Readable): AsyncGenerator<Buffer> {
  yield mark
  for await (const chunk of content) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
}

const download = async (services: Services, call: StreamCall, ctx: Context): Promise<void> => {
  const at = await placeOf(services, call, 'read')
  if ('status' in at) return reply(ctx, at)
  const field = fileField(at.acting, text(call.params['field_name'])) ?? ''
  const file = own(at.record.files, field)
  const content = file && (await contentOf(services, at.record, file))
  if (file === undefined || content === undefined) return reply(ctx, notFound())
  const shown = SHOWN.test(file.content_type) ? 'inline' : 'attachment'
  ctx.status = 200
  ctx.set({
    'Content-Type': file.content_type,
    'Content-Length': String(file.size),
    'Content-Disposition': disposition(shown, file.name),
    'X-Content-Type-Options': 'nosniff',
  })
  ctx.body = content
}

/** Behind the mark. */
const contentOf = async (
  { vault }: Services,
  { app, owner }: DataRecord,
  { sha256, size }: StoredFile,
): Promise<Readable | Buffer | undefined> =>
  size === 0
    ? Buffer.alloc(0)
    : vault.readBlob(wordsSubject(app, owner), sha256, { from: MARK_BYTES, to: MARK_BYTES + size - 1 })

/** What no browser runs. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp)|audio\/[\w.+-]+|video\/[\w.+-]+|text\/plain)(?:;|$)/
