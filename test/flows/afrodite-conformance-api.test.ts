/** Proves the cases AF-37 to AF-43, AF-48 and AF-49 of the Afrodite protocol (8.3): when the API may be used, and what a second connection or login ends. */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { apiStatus, call, login, newAccount, PATHS, startAfrodite } from '../support/afrodite.ts'
import { protocolLine, rawHandshake, rawUpgrade } from '../support/afrodite-raw.ts'
import {
  assertSilent,
  connect,
  exchange,
  handshake,
  leave,
  open,
  untilPongs,
  upgrade,
  WEB,
} from '../support/afrodite-sockets.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'

let started: RunningServer | undefined
let unbound: RunningServer | undefined
let proxied: RunningServer | undefined
test.before(async () => {
  started = await startAfrodite()
  unbound = await startAfrodite({ AFRODITE_IP_BINDING: 'false' })
  proxied = await startAfrodite({ TRUST_PROXY: '1' })
})
test.after.always(() => cleanUp(started, unbound, proxied))
const running = (which: RunningServer | undefined): RunningServer => {
  if (which === undefined) throw new Error('no server')
  return which
}
const server = (): RunningServer => running(started)

/** The end of a connection that the client ended is handled after the client saw it. */
const assertSoon401 = async (t: ExecutionContext, token: string): Promise<void> => {
  const deadline = performance.now() + 30_000
  while ((await apiStatus(server(), token)) !== 401 && performance.now() < deadline) await pause(5)
  t.is(await apiStatus(server(), token), 401)
}

test('AF-37 the API before, during and after a connection', async (t) => {
  const { pair } = await newAccount(server())
  t.is(await apiStatus(server(), pair.access), 401, 'before connecting')
  const socket = await open(t, server().url, pair.access)
  const next = await handshake(socket, pair)
  t.is(await apiStatus(server(), next.access), 200, 'before the list')
  t.is(await apiStatus(server()), 400, 'without the header')
  for (const nonsense of ['nonsense', '', 'A'.repeat(43), `${next.access}=`, next.access.slice(0, -1)])
    t.is(await apiStatus(server(), nonsense), 401, nonsense)
  socket.send(Buffer.alloc(0))
  t.is(await apiStatus(server(), next.access), 200)
  await leave({ socket })
  await assertSoon401(t, next.access)
  await connect(t, server().url, next)
})

test('AF-37 after a lost connection', async (t) => {
  const { pair } = await newAccount(server())
  const { socket, pair: next } = await connect(t, server().url, pair)
  t.is(await apiStatus(server(), next.access), 200)
  socket.ws.terminate()
  await assertSoon401(t, next.access)
  const again = await connect(t, server().url, next)
  t.is(await apiStatus(server(), again.pair.access), 200)
})

test('AF-37 the last character of a token has one right form', async (t) => {
  const { pair } = await newAccount(server())
  const { pair: next } = await connect(t, server().url, pair)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(next.access.slice(-1))
  for (const low of [1, 2, 3]) {
    const other = next.access.slice(0, -1) + alphabet.charAt(last | low)
    t.deepEqual(Buffer.from(other, 'base64url'), Buffer.from(next.access, 'base64url'), 'the same bytes')
    t.is(await apiStatus(server(), other), 401)
    t.is(await upgrade(server().url, other), 401)
  }
  t.is(await apiStatus(server(), next.access), 200)
})

test('AF-38 the A from before the rotation, while connected', async (t) => {
  const { pair } = await newAccount(server())
  const { pair: next } = await connect(t, server().url, pair)
  t.is(await apiStatus(server(), pair.access), 401)
  t.is(await apiStatus(server(), next.access), 200)
})

test('AF-39 a second full handshake of the same account', async (t) => {
  const { pair } = await newAccount(server())
  const first = await connect(t, server().url, pair)
  const second = await connect(t, server().url, first.pair)
  const { code, reason } = await first.socket.ending()
  t.deepEqual([code, reason], [4000, 'replaced'])
  t.deepEqual(first.events(), [])
  t.is(await apiStatus(server(), first.pair.access), 401)
  await assertSilent(t, second.socket)
  t.is(await apiStatus(server(), second.pair.access), 200, "after the first one's end was handled")
  first.socket.ws.terminate()
  await assertSilent(t, second.socket)
  t.is(await apiStatus(server(), second.pair.access), 200)
})

test('AF-39 twenty times in a row: only the last one is open', async (t) => {
  let { pair } = await newAccount(server())
  const connected = []
  for (let times = 0; times < 20; times += 1) {
    const next = await connect(t, server().url, pair)
    pair = next.pair
    connected.push(next)
  }
  const last = connected.pop()
  for (const { socket } of connected) t.is((await socket.ending()).code, 4000)
  if (last !== undefined) await assertSilent(t, last.socket)
  t.is(await apiStatus(server(), pair.access), 200)
})

