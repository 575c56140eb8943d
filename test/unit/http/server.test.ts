/** Proves what every protocol gets from the server around its handler, through real sockets: owners, ids, failures, limits, the end. */
import test from 'ava'
import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { refuse } from '../../../src/http/answers.ts'
import { HttpFailed } from '../../../src/http/protocol.ts'
import type { Protocol } from '../../../src/http/protocol.ts'
import { ask, echoProtocol, raw, startHttp } from '../../support/http.ts'
import { turns } from '../../support/waiting.ts'

const ALL = [
  echoProtocol('rightech'),
  echoProtocol('timelimit'),
  echoProtocol('afrodite'),
  echoProtocol('connectycube'),
]

test('each request comes to its owner with the path as its owner reads it', async (t) => {
  const { port } = await startHttp(t, { protocols: ALL })
  const by = async (target: string, method = 'GET') =>
    (await ask(port, target, { method })).body.replace(/,"listener.*/, '')
  t.is(await by('//api/v1//objects/?a=b'), '{"by":"rightech","path":"/api/v1/objects","query":"a=b"')
  t.is(await by('/session.json', 'POST'), '{"by":"connectycube","path":"/session","query":""')
  t.is(await by('/time'), '{"by":"timelimit","path":"/time","query":""')
  t.is(
    await by('/ZO8ITaid1_2-LDnSvqWobknPkoo'),
    '{"by":"afrodite","path":"/ZO8ITaid1_2-LDnSvqWobknPkoo","query":""',
  )
  t.is(await by('/live'), '{"status":"live"}')
})

test('a protocol with a port of its own is served there alone, and still on the shared one', async (t) => {
  const { port, portOf } = await startHttp(t, { protocols: ALL, ownPorts: ['timelimit', 'internal'] })
  t.regex(
    (await ask(portOf('timelimit'), '/live')).body,
    /"by":"timelimit","path":"\/live".*"listener":"timelimit"/,
  )
  t.regex(
    (await ask(portOf('internal'), '/account_api/login')).body,
    /"by":"afrodite".*"listener":"internal"/,
  )
  t.regex((await ask(port, '/time')).body, /"by":"timelimit".*"listener":"shared"/)
})

test('every answer has an id of its own and no-store, and says nothing of the server', async (t) => {
  const { port } = await startHttp(t, { protocols: ALL })
  const replies = await Promise.all(['/x', '/live', '/api/v1', '/x'].map((target) => ask(port, target)))
  const ids = replies.map(({ headers }) => headers['x-request-id'])
  t.is(new Set(ids).size, 4)
  t.true(ids.every((id) => typeof id === 'string' && /^[\w-]{10,40}$/.test(id)))
  t.deepEqual(
    replies.map(({ headers }) => headers['cache-control']),
    ['no-store', 'no-cache', 'no-store', 'no-store'],
  )
  t.true(
    replies.every(({ headers }) => headers.server === undefined && headers['x-powered-by'] === undefined),
  )
})

test("a client's request id counts only behind a trusted proxy, and only if it is harmless", async (t) => {
  const id = async (port: number, given: string) =>
    (await ask(port, '/x', { headers: { 'x-request-id': given } })).headers['x-request-id']
  const open = await startHttp(t, { protocols: ALL })
  t.not(await id(open.port, 'mine-1'), 'mine-1')
  const proxied = await startHttp(t, { protocols: ALL, settings: { trustProxy: { _tag: 'Hops', hops: 1 } } })
  t.is(await id(proxied.port, 'mine-1'), 'mine-1')
  for (const bad of ['a b', 'x'.repeat(65), '<script>', '']) t.not(await id(proxied.port, bad), bad)
})

test("what goes wrong in a handler is the owner's 500, without internals, and logged with the id", async (t) => {
  const broken = (handle: Protocol['handle']) => echoProtocol('rightech', { handle })
  const cases: readonly Protocol['handle'][] = [
    () => {
      throw new Error('secret detail')
    },
    () => Promise.reject(new Error('secret detail')),
    // Not an Error: what a careless library throws.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    () => Promise.reject('secret detail'),
    (ctx) => {
      ctx.set('Content-Encoding', 'gzip')
      throw new Error('secret detail')
    },
  ]
  for (const handle of cases) {
    const { port, logged } = await startHttp(t, { protocols: [broken(handle)] })
    const { status, body, headers } = await ask(port, '/')
    t.is(`${status} ${body}`, '500 rightech:Internal')
    t.is(headers['content-encoding'], undefined)
    t.is(headers['cache-control'], 'no-store')
    const line = logged.find((text) => text.includes('secret detail'))
    t.true(line?.includes(headers['x-request-id']?.toString() ?? 'none'))
  }
})

test("failures a handler means are the owner's, with Retry-After where they have one", async (t) => {
  const { port, logged } = await startHttp(t, {
    protocols: [
      echoProtocol('rightech', {
        handle: (ctx, next) => {
          if (ctx.path === '/many') throw new HttpFailed({ _tag: 'TooMany', retryAfterSeconds: 7 })
          if (ctx.path === '/down') return refuse(ctx, { _tag: 'Unavailable', retryAfterSeconds: 3 })
          if (ctx.path === '/uri') decodeURIComponent('%zz')
          return next()
        },
      }),
    ],
  })
  const many = await ask(port, '/many')
  t.is(`${many.status} ${many.headers['retry-after']}`, '429 7')
  const down = await ask(port, '/down')
  t.is(`${down.status} ${down.headers['retry-after']} ${down.body}`, '503 3 rightech:Unavailable')
  t.is((await ask(port, '/uri')).body, 'rightech:NotFound')
  t.is((await ask(port, '/other')).body, 'rightech:NotFound')
  t.false(logged.some((line) => line.includes('"level":"error"')))
})

test('HEAD has the status and headers of GET, failures too', async (t) => {
  const { port } = await startHttp(t, {
    protocols: [
      echoProtocol('rightech', {
        handle: (ctx, next) => (ctx.path === '/no' ? next() : void (ctx.body = { a: 1 })),
      }),
    ],
  })
  for (const target of ['/x', '/no']) {
    const get = await ask(port, target)
    const head = await ask(port, target, { method: 'HEAD' })
    t.is(head.body, '')
    t.is(head.status, get.status)
    t.is(head.headers['content-length'], get.headers['content-length'])
    t.is(head.headers['content-type'], get.headers['content-type'])
  }
})

test('pipelined requests are answered in order', async (t) => {
  const slowFirst = echoProtocol('rightech', {
    handle: async (ctx) => {
      if (ctx.path === '/1') await wait(50)
      ctx.body = `answer ${ctx.path}`
    },
  })
  const { port } = await startHttp(t, { protocols: [slowFirst] })
  const line = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
  const answers = await raw(port, line('/1') + line('/2') + line('/3', 'Connection: close\r\n'))
  t.deepEqual(answers.match(/answer \/\d/g), ['answer /1', 'answer /2', 'answer /3'])
})

test('headers of almost 64 KiB are taken, larger ones are 431', async (t) => {
  const { port } = await startHttp(t, { protocols: ALL })
  t.is((await ask(port, `/users?id=${'1,'.repeat(30_000)}`)).status, 200)
  const tooLarge = await raw(port, `GET /users?id=${'1,'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  t.regex(tooLarge, /^HTTP\/1\.1 431 .*\r\nX-Request-Id: .*\{"error":"request header fields too large"\}$/s)
  t.is((await ask(port, '/x')).status, 200)
})

test("bytes that are no HTTP are 400; so is HTTP/1.1 without Host, in the owner's form", async (t) => {
  const { port } = await startHttp(t, { protocols: ALL })
  t.regex(await raw(port, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 .*\{"error":"bad request"\}$/s)
  t.regex(await raw(port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc'), /^HTTP\/1\.1 400 /)
  t.regex(
    await raw(port, 'GET /api/v1 HTTP/1.1\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 400 .*rightech:BadRequest$/s,
  )
  t.regex(await raw(port, 'GET /api/v1 HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
  t.regex(
    await raw(port, 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n'),
    /^HTTP\/1\.1 404 /,
  )
  t.is((await ask(port, '/x')).status, 200)
})

test('slow headers are cut', async (t) => {
  const { port } = await startHttp(t, { protocols: ALL, limits: { headersMsMax: 100 } })
  t.regex(await raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n'), /^HTTP\/1\.1 408 /)
})

test('a body that nobody reads is thrown away, but not for ever', async (t) => {
  const { port } = await startHttp(t, { protocols: ALL, limits: { bodyMsMax: 100 } })
  const answer = await raw(port, 'GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{')
  t.regex(answer, /^HTTP\/1\.1 200 /)
})

test('no credential and no query is logged', async (t) => {
  const { port, logged } = await startHttp(t, { protocols: ALL })
  await ask(port, '/x?token=SECRET&accessToken=SECRET', {
    headers: {
      authorization: 'Bearer SECRET',
      cookie: 'sid=SECRET',
      'cb-token': 'SECRET',
      'x-access-token': 'SECRET',
    },
  })
  t.true(logged.some((line) => line.includes('"path":"/x"')))
  t.false(logged.join('').includes('SECRET'))
})

test('listed origins may read, others get nothing; OPTIONS asks for no credentials', async (t) => {
  const cors = {
    methods: 'GET, POST',
    requestHeaders: 'Authorization, Content-Type',
    exposedHeaders: 'X-Ric-Version',
  }
  const { port } = await startHttp(t, {
    protocols: [echoProtocol('rightech', { cors }), echoProtocol('timelimit')],
    settings: { corsOrigins: ['https://app.example'] },
  })
  const from = (origin: string, target: string, method: string) =>
    ask(port, target, { method, headers: { origin } })
  const preflight = await from('https://app.example', '/api/v1/objects', 'OPTIONS')
  t.is(preflight.status, 204)
  t.is(preflight.headers['access-control-allow-headers'], 'Authorization, Content-Type')
  const read = await from('https://app.example', '/api/v1/objects', 'GET')
  t.is(read.headers['access-control-allow-origin'], 'https://app.example')
  t.is(read.headers['access-control-allow-credentials'], 'true')
  const foreign = await from('https://evil.example', '/api/v1/objects', 'OPTIONS')
  t.is(foreign.headers['access-control-allow-origin'], undefined)
  t.regex(foreign.body, /"by":"rightech"/)
  t.is((await from('https://app.example', '/time', 'GET')).headers['access-control-allow-origin'], undefined)
  t.is((await from('https://app.example', '/live', 'OPTIONS')).status, 204)
  t.is((await from('https://evil.example', '/live', 'OPTIONS')).status, 405)
})

test('CORS_ORIGINS=* never goes with cookies', async (t) => {
  const cors = { methods: 'GET', requestHeaders: 'Authorization', exposedHeaders: '' }
  const { port } = await startHttp(t, {
    protocols: [echoProtocol('rightech', { cors })],
    settings: { corsOrigins: '*' },
  })
  const { headers } = await ask(port, '/api/v1', { headers: { origin: 'https://any.example' } })
  t.is(headers['access-control-allow-origin'], '*')
  t.is(headers['access-control-allow-credentials'], undefined)
})

test('stopping: running requests end, new ones on old connections are refused, none are accepted', async (t) => {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  let entered = 0
  const slow = echoProtocol('rightech', {
    handle: async (ctx) => {
      if (ctx.path === '/slow') {
        entered += 1
        await released
      }
      ctx.body = 'done'
    },
  })
  const { port, server, health } = await startHttp(t, { protocols: [slow] })
  t.deepEqual(health.reasons(), [])
  const running = ask(port, '/slow')
  // A connection that is in use, so that stopping does not close it as an idle one.
  const kept = connect(port, '127.0.0.1')
  let received = ''
  kept.setEncoding('utf8').on('data', (text: string) => (received += text))
  const keptClosed = new Promise((resolve) => kept.once('close', resolve))
  kept.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /late HTTP/1.1\r\nHost: x\r\n')
  while (entered < 2) await wait(5)
  const closing = server.close(30_000)
  t.deepEqual(health.reasons(), ['http: stopping'])
  kept.write('\r\n')
  await t.throwsAsync(ask(port, '/new'), { code: 'ECONNREFUSED' })
  await turns(20)
  release()
  t.is((await running).body, 'done')
  await Promise.all([closing, keptClosed])
  t.regex(received, /^HTTP\/1\.1 200 .*done.*HTTP\/1\.1 503 .*Retry-After: \d+\r\n.*rightech:ShuttingDown$/s)
  t.regex(received, /503.*Connection: close/s)
})

test('stopping cuts what does not end in time', async (t) => {
  let entered = 0
  const stuck = echoProtocol('rightech', {
    handle: () => {
      entered += 1
      return new Promise<void>(() => undefined)
    },
  })
  const { port, server } = await startHttp(t, { protocols: [stuck] })
  const running = ask(port, '/slow')
  while (entered < 1) await wait(5)
  const started = performance.now()
  await Promise.all([server.close(200), t.throwsAsync(running)])
  t.true(performance.now() - started < 20_000)
})

test('idle keep-alive connections do not delay the end', async (t) => {
  const { port, server } = await startHttp(t, { protocols: ALL })
  const agent = new Agent({ keepAlive: true })
  await new Promise<void>((resolve) => {
    httpRequest({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve)).end()
  })
  const started = performance.now()
  await server.close(60_000)
  t.true(performance.now() - started < 30_000)
  agent.destroy()
})

test('a port that is taken: listening fails and leaves no other listener open', async (t) => {
  const { port } = await startHttp(t, { protocols: ALL })
  const listeners = [
    { name: 'timelimit' as const, host: '127.0.0.1', port: 0 },
    { name: 'shared' as const, host: '127.0.0.1', port },
  ]
  await t.throwsAsync(startHttp(t, { protocols: ALL, settings: { listeners } }), { code: 'EADDRINUSE' })
})

test('a client that goes away while it is answered is no error of ours', async (t) => {
  const { port, logged } = await startHttp(t, {
    protocols: [
      echoProtocol('rightech', {
        handle: async (ctx) => {
          await turns(50)
          ctx.body = 'x'.repeat(1_000_000)
        },
      }),
    ],
  })
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
  await turns(20)
  socket.destroy()
  await turns(100)
  t.false(logged.some((line) => line.includes('"level":"error"')))
  t.is((await ask(port, '/')).status, 200)
})
