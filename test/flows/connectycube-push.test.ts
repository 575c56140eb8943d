/**
 * Proves that pushes reach devices through the gateways, and alerts whoever a message is for (connectycube 9): the real server over HTTP, with
 * stand-ins of FCM, Apple's service and a browser's push service, which fail, come back, and forget devices; across a kill.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import { openStandIns, type Sent, type StandIns } from '../support/push-gateways.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
let gateways: StandIns

test.before(async () => {
  gateways = await openStandIns()
  server = await startServer({ env: gateways.env })
})
test.after.always(async () => {
  await cleanUp(server)
  gateways.close()
})

type Reply = { readonly status: number; readonly body: Json }

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
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as Json) }
}

const at = (value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined =>
  path.reduce<Json | undefined>((inner, key) => {
    if (isList(inner)) return inner[Number(key)]
    return isObject(inner) ? inner[String(key)] : undefined
  }, value)
const items = (value: Json | undefined): readonly Json[] => (isList(value) ? value : [])
const shown = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

type Person = { readonly id: number; readonly token: string }
let people = 0

const person = async (): Promise<Person> => {
  const user = { login: `push${++people}`, password: 'blue-whale-7', full_name: `Person ${people}` }
  const base = await send('POST', '/session', '', { application_id: 1, auth_key: 'dev-auth-key' })
  const token = shown(at(base.body, 'session', 'token'))
  const made = await send('POST', '/users', token, { user })
  await send('POST', '/login', token, { login: user.login, password: user.password })
  return { id: Number(at(made.body, 'user', 'id')), token }
}

const subscribe = async (who: Person, channel: string, token: JsonObject | string): Promise<void> => {
  const made = await send('POST', '/subscriptions', who.token, {
    notification_channel: channel,
    device: {
      platform: channel === 'web' ? 'web' : 'ios',
      udid: `${channel}-${who.id}-${JSON.stringify(token)}`,
    },
    push_token: {
      environment: 'development',
      bundle_identifier: 'org.example.app',
      ...(typeof token === 'string' ? { client_identification_sequence: token } : token),
    },
  })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
}

const push = async (
  from: Person,
  to: readonly Person[],
  said: JsonObject,
  more: JsonObject = {},
): Promise<string> => {
  const message = Buffer.from(JSON.stringify(said)).toString('base64')
  const event = { notification_type: 'push', message, user: { ids: to.map(({ id }) => id) }, ...more }
  const made = await send('POST', '/events', from.token, { event })
  return shown(at(made.body, 0, 'event', 'id'))
}

const until = async <T>(find: () => T | undefined | Promise<T | undefined>): Promise<T> => {
  for (let tries = 0; tries < 1_200; tries++) {
    const found = await find()
    if (found !== undefined) return found
    await pause(50)
  }
  throw new Error(`it did not come about: ${find.toString()}`)
}
const received = (device: string, count = 1): Promise<readonly Sent[]> =>
  until(() => (gateways.sentTo(device).length >= count ? gateways.sentTo(device) : undefined))

/** What became of the pushes of an event, or of an alert about a message. */
const outcome = (event: string, count = 1): Promise<readonly Json[]> =>
  until(async () => {
    const outbox = await send('GET', '/admin/outbox/push')
    const found = items(at(outbox.body, 'items')).filter((one) => at(one, 'event_id') === event)
    return found.length >= count && found.every((one) => at(one, 'state') !== 'queued') ? found : undefined
  })
const reasonOf = async (event: string): Promise<readonly (Json | undefined)[]> =>
  (await outcome(event)).flatMap((one) => [at(one, 'state'), at(one, 'reason'), at(one, 'detail')])

const devicesOf = async ({ token }: Person): Promise<number> =>
  items((await send('GET', '/subscriptions', token)).body).length