test('AF-40 a second upgrade that has sent only message 1', async (t) => {
  const { pair } = await newAccount(server())
  const first = await connect(t, server().url, pair)
  const second = await open(t, server().url, first.pair.access)
  second.send(WEB)
  await assertSilent(t, first.socket, second)
  t.is(await apiStatus(server(), first.pair.access), 200)
  second.ws.terminate()
  await assertSilent(t, first.socket)
  t.is(await apiStatus(server(), first.pair.access), 200, 'also when it has ended')
})

test('AF-41, AF-49 connected; login again', async (t) => {
  const { aid, pair } = await newAccount(server())
  const { socket, pair: old } = await connect(t, server().url, pair)
  const fresh = await login(server(), aid)
  t.is(await upgrade(server().url, old.access), 401, 'the old A at the upgrade')
  t.is(await apiStatus(server(), old.access), 401, 'the old A at the API')
  const { code, reason } = await socket.ending()
  t.deepEqual([code, reason], [4001, 'revoked'])
  t.is(await apiStatus(server(), fresh.access), 401, 'until its own handshake')
  const next = await connect(t, server().url, fresh)
  t.is(await apiStatus(server(), next.pair.access), 200)
})

test('AF-41 with the old R and the new A: reuse', async (t) => {
  const { aid, pair } = await newAccount(server())
  const fresh = await login(server(), aid)
  const socket = await open(t, server().url, fresh.access)
  socket.send(WEB, pair.refresh)
  t.is((await socket.ending()).code, 1008)
  t.is(await upgrade(server().url, fresh.access), 401)
})

test('AF-42 an empty Binary and a ping frame after the sync', async (t) => {
  const { pair } = await newAccount(server())
  const { socket } = await connect(t, server().url, pair)
  socket.send(Buffer.alloc(0))
  socket.ws.ping()
  await untilPongs(socket, 1)
  await assertSilent(t, socket)
  t.deepEqual(socket.control, { pings: 0, pongs: 1 })
  t.is(socket.heard.length, 2)
})

test('AF-42 ping frames during the handshake', async (t) => {
  const { pair } = await newAccount(server())
  const socket = await open(t, server().url, pair.access)
  socket.ws.ping()
  socket.send(WEB)
  socket.ws.ping(Buffer.from('payload'))
  const next = await exchange(socket, pair.refresh)
  socket.ws.ping()
  socket.send(Buffer.alloc(0))
  await untilPongs(socket, 3)
  await assertSilent(t, socket)
  t.deepEqual(socket.control, { pings: 0, pongs: 3 })
  t.is(await apiStatus(server(), next.access), 200)
})

test('AF-43 Text and a Binary of 3 bytes after the sync', async (t) => {
  const { pair } = await newAccount(server())
  const { socket, pair: next } = await connect(t, server().url, pair)
  socket.send('text', '', Buffer.of(1, 2, 3), Buffer.alloc(65_536), 'x'.repeat(1_000))
  await assertSilent(t, socket)
  t.is(socket.heard.length, 2)
  t.is(await apiStatus(server(), next.access), 200)
})

test('AF-48 the API from another address', async (t) => {
  const { pair } = await newAccount(server())
  const { pair: next } = await connect(t, server().url, pair)
  t.is(await apiStatus(server(), next.access), 200)
  t.is(await apiStatus(server(), next.access, '127.0.0.2'), 401)
  t.is(await apiStatus(server(), next.access), 200)
})

test('AF-48 the upgrade is not bound to the address of the login, and binds the API to its own', async (t) => {
  const { pair } = await newAccount(server())
  const { pair: next } = await connect(t, server().url, pair, { from: '127.0.0.2' })
  t.is(await apiStatus(server(), next.access), 401)
  t.is(await apiStatus(server(), next.access, '127.0.0.2'), 200)
})

test('AF-48 without the binding', async (t) => {
  const at = running(unbound)
  const { pair } = await newAccount(at)
  t.is(await apiStatus(at, pair.access), 401)
  const { pair: next } = await connect(t, at.url, pair)
  t.is(await apiStatus(at, next.access, '127.0.0.2'), 200)
  t.is(await apiStatus(at, next.access), 200)
})

test('AF-48 behind a trusted proxy: the address is the forwarded one, in both', async (t) => {
  const at = running(proxied)
  const { pair } = await newAccount(at)
  const raw = await rawUpgrade(at.url, [protocolLine(`0, ${pair.access}`), 'X-Forwarded-For: 203.0.113.7'])
  t.teardown(() => raw.tcp.destroy())
  const { access: token } = await rawHandshake(raw, pair)
  const status = async (forwarded?: string): Promise<number> => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
    return (await call(at.url, 'GET', PATHS.state, { token, headers })).status
  }
  t.is(await status('203.0.113.7'), 200)
  t.is(await status('::ffff:203.0.113.7'), 200, 'normalised')
  t.is(await status('198.51.100.1, 203.0.113.7'), 200, 'what a client forwards by itself does not count')
  t.is(await status('203.0.113.7, 198.51.100.1'), 401)
  t.is(await status('203.0.113.8'), 401)
  t.is(await status(), 401)
})
