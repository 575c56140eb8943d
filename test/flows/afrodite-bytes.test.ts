/**
 * Proves the worked bytes of the Afrodite protocol (8.1) over bare TCP: the head of the answer to the printed request, every frame of a handshake with its
 * length form, the four JSON texts, and the frames that end or keep a connection.
 */
import { connect as connectTcp } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { login, newAccount, startAfrodite, type Account } from '../support/afrodite.ts'
import {
  ACCEPT,
  binary,
  frame,
  protocolLine,
  rawHandshake,
  rawOpen,
  rawUpgrade,
  type Raw,
} from '../support/afrodite-raw.ts'
import { SILENCE_MS } from '../support/afrodite-sockets.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'

let started: RunningServer | undefined
let special: RunningServer | undefined
test.before(async () => {
  started = await startAfrodite()
  special = await startAfrodite({ AFRODITE_MIN_CLIENT: '2:9.0.0', AFRODITE_TEST_SECONDS: '0.2' })
})
test.after.always(() => cleanUp(started, special))
const running = (which: RunningServer | undefined): RunningServer => {
  if (which === undefined) throw new Error('no server')
  return which
}
const server = (): RunningServer => running(started)

const opened = async (t: ExecutionContext, { pair }: Account, at = server()): Promise<Raw> => {
  const raw = await rawOpen(at.url, pair.access)
  t.teardown(() => raw.tcp.destroy())
  return raw
}
const assertSilent = async (t: ExecutionContext, raw: Raw): Promise<void> => {
  const before = raw.hex()
  await pause(SILENCE_MS)
  t.deepEqual(raw.hex(), before)
}

/** As 8.1 prints them. */
const STEP_1 = '828837fa213d37f8203d35fa223d'
const STEP_5 = '828237fa213d3705'
const EMPTY = '828037fa213d'
const STEP_6 = [
  '{"event":"AccountStateChanged","account_state":"InitialSetup","capabilities":null,"visibility":null,"account_sync_version":null,"latest_viewed_message_changed":null,"content_processing_state_changed":null}',
  '{"event":"AccountCapabilitiesChanged","account_state":null,"capabilities":{},"visibility":null,"account_sync_version":null,"latest_viewed_message_changed":null,"content_processing_state_changed":null}',
  '{"event":"ProfileVisibilityChanged","account_state":null,"capabilities":null,"visibility":"PendingPrivate","account_sync_version":null,"latest_viewed_message_changed":null,"content_processing_state_changed":null}',
  '{"event":"AccountSyncVersionChanged","account_state":null,"capabilities":null,"visibility":null,"account_sync_version":{"version":0},"latest_viewed_message_changed":null,"content_processing_state_changed":null}',
]
const STEP_6_HEADS = ['817e00cd', '817e00c8', '817e00d4', '817e00d2']

test('the head of the answer', async (t) => {
  const account = await newAccount(server())
  const raw = await opened(t, account)
  const [status, ...lines] = raw.head.split('\r\n')
  t.is(status, 'HTTP/1.1 101 Switching Protocols')
  const headers = lines.map((line) => line.split(': '))
  const valuesOf = (name: string) =>
    headers.filter(([key = '']) => key.toLowerCase() === name).map(([, value = '']) => value)
  t.deepEqual(valuesOf('connection'), ['Upgrade'])
  t.deepEqual(valuesOf('upgrade'), ['websocket'])
  t.deepEqual(valuesOf('sec-websocket-accept'), [ACCEPT])
  t.deepEqual(valuesOf('sec-websocket-protocol'), ['0'])
  t.deepEqual(valuesOf('sec-websocket-extensions'), [])
  t.false(raw.head.includes(account.pair.access), 'the token is nowhere in it')
  await assertSilent(t, raw)
  t.deepEqual(raw.hex(), [])
})

test('no extension, also when the client offers some', async (t) => {
  const { pair } = await newAccount(server())
  const offer = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame'
  const raw = await rawUpgrade(server().url, [protocolLine(`0, ${pair.access}`), offer])
  t.teardown(() => raw.tcp.destroy())
  t.is(raw.status, 101)
  t.notRegex(raw.head, /extensions/i)
})

