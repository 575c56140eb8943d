/**
 * Proves subscriptions to pushes and pushes into the outbox, meetings with their mails and chats, whiteboards and refused calls (connectycube
 * 9, 10, 12.4), on the real server over HTTP: worked examples E18 and E19 byte for byte but for ids and times, and who may do what.
 */
import test from 'ava'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer

test.before(async () => {
  server = await startServer()
})
test.after.always(() => cleanUp(server))

type Reply = { readonly status: number; readonly text: string; readonly body: Json }

const send = async (method: string, path: string, token?: string, json?: Json): Promise<Reply> => {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      'Content-Type': 'application/json;charset=utf-8',
      ...(token === undefined ? { 'CB-Administration-API-Key': 'dev-admin-key' } : { 'CB-Token': token }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  return { status: response.status, text, body: text === '' ? null : (JSON.parse(text) as Json) }
}

const at = (value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined =>
  path.reduce<Json | undefined>((inner, key) => {
    if (isList(inner)) return inner[Number(key)]
    return isObject(inner) ? inner[String(key)] : undefined
  }, value)
/** A text or a number. */
const shown = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''
const items = (value: Json | undefined): readonly Json[] => (isList(value) ? value : [])

type Person = { readonly id: number; readonly token: string }
const APP = { application_id: 1, auth_key: 'dev-auth-key' }
let people = 0

const person = async (more: JsonObject = {}): Promise<Person> => {
  const user = { login: `extra${++people}`, password: 'blue-whale-7', ...more }
  const { login, password } = user
  const base = await send('POST', '/session.json', '', { ...APP })
  const key = shown(at(base.body, 'session', 'token'))
  const made = await send('POST', '/users.json', key, { user })
  await send('POST', '/login.json', key, { login, password })
  return { id: Number(at(made.body, 'user', 'id')), token: key }
}

const device = (udid: string, token: string, channel = 'gcm'): JsonObject => ({
  notification_channel: channel,
  device: { platform: 'android', udid },
  push_token: { environment: 'development', client_identification_sequence: token },
})

test.serial('E18: a subscription and a push, both answered with lists', async (t) => {
  const [mira, otto] = [await person(), await person()]
  const made = await send('POST', '/subscriptions.json', mira.token, device('D-1', 'fcm-token'))
  t.is(made.status, 201)
  t.deepEqual(made.body, [
    {
      subscription: {
        id: 1,
        notification_channel: { name: 'gcm' },
        device: { udid: 'D-1', platform: { name: 'android' } },
      },
    },
  ])
  const message = 'eyJtZXNzYWdlIjoiaGkifQ=='
  const event = { notification_type: 'push', environment: 'development', user: { ids: [otto.id] }, message }
  const pushed = await send('POST', '/events.json', mira.token, { event })
  t.is(pushed.status, 201)
  const created = at(pushed.body, 0, 'event', 'created_at') ?? null
  t.regex(shown(created), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  t.is(
    pushed.text,
    JSON.stringify([
      {
        event: {
          ...{ id: 1, event_type: 'one_shot', message, date: null, period: null, name: null },
          ...{ occured_count: 0, created_at: created, updated_at: created, end_date: null, active: true },
          ...{ application_id: 1, user_id: mira.id, kind: 'API', environment: 'development' },
          ...{ tag_query: null, notification_channel: { name: null } },
        },
      },
    ]),
  )
  t.deepEqual((await send('GET', '/admin/outbox/push')).body, { items: [] })
})

test.serial('the same device keeps its number, another token or user moves it', async (t) => {
  const [mira, otto] = [await person(), await person()]
  const idOf = ({ body }: Reply): Json | undefined => at(body, 0, 'subscription', 'id')
  const listOf = async ({ token }: Person): Promise<readonly Json[]> =>
    items((await send('GET', '/subscriptions', token)).body).map(
      (one) => at(one, 'subscription', 'id') ?? null,
    )
  const id = idOf(await send('POST', '/subscriptions', mira.token, device('M-1', 'one')))
  t.is(idOf(await send('POST', '/subscriptions', mira.token, device('M-1', 'two'))), id)
  t.deepEqual(await listOf(mira), [id ?? null])
  const both = await send('POST', '/subscriptions', mira.token, device('M-2', 'voip', 'apns, apns_voip'))
  t.is(items(both.body).length, 2)
  const byDevice = idOf(await send('POST', '/subscriptions', otto.token, device('M-1', 'three')))
  t.is((await listOf(mira)).length, 2)
  const byToken = idOf(await send('POST', '/subscriptions', otto.token, device('O-1', 'voip', 'apns')))
  t.is((await listOf(mira)).length, 1)
  t.deepEqual(await listOf(otto), [byDevice ?? null, byToken ?? null])
  t.is((await send('DELETE', `/subscriptions/${shown(byToken)}`, mira.token)).status, 404)
  const gone = await send('DELETE', `/subscriptions/${shown(byToken)}`, otto.token)
  t.is(gone.status, 200)
  t.is(gone.text, '')
  t.deepEqual(await listOf(otto), [byDevice ?? null])
  t.deepEqual((await send('GET', '/subscriptions', (await person()).token)).body, [])
})

test.serial('said many times at once a device is subscribed once, and of two users one has it', async (t) => {
  const [mira, otto] = [await person(), await person()]
  const say = async ({ token }: Person): Promise<string> => {
    const made = await send('POST', '/subscriptions', token, device('said-often', 'said-often'))
    return made.status === 201 ? shown(at(made.body, 0, 'subscription', 'id')) : 'refused'
  }
  t.is(new Set(await Promise.all(Array.from({ length: 12 }, () => say(mira)))).size, 1)
  const both = await Promise.all(Array.from({ length: 10 }, (_, n) => say(n % 2 === 0 ? mira : otto)))
  t.false(both.includes('refused'))
  const devices = await Promise.all([mira, otto].map(({ token }) => send('GET', '/subscriptions', token)))
  t.is(devices.flatMap(({ body }) => items(body)).length, 1)
})

test.serial('what is wrong with a subscription is told by field', async (t) => {
  const mira = await person()
  const bad = await send('POST', '/subscriptions', mira.token, { notification_channel: 'pigeon', device: {} })
  t.is(bad.status, 422)
  const errors = at(bad.body, 'errors')
  t.deepEqual(isObject(errors) ? Object.keys(errors).sort() : [], [
    'environment',
    'notification_channel',
    'platform',
    'udid',
  ])
  const noToken = { ...device('X', ''), notification_channels: 'web' }
  t.is((await send('POST', '/subscriptions', mira.token, noToken)).status, 422)
  t.is((await send('POST', '/events', mira.token, { event: { message: 'x' } })).status, 422)
  t.is((await send('POST', '/events', mira.token, { event: { user: { ids: [1] } } })).status, 422)
})

test.serial('a push goes to whoever is meant, once a channel, and into the outbox', async (t) => {
  const tagged = { tag_list: ['crew', 'night'] }
  const [mira, otto, lena] = [
    await person(),
    await person({ ...tagged, external_user_id: 77 }),
    await person({ tag_list: ['crew'] }),
  ]
  await send('POST', '/subscriptions', otto.token, device('P-1', 'p1'))
  await send('POST', '/subscriptions', otto.token, device('P-2', 'p2'))
  await send('POST', '/subscriptions', otto.token, device('P-2', 'p3', 'apns'))
  await send('POST', '/subscriptions', lena.token, device('P-4', 'p4'))
  const push = async (to: JsonObject): Promise<readonly string[]> => {
    const before = items(at((await send('GET', '/admin/outbox/push')).body, 'items')).length
    const made = await send('POST', '/events', mira.token, { event: { message: 'bQ==', ...to } })
    t.is(made.status, 201)
    const all = items(at((await send('GET', '/admin/outbox/push')).body, 'items'))
    return all
      .slice(0, all.length - before)
      .map((one) => `${shown(at(one, 'user_id'))} ${shown(at(one, 'notification_channel', 'name'))}`)
      .sort()
  }
  t.deepEqual(await push({ user: { ids: `${otto.id}, ${lena.id}` } }), [
    `${otto.id} apns`,
    `${otto.id} gcm`,
    `${lena.id} gcm`,
  ])
  t.deepEqual(await push({ push_type: 'apns', user: { tags: { any: 'crew' } } }), [`${otto.id} apns`])
  t.deepEqual(await push({ push_type: 'gcm', user: { tags: { any: 'crew', exclude: 'night' } } }), [
    `${lena.id} gcm`,
  ])
  t.deepEqual(await push({ push_type: 'gcm', external_user: { ids: [77] } }), [`${otto.id} gcm`])
  t.deepEqual(await push({ environment: 'production', user: { ids: [otto.id] } }), [])
  t.is((await send('DELETE', `/users/${otto.id}`, otto.token)).status, 200)
  t.deepEqual(await push({ user: { ids: [otto.id, lena.id] } }), [`${lena.id} gcm`])
})

const mails = async (): Promise<readonly string[]> =>
  items(at((await send('GET', '/admin/outbox/mail')).body, 'items'))
    .filter((one) => at(one, 'kind') === 'meeting-notification')
    .map((one) => shown(at(one, 'to')))

const SYNC = { name: 'Sync', start_date: 1767258000, end_date: 1767261600 }

test.serial('E19: a meeting with a chat, in the order of its members', async (t) => {
  const [mira, otto] = [await person(), await person()]
  const attendees = [{ id: otto.id }, { email: 'ext@example.org' }]
  const made = await send('POST', '/meetings.json', mira.token, {
    ...SYNC,
    attendees,
    record: false,
    chat: true,
  })
  t.is(made.status, 201)
  const [id, chat] = [shown(at(made.body, '_id')), shown(at(made.body, 'chat_dialog_id'))]
  t.regex(id, /^[\da-f]{24}$/)
  t.regex(chat, /^[\da-f]{24}$/)
  const created = shown(at(made.body, 'created_at'))
  t.deepEqual(made.body, {
    ...{ _id: id, ...SYNC, attendees, record: false, public: false, scheduled: false, notify: false },
    ...{ notify_before: null, timezone: null, host_id: mira.id, chat_dialog_id: chat },
    ...{ created_at: created, updated_at: created },
  })
  t.deepEqual((await send('GET', '/meetings?start_date[gt]=1767257999', otto.token)).body, [made.body])
  t.deepEqual((await send('GET', '/meetings?start_at[gt]=1767258000', otto.token)).body, [])
  const dialog = await send('GET', `/chat/Dialog/${chat}`, otto.token)
  t.is(dialog.status, 200)
  t.is(at(dialog.body, 'type'), 5)
  t.deepEqual(await mails(), [])
})

test.serial('the host alone changes a meeting, and whoever it concerns gets a mail', async (t) => {
  const mira = await person({ email: 'host@example.org' })
  const otto = await person({ email: 'otto@example.org' })
  const lena = await person()
  const attendees: Json[] = [{ id: otto.id }]
  const made = await send('POST', '/meetings', mira.token, { ...SYNC, attendees })
  const path = `/meetings/${shown(at(made.body, '_id'))}`
  t.is((await send('PUT', path, otto.token, { name: 'x' })).status, 403)
  t.is((await send('PUT', path, mira.token, { end_date: 1 })).status, 422)
  t.deepEqual(await mails(), [])
  t.is(at((await send('PUT', path, mira.token, { notify: true })).body, 'notify'), true)
  t.deepEqual([...(await mails())].sort(), ['host@example.org', 'otto@example.org'])
  const more = [...attendees, { email: 'new@example.org' }, { id: lena.id }]
  t.deepEqual(at((await send('PUT', path, mira.token, { attendees: more })).body, 'attendees'), more)
  t.deepEqual((await mails()).filter((to) => to === 'new@example.org').length, 1)
  t.is((await mails()).length, 3)
  await send('PUT', path, mira.token, { start_date: 1767258060 })
  t.is((await mails()).length, 6)
  const recordings = path.replace('/meetings', '/meetings/recordings')
  t.deepEqual((await send('GET', recordings, lena.token)).body, [])
  t.is((await send('GET', recordings, (await person()).token)).status, 403)
  t.deepEqual((await send('DELETE', `/admin${recordings}`)).body, {})
  t.is((await send('DELETE', path, otto.token)).status, 403)
  const gone = await send('DELETE', path, mira.token)
  t.is(gone.text, '')
  t.is(gone.status, 200)
  t.is((await send('PUT', path, mira.token, { name: 'x' })).status, 404)
  t.deepEqual((await send('GET', '/meetings', mira.token)).body, [])
})

test.serial('what is wrong with a meeting is told by field; the public ones are for everybody', async (t) => {
  const [mira, otto] = [await person(), await person()]
  const errorsOf = async (meeting: JsonObject): Promise<readonly string[]> => {
    const { status, body } = await send('POST', '/meetings', mira.token, meeting)
    const errors = at(body, 'errors')
    return status === 422 && isObject(errors) ? Object.keys(errors).sort() : [String(status)]
  }
  t.deepEqual(await errorsOf({}), ['end_date', 'name', 'start_date'])
  t.deepEqual(await errorsOf({ ...SYNC, end_date: 1767257999 }), ['end_date'])
  t.deepEqual(await errorsOf({ ...SYNC, attendees: [{}] }), ['attendees'])
  for (const [metric, value] of [
    ['minutes', 56],
    ['hours', 0],
    ['days', 31],
    ['weeks', 5],
  ] as const)
    t.deepEqual(await errorsOf({ ...SYNC, notify_before: { metric, value } }), ['notify_before'])
  t.deepEqual(await errorsOf({ ...SYNC, notify_before: { metric: 'minutes', value: 0 } }), ['201'])
  const made = await send('POST', '/admin/meetings', undefined, { ...SYNC, user_id: mira.id, public: true })
  t.is(made.status, 201)
  t.is(at(made.body, 'host_id'), mira.id)
  t.deepEqual((await send('GET', `/meetings?_id=${shown(at(made.body, '_id'))}`, otto.token)).body, [
    made.body,
  ])
  t.deepEqual((await send('GET', '/meetings', otto.token)).body, [])
  t.is((await send('POST', '/admin/meetings', undefined, { ...SYNC, user_id: 999999 })).status, 422)
})

test.serial(
  'three whiteboards a dialog, also if ten are made at once; their creator alone changes them',
  async (t) => {
    const [mira, otto] = [await person(), await person()]
    const meeting = await send('POST', '/meetings', mira.token, {
      ...SYNC,
      attendees: [{ id: otto.id }],
      chat: true,
    })
    const dialog = at(meeting.body, 'chat_dialog_id') ?? null
    const make = (): Promise<Reply> =>
      send('POST', '/whiteboards', otto.token, { name: 'W', chat_dialog_id: dialog })
    const made = await Promise.all(Array.from({ length: 10 }, make))
    t.deepEqual(made.map(({ status }) => status).sort(), [201, 201, 201, 422, 422, 422, 422, 422, 422, 422])
    const listed = async (token: string): Promise<readonly Json[]> =>
      items((await send('GET', `/whiteboards?chat_dialog_id=${shown(dialog)}`, token)).body)
    const [first] = await listed(mira.token)
    t.is((await listed(mira.token)).length, 3)
    t.like(first, { name: 'W', chat_dialog_id: dialog, user_id: otto.id })
    t.regex(shown(at(first, 'created_at')), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const path = `/whiteboards/${shown(at(first, '_id'))}`
    t.is((await send('PUT', path, mira.token, { name: 'N' })).status, 403)
    t.is(at((await send('PUT', path, otto.token, { name: 'N' })).body, 'name'), 'N')
    t.is((await send('DELETE', path, mira.token)).status, 403)
    t.is((await send('DELETE', path, otto.token)).text, '')
    t.is((await listed(otto.token)).length, 2)
    t.is((await make()).status, 201)
    t.is(
      (await send('GET', `/whiteboards?chat_dialog_id=${shown(dialog)}`, (await person()).token)).status,
      403,
    )
  },
)

test.serial('a call is refused with an empty object', async (t) => {
  const [mira, otto] = [await person(), await person()]
  const call = { recipientId: otto.id, sessionID: 's-1', platform: 'web' }
  const refused = await send('POST', '/calls/reject.json', mira.token, call)
  t.is(refused.status, 200)
  t.is(refused.text, '{}')
  t.is((await send('POST', '/calls/reject', mira.token, {})).status, 422)
})
