/** Proves the one dispatcher of upgrades: acceptance, refusals that are whole HTTP answers, offers of other protocols; with `ws` and raw sockets. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Protocol, UpgradeAnswer } from '../../../src/http/protocol.ts'
import { createSockets } from '../../../src/http/upgrades.ts'
import { ask, echoProtocol, open, raw, startHttp } from '../../support/http.ts'
import type { Reply } from '../../support/http.ts'
import { until } from '../../support/waiting.ts'

const sockets = createSockets({ maxPayload: 1024 })

/** Accepts, and sends back what it gets behind the path. */
const accepting: Protocol['upgrade'] = () => Promise.resolve(accept)
const accept: UpgradeAnswer = {
  _tag: 'Accept',
  sockets,
  route: ({ websocket, state }) => {
    websocket.send(`hello ${state.request.owner} ${state.request.path}`)
    websocket.on('message', (data: Buffer) => websocket.send(data.toString()))
  },
}

const start = (
  t: ExecutionContext,
  upgrade: Protocol['upgrade'],
  changes: Parameters<typeof startHttp>[1] | object = {},
) =>
  startHttp(t, {
    ...changes,
    protocols: [
      echoProtocol('rightech', upgrade === undefined ? {} : { upgrade }),
      echoProtocol('connectycube'),
    ],
  })

const HANDSHAKE = {
  Host: 'x',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}
const request = (target: string, headers: Record<string, string>, method = 'GET'): string =>
  `${method} ${target} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

const opened = async (t: ExecutionContext, port: number, target: string): Promise<WebSocket> => {
  const socket = await open(port, target)
  if (!(socket instanceof WebSocket)) throw new Error(`refused: ${socket.status}`)
  t.teardown(() => socket.terminate())
  return socket
}
const refused = async (port: number, target: string): Promise<Reply> => {
  const answer = await open(port, target)
  if (answer instanceof WebSocket) throw new Error('accepted')
  return answer
}

test('an accepted socket runs its route as Koa middleware in the tick of the connection', async (t) => {
  const { port } = await start(t, accepting)
  const socket = new WebSocket(`ws://127.0.0.1:${port}//api/v1/events/stream/?a=b`)
  t.teardown(() => socket.terminate())
  const accepted = once(socket, 'upgrade') as Promise<[IncomingMessage]>
  const [first] = (await once(socket, 'message')) as [Buffer]
  t.is(first.toString(), 'hello rightech /api/v1/events/stream')
  const [{ headers }] = await accepted
  t.regex(String(headers['x-request-id']), /^[\w-]+$/)
  t.is(headers['cache-control'], 'no-store')
  socket.send('ping')
  const [second] = (await once(socket, 'message')) as [Buffer]
  t.is(second.toString(), 'ping')
})

test('a message sent together with the handshake is not lost, however long the look-up takes', async (t) => {
  const { port } = await start(t, async () => {
    await wait(50)
    return accept
  })
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const masked = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])
  socket.write(Buffer.concat([Buffer.from(request('/api/v1', HANDSHAKE)), masked]))
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  await until(() => received.includes('\x81\x02hi'))
  t.regex(received, /^HTTP\/1\.1 101 .*hello rightech \/api\/v1\x81\x02hi$/s)
})

test("a protocol without upgrades, and a path of nobody: 404 in the owner's form, whole, then closed", async (t) => {
  const { port } = await start(t, undefined)
  const answer = await raw(port, request('/api/v1/x', HANDSHAKE))
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  t.regex(head, /^HTTP\/1\.1 404 Not Found\r\n/)
  t.regex(head, /\r\nConnection: close/)
  t.regex(head, /\r\nX-Request-Id: [\w-]+/)
  t.regex(head, /\r\nCache-Control: no-store/)
  t.true(head.includes(`Content-Length: ${body.length}`))
  t.is(body, 'rightech:NotFound')
  t.is((await refused(port, '/nobody')).body, 'connectycube:NotFound')
  t.is((await refused(port, '/live')).body, '{"error":"not found"}')
})

test('a refusal and a failure are answered as the protocol says', async (t) => {
  const { port } = await start(t, ({ request: { path } }) =>
    Promise.resolve<UpgradeAnswer>(
      path.endsWith('refused')
        ? {
            _tag: 'Refuse',
            answer: { status: 401, headers: { 'WWW-Authenticate': 'Bearer' }, body: '{"no":1}' },
          }
        : { _tag: 'Fail', failure: { _tag: 'TooMany', retryAfterSeconds: 9 } },
    ),
  )
  const answer = await refused(port, '/api/v1/refused')
  t.is(`${answer.status} ${answer.headers['www-authenticate']} ${answer.body}`, '401 Bearer {"no":1}')
  const failed = await refused(port, '/api/v1/failed')
  t.is(`${failed.status} ${failed.headers['retry-after']} ${failed.body}`, '429 9 rightech:TooMany')
})

