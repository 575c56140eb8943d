/**
 * Proves what devices leave with the server for each other (timelimit 1.6, 1.7, 4.3): app lists, keys, requests, replies and pings. Given
 * is what happened; then the facts, who is told, and what goes to the vault.
 */
import test from 'ava'
import { sha256Hex } from '../../../../src/crypto/hashes.ts'
import type { Fact } from '../../../../src/domain/decider.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { family, GAMES, MUSIC, NOBODY, PHONE, SPARE, TABLET } from '../../../support/timelimit-family.ts'
import { dataOf, done, push, pushedBy, then } from '../../../support/timelimit-decided.ts'

const bytes = (count: number, value = 1): string => Buffer.alloc(count, value).toString('base64')
const by = (on: string, ...after: readonly Fact[]) => ({ on, after })
const told = (action: string, level?: 1 | 2) => [
  then('DeviceSequenceAdvanced', { action, ...(level === undefined ? {} : { told: level }) }),
]

test('UPDATE_INSTALLED_APPS: each list that is given, even if it is the same', (t) => {
  const update = (action: JsonObject, ...after: readonly Fact[]) =>
    push('UPDATE_INSTALLED_APPS', { w: false, ...action }, by(TABLET, ...after))
  const content = Buffer.from('list')
  const uploaded = (kind: 'base' | 'diff') =>
    then('DeviceAppListUploaded', { deviceId: TABLET, kind, sha256: sha256Hex('list'), bytes: 4 })
  const blob = { type: 'store-blob', content }
  const scope = (part: string) => JSON.stringify({ device: TABLET, part })
  const list = content.toString('base64')
  const one = { ...done([uploaded('base')], 'G1', scope('base')), effects: [blob] }
  t.deepEqual(update({ b: list }), one)
  t.deepEqual(update({ b: list, w: true }, uploaded('base')), one)
  t.deepEqual(update({ b: list, d: list }), {
    ...done([uploaded('base'), uploaded('diff')], 'G1', scope('base'), scope('diff')),
    effects: [blob, blob],
  })
  t.like(update({ d: '' }), { facts: [{ data: { kind: 'diff', bytes: 0, sha256: sha256Hex('') } }] })
  const none = pushedBy(TABLET, { type: 'UPDATE_INSTALLED_APPS', w: true })
  t.deepEqual(dataOf(none), told('UPDATE_INSTALLED_APPS', 1))
  t.like(update({ d: bytes(524_288) }), { facts: [{ data: { bytes: 524_288 } }] })
  t.is(update({ d: bytes(524_289) }), 'SCHEMA')
  for (const wrong of ['a', 'abc', 'ab=c', 'ab-_', 'YQ== ', 'A===', 7]) t.is(update({ b: wrong }), 'SCHEMA')
  t.is(push('UPDATE_INSTALLED_APPS', { b: list }, by(TABLET)), 'SCHEMA')
})

test('UPLOAD_DEVICE_PUBLIC_KEY: the first one, for ever', (t) => {
  const upload = (key: string, ...after: readonly Fact[]) =>
    push('UPLOAD_DEVICE_PUBLIC_KEY', { key }, by(TABLET, ...after))
  const first = then('DevicePublicKeyUploaded', { deviceId: TABLET, key: bytes(32) })
  t.deepEqual(upload(bytes(32)), done([first], 'G2', 'devices'))
  for (const value of [1, 2]) {
    t.deepEqual(upload(bytes(32, value), first), done([], ''))
    const again = pushedBy(
      TABLET,
      { type: 'UPLOAD_DEVICE_PUBLIC_KEY', key: bytes(32, value) },
      { after: [first] },
    )
    t.deepEqual(dataOf(again), told('UPLOAD_DEVICE_PUBLIC_KEY'))
    t.false(again.fullSync)
  }
  t.is(upload(bytes(31)), 'SCHEMA')
  t.is(upload(bytes(33)), 'SCHEMA')
})

