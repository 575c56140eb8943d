/**
 * Proves the cases AF-44 to AF-47 and AF-50 of the Afrodite protocol (8.3), each kind on a server of its own: a short keepalive, refused clients, a short
 * connection test; and the limit on every step of the handshake (3.6).
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { WebSocket } from 'ws'
import { apiStatus, newAccount, startAfrodite, type Env } from '../support/afrodite.ts'
import { four } from '../support/afrodite-events.ts'
import {
  assertSilent,
  clientInfo,
  connect,
  exchange,
  handshake,
  leave,
  open,
  WEB,
  type Socket,
} from '../support/afrodite-sockets.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'

const SETTINGS = {
  keepalive: { AFRODITE_KEEPALIVE_SECONDS: '3' },
  minimum: { AFRODITE_MIN_CLIENT: '2:9.0.0' },
  tested: { AFRODITE_TEST_SECONDS: '0.2' },
  hurried: { AFRODITE_HANDSHAKE_SECONDS: '2', AFRODITE_KEEPALIVE_SECONDS: '60', AFRODITE_TEST_SECONDS: '0' },
} as const satisfies { readonly [name: string]: Env }

const servers = new Map<string, RunningServer>()
test.before(async () => {
  for (const [name, env] of Object.entries(SETTINGS)) servers.set(name, await startAfrodite(env))
})
test.after.always(() => cleanUp(...servers.values()))
const on = (name: keyof typeof SETTINGS): RunningServer => {
  const server = servers.get(name)
  if (server === undefined) throw new Error('no server')
  return server
}

/** The keepalive's time and a step's of the handshake, and how late a busy machine may be with them. */
const [TIME_MS, STEP_MS, LATE_MS] = [3_000, 2_000, 20_000]
/** What the two clocks and the way differ. */
const EARLY_MS = 10

/** Closed for want of a keepalive, counted from this moment. */
const assertTimeout = async (t: ExecutionContext, socket: Socket, since: number): Promise<void> => {
  const { code, reason, at } = await socket.ending()
  t.deepEqual([code, reason], [4008, 'timeout'])
  const ms = at - since
  t.true(ms >= TIME_MS - EARLY_MS && ms <= TIME_MS + LATE_MS, `after ${ms} ms`)
}

test('AF-44 a silent client', async (t) => {
  const { pair } = await newAccount(on('keepalive'))
  const { socket, pair: next } = await connect(t, on('keepalive').url, pair)
  await assertTimeout(t, socket, performance.now())
  t.is(await apiStatus(on('keepalive'), next.access), 401)
  const again = await connect(t, on('keepalive').url, next, { list: [0, 255] })
  t.deepEqual(await again.until(4), four(0))
})

test('AF-44 the time does not run before the sync list', async (t) => {
  const { pair } = await newAccount(on('keepalive'))
  const socket = await open(t, on('keepalive').url, pair.access)
  await pause(TIME_MS + 200)
  const next = await handshake(socket, pair)
  await pause(TIME_MS + 200)
  t.is(await apiStatus(on('keepalive'), next.access), 200)
  socket.send(Buffer.alloc(0))
  await assertTimeout(t, socket, performance.now())
})

test('AF-45 empty Binary and ping, alternating', async (t) => {
  const { pair } = await newAccount(on('keepalive'))
  const { socket, pair: next } = await connect(t, on('keepalive').url, pair)
  let last = 0
  for (let times = 0; times < 6; times += 1) {
    // Far from the whole of it, for a machine that does other things too; all rounds together are more.
    await pause(TIME_MS * 0.4)
    t.is(socket.ws.readyState, WebSocket.OPEN, `round ${times}`)
    last = performance.now()
    if (times % 2 === 0) socket.send(Buffer.alloc(0))
    else socket.ws.ping()
  }
  t.is(await apiStatus(on('keepalive'), next.access), 200)
  await assertTimeout(t, socket, last)
  t.is(socket.heard.length, 2)
  t.deepEqual(socket.control, { pings: 0, pongs: 3 })
})

test('AF-46 only Text and non-empty Binary', async (t) => {
  const { pair } = await newAccount(on('keepalive'))
  const { socket } = await connect(t, on('keepalive').url, pair)
  const since = performance.now()
  const sending = setInterval(() => {
    socket.send('text', '', Buffer.of(1), Buffer.alloc(3))
    socket.ws.pong()
  }, 100)
  t.teardown(() => clearInterval(sending))
  void socket.closed.then(() => clearInterval(sending))
  await assertTimeout(t, socket, since)
})

