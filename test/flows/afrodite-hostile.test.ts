/**
 * Proves that no client can hurt the server below the messages of the protocol: broken frames, huge frames, half frames and a reset, floods, subprotocol
 * headers in every spelling. After each others are answered as before.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { apiStatus, newAccount, startAfrodite } from '../support/afrodite.ts'
import { assertAnswersOthers, assertKept } from '../support/afrodite-flows.ts'
import {
  binary,
  frame,
  lengthOf,
  MASK,
  protocolLine,
  rawHandshake,
  rawOpen,
  rawUpgrade,
  type Raw,
} from '../support/afrodite-raw.ts'
import { within } from '../support/sockets.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'

let started: RunningServer | undefined
test.before(async () => {
  started = await startAfrodite()
})
test.after.always(() => cleanUp(started))
const server = (): RunningServer => {
  if (started === undefined) throw new Error('no server')
  return started
}

const opened = async (t: ExecutionContext): Promise<{ readonly raw: Raw; readonly pair: Pair }> => {
  const { pair } = await newAccount(server())
  const raw = await rawOpen(server().url, pair.access)
  t.teardown(() => raw.tcp.destroy())
  return { raw, pair }
}
type Pair = Awaited<ReturnType<typeof newAccount>>['pair']

const INFO = Buffer.from([0, 2, 1, 0, 2, 0, 3, 0])
const unmasked = (payload: Buffer): Buffer =>
  Buffer.concat([Buffer.of(0x82), lengthOf(payload.length, 0), payload])
const headOnly = (first: number, length: Buffer): Buffer => Buffer.concat([Buffer.of(first), length, MASK])
const long = (...bytes: readonly number[]): Buffer => Buffer.from([0xff, ...bytes])

const BROKEN: { readonly [what: string]: Buffer } = {
  'an unmasked frame': unmasked(INFO),
  'a reserved bit': frame(0xc2, INFO),
  'all reserved bits': frame(0xf2, INFO),
  'a reserved opcode': frame(0x83, INFO),
  'a reserved control opcode': frame(0x8b, INFO),
  'a continuation of nothing': frame(0x80, INFO),
  'a new message within a fragmented one': Buffer.concat([frame(0x02, INFO), frame(0x82, INFO)]),
  'a fragmented ping': frame(0x09, INFO),
  'a ping of 126 bytes': frame(0x89, Buffer.alloc(126)),
  'a close of one byte': frame(0x88, [3]),
  'a close with a reserved code': frame(0x88, [0x03, 0xed]),
  'a close with a reason that is no UTF-8': frame(0x88, [0x03, 0xe8, 0xff]),
  'a Text that is no UTF-8': frame(0x81, [0xc3, 0x28]),
  'a length of 2^63': headOnly(0x82, long(0x80, 0, 0, 0, 0, 0, 0, 0)),
  'a length of 2^53': headOnly(0x82, long(0, 0x20, 0, 0, 0, 0, 0, 0)),
  'a length of 4 GiB': headOnly(0x82, long(0, 0, 0, 1, 0, 0, 0, 0)),
  'a length of 65,537': headOnly(0x82, long(0, 0, 0, 0, 0, 1, 0, 1)),
  noise: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
}

for (const [what, bytes] of Object.entries(BROKEN)) {
  test(`${what}: closed, at the start and after the handshake`, async (t) => {
    for (const isConnected of [false, true]) {
      const { raw, pair } = await opened(t)
      const next = isConnected ? await rawHandshake(raw, pair) : pair
      if (isConnected) raw.write(frame(0x82))
      raw.write(bytes)
      const last = (await within(raw.ended, `the end after ${what}`)).length
      t.true(last <= (isConnected ? 388 + 34 : 0) + 130, 'nothing but a close frame')
      if (!isConnected) continue
      for (let left = 4_000; (await apiStatus(server(), next.access)) !== 401 && left > 0; left -= 1)
        await pause(5)
      t.is(await apiStatus(server(), next.access), 401)
    }
    await assertAnswersOthers(t, server())
  })
}

test('half frames, then a reset: the pair is kept', async (t) => {
  const { pair } = await newAccount(server())
  const whole = Buffer.concat([binary(INFO), binary(pair.refresh)])
  for (const length of [0, 1, 2, 5, 6, 13, 14, 15, 16, 22, 100, whole.length - 1]) {
    const raw = await rawOpen(server().url, pair.access)
    raw.write(whole.subarray(0, length))
    await pause(5)
    raw.reset()
  }
  await pause(50)
  await assertKept(t, server(), pair)
})

test('a reset while the request of the upgrade is answered', async (t) => {
  const { pair } = await newAccount(server())
  for (let times = 0; times < 50; times += 1) {
    const upgrading = rawUpgrade(server().url, [protocolLine(`0, ${pair.access}`)])
    const raw = await upgrading
    raw.reset()
  }
  await assertKept(t, server(), pair)
})

test('a reset in the middle of the exchange: the old pair, the new one, or a new login', async (t) => {
  for (let times = 0; times < 30; times += 1) {
    const { raw, pair } = await opened(t)
    raw.write(binary(INFO), binary(pair.refresh))
    await pause(times % 10)
    raw.reset()
    const again = await rawUpgrade(server().url, [protocolLine(`0, ${pair.access}`)])
    t.true(again.status === 101 || again.status === 401, String(again.status))
    again.tcp.destroy()
  }
  await assertAnswersOthers(t, server())
})

/** Others wait, but not until the flood is over or their own patience is. */
const OTHERS_MS_MAX = 15_000
const FLOOD = process.env['SOAK'] === undefined ? 20_000 : 1_000_000