const REQUEST = { dsn: 7, dataType: 1, tempKey: bytes(32, 2), signature: bytes(64, 3) }
const requested = (serverSeq: number, sender: string, change: JsonObject = {}) =>
  fact('KeyRequested', { ...REQUEST, serverSeq, sender, replaces: [], ...change })

test('SEND_KEY_REQUEST: with the number of the family that comes next', (t) => {
  const send = (change: JsonObject = {}, ...after: readonly Fact[]) =>
    push('SEND_KEY_REQUEST', { ...REQUEST, ...change }, by(TABLET, ...after))
  const sent = (data: JsonObject) =>
    done([then('KeyRequested', { ...REQUEST, sender: TABLET, replaces: [], ...data })], 'G2')
  t.deepEqual(send(), sent({ serverSeq: 1 }))
  t.deepEqual(
    send({ deviceId: PHONE, dataType: 2 }, requested(4, PHONE)),
    sent({ serverSeq: 5, deviceId: PHONE, dataType: 2 }),
  )
  t.deepEqual(send({ categoryId: GAMES, dsn: -1 }), sent({ serverSeq: 1, categoryId: GAMES, dsn: -1 }))
  const finished = fact('KeyRequestFinished', { serverSeqs: [1] })
  t.deepEqual(send({}, requested(1, TABLET), finished), sent({ serverSeq: 2 }), 'numbers are not used again')
  t.is(send({ deviceId: NOBODY }), 'REF')
  t.is(send({ categoryId: NOBODY }), 'REF')
  t.is(send({ deviceId: PHONE, categoryId: GAMES }), 'VALUE')
  const wrong: readonly JsonObject[] = [
    { dataType: 3 },
    { dataType: '1' },
    { dsn: 0.5 },
    { tempKey: bytes(31) },
    { signature: bytes(65) },
    { deviceId: '' },
    { more: 1 },
  ]
  for (const change of wrong) t.is(send(change), 'SCHEMA', JSON.stringify(change))
})

test("SEND_KEY_REQUEST: in place of the sender's earlier ones for the same, with their replies", (t) => {
  const after = [
    requested(1, TABLET, { categoryId: GAMES }),
    requested(2, TABLET, { categoryId: MUSIC }),
    requested(3, TABLET, { categoryId: GAMES, dataType: 2 }),
    requested(4, PHONE, { categoryId: GAMES }),
    requested(5, TABLET),
    requested(6, TABLET, { deviceId: PHONE }),
  ]
  const rows: readonly (readonly [JsonObject, readonly number[]])[] = [
    [{ categoryId: GAMES }, [1]],
    [{ categoryId: MUSIC }, [2]],
    [{ categoryId: GAMES, dataType: 2 }, [3]],
    [{}, [5]],
    [{ deviceId: PHONE }, [6]],
    [{ deviceId: SPARE }, []],
  ]
  for (const [change, serverSeqs] of rows) {
    const outcome = push('SEND_KEY_REQUEST', { ...REQUEST, dsn: 8, ...change }, by(TABLET, ...after))
    if (typeof outcome === 'string') return t.fail(outcome)
    t.deepEqual(outcome.facts[0]?.data['replaces'], serverSeqs)
    t.deepEqual(
      outcome.effects,
      serverSeqs.length === 0 ? [] : [{ type: 'drop-replies', to: TABLET, serverSeqs }],
    )
    const left = Object.keys(family(...after, ...outcome.facts).requests).map(Number)
    t.deepEqual(
      left,
      [1, 2, 3, 4, 5, 6, 7].filter((number) => !serverSeqs.includes(number)),
    )
  }
})

const REPLY = { tempKey: bytes(32, 4), encryptedKey: bytes(16, 5), signature: bytes(64, 6) }