test.serial('a push reaches each kind of device in its own form', async (t) => {
  const [mira, otto] = [await person(), await person()]
  await subscribe(otto, 'gcm', 'happy-fcm')
  await subscribe(otto, 'apns', 'happy-apns')
  await subscribe(otto, 'apns_voip', 'happy-voip')
  await subscribe(otto, 'web', gateways.newBrowser('happy-web').token)
  await push(mira, [otto], { message: 'Grüße 👋', ios_badge: 2, key: 'v' })
  const [fcm] = await received('happy-fcm')
  t.deepEqual(fcm?.body, {
    message: {
      ...{ data: { message: 'Grüße 👋', key: 'v' }, android: { priority: 'HIGH' }, token: 'happy-fcm' },
    },
  })
  const [apns] = await received('happy-apns')
  t.deepEqual(apns?.body, { key: 'v', aps: { alert: 'Grüße 👋', badge: 2 } })
  t.like(apns?.headers, { 'apns-topic': 'org.example.app', 'apns-push-type': 'alert', 'apns-priority': '10' })
  const [voip] = await received('happy-voip')
  t.like(voip?.headers, { 'apns-topic': 'org.example.app.voip', 'apns-push-type': 'voip' })
  const [web] = await received('happy-web')
  t.deepEqual(web?.body, { key: 'v', message: 'Grüße 👋' })
  t.like(web?.headers, { 'content-encoding': 'aes128gcm', urgency: 'high' })
  const payload = `payload=${Buffer.from('{"aps":{"alert":"raw"}}').toString('base64')}`
  const event = await push(mira, [otto], {}, { message: payload, push_type: 'apns' })
  t.deepEqual((await received('happy-apns', 2)).at(-1)?.body, { aps: { alert: 'raw' } })
  t.deepEqual(await reasonOf(event), ['delivered', null, null])
  t.is(gateways.tokens(), 1)
})

test.serial('who is busy is asked again when he wants, and told once', async (t) => {
  const [mira, otto] = [await person(), await person()]
  const busy = { status: 503, headers: { 'retry-after': '1' } }
  const devices = { gcm: 'busy-fcm', apns: 'busy-apns' }
  for (const [channel, device] of Object.entries(devices)) {
    await subscribe(otto, channel, device)
    gateways.answer(device, busy, { status: 200 })
  }
  await subscribe(otto, 'gcm', 'idle-fcm')
  await subscribe(otto, 'web', gateways.newBrowser('busy-web').token)
  gateways.answer('busy-web', { status: 429, headers: { 'retry-after': '1' } }, { status: 201 })
  const first = await push(mira, [otto], { message: 'again' }, { push_type: 'gcm' })
  for (const channel of ['apns', 'web'])
    await push(mira, [otto], { message: 'again' }, { push_type: channel })
  for (const device of ['busy-fcm', 'busy-apns', 'busy-web']) {
    const both = await received(device, 2)
    t.deepEqual(both[0]?.body, both[1]?.body)
  }
  t.deepEqual(await reasonOf(first), ['delivered', null, null])
  t.is(gateways.sentTo('idle-fcm').length, 1)
  t.is(
    gateways.sentTo('busy-apns')[0]?.headers['apns-id'],
    gateways.sentTo('busy-apns')[1]?.headers['apns-id'],
  )
})

test.serial('a device that its gateway has forgotten is forgotten here', async (t) => {
  const [mira, otto] = [await person(), await person()]
  await subscribe(otto, 'gcm', 'gone-fcm')
  await subscribe(otto, 'apns', 'gone-apns')
  await subscribe(otto, 'apns_voip', 'bad-apns')
  await subscribe(otto, 'web', gateways.newBrowser('gone-web').token)
  const details = [{ '@type': 't', errorCode: 'UNREGISTERED' }]
  gateways.answer('gone-fcm', { status: 404, body: { error: { status: 'NOT_FOUND', details } } })
  gateways.answer('gone-apns', { status: 410, body: { reason: 'Unregistered' } })
  gateways.answer('bad-apns', { status: 400, body: { reason: 'BadDeviceToken' } })
  gateways.answer('gone-web', { status: 410 })
  t.is(await devicesOf(otto), 4)
  const event = await push(mira, [otto], { message: 'there?' }, { push_type: 'gcm' })
  await push(mira, [otto], { message: 'there?' })
  await until(async () => ((await devicesOf(otto)) === 0 ? true : undefined))
  t.deepEqual(await reasonOf(event), ['failed', 'no-device', null])
  t.is(await push(mira, [otto], { message: 'still?' }, { push_type: 'gcm' }).then(outcomesNow), 0)
})