test('a full handshake, frame by frame', async (t) => {
  const account = await newAccount(server())
  const raw = await opened(t, account)
  raw.write(Buffer.from(STEP_1, 'hex'))
  await assertSilent(t, raw)
  const second = binary(account.pair.refresh)
  t.is(second.subarray(0, 8).toString('hex'), '82fe018037fa213d')
  t.is(second.length, 392)
  raw.write(second)
  const [third, fourth] = await raw.until(2)
  t.is(third?.bytes.length, 388)
  t.is(third?.bytes.subarray(0, 4).toString('hex'), '827e0180')
  t.is(fourth?.bytes.length, 34)
  t.is(fourth?.bytes.subarray(0, 2).toString('hex'), '8220')
  t.notDeepEqual(third?.payload, account.pair.refresh)
  await assertSilent(t, raw)
  raw.write(Buffer.from(STEP_5, 'hex'))
  const frames = await raw.until(6)
  t.deepEqual(
    frames.slice(2).map(({ bytes }) => bytes.subarray(0, 4).toString('hex')),
    STEP_6_HEADS,
  )
  t.deepEqual(
    frames.slice(2).map(({ payload }) => payload.toString()),
    STEP_6,
  )
  await assertSilent(t, raw)
})

test('everything in one write, in single bytes, and in fragments', async (t) => {
  const all = ({ pair }: Account): Buffer =>
    Buffer.concat([Buffer.from(STEP_1, 'hex'), binary(pair.refresh), Buffer.from(STEP_5, 'hex')])
  const fragments = ({ pair }: Account): readonly Buffer[] => [
    frame(0x02, [0]),
    frame(0x00, [2, 1, 0]),
    frame(0x80, [2, 0, 3, 0]),
    frame(0x02),
    frame(0x89, Buffer.from('between')),
    frame(0x00, pair.refresh.subarray(0, 200)),
    frame(0x80, pair.refresh.subarray(200)),
    frame(0x02, [0]),
    frame(0x80, [255]),
  ]
  const writes: readonly ((account: Account) => readonly Buffer[])[] = [
    (account) => [all(account)],
    (account) => [...all(account)].map((byte) => Buffer.of(byte)),
    fragments,
  ]
  for (const writesOf of writes) {
    const account = await newAccount(server())
    const raw = await opened(t, account)
    for (const bytes of writesOf(account)) raw.write(bytes)
    const isFragmented = writesOf === fragments
    const frames = await raw.until(isFragmented ? 7 : 6)
    const pongs = frames.filter(({ first }) => first === 0x8a).map(({ payload }) => payload.toString())
    t.deepEqual(pongs, isFragmented ? ['between'] : [])
    t.deepEqual(
      frames.filter(({ first }) => first === 0x81).map(({ payload }) => payload.toString()),
      STEP_6,
    )
    t.deepEqual(
      frames.filter(({ first }) => first === 0x82).map(({ payload }) => payload.length),
      [384, 32],
    )
  }
})

