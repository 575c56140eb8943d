import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { registerRecording, removeRecordings, type NewRecording } from '../../commands/cc/recordings.ts'
import type { Answer } from '../../http/protocol.ts'
import type { Json, JsonObject } from '../../json.ts'
import { CC_RECORDING_LINK_DAYS, CC_RECORDING_PARTICIPANTS_MAX } from '../../limits.ts'
import { findBlobByUid } from '../../queries/cc/blobs.ts'
import { findMeeting, mayRead } from '../../queries/cc/meetings.ts'
import { recordingsOf, recordingView, type RecordingDocument } from '../../queries/cc/recordings.ts'
import { webUrl } from '../../unfurling/page.ts'
import { fieldErrors, forbidden, json, notFound, RULES } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { integer, integers, list, text } from './params.ts'
import type { Services } from './services.ts'
import { completeContent } from './storage-content.ts'
import { storageUrls } from './storage-signatures.ts'

type Serve = (services: Services, call: Call) => Promise<Answer>

const listed: Serve = async (services, call) => {
  const { app, user, isAdmin } = call.caller
  const meeting = await findMeeting(services.reader, app, call.path['id'] ?? '')
  if (meeting === undefined) return notFound()
  if (!isAdmin && !mayRead(meeting, user)) return forbidden()
  return json(200, await views(services, call, await recordingsOf(services.reader, app, meeting._id)))
}

/**
 * Ours: whoever runs a media server tells of a recording, which he has put into the storage (`file_uid`) or keeps at a `download_url`. The
 * same one twice is the same.
 */
const register: Serve = async (services, call) => {
  const { app } = call.caller
  const meeting = await findMeeting(services.reader, app, call.path['id'] ?? '')
  if (meeting === undefined) return notFound()
  const wanted = await readRecording(services, call)
  if (E.isLeft(wanted)) return wanted.left
  const done = await registerRecording(services, meeting, wanted.right)
  if (E.isLeft(done)) return render(done.left)
  const all = await recordingsOf(services.reader, app, meeting._id)
  const [shown] = await views(
    services,
    call,
    all.filter(({ _id }) => _id === done.right),
  )
  return shown === undefined ? notFound() : json(201, shown)
}

const remove: Serve = async (services, { caller: { app }, path }) => {
  const done = await removeRecordings(services, app, path['id'] ?? '')
  return E.isLeft(done) ? render(done.left) : json(200, {})
}

/** Files get a link of an hour; the administrator sees which ones they are (connectycube 12.1). */
const views = async (
  { keyring }: Services,
  { caller: { isAdmin }, baseUrl, now }: Call,
  recordings: readonly RecordingDocument[],
): Promise<readonly JsonObject[]> => {
  const urls = await storageUrls(keyring, baseUrl)
  return recordings.map((recording) => {
    const { file, link } = recording
    const view = recordingView(recording, file === null ? link : urls.content(file, now))
    return isAdmin ? { ...view, file_uid: file } : view
  })
}

const readRecording = async (services: Services, call: Call): Promise<Either<Answer, NewRecording>> => {
  const { params } = call
  const duration = integer(params['duration'])
  const participants = participantsIn(params['participants_ids'])
  const source = await sourceOf(services, call)
  const errors = {
    ...(duration === undefined
      ? { duration: [RULES.blank] }
      : duration < 0
        ? { duration: [RULES.invalid] }
        : {}),
    ...(participants === undefined ? { participants_ids: [RULES.invalid] } : {}),
    ...(E.isLeft(source) ? source.left : {}),
  }
  if (E.isLeft(source) || duration === undefined || participants === undefined || 'duration' in errors)
    return E.left(fieldErrors(errors))
  const { bytes, file, link, days } = source.right
  return E.right({ recorded: { participants, seconds: duration, bytes, file }, link, days })
}

const participantsIn = (value: Json | undefined): readonly number[] | undefined => {
  const ids = integers(value)
  return ids.length === list(value).length && ids.length <= CC_RECORDING_PARTICIPANTS_MAX ? ids : undefined
}

type Source = {
  readonly bytes: number
  readonly file: string | null
  readonly link: string
  readonly days: number | undefined
}
type Errors = { readonly [field: string]: readonly string[] }

/** One or the other: of a file the size is known. */
const sourceOf = (services: Services, call: Call): Promise<Either<Errors, Source>> => {
  const [uid, url] = [text(call.params['file_uid']) ?? '', text(call.params['download_url']) ?? '']
  if (uid !== '' && url !== '') return Promise.resolve(E.left({ download_url: [RULES.invalid] }))
  return uid === '' ? Promise.resolve(elsewhere(url, call)) : inStorage(services, call, uid)
}

const elsewhere = (url: string, { params }: Call): Either<Errors, Source> => {
  if (url === '') return E.left({ file_uid: [RULES.blank] })
  const bytes = integer(params['size'])
  const link = webUrl(url)?.href
  if (link === undefined) return E.left({ download_url: [RULES.invalid] })
  if (bytes === undefined) return E.left({ size: [RULES.blank] })
  return bytes < 0 ? E.left({ size: [RULES.invalid] }) : E.right({ bytes, file: null, link, days: undefined })
}

const inStorage = async (
  { reader, keyring }: Services,
  { caller: { app }, baseUrl, now }: Call,
  uid: string,
): Promise<Either<Errors, Source>> => {
  const blob = await findBlobByUid(reader, uid)
  const content = completeContent(blob)
  if (blob?.app !== app || content === undefined) return E.left({ file_uid: [RULES.invalid] })
  const link = (await storageUrls(keyring, baseUrl)).content(uid, now, CC_RECORDING_LINK_DAYS * DAY_MS)
  return E.right({ bytes: content.size, file: uid, link, days: CC_RECORDING_LINK_DAYS })
}

const DAY_MS = 24 * 60 * 60_000

/** Connectycube 10.1 and 12.1. */
export const RECORDING_ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: '/meetings/recordings/:id', level: 'user', serve: listed },
  { method: 'GET', path: '/admin/meetings/recordings/:id', level: 'admin', serve: listed },
  { method: 'POST', path: '/admin/meetings/recordings/:id', level: 'admin', serve: register },
  { method: 'DELETE', path: '/admin/meetings/recordings/:id', level: 'admin', serve: remove },
]