const outcomesNow = async (event: string): Promise<number> => {
  const outbox = await send('GET', '/admin/outbox/push')
  return items(at(outbox.body, 'items')).filter((one) => at(one, 'event_id') === event).length
}

test.serial('what cannot go out ends with a reason, and nobody is called', async (t) => {
  const [mira, otto] = [await person(), await person()]
  await subscribe(otto, 'gcm', 'never-fcm')
  await subscribe(otto, 'apns', 'wrong-apns')
  await subscribe(otto, 'web', { web_endpoint: 'https://10.0.0.1/push' })
  gateways.answer('wrong-apns', { status: 400, body: { reason: 'DeviceTokenNotForTopic' } })
  const large = await push(mira, [otto], { message: 'x'.repeat(5_000) }, { push_type: 'gcm' })
  t.deepEqual(await reasonOf(large), ['failed', 'too-large', null])
  const malformed = await push(mira, [otto], {}, { message: 'no base64 of JSON', push_type: 'gcm' })
  t.deepEqual(await reasonOf(malformed), ['failed', 'malformed', null])
  const late = await push(mira, [otto], { message: 'm', expiration: 1_700_000_000 }, { push_type: 'gcm' })
  t.deepEqual(await reasonOf(late), ['failed', 'late', null])
  t.deepEqual(gateways.sentTo('never-fcm'), [])
  const inside = await push(mira, [otto], { message: 'm' }, { push_type: 'web' })
  t.deepEqual(await reasonOf(inside), ['failed', 'refused', 'EndpointNotPublic'])
  const wrong = await push(mira, [otto], { message: 'm' }, { push_type: 'apns' })
  t.deepEqual(await reasonOf(wrong), ['failed', 'refused', 'DeviceTokenNotForTopic'])
  t.is(await devicesOf(otto), 3)
})

const message = async (from: Person, dialog: string, more: JsonObject): Promise<string> => {
  const sent = await send('POST', '/chat/Message', from.token, { chat_dialog_id: dialog, ...more })
  return shown(at(sent.body, '_id'))
}
const group = async (owner: Person, others: readonly Person[]): Promise<string> => {
  const made = await send('POST', '/chat/Dialog', owner.token, {
    ...{ type: 2, name: 'Team', occupants_ids: others.map(({ id }) => id) },
  })
  return shown(at(made.body, '_id'))
}
const alerts = (device: string): readonly (Json | undefined)[] =>
  gateways.sentTo(device).map(({ body }) => at(body, 'message', 'data', 'message'))

test.serial('a message alerts all others of its dialog who want that, unless it is silent', async (t) => {
  const [mira, otto, lena] = [await person(), await person(), await person()]
  for (const one of [mira, otto, lena]) await subscribe(one, 'gcm', `alert-${one.id}`)
  await subscribe(otto, 'apns', `alert-apns-${otto.id}`)
  await subscribe(otto, 'apns_voip', `alert-voip-${otto.id}`)
  const dialog = await group(mira, [otto, lena])
  const off = await send('PUT', `/chat/Dialog/${dialog}/notifications`, lena.token, { enabled: 0 })
  t.is(off.status, 200)
  const first = await message(mira, dialog, { message: 'hello', silent: 0 })
  const [told] = await received(`alert-${otto.id}`)
  t.like(at(told?.body, 'message', 'data'), {
    ...{
      message: `Person ${people - 2}: hello`,
      dialog_id: dialog,
      message_id: first,
      user_id: String(mira.id),
    },
  })
  const [apns] = await received(`alert-apns-${otto.id}`)
  t.like(at(apns?.body, 'aps'), {
    alert: `Person ${people - 2}: hello`,
    'thread-id': dialog,
    sound: 'default',
  })
  await message(mira, dialog, { message: 'hush', silent: 1 })
  t.is((await send('PUT', '/admin/application/settings', undefined, { chat_alerts: false })).status, 200)
  await message(mira, dialog, { message: 'nobody' })
  // Whoever comes later than the others proves that they did not.
  await pause(1_500)
  t.is((await send('PUT', '/admin/application/settings', undefined, { chat_alerts: true })).status, 200)
  await send('PUT', `/chat/Dialog/${dialog}/notifications`, lena.token, { enabled: 1 })
  const last = await message(otto, dialog, { attachments: [{ type: 'image', uid: 'u' }] })
  await received(`alert-${lena.id}`)
  await received(`alert-${mira.id}`)
  await outcome(`alert-${last}`, 2)
  const picture = `Person ${people - 1}: [attachment]`
  t.deepEqual(alerts(`alert-${lena.id}`), [picture])
  t.deepEqual(alerts(`alert-${mira.id}`), [picture])
  t.deepEqual(alerts(`alert-${otto.id}`), [`Person ${people - 2}: hello`])
  t.deepEqual(gateways.sentTo(`alert-voip-${otto.id}`), [])
})

