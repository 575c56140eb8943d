/** Proves the cases AF-15 to AF-28 of the Afrodite protocol (8.3): what a malformed handshake and a wrong refresh token cost, with the close codes of 3.6. */
import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { apiStatus, newAccount, startAfrodite, type Account } from '../support/afrodite.ts'
import { four } from '../support/afrodite-events.ts'
import { assertKept, assertRevoked } from '../support/afrodite-flows.ts'
import {
  assertSilent,
  clientInfo,
  connect,
  handshake,
  open,
  WEB,
  type Message,
  type Socket,
} from '../support/afrodite-sockets.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'

let started: RunningServer | undefined
let lenient: RunningServer | undefined
test.before(async () => {
  started = await startAfrodite()
  lenient = await startAfrodite({ AFRODITE_REVOKE_ON_MALFORMED: 'false' })
})
test.after.always(() => cleanUp(started, lenient))
const running = (which: RunningServer | undefined): RunningServer => {
  if (which === undefined) throw new Error('no server')
  return which
}
const server = (): RunningServer => running(started)

const assertClosed = async (
  t: ExecutionContext,
  socket: Socket,
  code: number,
  data: readonly Message[] = [],
): Promise<void> => {
  const ending = await socket.ending()
  t.is(ending.code, code)
  t.is(ending.reason, code === 1008 ? 'refresh' : ending.reason)
  t.deepEqual(socket.heard, data)
}

type Case = {
  readonly id: string
  readonly send: (account: Account) => readonly Message[]
  readonly code: number
  readonly isAlwaysRevoked?: true
}

const CASES: readonly Case[] = [
  { id: 'AF-15 message 1 of 7 bytes', send: () => [WEB.subarray(0, 7)], code: 1002 },
  { id: 'AF-16 message 1 of 9 bytes', send: () => [Buffer.concat([WEB, Buffer.of(0)])], code: 1002 },
  { id: 'AF-17 protocol byte 1', send: () => [clientInfo(2, [1, 2, 3], 1)], code: 1002 },
  { id: 'AF-18 client type 3', send: () => [clientInfo(3)], code: 1002 },
  { id: 'AF-18 client type 254', send: () => [clientInfo(254)], code: 1002 },
  { id: 'AF-19 message 1 as Text', send: () => [WEB.toString('latin1')], code: 1003 },
  {
    id: 'AF-20 message 2 as Text (base64)',
    send: ({ pair }) => [WEB, pair.refresh.toString('base64')],
    code: 1003,
  },
  { id: 'AF-20 message 2 as Text of 384 characters', send: () => [WEB, 'x'.repeat(384)], code: 1003 },
  { id: 'AF-21 message 1 empty', send: () => [Buffer.alloc(0)], code: 1002 },
  {
    id: 'AF-22 message 2 of 384 other bytes',
    send: () => [WEB, randomBytes(384)],
    code: 1008,
    isAlwaysRevoked: true,
  },
  {
    id: 'AF-23 message 2 of the first 383 bytes',
    send: ({ pair }) => [WEB, pair.refresh.subarray(0, 383)],
    code: 1008,
    isAlwaysRevoked: true,
  },
  {
    id: 'AF-23 message 2 with a byte more',
    send: ({ pair }) => [WEB, Buffer.concat([pair.refresh, Buffer.of(0)])],
    code: 1008,
    isAlwaysRevoked: true,
  },
  { id: 'AF-23 message 2 empty', send: () => [WEB, Buffer.alloc(0)], code: 1008, isAlwaysRevoked: true },
]

for (const { id, send, code, isAlwaysRevoked } of CASES) {
  test(id, async (t) => {
    const account = await newAccount(server())
    const socket = await open(t, server().url, account.pair.access)
    socket.send(...send(account))
    await assertClosed(t, socket, code)
    await assertRevoked(t, server(), account)
  })

  test(`${id}, where malformed input revokes nothing`, async (t) => {
    const at = running(lenient)
    const account = await newAccount(at)
    const socket = await open(t, at.url, account.pair.access)
    socket.send(...send(account))
    await assertClosed(t, socket, code)
    if (isAlwaysRevoked) await assertRevoked(t, at, account)
    else await assertKept(t, at, account.pair)
  })
}

