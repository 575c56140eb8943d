/** Proves that each fault of the TCP proxy does what it says, with a plain echo server behind it. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { lastingPort } from '../../support/ports.ts'
import { until } from '../../support/waiting.ts'

test('bytes and FIN pass in both directions, whole and in order', async (t) => {
  const { proxy, server } = await start(t)
  const client = await open(t, proxy.port)
  const bytes = randomBytes(3_000_000)
  client.socket.end(bytes)
  await until(() => client.ended)
  t.true(bytes.equals(client.bytes()))
  t.true(bytes.equals(server.bytes()))
  await until(() => proxy.connections() === 0)
  t.is(client.error, undefined)
})

test('cut resets both sides and who comes next, until restore', async (t) => {
  const { proxy, server } = await start(t)
  const client = await open(t, proxy.port)
  await asked(client, 'one')
  t.is(proxy.connections(), 1)
  proxy.cut()
  await until(() => client.socket.closed && server.errors.length > 0)
  t.is(client.error, 'ECONNRESET')
  t.deepEqual(server.errors, ['ECONNRESET'])
  t.is(proxy.connections(), 0)

  const next = await open(t, proxy.port)
  next.socket.write('two')
  await until(() => next.socket.closed)
  t.is(next.error, 'ECONNRESET')
  t.is(server.text(), 'one')

  proxy.restore()
  await asked(await open(t, proxy.port), 'three')
  t.is(server.text(), 'onethree')
})

test('halfClose towards the client ends its reading, and its writing goes on', async (t) => {
  const { proxy, server } = await start(t)
  const client = await open(t, proxy.port)
  await asked(client, 'one')
  proxy.halfClose('client')
  await until(() => client.ended)
  client.socket.write('two')
  await until(() => server.text() === 'onetwo')
  await turns()
  t.is(client.text(), 'one')
  t.is(server.ended, 0)
})

test('halfClose towards the server ends its reading, and its writing goes on', async (t) => {
  const { proxy, server } = await start(t)
  const client = await open(t, proxy.port)
  await asked(client, 'one')
  server.holdsOpen = true
  proxy.halfClose('server')
  await until(() => server.ended === 1)
  server.say('late')
  await until(() => client.text() === 'onelate')
  client.socket.write('two')
  await turns()
  t.is(server.text(), 'one')
  t.false(client.ended)
})

test('delay holds back each direction and keeps the order', async (t) => {
  const { proxy } = await start(t)
  const client = await open(t, proxy.port)
  await asked(client, 'a')
  proxy.delay(60)
  const begun = performance.now()
  client.socket.write('b')
  await until(() => client.text() === 'ab')
  t.true(performance.now() - begun >= 120)

  proxy.delay(1_000)
  client.socket.write('c')
  await turns()
  proxy.delay(0)
  client.socket.write('d')
  await until(() => client.text().length > 2)
  t.is(client.text().slice(0, 3), 'abc', 'what comes later does not overtake')
  await until(() => client.text() === 'abcd')

  proxy.delay(60_000)
  client.socket.write('e')
  await turns()
  t.is(client.text(), 'abcd')
  proxy.restore()
  await until(() => client.text() === 'abcde')
  t.pass()
})

test('stall accepts connections and bytes that go nowhere, and restore delivers them', async (t) => {
  const { proxy, server } = await start(t)
  const before = await open(t, proxy.port)
  await asked(before, 'a')
  proxy.stall()
  before.socket.write('b')
  const during = await open(t, proxy.port)
  during.socket.end('c')
  await until(() => proxy.connections() === 2)
  await turns()
  t.is(server.text(), 'a')
  t.deepEqual([before.text(), during.text(), during.ended], ['a', '', false])
  proxy.restore()
  await until(() => before.text() === 'ab' && during.text() === 'c' && during.ended)
  t.deepEqual([before.error, during.error], [undefined, undefined])
})

test('restore can drop what a stall held, and only that', async (t) => {
  const { proxy, server } = await start(t)
  const client = await open(t, proxy.port)
  await asked(client, 'a')
  proxy.stall()
  client.socket.write('b')
  server.say('x')
  await turns()
  proxy.restore({ drop: true })
  client.socket.end('c')
  await until(() => client.ended)
  t.is(server.text(), 'ac')
  t.is(client.text(), 'ac')
})

test('resetAfterRequest lets the request through, and the client never hears', async (t) => {
  const { proxy, server } = await start(t)
  proxy.resetAfterRequest((chunk) => chunk.includes('write'))
  const client = await open(t, proxy.port)
  await asked(client, 'read')
  const request = `write ${'x'.repeat(10_000)}`
  client.socket.write(request)
  await until(() => client.socket.closed && server.text().length === 4 + request.length)
  t.is(client.error, 'ECONNRESET')
  t.is(client.text(), 'read')
  t.is(server.text(), `read${request}`)
  await turns()
  t.deepEqual([server.ended, server.errors.length], [0, 0], 'the server is left time to do it')

  await asked(await open(t, proxy.port), 'write again')
  t.pass()
})

test('resetAfterRequest holds for so many matches, on any connection', async (t) => {
  const { proxy } = await start(t)
  proxy.resetAfterRequest(() => true, 2)
  for (const _ of [1, 2]) {
    const client = await open(t, proxy.port)
    client.socket.write('w')
    await until(() => client.socket.closed)
    t.deepEqual([client.error, client.text()], ['ECONNRESET', ''])
  }
  await asked(await open(t, proxy.port), 'third')
  proxy.resetAfterRequest(() => true)
  proxy.restore()
  await asked(await open(t, proxy.port), 'fourth')
})

test('a server that is away resets its clients, and is found when it is back', async (t) => {
  const { proxy, server } = await start(t)
  await server.stop()
  const client = await open(t, proxy.port)
  await until(() => client.socket.closed)
  t.is(client.error, 'ECONNRESET')
  await server.start()
  await asked(await open(t, proxy.port), 'back')
})

test('a client that breaks off breaks off at the server', async (t) => {
  const { proxy, server } = await start(t)
  const client = await open(t, proxy.port)
  await asked(client, 'a')
  client.socket.resetAndDestroy()
  await until(() => server.errors.length === 1 && proxy.connections() === 0)
  t.deepEqual(server.errors, ['ECONNRESET'])
})

test('close frees the port and ends what is open, stalled or not', async (t) => {
  const { proxy, server } = await start(t)
  const client = await open(t, proxy.port)
  await asked(client, 'a')
  proxy.stall()
  client.socket.write('b')
  await proxy.close()
  await until(() => client.socket.closed)
  const again = await startTcpProxy({ port: server.port(), listen: proxy.port })
  t.teardown(again.close)
  t.is(again.port, proxy.port)
  await asked(await open(t, again.port), 'c')
})

const start = async (t: ExecutionContext) => {
  const server = echoServer()
  await server.start()
  const proxy = await startTcpProxy({ port: server.port(), listen: await lastingPort() })
  t.teardown(async () => {
    await proxy.close()
    await server.stop()
  })
  return { proxy, server }
}

const echoServer = () => {
  const sockets = new Set<Socket>()
  const received: Buffer[] = []
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', (error: NodeJS.ErrnoException) => self.errors.push(error.code))
    socket.on('data', (bytes: Buffer) => {
      received.push(bytes)
      socket.write(bytes)
    })
    socket.on('end', () => {
      self.ended += 1
      if (!self.holdsOpen) socket.end()
    })
  })
  let port: number | undefined
  const self = {
    errors: [] as (string | undefined)[],
    ended: 0,
    holdsOpen: false,
    bytes: () => Buffer.concat(received),
    text: () => Buffer.concat(received).toString(),
    say: (text: string) => sockets.forEach((socket) => socket.write(text)),
    port: () => port ?? 0,
    start: async () => {
      port ??= await lastingPort()
      listener.listen(port, '127.0.0.1')
      await once(listener, 'listening')
    },
    stop: async () => {
      const closed = new Promise((resolve) => listener.close(resolve))
      sockets.forEach((socket) => socket.destroy())
      await closed
    },
  }
  return self
}

type Client = Awaited<ReturnType<typeof open>>

const open = async (t: ExecutionContext, port: number) => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const received: Buffer[] = []
  const self = {
    socket,
    error: undefined as string | undefined,
    ended: false,
    bytes: () => Buffer.concat(received),
    text: () => Buffer.concat(received).toString(),
  }
  socket.on('error', (error: NodeJS.ErrnoException) => (self.error = error.code))
  socket.on('data', (bytes: Buffer) => received.push(bytes))
  socket.on('end', () => (self.ended = true))
  t.teardown(() => void socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  return self
}

/** Waits for the echo. */
const asked = async (client: Client, text: string): Promise<void> => {
  const before = client.text()
  client.socket.write(text)
  await until(() => client.text() === before + text)
}

/** So many turns of this process' event loop that what was sent has been read, however slow a turn is. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await wait(2)
}
