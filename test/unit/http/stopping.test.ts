/** Proves how sockets end with the server: each protocol first, then its sockets with 1001, all within the grace; with `ws` and raw sockets. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { once } from 'node:events'
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import type { Protocol, UpgradeAnswer } from '../../../src/http/protocol.ts'
import { createSockets } from '../../../src/http/upgrades.ts'
import { echoProtocol, open, startHttp } from '../../support/http.ts'
import { turns, until } from '../../support/waiting.ts'

const accept: UpgradeAnswer = {
  _tag: 'Accept',
  sockets: createSockets({ maxPayload: 1024 }),
  route: ({ websocket }) => {
    websocket.on('message', (data: Buffer) => websocket.send(data.toString()))
  },
}
const accepting: Protocol['upgrade'] = () => Promise.resolve(accept)

const start = (t: ExecutionContext, changes: Partial<Protocol>) =>
  startHttp(t, { protocols: [echoProtocol('rightech', changes)] })

const opened = async (t: ExecutionContext, port: number, target: string): Promise<WebSocket> => {
  const socket = await open(port, target)
  if (!(socket instanceof WebSocket)) throw new Error(`refused: ${socket.status}`)
  t.teardown(() => socket.terminate())
  return socket
}

/** But for its last line. */
const handshake = (target: string): string =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'

test('stopping closes open sockets with 1001 and refuses new ones on old connections', async (t) => {
  const { port, server } = await start(t, { upgrade: accepting })
  const open1 = await opened(t, port, '/api/v1')
  const closed = once(open1, 'close') as Promise<[number]>
  const started = performance.now()
  await server.close(60_000)
  t.is((await closed)[0], 1001)
  t.true(performance.now() - started < 30_000)
})

test('stopping closes the sockets of a protocol when it has closed itself, and refuses new ones meanwhile', async (t) => {
  let settle = (): void => undefined
  const settling = new Promise<void>((resolve) => (settle = resolve))
  const own = { upgrade: accepting }
  const { port, server } = await startHttp(t, {
    protocols: [
      echoProtocol('rightech', { ...own, close: () => settling }),
      echoProtocol('connectycube', { ...own, close: () => Promise.resolve() }),
      echoProtocol('timelimit', own),
    ],
  })
  const codes: Record<string, number> = {}
  const listen = async (name: string, target: string) => {
    const socket = await opened(t, port, target)
    socket.on('close', (code) => (codes[name] = code))
    return socket
  }
  const slow = await listen('slow', '/api/v1')
  await listen('quick', '/nobody')
  await listen('without', '/time')
  const late = connect(port, '127.0.0.1')
  t.teardown(() => late.destroy())
  let answer = ''
  late.setEncoding('latin1').on('data', (text: string) => (answer += text))
  // Begun before, so that it is not closed as an idle connection.
  late.write(handshake('/api/v1'))
  await once(late, 'connect')
  await turns(40)
  const closing = server.close(60_000)
  late.write('\r\n')
  await until(() => Object.keys(codes).length >= 2 && answer.includes('\r\n\r\n'))
  t.deepEqual(codes, { quick: 1001, without: 1001 })
  t.regex(answer, /^HTTP\/1\.1 503 /)
  slow.send('still heard')
  const [echo] = (await once(slow, 'message')) as [Buffer]
  t.is(echo.toString(), 'still heard')
  settle()
  await Promise.all([closing, once(slow, 'close')])
  t.is(codes['slow'], 1001)
})

test('stopping cuts the sockets of a protocol that does not close in time', async (t) => {
  const close = () => new Promise<void>(() => undefined)
  const { port, server } = await start(t, { upgrade: accepting, close })
  const socket = await opened(t, port, '/api/v1')
  const closed = once(socket, 'close') as Promise<[number]>
  const started = performance.now()
  await server.close(300)
  t.true(performance.now() - started < 20_000)
  t.is((await closed)[0], 1006)
})

test('the sockets of a protocol that fails to close are closed all the same', async (t) => {
  let isBroken = true
  const close = () => (isBroken ? Promise.reject(new Error('broken')) : Promise.resolve())
  const { port, server } = await start(t, { upgrade: accepting, close })
  const socket = await opened(t, port, '/api/v1')
  const closed = once(socket, 'close') as Promise<[number]>
  await t.throwsAsync(server.close(20_000), { message: 'broken' })
  isBroken = false
  t.is((await closed)[0], 1001)
})

test('stopping ends in time with a client that never answers the close, and with a look-up that never ends', async (t) => {
  let asked = 0
  const { port, server } = await start(t, {
    upgrade: ({ request: { path } }) => {
      asked += 1
      return path.endsWith('never') ? new Promise(() => undefined) : Promise.resolve(accept)
    },
  })
  const dead = connect(port, '127.0.0.1', () => dead.write(`${handshake('/api/v1')}\r\n`))
  const waiting = connect(port, '127.0.0.1', () => waiting.write(`${handshake('/api/v1/never')}\r\n`))
  for (const socket of [dead, waiting]) socket.on('error', () => undefined).pause()
  t.teardown(() => [dead, waiting].forEach((socket) => socket.destroy()))
  await until(() => asked === 2)
  await turns(20)
  const started = performance.now()
  await server.close(300)
  t.true(performance.now() - started < 20_000)
})
