/** What devices say to each other through the server, as rows of the table of actions (timelimit 1.6, 1.7, 4.3, 5.5). */
import { randomBytes } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import type { Json, JsonObject } from '../../src/json.ts'
import { appLogic } from './timelimit-crypto.ts'
import { NOTHING, statusOf } from './timelimit-picture.ts'
import { butLogic, NO_ID, NOBODY, type Row, type World } from './timelimit-world.ts'
import { ok, type Device } from './timelimit.ts'

const bytes = (count: number): string => randomBytes(count).toString('base64')

const ping = (w: World): JsonObject => ({
  type: 'PING',
  deviceId: w.phoneId,
  event: 'ping',
  token: 'aaaaaa',
})
const pingsAt = async (device: Device): Promise<Json | undefined> => {
  const { pings } = ok(await device.ask(statusOf(NOTHING)))
  return pings
}

const [TEMP, SIGNATURE, SECRET] = [bytes(32), bytes(64), bytes(16)]
const request = (w: World): JsonObject => ({
  type: 'SEND_KEY_REQUEST',
  dsn: 5,
  deviceId: w.phoneId,
  dataType: 1,
  tempKey: TEMP,
  signature: SIGNATURE,
})
const reply = (): JsonObject => ({
  type: 'REPLY_TO_KEY_REQUEST',
  rsn: 1,
  tempKey: TEMP,
  encryptedKey: SECRET,
  signature: SIGNATURE,
})
const asking = (w: World) => [['tablet', appLogic(request(w))] as const]
const boxes = async (device: Device, more: JsonObject = {}) => {
  const { krq, kr } = ok(await device.ask({ ...statusOf(NOTHING), ...more }))
  return { krq, kr }
}

const checkRequest = async (t: ExecutionContext, w: World): Promise<void> => {
  const krq = [
    {
      srvSeq: 1,
      senId: w.tabletId,
      senSeq: 5,
      deviceId: w.phoneId,
      type: 1,
      tempKey: TEMP,
      signature: SIGNATURE,
    },
  ]
  t.deepEqual((await boxes(w.phone)).krq, krq)
  t.deepEqual((await boxes(w.spare)).krq, krq, 'also the devices that it does not ask')
  t.is((await boxes(w.tablet)).krq, undefined)
  t.is((await boxes(w.phone, { kri: 1 })).krq, undefined)
  t.deepEqual((await boxes(w.phone, { kri: 0 })).krq, krq, '0 is none')
  t.is((await boxes(w.phone, { clientLevel: 3, u2f: '' })).krq, undefined)
  await w.tablet.push(appLogic({ ...request(w), dsn: 6 }))
  const [first, ...others] = (await boxes(w.phone)).krq as readonly JsonObject[]
  t.deepEqual([first?.srvSeq, first?.senSeq, others.length], [2, 6, 0], 'the same question again replaces')
}

const checkReply = async (t: ExecutionContext, w: World): Promise<void> => {
  const one = { sender: w.phoneId, rqSeq: 5, tempKey: TEMP, cryptKey: SECRET, signature: SIGNATURE }
  t.deepEqual((await boxes(w.tablet)).kr, [{ srvSeq: 1, ...one }])
  t.false(await w.phone.push(appLogic(reply())), 'a second reply of a device says nothing')
  t.false(await w.spare.push(appLogic(reply())))
  const both = [
    { srvSeq: 1, ...one },
    { srvSeq: 2, ...one, sender: w.spareId },
  ]
  t.deepEqual((await boxes(w.tablet)).kr, both)
  t.deepEqual((await boxes(w.tablet, { kr: 0 })).kr, both, '0 is none')
  t.deepEqual((await boxes(w.tablet, { kr: 1 })).kr, both.slice(1))
  t.deepEqual((await boxes(w.tablet)).kr, both.slice(1), 'acknowledged is gone')
  t.is((await boxes(w.phone)).kr, undefined)
}

export const MAILBOXES: readonly Row[] = [
  {
    type: 'SEND_KEY_REQUEST',
    from: 'tablet',
    act: butLogic(request)({}),
    told: 2,
    check: checkRequest,
    refused: {
      'about a device and a category': butLogic(request)((w) => ({ categoryId: w.games })),
      'no such device': butLogic(request)({ deviceId: NOBODY }),
      'another type': butLogic(request)({ dataType: 3 }),
      'a short key': butLogic(request)({ tempKey: bytes(31) }),
      'a short signature': butLogic(request)({ signature: bytes(63) }),
      'no base64': butLogic(request)({ tempKey: '!'.repeat(44) }),
      'no such category': (w) => {
        const { deviceId: _deviceId, ...rest } = request(w)
        return appLogic({ ...rest, categoryId: NOBODY })
      },
    },
  },
  {
    type: 'REPLY_TO_KEY_REQUEST',
    from: 'phone',
    given: asking,
    act: butLogic(reply)({}),
    told: { tablet: 2 },
    check: checkReply,
    refused: {
      'a short key': butLogic(reply)({ encryptedKey: bytes(15) }),
      'a long temporary key': butLogic(reply)({ tempKey: bytes(33) }),
      'no signature': butLogic(reply)({ signature: '' }),
    },
  },
  {
    type: 'REPLY_TO_KEY_REQUEST',
    name: 'to nobody',
    from: 'phone',
    act: butLogic(reply)({ rsn: 77 }),
    told: 0,
  },
  {
    type: 'FINISH_KEY_REQUEST',
    from: 'tablet',
    given: (w) => [...asking(w), ['phone', appLogic(reply())]],
    act: () => appLogic({ type: 'FINISH_KEY_REQUEST', dsn: 5 }),
    told: 0,
    check: async (t, w) => {
      t.deepEqual(await boxes(w.phone), { krq: undefined, kr: undefined })
      t.deepEqual(await boxes(w.tablet), { krq: undefined, kr: undefined })
      t.false(await w.tablet.push(appLogic({ type: 'FINISH_KEY_REQUEST', dsn: 5 })))
    },
    refused: { 'half a number': () => appLogic({ type: 'FINISH_KEY_REQUEST', dsn: 0.5 }) },
  },
  {
    type: 'PING',
    from: 'tablet',
    act: butLogic(ping)({}),
    told: { phone: 2 },
    check: async (t, w) => {
      const answer = { type: 'PING', deviceId: w.tabletId, token: 'aaaaaa' }
      t.deepEqual(await pingsAt(w.phone), [{ deviceId: w.tabletId, type: 'ping', token: 'aaaaaa' }])
      t.deepEqual(await pingsAt(w.spare), [])
      t.false(await w.phone.push(appLogic({ ...answer, event: 'pong' })))
      t.deepEqual(await pingsAt(w.phone), [], 'answered')
      t.deepEqual(await pingsAt(w.tablet), [{ deviceId: w.phoneId, type: 'pong', token: 'aaaaaa' }])
      t.false(await w.tablet.push(appLogic({ ...ping(w), event: 'clear', token: 'bbbbbb' })))
      t.is(((await pingsAt(w.tablet)) as readonly Json[]).length, 1, 'another token clears nothing')
      t.false(await w.tablet.push(appLogic({ ...ping(w), event: 'clear' })))
      t.deepEqual(await pingsAt(w.tablet), [])
    },
    refused: {
      'no such device': butLogic(ping)({ deviceId: NOBODY }),
      'a pong to no device': butLogic(ping)({ deviceId: NOBODY, event: 'pong' }),
      'no token': butLogic(ping)({ token: NO_ID }),
      'another event': butLogic(ping)({ event: 'pang' }),
    },
  },
]
