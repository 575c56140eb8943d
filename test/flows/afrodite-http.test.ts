/** Proves the access rule of Afrodite's API (5), its order against the rules of bodies, methods and paths (one-port 3, 5), and what every answer carries. */
import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import {
  apiStatus,
  call,
  newAccount,
  PATHS,
  startAfroditeShared,
  type CallOptions,
  type Reply,
} from '../support/afrodite.ts'
import { rawUpgrade, UPGRADE_LINES, protocolLine } from '../support/afrodite-raw.ts'
import { connect } from '../support/afrodite-sockets.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'

let started: RunningServer | undefined
test.before(async () => {
  started = await startAfroditeShared()
})
test.after.always(() => cleanUp(started))
const server = (): RunningServer => {
  if (started === undefined) throw new Error('no server')
  return started
}
const send = (method: string, path: string, options?: CallOptions): Promise<Reply> =>
  call(server().url, method, path, options)

/** The token of a connected account. */
const connected = async (t: ExecutionContext): Promise<string> => {
  const { pair } = await newAccount(server())
  return (await connect(t, server().url, pair)).pair.access
}

const assertEmpty = (t: ExecutionContext, reply: Reply, status: number, what?: string): void => {
  t.is(reply.status, status, what)
  t.is(reply.text, '', what)
  t.is(reply.headers['content-length'], '0', what)
}

const UNKNOWN = `/${'A'.repeat(27)}`