test('the first bytes may come with the request itself', async (t) => {
  const account = await newAccount(server())
  const { hostname, port, host } = new URL(server().url)
  const tcp = connectTcp(Number(port), hostname)
  t.teardown(() => tcp.destroy())
  const head = [
    'GET /6qQZ2jQO5exMKFI2jCzGAdMysxE HTTP/1.1',
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: 0, ${account.pair.access}`,
  ]
  const received: Buffer[] = []
  tcp.on('data', (chunk: Buffer) => received.push(chunk))
  tcp.write(
    Buffer.concat([
      Buffer.from(`${head.join('\r\n')}\r\n\r\n`),
      Buffer.from(STEP_1, 'hex'),
      binary(account.pair.refresh),
      Buffer.from(STEP_5, 'hex'),
    ]),
  )
  const said = (): string => Buffer.concat(received).toString('latin1')
  for (let left = 6_000; !said().includes('{"version":0}') && left > 0; left -= 1) await pause(5)
  t.true(said().includes('{"version":0}'))
})

test('keepalive and ping', async (t) => {
  const account = await newAccount(server())
  const raw = await opened(t, account)
  await rawHandshake(raw, account.pair)
  raw.write(Buffer.from(EMPTY, 'hex'))
  raw.write(Buffer.from(EMPTY, 'hex'))
  await assertSilent(t, raw)
  raw.write(Buffer.from('898037fa213d', 'hex'))
  await raw.until(3)
  t.deepEqual(raw.hex().slice(2), ['8a00'])
})

test('an unsupported client: empty Text, then a close without a code', async (t) => {
  const account = await newAccount(running(special))
  const raw = await opened(t, account, running(special))
  raw.write(Buffer.from(STEP_1, 'hex'), binary(account.pair.refresh))
  await raw.until(2)
  t.deepEqual(raw.hex(), ['8100', '8800'])
  raw.write(frame(0x88))
  t.is((await raw.ended).toString('hex'), '81008800')
})

test('an unsupported client that does not answer the close is cut off', async (t) => {
  const account = await newAccount(running(special))
  const raw = await opened(t, account, running(special))
  const since = performance.now()
  raw.write(Buffer.from(STEP_1, 'hex'), binary(account.pair.refresh))
  await raw.until(2)
  await raw.ended
  const ms = performance.now() - since
  // Sooner than the 30 s after which the library would give up.
  t.true(ms > 4_000 && ms < 25_000, `after ${ms} ms`)
})

test('the connection test', async (t) => {
  const account = await newAccount(running(special))
  const raw = await opened(t, account, running(special))
  raw.write(binary([0, 0, 1, 0, 2, 0, 3, 0]), binary(account.pair.refresh), Buffer.from(EMPTY, 'hex'))
  await raw.until(5)
  t.deepEqual([...new Set(raw.hex().slice(2))], ['8200'])
})

test('replaced and revoked', async (t) => {
  const account = await newAccount(server())
  const first = await opened(t, account)
  const pair = await rawHandshake(first, account.pair)
  first.write(Buffer.from(EMPTY, 'hex'))
  const second = await opened(t, { ...account, pair })
  await rawHandshake(second, pair)
  await first.until(3)
  t.deepEqual(first.hex().slice(2), ['880a0fa07265706c61636564'])
  await login(server(), account.aid)
  await second.until(3)
  t.deepEqual(second.hex().slice(2), ['88090fa17265766f6b6564'])
})

test('a wrong refresh token and malformed input', async (t) => {
  const closing = async (...messages: readonly Buffer[]): Promise<readonly string[]> => {
    const raw = await opened(t, await newAccount(server()))
    raw.write(...messages)
    await raw.until(1)
    raw.write(frame(0x88, [0x03, 0xe8]))
    return framesOf(await raw.ended)
  }
  t.deepEqual(await closing(Buffer.from(STEP_1, 'hex'), binary(Buffer.alloc(384))), [
    `880903f0${Buffer.from('refresh').toString('hex')}`,
  ])
  for (const [message, code] of [
    [binary([0]), '03ea'],
    [frame(0x81, Buffer.from('12345678')), '03eb'],
  ] as const) {
    const [closed = '', ...more] = await closing(message)
    t.is(closed.slice(0, 2), '88')
    t.is(closed.slice(4, 8), code)
    t.deepEqual(more, [])
  }
})

/** One close frame is shorter than 126 bytes. */
const framesOf = (bytes: Buffer): readonly string[] => {
  const size = 2 + (bytes[1] ?? 0)
  const first = bytes.subarray(0, size).toString('hex')
  return bytes.length > size ? [first, bytes.subarray(size).toString('hex')] : [first]
}

test("the client's close is echoed with its code, at every step", async (t) => {
  for (const [steps, close, echo] of [
    [0, [0x03, 0xe8], '880203e8'],
    [1, [0x10, 0xe1], '880210e1'],
    [2, [0x03, 0xe9], '880203e9'],
    [3, [], '8800'],
    [3, [0x03, 0xe8, 0x62, 0x79, 0x65], '880203e8'],
  ] as const) {
    const account = await newAccount(server())
    const raw = await opened(t, account)
    if (steps === 1) raw.write(Buffer.from(STEP_1, 'hex'))
    if (steps > 1) await rawHandshake(raw, account.pair)
    if (steps > 2) raw.write(Buffer.from(EMPTY, 'hex'))
    raw.write(frame(0x88, close))
    const answer = (await raw.ended).subarray(steps > 1 ? 388 + 34 : 0).toString('hex')
    // The reason may be echoed too (RFC 6455 5.5.1).
    t.true(answer === echo || answer === frameOf(close), answer)
  }
})

const frameOf = (payload: readonly number[]): string =>
  Buffer.from([0x88, payload.length, ...payload]).toString('hex')
