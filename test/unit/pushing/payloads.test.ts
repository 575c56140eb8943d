/**
 * Proves what each platform is sent for what an app asks for (connectycube 9): universal messages with their `ios_…` and `android_…` keys, and
 * payloads for one platform, by the pure functions that translate them; and that nothing goes out that a gateway would refuse for its size.
 */
import test from 'ava'
import type { Channel } from '../../../src/domain/cc/push-events.ts'
import { isObject, type Json, type JsonObject } from '../../../src/json.ts'
import { apnsRequest } from '../../../src/pushing/apns-payload.ts'
import { readContent, type Content } from '../../../src/pushing/content.ts'
import { fcmRequest } from '../../../src/pushing/fcm-payload.ts'
import { retryAfter, type Notice } from '../../../src/pushing/gateway.ts'
import { webMessage } from '../../../src/pushing/web-payload.ts'

const NOW = 1_767_225_600_000
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const universal = (said: JsonObject): string => base64(JSON.stringify(said))

const read = (message: string): Content => {
  const content = readContent(message)
  if (content === undefined) throw new Error('not read')
  return content
}
const notice = (channel: Channel, message: string, bundle: string | null = 'org.example.app'): Notice => ({
  id: '5b1cfb0e-0001-5000-8000-000000000000',
  channel,
  environment: 'development',
  device: { udid: 'D', token: 'T', ...(bundle === null ? {} : { bundle }) },
  content: read(message),
})
const apns = (message: string, channel: Channel = 'apns', bundle?: string | null) => {
  const request = apnsRequest(notice(channel, message, bundle), NOW)
  if ('refused' in request) return request
  return { headers: request.headers, body: JSON.parse(request.body.toString()) as Json }
}
const fcm = (message: string): Json => {
  const request = fcmRequest(notice('gcm', message), NOW)
  if ('refused' in request) return request
  const sent: unknown = JSON.parse(request.toString())
  return (isObject(sent) ? sent['message'] : undefined) ?? null
}

const ALL = {
  message: 'Grüße 👋',
  ios_badge: '3',
  ios_sound: 'chime.caf',
  ios_content_available: 1,
  ios_mutable_content: true,
  ios_category: 'chat',
  ios_thread_id: 'T-1',
  ios_voip: 1,
  expiration: NOW / 1_000 + 60,
  android_fcm_notification: { title: 'Hi', body: 'there', icon: 'ic', android_channel_id: 'c', strange: 1 },
  dialog_id: 'd1',
  count: 7,
  deep: { a: [1] },
}

test('a universal message for Apple: what it knows in aps, custom keys beside', (t) => {
  t.deepEqual(apns(universal(ALL)), {
    headers: {
      'apns-id': '5b1cfb0e-0001-5000-8000-000000000000',
      'apns-topic': 'org.example.app',
      'apns-push-type': 'alert',
      'apns-priority': '10',
      'apns-expiration': String(NOW / 1_000 + 60),
    },
    body: {
      ...{ dialog_id: 'd1', count: 7, deep: { a: [1] } },
      aps: {
        ...{ alert: 'Grüße 👋', badge: 3, sound: 'chime.caf', 'content-available': 1, 'mutable-content': 1 },
        ...{ category: 'chat', 'thread-id': 'T-1' },
      },
    },
  })
  const localised = universal({
    message: 'm',
    aps: 'mine',
    ios_loc_data: { title_loc_key: 'T', title_loc_args: ['a'], body_loc_key: 'B', body_loc_args: ['b'] },
  })
  const alert = {
    body: 'm',
    'title-loc-key': 'T',
    'title-loc-args': ['a'],
    'loc-key': 'B',
    'loc-args': ['b'],
  }
  t.like(apns(localised), { body: { aps: { alert } } })
})

test('the kind of a push for Apple follows from what is in it, and from the channel', (t) => {
  const headersOf = (said: JsonObject, channel?: Channel) => {
    const request = apns(universal(said), channel)
    return 'refused' in request ? request : request.headers
  }
  t.like(headersOf({ ios_content_available: 1 }), { 'apns-push-type': 'background', 'apns-priority': '5' })
  t.like(headersOf({ message: 'm', ios_content_available: 1 }), { 'apns-push-type': 'alert' })
  t.like(headersOf({ message: 'm', ios_push_type: 'background' }), { 'apns-push-type': 'background' })
  t.like(headersOf({ message: 'm' }, 'apns_voip'), {
    'apns-push-type': 'voip',
    'apns-topic': 'org.example.app.voip',
  })
  t.deepEqual(apns(universal({ message: 'm' }), 'apns', null), { refused: 'refused', detail: 'MissingTopic' })
})