test('no such route, or not with this method: no token is asked for', async (t) => {
  assertEmpty(t, await send('GET', UNKNOWN), 404)
  t.is((await send('HEAD', UNKNOWN)).status, 404)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    assertEmpty(t, await send(method, UNKNOWN), 405, method)
  for (const [path, methods] of [
    [PATHS.version, ['POST', 'PUT', 'DELETE', 'OPTIONS']],
    [PATHS.connect, ['POST', 'PUT', 'DELETE', 'OPTIONS']],
    [PATHS.state, ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']],
    [PATHS.visibility, ['GET', 'POST', 'DELETE']],
    [PATHS.data, ['PUT', 'DELETE']],
    [PATHS.setup, ['PUT', 'DELETE']],
    [PATHS.completeSetup, ['GET', 'PUT']],
    [PATHS.nextClientId, ['GET', 'PUT']],
    [PATHS.logout, ['GET', 'PUT', 'DELETE']],
    [PATHS.delete, ['PATCH']],
    [PATHS.signIn, ['GET', 'PUT']],
    [PATHS.demoLogin, ['GET']],
  ] as const) {
    for (const method of methods) assertEmpty(t, await send(method, path), 405, `${method} ${path}`)
  }
  t.is((await send('HEAD', PATHS.connect)).status, 405)
  t.is((await send('HEAD', PATHS.visibility)).status, 405)
})

test('paths are compared as they are', async (t) => {
  const token = await connected(t)
  for (const path of [
    `${PATHS.state}/`,
    `${PATHS.state}/more`,
    PATHS.state.toLowerCase(),
    `${PATHS.state.slice(0, -1)}%30`,
    `${PATHS.state}.json`,
  ])
    t.not((await send('GET', path, { token })).status, 200, path)
  assertEmpty(t, await send('GET', `${PATHS.state}/`, { token }), 404)
  assertEmpty(t, await send('GET', `${PATHS.state}/more`, { token }), 404)
  t.is((await send('GET', `${PATHS.state}?any=query`, { token })).status, 200)
  t.is((await send('GET', `/${PATHS.state}`, { token })).status, 200, 'runs of / are one')
})

test('the header is missing, unreadable, unknown, dead, or not connected', async (t) => {
  const { pair } = await newAccount(server())
  for (const path of [PATHS.state, PATHS.data, PATHS.delete, PATHS.latestBirthdate])
    assertEmpty(t, await send('GET', path), 400, path)
  for (const path of [PATHS.completeSetup, PATHS.nextClientId, PATHS.logout, PATHS.delete, PATHS.setup])
    assertEmpty(t, await send('POST', path), 400, path)
  assertEmpty(t, await send('GET', PATHS.state, { token: 'Ä'.repeat(43) }), 400)
  assertEmpty(t, await send('GET', PATHS.state, { token: `${pair.access.slice(0, -1)}\xe9` }), 400)
  for (const token of ['', 'nonsense', 'A'.repeat(43), pair.refresh.toString('base64'), pair.access])
    assertEmpty(t, await send('GET', PATHS.state, { token }), 401, token)
  const { pair: next } = await connect(t, server().url, pair)
  assertEmpty(t, await send('GET', PATHS.state, { token: pair.access }), 401)
  assertEmpty(t, await send('GET', PATHS.state, { token: next.access, from: '127.0.0.2' }), 401)
  t.is(await apiStatus(server(), next.access), 200)
  for (const headers of [
    { authorization: `Bearer ${next.access}` },
    { cookie: `access_token=${next.access}` },
    { 'cb-token': next.access },
  ])
    t.is((await send('GET', PATHS.state, { headers })).status, 400, 'no other credential counts')
})

test('the token comes before anything of the body', async (t) => {
  const bodies: readonly CallOptions[] = [
    { body: Buffer.from('{'), headers: { 'content-type': 'text/plain' } },
    { body: Buffer.from('{') },
    { body: { value: 'no' } },
    { body: Buffer.alloc(70_000, 0x20) },
    {},
  ]
  for (const options of bodies) {
    assertEmpty(t, await send('PUT', PATHS.visibility, options), 400)
    assertEmpty(t, await send('PUT', PATHS.visibility, { ...options, token: 'nonsense' }), 401)
    assertEmpty(t, await send('POST', PATHS.visibility, options), 405)
  }
})

const assertStatusBody = (t: ExecutionContext, reply: Reply, status: number, what: string): void => {
  t.is(reply.status, status, what)
  t.deepEqual(reply.object(), { status }, what)
  t.regex(String(reply.headers['content-type']), /^application\/json(?:$|;)/, what)
}

test('bodies that cannot be used', async (t) => {
  const token = await connected(t)
  const put = (body: unknown, headers: CallOptions['headers'] = {}): Promise<Reply> =>
    send('PUT', PATHS.visibility, { token, body, headers })
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
  const good = bytes('{"value":true}')
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])
    assertStatusBody(t, await put(good, { 'content-type': type }), 415, `type ${type}`)
  const untyped = await call(server().url, 'PUT', PATHS.visibility, {
    token,
    body: good,
    headers: { 'content-type': [] },
  })
  assertStatusBody(t, untyped, 415, 'no content type')
  assertStatusBody(t, await put(good, { 'content-encoding': 'br' }), 415, 'another encoding')
  for (const broken of [
    '',
    '{',
    '{"value":tru}',
    '{"value":true}}',
    '"value"x',
    '\xff\xfe',
    '{"value":"\xff"}',
  ])
    assertStatusBody(t, await put(bytes(broken)), 400, broken)
  for (const none of ['[]', 'true', 'null', '"text"', '17'])
    assertStatusBody(t, await put(bytes(none)), 400, none)
  assertStatusBody(t, await put(bytes('['.repeat(101) + ']'.repeat(101))), 400, 'nesting')
  for (const shape of [
    {},
    { value: null },
    { value: 'true' },
    { value: 1 },
    { Value: true },
    { value: [true] },
  ])
    assertStatusBody(t, await put(shape), 422, JSON.stringify(shape))
  const large = bytes(`{"value":true,"more":"${'x'.repeat(65_536)}"}`)
  assertStatusBody(t, await put(large), 413, 'too large')
  assertStatusBody(t, await put(gzipSync(large), { 'content-encoding': 'gzip' }), 413, 'inflated')
  const { visibility } = (await send('GET', PATHS.state, { token })).object()
  t.is(visibility, 'PendingPrivate', 'none of them changed anything')
})

test('bodies that can be used', async (t) => {
  const token = await connected(t)
  const put = (body: unknown, headers: CallOptions['headers'] = {}): Promise<Reply> =>
    send('PUT', PATHS.visibility, { token, body, headers })
  for (const [text, headers] of [
    ['{"value":true}', {}],
    [' { "value" : false }\n', { 'content-type': 'application/json; charset=utf-8' }],
    ['{"value":true,"unknown":{"a":[1]}}', { 'content-type': 'APPLICATION/JSON' }],
    ['{"value":false,"__proto__":{"value":true},"constructor":1}', {}],
  ] as const) {
    assertEmpty(t, await put(Buffer.from(text), headers), 200, text)
  }
  t.is((await send('GET', PATHS.state, { token })).object().visibility, 'PendingPrivate')
  assertEmpty(t, await put(gzipSync('{"value":true}'), { 'content-encoding': 'gzip' }), 200)
  t.is((await send('GET', PATHS.state, { token })).object().visibility, 'PendingPublic')
  const exact = `{"value":false,"more":"${'x'.repeat(65_536 - 25)}"}`
  t.is(Buffer.byteLength(exact), 65_536)
  assertEmpty(t, await put(Buffer.from(exact)), 200)
  const extra = { token, body: Buffer.from('ignored'), headers: { 'content-type': 'text/plain' } }
  t.is((await send('POST', PATHS.nextClientId, extra)).status, 200, 'where the route takes none')
  t.is((await send('GET', PATHS.state, extra)).status, 200)
})