test('REPLY_TO_KEY_REQUEST: once for each device, into the mailbox of who asked', (t) => {
  const reply = (rsn: number, on: string, ...after: readonly Fact[]) =>
    push('REPLY_TO_KEY_REQUEST', { rsn, ...REPLY }, by(on, ...after))
  const { encryptedKey: cryptKey, ...keys } = REPLY
  const replied = (sender: string, replySeq: number) =>
    then('KeyRequestReplied', { serverSeq: 3, sender, to: TABLET, replySeq, dsn: 7 })
  const delivered = (sender: string, replySeq: number) => ({
    ...done([replied(sender, replySeq)], `T2(${TABLET})`),
    effects: [{ type: 'deliver-reply', to: TABLET, serverSeq: 3, sender, content: { ...keys, cryptKey } }],
  })
  const open = requested(3, TABLET)
  t.deepEqual(reply(3, PHONE, open), delivered(PHONE, 1))
  t.deepEqual(reply(3, SPARE, open, replied(PHONE, 1)), delivered(SPARE, 2))
  t.deepEqual(reply(3, PHONE, open, replied(PHONE, 1)), done([], ''), 'again')
  t.deepEqual(reply(2, PHONE, open), done([], ''), 'to nothing')
  t.deepEqual(reply(3, PHONE, open, fact('KeyRequestFinished', { serverSeqs: [3] })), done([], ''))
  const unknown = pushedBy(PHONE, { type: 'REPLY_TO_KEY_REQUEST', rsn: 9, ...REPLY })
  t.deepEqual(dataOf(unknown), told('REPLY_TO_KEY_REQUEST'))
  t.false(unknown.fullSync)
  t.is(reply(3, PHONE, open, fact('DeviceRemoved', { deviceId: TABLET, requests: [] })), 'STATE')
  const again = { type: 'REPLY_TO_KEY_REQUEST', rsn: 3, ...REPLY }
  for (const wrong of [{ encryptedKey: bytes(17) }, { tempKey: bytes(16) }, { signature: '' }, { rsn: '3' }])
    t.is(push('REPLY_TO_KEY_REQUEST', { ...again, ...wrong }, by(PHONE, open)), 'SCHEMA')
})

test("FINISH_KEY_REQUEST: the sender's own, with their replies", (t) => {
  const after = [requested(1, TABLET), requested(2, PHONE), requested(3, TABLET, { deviceId: PHONE })]
  const finish = (dsn: number) => push('FINISH_KEY_REQUEST', { dsn }, by(TABLET, ...after))
  t.deepEqual(finish(7), {
    ...done([then('KeyRequestFinished', { serverSeqs: [1, 3] })], ''),
    effects: [{ type: 'drop-replies', to: TABLET, serverSeqs: [1, 3] }],
  })
  t.deepEqual(finish(8), done([], ''))
  t.is(push('FINISH_KEY_REQUEST', {}, by(TABLET)), 'SCHEMA')
})

test('PING: pings and pongs by token; pong and clear end what came from that device', (t) => {
  const ping = (event: string, deviceId = PHONE) =>
    push('PING', { deviceId, event, token: 'token1' }, by(TABLET))
  const sent = (kind: 'ping' | 'pong') => ({
    ...done([then('DevicePinged', { sender: TABLET, to: PHONE, kind })], `T2(${PHONE})`),
    effects: [{ type: 'deliver-ping', to: PHONE, sender: TABLET, kind, token: 'token1' }],
  })
  const clear = (sender: string) => ({ type: 'clear-pings', to: TABLET, sender, token: 'token1' })
  t.deepEqual(ping('ping'), sent('ping'))
  t.deepEqual(ping('pong'), { ...sent('pong'), effects: [...sent('pong').effects, clear(PHONE)] })
  for (const deviceId of [PHONE, NOBODY])
    t.deepEqual(ping('clear', deviceId), { ...done([], ''), effects: [clear(deviceId)] })
  t.is(ping('ping', NOBODY), 'REF')
  t.is(ping('pong', NOBODY), 'REF')
  t.is(ping('poke'), 'SCHEMA')
  t.is(push('PING', { deviceId: PHONE, event: 'ping', token: 'token' }, by(TABLET)), 'SCHEMA')
})