test('a universal message for FCM: all of it as text, a notification if it is asked for', (t) => {
  t.deepEqual(fcm(universal(ALL)), {
    data: { message: 'Grüße 👋', dialog_id: 'd1', count: '7', deep: '{"a":[1]}' },
    notification: { title: 'Hi', body: 'there' },
    android: { priority: 'HIGH', ttl: '60s', notification: { channel_id: 'c', icon: 'ic' } },
    token: 'T',
  })
  const plain = fcm(universal({ message: 'm', from: 'x', gcm_x: 1, 'google.y': 1, none: null }))
  t.deepEqual(plain, { data: { message: 'm' }, android: { priority: 'HIGH' }, token: 'T' })
})

test('a universal message for a browser: the message and custom keys as JSON', (t) => {
  t.deepEqual(webMessage(read(universal(ALL)), NOW), {
    text: JSON.stringify({ dialog_id: 'd1', count: 7, deep: { a: [1] }, message: 'Grüße 👋' }),
    ttlSeconds: 60,
  })
})

test('a payload for one platform goes as it is, to nobody but the device', (t) => {
  const payload = (value: Json): string => `payload=${base64(JSON.stringify(value))}`
  t.like(apns(payload({ aps: { alert: { title: 'x' } }, k: 1 })), {
    body: { aps: { alert: { title: 'x' } }, k: 1 },
  })
  t.deepEqual(webMessage(read(`payload=${base64('plain text')}`), NOW), {
    text: 'plain text',
    ttlSeconds: 2_419_200,
  })
  t.deepEqual(
    fcm(payload({ message: { topic: 'all', token: 'other', data: { a: 1 }, android: { ttl: '5s' } } })),
    { data: { a: '1' }, android: { priority: 'HIGH', ttl: '5s' }, token: 'T' },
  )
  t.deepEqual(
    fcm(payload({ to: 'all', priority: 'normal', time_to_live: 9, notification: { title: 'x' } })),
    {
      ...{ notification: { title: 'x' }, android: { priority: 'NORMAL', ttl: '9s' }, token: 'T' },
    },
  )
  t.deepEqual(fcm(payload({ a: 1, b: 'c' })), { data: { a: '1', b: 'c' }, token: 'T' })
  t.deepEqual(apns(`payload=${base64('no json')}`), { refused: 'refused', detail: 'BadPayload' })
})

test('a message is read in each of its spellings; what is none is refused', (t) => {
  const said = { message: 'ÿ¾?>' }
  const standard = universal(said)
  for (const message of [
    standard,
    standard.replace(/=+$/, ''),
    standard.replaceAll('+', '-').replaceAll('/', '_'),
    standard.replaceAll('+', ' '),
    JSON.stringify(said),
  ])
    t.like(read(message), { is: 'universal', message: 'ÿ¾?>' }, message)
  for (const message of ['', 'hello', 'payload=', base64('[1]'), base64('"text"'), '////', 'payload=/w=='])
    t.is(readContent(message), undefined, message)
})

test('what a gateway would refuse for its size is not sent; the largest that it takes is', (t) => {
  const sized = (bytes: number, around: number): string => universal({ message: 'x'.repeat(bytes - around) })
  const tooLarge = { refused: 'too-large' } as const
  const aps = '{"aps":{"alert":""}}'.length
  t.deepEqual(apns(sized(4_097, aps)), tooLarge)
  t.like(apns(sized(4_096, aps)), { headers: { 'apns-push-type': 'alert' } })
  t.like(apns(sized(5_120, aps), 'apns_voip'), { headers: { 'apns-push-type': 'voip' } })
  t.deepEqual(apns(sized(5_121, aps), 'apns_voip'), tooLarge)
  const web = '{"message":""}'.length
  t.deepEqual(webMessage(read(sized(3_994, web)), NOW), tooLarge)
  t.like(webMessage(read(sized(3_993, web)), NOW), { ttlSeconds: 2_419_200 })
  t.deepEqual(fcm(sized(4_200, 0)), tooLarge)
  t.like(fcm(sized(3_900, 0)), { token: 'T' })
})

test('what has expired is not sent', (t) => {
  const late = universal({ message: 'm', expiration: NOW / 1_000 })
  for (const outcome of [apns(late), fcm(late), webMessage(read(late), NOW)])
    t.deepEqual(outcome, { refused: 'late' })
  t.like(webMessage(read(universal({ expiration: NOW + 5_000 })), NOW), { ttlSeconds: 5 })
})

test('how long a gateway wants to be left alone', (t) => {
  t.is(retryAfter('3', NOW), 3_000)
  t.is(retryAfter(new Date(NOW + 7_000).toUTCString(), NOW), 7_000)
  t.is(retryAfter('999999', NOW), 3_600_000)
  for (const value of [undefined, '', 'soon', '-1', new Date(NOW - 7_000).toUTCString()])
    t.is(retryAfter(value, NOW), 0)
})