test('HEAD is GET without the body', async (t) => {
  const token = await connected(t)
  for (const path of [PATHS.version, PATHS.state, PATHS.data, PATHS.setup]) {
    const [get, head] = [await send('GET', path, { token }), await send('HEAD', path, { token })]
    t.is(head.status, 200, path)
    t.is(head.text, '', path)
    for (const name of ['content-type', 'content-length', 'cache-control'])
      t.is(head.headers[name], get.headers[name], `${name} of ${path}`)
  }
  t.is((await send('HEAD', PATHS.state)).status, 400)
  t.is((await send('HEAD', PATHS.state, { token: 'nonsense' })).status, 401)
})

test('what every answer carries', async (t) => {
  const token = await connected(t)
  for (const reply of [
    await send('GET', PATHS.version),
    await send('GET', PATHS.state, { token }),
    await send('GET', PATHS.state),
    await send('GET', UNKNOWN),
    await send('POST', UNKNOWN),
    await send('PUT', PATHS.visibility, { token, body: {} }),
  ]) {
    t.is(reply.headers['cache-control'], 'no-store')
    t.truthy(reply.headers['x-request-id'])
    t.is(reply.headers['server'], undefined)
    t.is(reply.headers['x-powered-by'], undefined)
    t.is(reply.headers['content-length'], String(Buffer.byteLength(reply.text)))
  }
})

test('what the upgrade refuses, and in which order', async (t) => {
  const { pair } = await newAccount(server())
  const good = protocolLine(`0, ${pair.access}`)
  const without = (name: string): readonly string[] => UPGRADE_LINES.filter((line) => !line.startsWith(name))
  const refused = async (
    statuses: readonly number[],
    lines: readonly string[],
    options: Parameters<typeof rawUpgrade>[2] = {},
  ): Promise<void> => {
    const raw = await rawUpgrade(server().url, lines, options)
    const what = `${raw.head} to ${JSON.stringify([lines, options])}`
    t.true(statuses.includes(raw.status), what)
    t.regex(raw.head, /\r\ncontent-length: \d+/i, what)
    t.regex(raw.head, /\r\nconnection: close/i, what)
    t.false(raw.head.includes(pair.access))
    raw.tcp.end()
    const body = (await raw.ended).toString()
    t.is(body.length, Number(/\r\ncontent-length: (\d+)/i.exec(raw.head)?.[1]), what)
    t.false(body.includes(pair.access))
  }
  for (const method of ['POST', 'PUT', 'DELETE']) await refused([405], [], { method })
  t.is((await rawUpgrade(server().url, [good], { method: 'HEAD' })).status, 405)
  await refused([405], [good], { method: 'POST' })
  for (const lines of [[], [good], [protocolLine('0')], [protocolLine(`0, ${'A'.repeat(43)}`)]]) {
    const badKey = [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: short']
    await refused([400, 426], lines, { upgrade: without('Sec-WebSocket-Key') })
    await refused([400, 426], lines, { upgrade: badKey })
    for (const version of ['8', '12', '14', 'x'])
      await refused([400, 426], lines, {
        upgrade: [...without('Sec-WebSocket-Version'), `Sec-WebSocket-Version: ${version}`],
      })
    await refused([400, 426], lines, { upgrade: without('Sec-WebSocket-Version') })
  }
  await refused([500], [])
  for (const value of ['', '1', '0', ' 0 ', '00, x', `1, ${pair.access}`, `${pair.access}, 0`, pair.access])
    await refused([500], [protocolLine(value)])
  await refused([401], [protocolLine(`0, ${'A'.repeat(43)}`)])
  await refused([401, 400], [protocolLine(`0, ${pair.access}=`)])
  await refused([404], [good], { path: UNKNOWN })
  await refused([404], [good], { path: `${PATHS.connect}/` })
})