test('AF-47 a refused client', async (t) => {
  const { pair } = await newAccount(on('minimum'))
  for (const version of [
    [1, 2, 3],
    [8, 65_535, 65_535],
  ] as const) {
    const socket = await open(t, on('minimum').url, pair.access)
    socket.send(clientInfo(2, version))
    await assertSilent(t, socket)
    t.deepEqual(socket.heard, [])
    socket.send(pair.refresh)
    t.is((await socket.ending()).code, 1005, 'a close without a code')
    t.deepEqual(socket.heard, [''])
    t.is(await apiStatus(on('minimum'), pair.access), 401)
  }
  const other = await connect(t, on('minimum').url, pair, { info: clientInfo(0, [0, 0, 1]) })
  t.is(await apiStatus(on('minimum'), other.pair.access), 200)
  await leave(other)
  const updated = await connect(t, on('minimum').url, other.pair, { info: clientInfo(2, [9, 0, 0]) })
  t.is(await apiStatus(on('minimum'), updated.pair.access), 200)
})

test('AF-47 a refused client disturbs no live connection, and its wrong R revokes', async (t) => {
  const { pair } = await newAccount(on('minimum'))
  const live = await connect(t, on('minimum').url, pair, { info: clientInfo(0) })
  const refused = await open(t, on('minimum').url, live.pair.access)
  refused.send(clientInfo(2), live.pair.refresh)
  t.is((await refused.ending()).code, 1005)
  await assertSilent(t, live.socket)
  t.is(await apiStatus(on('minimum'), live.pair.access), 200)
  const wrong = await open(t, on('minimum').url, live.pair.access)
  wrong.send(clientInfo(2), pair.refresh)
  t.is((await wrong.ending()).code, 1008, 'decided after the refresh token was found right')
  t.deepEqual(wrong.heard, [])
  t.is((await live.socket.ending()).code, 4001)
})

test('AF-50 the connection test: an empty Binary, never a ping frame', async (t) => {
  const { pair } = await newAccount(on('tested'))
  const socket = await open(t, on('tested').url, pair.access)
  await pause(500)
  t.deepEqual(socket.heard, [], 'not before the tokens')
  await handshake(socket, pair)
  await pause(500)
  t.is(socket.heard.length, 2, 'not before the sync list')
  socket.send(Buffer.from([0, 255]))
  const messages = await socket.until(2 + 4 + 3)
  t.deepEqual(messages.slice(2, 6), four(0))
  for (const message of messages.slice(6)) t.deepEqual(message, Buffer.alloc(0))
  t.is(socket.control.pings, 0)
})

test('the handshake has its time for every step', async (t) => {
  const at = on('hurried')
  for (const sent of [[], [WEB]]) {
    const { pair } = await newAccount(at)
    // The server counts from the upgrade on, which lies between the two.
    const before = performance.now()
    const socket = await open(t, at.url, pair.access)
    const after = performance.now()
    socket.send(...sent)
    const ending = await socket.ending()
    t.deepEqual([ending.code, ending.reason], [1008, 'handshake'])
    t.true(ending.at - before >= STEP_MS - EARLY_MS, `after ${ending.at - before} ms`)
    t.true(ending.at - after < STEP_MS + LATE_MS, `after ${ending.at - after} ms`)
    t.deepEqual(socket.heard, [])
  }
})

test('each step of the handshake has its own time, the list too, and none runs on after it', async (t) => {
  const at = on('hurried')
  const { pair } = await newAccount(at)
  const late = await open(t, at.url, pair.access)
  const next = await handshake(late, pair)
  const ending = await late.ending()
  t.deepEqual([ending.code, ending.reason], [1008, 'handshake'])
  t.is(await apiStatus(at, next.access), 401)
  const slow = await open(t, at.url, next.access)
  await pause(STEP_MS * 0.4)
  slow.send(WEB)
  await pause(STEP_MS * 0.4)
  const last = await exchange(slow, next.refresh)
  await pause(STEP_MS * 0.4)
  slow.send(Buffer.alloc(0))
  await pause(STEP_MS * 1.5)
  t.is(await apiStatus(at, last.access), 200)
  t.is(slow.control.pings, 0)
  t.is(slow.heard.length, 2, 'no connection test: 0 is never')
})
