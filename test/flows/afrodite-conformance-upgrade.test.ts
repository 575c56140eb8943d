/** Proves the cases AF-01 to AF-14 of the Afrodite protocol (8.3) with the published `ws` client: version, what the upgrade refuses, and the exchange of the tokens. */
import test from 'ava'
import { WebSocket } from 'ws'
import { apiStatus, call, newAccount, PATHS, startAfrodite } from '../support/afrodite.ts'
import { four } from '../support/afrodite-events.ts'
import {
  assertSilent,
  clientInfo,
  connect,
  handshake,
  leave,
  open,
  tokens,
  upgrade,
  WEB,
} from '../support/afrodite-sockets.ts'
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
const protocols = (...list: readonly string[]) => upgrade(server().url, '', { protocols: list })

const SEMANTIC = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/

test('AF-01 the version', async (t) => {
  const { status, headers, object } = await call(server().url, 'GET', PATHS.version)
  t.is(status, 200)
  t.regex(String(headers['content-type']), /^application\/json(?:$|;)/)
  const version = object()
  t.deepEqual(Object.keys(version), ['backend_code_version', 'backend_version', 'protocol_version'])
  t.true(typeof version.backend_code_version === 'string' && version.backend_code_version !== '')
  t.true(typeof version.backend_version === 'string' && SEMANTIC.test(version.backend_version))
  t.is(version.protocol_version, '1.0.0')
})

test('AF-02 the version with a nonsense token', async (t) => {
  const plain = await call(server().url, 'GET', PATHS.version)
  const { status, text } = await call(server().url, 'GET', PATHS.version, { token: 'nonsense' })
  t.deepEqual([status, text], [200, plain.text])
})

test('AF-03 a plain GET on the connect path', async (t) => {
  const { pair } = await newAccount(server())
  t.is((await call(server().url, 'GET', PATHS.connect)).status, 400)
  const headers = { 'sec-websocket-protocol': `0, ${pair.access}` }
  t.is((await call(server().url, 'GET', PATHS.connect, { headers })).status, 400)
})

test('AF-04 an upgrade without subprotocols', async (t) => {
  t.is(await protocols(), 500)
})

test('AF-05 an upgrade with 1, A', async (t) => {
  const { pair } = await newAccount(server())
  for (const first of ['1', '00', 'v1']) t.is(await protocols(first, pair.access), 500, first)
})

test('AF-06 an upgrade with A, 0', async (t) => {
  const { pair } = await newAccount(server())
  t.is(await protocols(pair.access, '0'), 500)
})

test('AF-07 an upgrade with 0 alone', async (t) => {
  t.is(await protocols('0'), 500)
})

test('AF-08 an upgrade with an unknown A', async (t) => {
  await newAccount(server())
  for (const unknown of ['A'.repeat(43), 'A'.repeat(42), 'A'.repeat(44), 'A', '0A'])
    t.is(await protocols('0', unknown), 401, unknown)
})

test('AF-09 an upgrade with 0, A: protocol 0, no extension, silence', async (t) => {
  const { pair } = await newAccount(server())
  const socket = await open(t, server().url, pair.access)
  t.is(socket.ws.protocol, '0')
  t.is(socket.ws.extensions, '')
  await assertSilent(t, socket)
  t.deepEqual(socket.heard, [])
  t.is(await apiStatus(server(), pair.access), 401, 'an upgrade changes nothing')
})

test('AF-10 the same on another path', async (t) => {
  const { pair } = await newAccount(server())
  for (const path of [PATHS.version, PATHS.state, `/${'A'.repeat(27)}`, `${PATHS.connect}/`])
    t.is(await upgrade(server().url, pair.access, { path }), 404, path)
  const elsewhere = Number(await upgrade(server().url, pair.access, { path: '/elsewhere' }))
  t.true(elsewhere >= 400 && elsewhere < 500, 'refused as its owner does')
})

test('AF-11 the handshake: 384 bytes, 32 bytes, nothing else before the sync list', async (t) => {
  const { pair } = await newAccount(server())
  const socket = await open(t, server().url, pair.access)
  socket.send(WEB)
  await assertSilent(t, socket)
  socket.send(pair.refresh)
  const next = tokens(await socket.until(2))
  t.notDeepEqual(next.refresh, pair.refresh)
  t.not(next.access, pair.access)
  await assertSilent(t, socket)
  t.is(socket.heard.length, 2)
  t.is(await apiStatus(server(), next.access), 200, 'before the list')
})

test('AF-11 with every client type and the edges of the numbers', async (t) => {
  const { pair } = await newAccount(server())
  let current = pair
  for (const info of [
    clientInfo(0, [0, 3, 1]),
    clientInfo(1, [258, 513, 65_535]),
    clientInfo(255, [0, 0, 0]),
    clientInfo(2, [65_535, 65_535, 65_535]),
  ]) {
    const socket = await open(t, server().url, current.access)
    current = await handshake(socket, current, info)
    t.is(await apiStatus(server(), current.access), 200, info.toString('hex'))
  }
})

test('AF-12 messages 1, 2 and 5 in one go', async (t) => {
  const { pair } = await newAccount(server())
  const socket = await open(t, server().url, pair.access)
  socket.send(WEB, pair.refresh, Buffer.from([0, 255]))
  const messages = await socket.until(6)
  tokens(messages)
  t.deepEqual(messages.slice(2), four(0))
  await assertSilent(t, socket)
})

test('AF-13 close, then connect with the newest pair, again and again', async (t) => {
  let { pair } = await newAccount(server())
  const seen = new Set([pair.access])
  for (let times = 0; times < 5; times += 1) {
    const connected = await connect(t, server().url, pair)
    pair = connected.pair
    t.is(await apiStatus(server(), pair.access), 200)
    t.is((await leave(connected)).code, 1000, "the client's code is echoed")
    seen.add(pair.access)
  }
  t.is(seen.size, 6)
})

test('AF-14 an upgrade with the A from before the rotation', async (t) => {
  const { pair } = await newAccount(server())
  const { socket } = await connect(t, server().url, pair)
  t.is(await upgrade(server().url, pair.access), 401)
  await assertSilent(t, socket)
  t.is(socket.ws.readyState, WebSocket.OPEN, 'an old A revokes nothing')
})