for (const [what, start] of [
  ['before message 1', Buffer.alloc(0)],
  ['before message 2', binary(INFO)],
] as const) {
  test(`${FLOOD} tiny messages ${what}`, async (t) => {
    for (const tiny of [binary([]), binary([1]), frame(0x81, [0x61]), frame(0x89), frame(0x8a)]) {
      const { raw } = await opened(t)
      raw.write(start)
      const thousand = Buffer.concat(Array<Buffer>(1_000).fill(tiny))
      for (let sent = 0; sent < FLOOD; sent += 1_000) raw.write(thousand)
      t.true((await assertAnswersOthers(t, server())) < OTHERS_MS_MAX)
      raw.tcp.destroy()
    }
  })
}

test(`${FLOOD} tiny messages behind message 2 of a right handshake`, async (t) => {
  for (const tiny of [binary([]), binary([1]), frame(0x89)]) {
    const { raw, pair } = await opened(t)
    raw.write(binary(INFO), binary(pair.refresh), binary([]))
    const thousand = Buffer.concat(Array<Buffer>(1_000).fill(tiny))
    for (let sent = 0; sent < FLOOD; sent += 1_000) raw.write(thousand)
    t.true((await assertAnswersOthers(t, server())) < OTHERS_MS_MAX)
    raw.tcp.destroy()
  }
})

test('a hundred connections that say nothing, and a hundred that send half of message 1', async (t) => {
  const raws: Raw[] = []
  const { pair } = await newAccount(server())
  for (let times = 0; times < 200; times += 1) raws.push(await rawOpen(server().url, pair.access))
  for (const raw of raws.slice(100)) raw.write(binary(INFO).subarray(0, 10))
  t.true((await assertAnswersOthers(t, server())) < OTHERS_MS_MAX)
  for (const raw of raws) raw.reset()
  await assertKept(t, server(), pair)
})

test('the subprotocol header in every spelling', async (t) => {
  const { pair } = await newAccount(server())
  const a = pair.access
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const changed = a.slice(0, -1) + alphabet.charAt(alphabet.indexOf(a.slice(-1)) | 1)
  const cases: readonly (readonly [lines: readonly string[], statuses: readonly number[]])[] = [
    [[protocolLine(`0,${a}`)], [101]],
    [[protocolLine(`0 , ${a}`)], [101]],
    [[protocolLine(`0,\t${a}`)], [101]],
    [[protocolLine(`  0,   ${a}  `)], [101]],
    [[protocolLine(`0, ${a}, more, and-more`)], [101]],
    [[protocolLine('0'), protocolLine(a)], [101]],
    [[`sec-websocket-protocol:0,${a}`], [101]],
    [[`SEC-WEBSOCKET-PROTOCOL: 0, ${a}`], [101]],
    [[protocolLine(`0, ${changed}`)], [401]],
    [[protocolLine(`0, ${a.slice(0, -1)}`)], [401]],
    [[protocolLine(`0, ${a}A`)], [401]],
    [[protocolLine(`0, ${a}=`)], [400, 401]],
    [[protocolLine(`0, ${Buffer.from(a, 'base64url').toString('base64')}`)], [400, 401]],
    [[protocolLine(`0, ${'x'.repeat(20_000)}`)], [401]],
    [[protocolLine(`0, , ${a}`)], [400, 401]],
    [[protocolLine(`, 0, ${a}`)], [500]],
    [[protocolLine(`0; ${a}`)], [500]],
    [[protocolLine(`0 ${a}`)], [500]],
    [[protocolLine(`0, ${a}\xe9`)], [500]],
    [[protocolLine(`\xe90, ${a}`)], [500]],
    [[protocolLine(`0, ${a}, \xc3\xa4`)], [500]],
    [
      [protocolLine(''), protocolLine(`0, ${a}`)],
      [101, 500],
    ],
    [['x-access-token: ' + a], [500]],
    [[protocolLine('0'), `x-access-token: ${a}`], [500]],
  ]
  const wrong: string[] = []
  for (const [lines, statuses] of cases) {
    const raw = await rawUpgrade(server().url, lines)
    if (!statuses.includes(raw.status)) wrong.push(`${raw.status} to ${JSON.stringify(lines)}`)
    t.false(raw.head.includes(a))
    if (raw.status === 101) t.regex(raw.head, /\r\nSec-WebSocket-Protocol: 0(?:\r\n|$)/i)
    raw.tcp.destroy()
  }
  t.deepEqual(wrong, [])
  await assertKept(t, server(), pair)
})
