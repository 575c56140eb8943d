import * as E from 'fp-ts/lib/Either.js'
import type { IncomingHttpHeaders } from 'node:http'
import { changeBlob, declareBlob } from '../../commands/cc/blobs.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { blobsOf, findBlob, findBlobByUid, type BlobDocument } from '../../queries/cc/blobs.ts'
import { admit } from './access.ts'
import { empty, fieldErrors, json, notFound, RULES, unauthorized } from './answers.ts'
import type { Call, Endpoint, StreamEndpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { integer, isoSeconds, paging, truthy } from './params.ts'
import { reply } from './routes.ts'
import type { Services } from './services.ts'
import { completeContent, download } from './storage-content.ts'
import { fieldsIn, readBlob, readBlobChange } from './storage-input.ts'
import { storageUrls } from './storage-signatures.ts'
import { upload } from './storage-upload.ts'

type Serve = (services: Services, call: Call) => Promise<Answer>
type StreamCall = Omit<Call, 'body'>

const create: Serve = async (services, call) => {
  const wanted = readBlob(fieldsIn(call.params))
  if (E.isLeft(wanted)) return wanted.left
  const { app } = call.caller
  const made = await declareBlob(services, call.caller, wanted.right)
  if (E.isLeft(made)) return render(made.left)
  const blob = await findBlob(services.reader, app, made.right)
  return blob === undefined ? notFound() : json(201, { blob: await opened(services, call, blob) })
}

const list: Serve = async ({ reader }, { caller: { app, user }, params }) => {
  const { page, limit, skip } = paging(params, { kind: 'page', default: 10, max: 100 })
  const { total, blobs } = await blobsOf(reader, app, user, { skip, limit })
  const items = blobs.map((blob) => ({ blob: view(blob) }))
  return json(200, { current_page: page, per_page: limit, total_entries: total, items })
}

/** By number or uid, of the caller's application. */
const blobAt = async (services: Services, call: StreamCall): Promise<BlobDocument | undefined> => {
  const blob = await blobAnywhere(services, call)
  return blob?.app === call.caller.app ? blob : undefined
}

/** A uid is that of any application. */
const blobAnywhere = async (
  { reader }: Services,
  { caller: { app }, path }: StreamCall,
): Promise<BlobDocument | undefined> => {
  const id = path['id'] ?? ''
  if (!NUMBER.test(id)) return findBlobByUid(reader, id)
  const number = integer(id)
  return number === undefined ? undefined : findBlob(reader, app, number)
}

/** The size that he tells is not believed, but he has to tell one (connectycube 7.4). */
const complete: Serve = async (services, call) => {
  const size = fieldsIn(call.params)['size'] ?? call.params['size'] ?? ''
  if (size === '') return fieldErrors({ size: [RULES.blank] })
  if ((integer(size) ?? -1) < 0) return fieldErrors({ size: [RULES.invalid] })
  return emptied(await changed(services, call, { type: 'Complete' }))
}

const remove: Serve = async (services, call) => emptied(await changed(services, call, { type: 'Delete' }))

const update: Serve = async (services, call) => {
  const fields = fieldsIn(call.params)
  const change = readBlobChange(fields)
  if (E.isLeft(change)) return change.left
  const reopen = truthy(fields['new'])
  const done = await changed(services, call, { type: 'Change', change: { ...change.right, reopen } })
  if (E.isLeft(done)) return render(done.left)
  const blob = await blobAt(services, call)
  if (blob === undefined) return notFound()
  return json(200, { blob: reopen ? await opened(services, call, blob) : view(blob) })
}

const changed = async (
  services: Services,
  call: Call,
  command: Parameters<typeof changeBlob>[3],
): Promise<E.Either<Rejection, unknown>> => {
  const blob = await blobAt(services, call)
  if (blob === undefined) return E.left({ kind: 'NotFound', reason: 'no_blob' })
  return changeBlob(services, blob, call.caller.user, command)
}

const emptied = (done: E.Either<Rejection, unknown>): Answer => (E.isLeft(done) ? render(done.left) : empty())

/** The documentation's sample spells the key in its own way. */
const object: Serve = async (services, call) => {
  const blob = await blobAt(services, call)
  if (blob === undefined) return notFound()
  if (!truthy(call.params['download_url'])) return json(200, { blob: view(blob) })
  if (completeContent(blob) === undefined) return notFound()
  const url = (await storageUrls(services.keyring, call.baseUrl)).content(blob.uid, call.now)
  const access = { download_url: url, dowload_url: url }
  return json(200, { blob: { ...view(blob), blob_object_access: access }, blob_object_access: access })
}

/** A number or the suffix asks for what is known of it, anything else for its content (connectycube 7.6). */
const get = async (services: Services, call: StreamCall, headers: IncomingHttpHeaders): Promise<Answer> => {
  if (!call.hadSuffix && !NUMBER.test(call.path['id'] ?? '')) return redirect(services, call, headers)
  const caller = await admit(services, 'user', headers, call.query)
  if (E.isLeft(caller)) return caller.left
  const blob = await blobAt(services, call)
  return blob === undefined ? notFound() : json(200, { blob: view(blob) })
}

/** What is public needs no token, else any user of the application may. */
const redirect = async (
  services: Services,
  call: StreamCall,
  headers: IncomingHttpHeaders,
): Promise<Answer> => {
  const blob = await blobAnywhere(services, call)
  if (blob === undefined || completeContent(blob) === undefined) return notFound()
  const { app, user } = call.caller
  if (!blob.public && (user === 0 || app !== blob.app)) {
    const refused = await admit(services, 'user', headers, call.query)
    return E.isLeft(refused) && refused.left.status === 401 ? refused.left : unauthorized()
  }
  const Location = (await storageUrls(services.keyring, call.baseUrl)).content(blob.uid, call.now)
  return { status: 301, headers: { Location, 'Cache-Control': 'no-store' }, body: '' }
}

const NUMBER = /^\d{1,18}$/

/** With where its content goes. */
const opened = async (
  { keyring }: Services,
  { baseUrl, now }: StreamCall,
  blob: BlobDocument,
): Promise<JsonObject> => {
  const { url, expires } = (await storageUrls(keyring, baseUrl)).upload(blob, now)
  const access = {
    ...{ id: blob.id, blob_id: blob.id, expires: isoSeconds(expires) },
    ...{ object_access_type: 'Write', params: url },
  }
  return { ...view(blob), blob_object_access: access }
}

const view = ({ completedAt, content, ...blob }: BlobDocument): JsonObject => ({
  ...{ id: blob.id, uid: blob.uid, content_type: blob.contentType, name: blob.name },
  size: completedAt === null ? null : (content?.size ?? null),
  ...{ created_at: isoSeconds(blob.createdAt), updated_at: isoSeconds(blob.updatedAt), public: blob.public },
  blob_status: completedAt === null ? null : 'complete',
  set_completed_at: completedAt === null ? null : isoSeconds(completedAt),
})

/** Level none, but what they answer depends on who asks. */
const replying =
  (answer: typeof get): StreamEndpoint['stream'] =>
  async (services, call, ctx) =>
    reply(ctx, await answer(services, call, ctx.req.headers))

/** Connectycube 7. */
export const STORAGE_ENDPOINTS: readonly (Endpoint | StreamEndpoint)[] = [
  { method: 'POST', path: '/blobs', level: 'user', serve: create },
  { method: 'GET', path: '/blobs', level: 'user', serve: list },
  { method: 'GET', path: '/blobs/:id', level: 'none', stream: replying(get) },
  { method: 'PUT', path: '/blobs/:id', level: 'user', serve: update },
  { method: 'DELETE', path: '/blobs/:id', level: 'user', serve: remove },
  { method: 'PUT', path: '/blobs/:id/complete', level: 'user', serve: complete },
  { method: 'POST', path: '/blobs/:id/complete', level: 'user', serve: complete },
  { method: 'GET', path: '/blobs/:id/object', level: 'user', serve: object },
  { method: 'GET', path: '/blobs/:id/download', level: 'none', stream: replying(redirect) },
  { method: 'POST', path: '/storage/upload', level: 'none', stream: upload },
  { method: 'GET', path: '/storage/files/:uid', level: 'none', stream: download },
]
