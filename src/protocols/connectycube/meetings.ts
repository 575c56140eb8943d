import * as E from 'fp-ts/lib/Either.js'
import { cancelMeeting, changeMeeting, scheduleMeeting } from '../../commands/cc/meetings.ts'
import type { Answer } from '../../http/protocol.ts'
import { findMeeting, mayRead, meetingsOf } from '../../queries/cc/meetings.ts'
import { meetingView } from '../../queries/cc/recordings.ts'
import { findUser } from '../../queries/cc/users.ts'
import { empty, fieldErrors, json, notFound, RULES } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { translate, type Fields } from './filters.ts'
import { readMeeting } from './meeting-input.ts'
import { integer, paging, text, truthy } from './params.ts'
import type { Services } from './services.ts'

type Serve = (services: Services, call: Call) => Promise<Answer>

const create: Serve = (services, call) => schedule(services, call, call.caller.user)

/** The administrator names the host (connectycube 12.1). */
const createFor: Serve = async (services, call) => {
  const host = integer(call.params['user_id'])
  if (host === undefined) return fieldErrors({ user_id: [RULES.blank] })
  const known = await findUser(services.reader, call.caller.app, host)
  return known === undefined ? fieldErrors({ user_id: [RULES.invalid] }) : schedule(services, call, host)
}

const schedule = async (
  services: Services,
  { caller: { app, isAdmin }, params, baseUrl: linkBase }: Call,
  user: number,
): Promise<Answer> => {
  const read = readMeeting(params, true)
  if (E.isLeft(read)) return read.left
  const { name = '', attendees = [], timezone = null, start = 0, end = 0, ...given } = read.right
  const plan = { ...USUAL, ...given, start, end }
  const wanted = { plan, words: { name, attendees, timezone }, hasChat: truthy(params['chat']) }
  const made = await scheduleMeeting(
    { ...services, linkBase },
    { app, user },
    wanted,
    isAdmin ? 'admin' : 'user',
  )
  return E.isLeft(made) ? render(made.left) : shown(services, app, made.right, 201)
}

const USUAL = {
  ...{ record: false, public: false, scheduled: false, notify: false },
  notifyBefore: null,
}

/** What meetings are filtered by (connectycube 10.1). */
export const MEETING_FIELDS: Fields = {
  start_date: { type: 'time', path: 'start' },
  start_at: { type: 'time', path: 'start' },
  end_date: { type: 'time', path: 'end' },
  end_at: { type: 'time', path: 'end' },
  created_at: { type: 'time', path: 'createdAt' },
  updated_at: { type: 'time', path: 'updatedAt' },
  scheduled: { type: 'boolean', path: 'scheduled' },
}

const list: Serve = async ({ reader }, { caller: { app, user }, params }) => {
  const id = text(params['_id'])
  if (id !== undefined) {
    const meeting = await findMeeting(reader, app, id)
    return json(200, meeting !== undefined && mayRead(meeting, user) ? [meetingView(meeting)] : [])
  }
  const filter = translate(params, MEETING_FIELDS)
  if (E.isLeft(filter)) return filter.left
  const page = paging(params, { kind: 'offset', default: 100, max: 100 })
  const found = await meetingsOf(reader, { app, user, filter: filter.right }, page)
  return json(200, found.map(meetingView))
}

const update: Serve = async (services, { caller, params, path, baseUrl: linkBase }) => {
  const change = readMeeting(params, false)
  if (E.isLeft(change)) return change.left
  const id = path['id'] ?? ''
  const done = await changeMeeting({ ...services, linkBase }, caller, id, change.right)
  return E.isLeft(done) ? render(done.left) : shown(services, caller.app, id, 200)
}

const cancel: Serve = async (services, { caller, path }) => {
  const done = await cancelMeeting(services, caller, path['id'] ?? '')
  return E.isLeft(done) ? render(done.left) : empty()
}

const shown = async ({ reader }: Services, app: number, id: string, status: number): Promise<Answer> => {
  const meeting = await findMeeting(reader, app, id)
  return meeting === undefined ? notFound() : json(status, meetingView(meeting))
}

/** Connectycube 10.1, and of meetings 12.1; recordings stand in `recordings.ts`. */
export const MEETING_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/meetings', level: 'user', serve: create },
  { method: 'GET', path: '/meetings', level: 'user', serve: list },
  { method: 'PUT', path: '/meetings/:id', level: 'user', serve: update },
  { method: 'DELETE', path: '/meetings/:id', level: 'user', serve: cancel },
  { method: 'POST', path: '/admin/meetings', level: 'admin', serve: createFor },
]