test.serial('an alert tells of a message as it is then: edited, or deleted and not at all', async (t) => {
  const [mira, otto] = [await person(), await person()]
  await subscribe(otto, 'gcm', 'slow-fcm')
  gateways.answer('slow-fcm', { status: 503, headers: { 'retry-after': '2' } })
  const dialog = await group(mira, [otto])
  const edited = await message(mira, dialog, { message: 'befour' })
  const deleted = await message(mira, dialog, { message: 'a secret' })
  await received('slow-fcm', 2)
  await send('PUT', `/chat/Message/${edited}`, mira.token, { chat_dialog_id: dialog, message: 'after' })
  await send('DELETE', `/chat/Message/${deleted}?force=1`, mira.token)
  gateways.answer('slow-fcm', { status: 200 })
  t.deepEqual(await reasonOf(`alert-${deleted}`), ['failed', 'withdrawn', null])
  t.deepEqual(await reasonOf(`alert-${edited}`), ['delivered', null, null])
  t.is(alerts('slow-fcm').at(-1), `Person ${people - 1}: after`)
})

test.serial('nobody is told of anything on a device of somebody who was deleted', async (t) => {
  const [mira, otto] = [await person(), await person()]
  await subscribe(otto, 'gcm', 'deleted-fcm')
  gateways.answer('deleted-fcm', { status: 503, headers: { 'retry-after': '5' } })
  const event = await push(mira, [otto], { message: 'm' })
  await received('deleted-fcm')
  t.is((await send('DELETE', `/users/${otto.id}`, otto.token)).status, 200)
  const before = gateways.sentTo('deleted-fcm').length
  gateways.answer('deleted-fcm', { status: 200 })
  t.deepEqual(await reasonOf(event), ['failed', 'no-device', null])
  t.is(gateways.sentTo('deleted-fcm').length, before)
})

test.serial('what was under way when the server was killed goes out when it is back', async (t) => {
  const [mira, otto] = [await person(), await person()]
  await subscribe(otto, 'gcm', 'killed-fcm')
  await subscribe(otto, 'apns', 'killed-apns')
  gateways.answer('killed-fcm', { status: 503, headers: { 'retry-after': '3600' } })
  const dialog = await group(mira, [otto])
  const event = await push(mira, [otto], { message: 'first' }, { push_type: 'gcm' })
  await received('killed-fcm')
  const ids: string[] = []
  for (let n = 0; n < 20; n++) ids.push(await message(mira, dialog, { message: `message ${n}` }))
  await server.kill()
  gateways.answer('killed-fcm', { status: 200 })
  server = await startServer({ env: gateways.env, dataDir: server.dataDir })
  t.deepEqual(await reasonOf(event), ['delivered', null, null])
  for (const id of ids) t.is((await outcome(`alert-${id}`, 2)).length, 2)
  for (const device of ['killed-fcm', 'killed-apns']) {
    const told = new Set(
      gateways
        .sentTo(device)
        .map(({ body }) => at(body, 'message_id') ?? at(body, 'message', 'data', 'message_id')),
    )
    t.deepEqual(
      ids.filter((id) => !told.has(id)),
      [],
      device,
    )
  }
})