test('AF-17 with a live connection: that one ends too', async (t) => {
  const { aid, pair } = await newAccount(server())
  const first = await connect(t, server().url, pair)
  const second = await open(t, server().url, first.pair.access)
  second.send(clientInfo(2, [1, 2, 3], 1))
  await assertClosed(t, second, 1002)
  t.deepEqual(await codeOf(first.socket), [4001, 'revoked'])
  await assertRevoked(t, server(), { aid, pair: first.pair })
})

test('AF-24 a second upgrade presents the previous R: both end', async (t) => {
  const { aid, pair } = await newAccount(server())
  const first = await connect(t, server().url, pair)
  const second = await open(t, server().url, first.pair.access)
  second.send(WEB, pair.refresh)
  await assertClosed(t, second, 1008)
  t.deepEqual(await codeOf(first.socket), [4001, 'revoked'])
  await assertRevoked(t, server(), { aid, pair: first.pair })
})

const codeOf = async (socket: Socket): Promise<readonly [number, string]> => {
  const { code, reason } = await socket.ending()
  return [code, reason]
}

test('AF-25 the sync list as Text', async (t) => {
  const { aid, pair } = await newAccount(server())
  const socket = await open(t, server().url, pair.access)
  const next = await handshake(socket, pair)
  socket.send('\0\xff')
  t.is((await socket.ending()).code, 1003)
  t.is(socket.heard.length, 2)
  await assertRevoked(t, server(), { aid, pair: next })
})

test('AF-26 the sync list fa 00', async (t) => {
  const { aid, pair } = await newAccount(server())
  const { socket, pair: next } = await connect(t, server().url, pair, { list: [0xfa, 0] })
  t.is((await socket.ending()).code, 1002)
  t.is(socket.heard.length, 2)
  await assertRevoked(t, server(), { aid, pair: next })
})

test('AF-26 where malformed input revokes nothing', async (t) => {
  const at = running(lenient)
  const { pair } = await newAccount(at)
  const { socket, pair: next } = await connect(t, at.url, pair, { list: [0xfa, 0] })
  t.is((await socket.ending()).code, 1002)
  t.is(await apiStatus(at, next.access), 401, 'the connection is over')
  await assertKept(t, at, next)
})

test('AF-27 the connection destroyed during the handshake', async (t) => {
  const { pair } = await newAccount(server())
  for (const sent of [[], [WEB]]) {
    const socket = await open(t, server().url, pair.access)
    socket.send(...sent)
    await assertSilent(t, socket)
    socket.ws.terminate()
    await socket.ending()
  }
  const { socket, pair: next } = await connect(t, server().url, pair)
  socket.ws.terminate()
  await assertKept(t, server(), next)
})

test('AF-28 message 1 of 1 MiB', async (t) => {
  const { pair } = await newAccount(server())
  const socket = await open(t, server().url, pair.access)
  socket.send(Buffer.alloc(1 << 20))
  const { code } = await socket.ending()
  t.true(code === 1009 || code === 1006, `a close that the rest of the message can overrun: ${code}`)
  t.deepEqual(socket.heard, [])
  await assertKept(t, server(), pair)
})

test('AF-28 at the limit: 65,536 bytes are a message, one more is too large', async (t) => {
  const { aid, pair } = await newAccount(server())
  const above = await open(t, server().url, pair.access)
  above.send(WEB, Buffer.alloc(65_537))
  await assertClosed(t, above, 1009)
  const { socket, pair: next } = await connect(t, server().url, pair)
  await assertSilent(t, socket)
  const at = await open(t, server().url, next.access)
  at.send(WEB, Buffer.alloc(65_536))
  await assertClosed(t, at, 1008)
  await assertRevoked(t, server(), { aid, pair: next })
})

test('AF-28 a sync list of 32,768 items', async (t) => {
  const { pair } = await newAccount(server())
  const list = Array.from({ length: 32_768 }, (_, index) => [0, index === 32_767 ? 255 : 0]).flat()
  const { socket, until } = await connect(t, server().url, pair, { list })
  t.deepEqual(await until(4), four(0))
  await assertSilent(t, socket)
})