test('a look-up that throws is 500 and logged, one that takes too long 503, and its late answer is nothing', async (t) => {
  const { port, logged } = await start(
    t,
    async ({ request: { path } }) => {
      if (path.endsWith('throws')) throw new Error('secret detail')
      await wait(200)
      return accept
    },
    { limits: { lookupMsMax: 50 } },
  )
  const broken = await refused(port, '/api/v1/throws')
  t.is(`${broken.status} ${broken.body}`, '500 rightech:Internal')
  t.true(logged.some((line) => line.includes('secret detail')))
  const late = await refused(port, '/api/v1/late')
  t.is(`${late.status} ${late.body}`, '503 rightech:Unavailable')
  t.true(Number(late.headers['retry-after']) > 0)
  await wait(250)
  t.is((await ask(port, '/api/v1')).status, 200)
})

test('a client that goes away during the look-up does no harm', async (t) => {
  let asked = 0
  const { port } = await start(t, async () => {
    asked += 1
    await wait(50)
    return accept
  })
  const socket = connect(port, '127.0.0.1', () => socket.write(request('/api/v1', HANDSHAKE)))
  while (asked === 0) await wait(5)
  socket.resetAndDestroy()
  await wait(80)
  t.true((await opened(t, port, '/api/v1')) instanceof WebSocket)
})

for (const [what, headers, method] of [
  ['no key', { 'Sec-WebSocket-Key': '' }],
  ['a short key', { 'Sec-WebSocket-Key': 'abc' }],
  ['version 12', { 'Sec-WebSocket-Version': '12' }],
  ['no version', { 'Sec-WebSocket-Version': '' }],
  ['a broken subprotocol', { 'Sec-WebSocket-Protocol': 'a,,b' }],
  ['another method', {}, 'POST'],
] as const) {
  test(`a malformed handshake (${what}) is 400 in the owner's form`, async (t) => {
    const { port } = await start(t, accepting)
    const answer = await raw(port, request('/api/v1', { ...HANDSHAKE, ...headers }, method))
    t.regex(answer, /^HTTP\/1\.1 400 .*Connection: close.*rightech:BadRequest$/s)
    t.is((await ask(port, '/api/v1')).status, 200)
  })
}

test('an offer of h2c is answered as the ordinary request that it is', async (t) => {
  const { port } = await start(t, accepting)
  const h2c = {
    Host: 'x',
    Connection: 'Upgrade, HTTP2-Settings',
    Upgrade: 'h2c',
    'HTTP2-Settings': 'AAMAAABkAAQAAP__',
  }
  const answer = await raw(port, request('/api/v1/objects?a=b', h2c))
  t.regex(
    answer,
    /^HTTP\/1\.1 200 .*Connection: close.*"by":"rightech","path":"\/api\/v1\/objects","query":"a=b"/s,
  )
  t.regex(answer, /X-Request-Id/)
  t.regex(await raw(port, request('/nobody', h2c, 'HEAD')), /^HTTP\/1\.1 200 .*\r\n\r\n$/s)
  const withBody = { ...h2c, 'Content-Length': '2' }
  t.regex(
    await raw(port, `${request('/api/v1/objects', withBody, 'POST')}{}`),
    /^HTTP\/1\.1 400 .*rightech:BadRequest$/s,
  )
  t.regex(await raw(port, request('/api/v1', { ...h2c, 'Content-Length': '0' }, 'POST')), /^HTTP\/1\.1 200 /)
})

test('too large a message closes the socket with 1009, not the server', async (t) => {
  const { port } = await start(t, accepting)
  const socket = await opened(t, port, '/api/v1')
  socket.send('x'.repeat(1025))
  const [code] = (await once(socket, 'close')) as [number]
  t.is(code, 1009)
  t.is((await ask(port, '/api/v1')).status, 200)
})

test('a route that throws closes its socket with 1011 and is logged', async (t) => {
  const { port, logged } = await start(t, () =>
    Promise.resolve<UpgradeAnswer>({
      _tag: 'Accept',
      sockets,
      route: () => {
        throw new Error('secret detail')
      },
    }),
  )
  const socket = await opened(t, port, '/api/v1')
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  t.is(`${code} ${reason.toString()}`, '1011 ')
  t.true(logged.some((line) => line.includes('secret detail')))
})

test('a library that answers by itself gets the socket as it came', async (t) => {
  const { port } = await start(t, () =>
    Promise.resolve<UpgradeAnswer>({
      _tag: 'HandOver',
      take: (message, socket, head) =>
        socket.end(`HTTP/1.1 200 OK\r\n\r\n${message.url ?? ''} ${head.toString()}`),
    }),
  )
  t.is(await raw(port, `${request('/api/v1', HANDSHAKE)}rest`), 'HTTP/1.1 200 OK\r\n\r\n/api/v1 rest')
})

test('a protocol that breaks while it takes over a socket, or while it renders, leaves the server well', async (t) => {
  const breaking = (): never => {
    throw new Error('secret detail')
  }
  const { port, logged } = await start(t, () =>
    Promise.resolve<UpgradeAnswer>({ _tag: 'HandOver', take: breaking }),
  )
  t.is(await raw(port, request('/api/v1', HANDSHAKE)), '')
  t.true(logged.some((line) => line.includes('secret detail')))
  const protocols = [echoProtocol('rightech', { handle: breaking, renderError: breaking })]
  const rendering = await startHttp(t, { protocols })
  t.is((await ask(rendering.port, '/api/v1')).status, 500)
  t.is((await refused(rendering.port, '/api/v1')).status, 500)
})
