/** Proves the listeners of Afrodite (afrodite 4.2; one-port 2, 7): the bots' routes only where they belong, and a port of its own that serves nothing else. */
import test, { type ExecutionContext } from 'ava'
import {
  apiStatus,
  call,
  newAccount,
  PATHS,
  register,
  startAfrodite,
  startAfroditeShared,
  type Reply,
} from '../support/afrodite.ts'
import { rawUpgrade, protocolLine } from '../support/afrodite-raw.ts'
import { connect } from '../support/afrodite-sockets.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

const servers: RunningServer[] = []
const started = async (starting: Promise<RunningServer>): Promise<RunningServer> => {
  const server = await starting
  servers.push(server)
  return server
}
test.after.always(() => cleanUp(...servers))

const assertEmpty = (t: ExecutionContext, reply: Reply, status: number, what?: string): void =>
  void t.deepEqual([reply.status, reply.text, reply.headers['content-length']], [status, '', '0'], what)

const REGISTER = '/account_api/register'
const LOGIN = '/account_api/login'

test('the internal listener serves two routes and nothing else', async (t) => {
  const server = await started(startAfrodite())
  const internal = server.urlOf('internal')
  const reply = await call(internal, 'POST', REGISTER)
  t.is(reply.status, 200)
  t.regex(reply.text, /^\{"aid":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\}$/)
  for (const [method, path, status] of [
    ['GET', REGISTER, 405],
    ['PUT', LOGIN, 405],
    ['GET', LOGIN, 405],
    ['GET', PATHS.version, 404],
    ['GET', PATHS.state, 404],
    ['POST', PATHS.logout, 405],
    ['GET', PATHS.connect, 404],
    ['GET', '/live', 404],
    ['GET', '/ready', 404],
    ['GET', '/metrics', 404],
    ['GET', '/', 404],
    ['POST', '/api/v1/auth', 405],
    ['GET', '/account_api/state', 404],
    ['POST', `${REGISTER}/`, 405],
    ['POST', `${LOGIN}.json`, 405],
  ] as const)
    assertEmpty(t, await call(internal, method, path), status, `${method} ${path}`)
  const { pair } = await newAccount(server)
  t.is((await rawUpgrade(internal, [protocolLine(`0, ${pair.access}`)])).status, 404)
  for (const path of [REGISTER, LOGIN])
    t.not((await call(server.url, 'POST', path)).status, 200, 'not on the shared one')
})

test('the bots log in', async (t) => {
  const server = await started(startAfroditeShared())
  const aid = await register(server)
  const login = (body: unknown) => call(server.url, 'POST', LOGIN, { body })
  t.is((await login({ aid })).status, 200)
  assertEmpty(t, await login({ aid: '00000000-0000-4000-8000-000000000000' }), 500, 'unknown')
  for (const body of [{}, { aid: null }, { aid: 17 }]) t.is((await login(body)).status, 422)
  const text = { body: Buffer.from('{}'), headers: { 'content-type': 'text/plain' } }
  t.is((await call(server.url, 'POST', LOGIN, text)).status, 415)
  assertEmpty(t, await call(server.url, 'GET', LOGIN), 405)
})

test('without the setting nobody registers', async (t) => {
  const server = await started(startServer())
  for (const path of [REGISTER, LOGIN]) {
    const { status } = await call(server.url, 'POST', path, { body: {} })
    t.true(status === 401 || status === 404, `${path}: ${status}`)
  }
  t.is((await call(server.url, 'GET', PATHS.version)).status, 200)
})

test('a port of its own', async (t) => {
  const server = await started(startAfrodite({ AFRODITE_PORT: '0' }))
  const own = server.urlOf('afrodite')
  for (const path of ['/', '/live', '/ready', '/api/v1', '/elsewhere', `/${'A'.repeat(27)}`, '/socket.io/']) {
    assertEmpty(t, await call(own, 'GET', path), 404, path)
    const head = await call(own, 'HEAD', path)
    t.deepEqual([head.status, head.text], [404, ''], path)
    for (const method of ['POST', 'PUT', 'DELETE'])
      assertEmpty(t, await call(own, method, path), 405, `${method} ${path}`)
    const refused = await rawUpgrade(own, [protocolLine('0, x')], { path })
    t.is(refused.status, 404, `an upgrade on ${path}`)
    t.regex(refused.head, /\r\ncontent-length: 0(?:\r\n|$)/i)
  }
  for (const path of [REGISTER, LOGIN]) assertEmpty(t, await call(own, 'POST', path), 405, path)
  const { pair } = await newAccount(server)
  const connected = await connect(t, own, pair)
  t.is(await apiStatus(server, connected.pair.access), 200, 'one session, whichever listener')
  const { status } = await call(own, 'GET', PATHS.state, { token: connected.pair.access })
  t.is(status, 200)
})

test('the version that the operator sets, and the protocol off', async (t) => {
  const server = await started(startAfrodite({ AFRODITE_BACKEND_VERSION: '0.3.1' }))
  const { text } = await call(server.url, 'GET', PATHS.version)
  t.regex(
    text,
    /^\{"backend_code_version":"[^"]+","backend_version":"0\.3\.1","protocol_version":"1\.0\.0"\}$/,
  )
  const off = await started(startServer({ env: { PROTOCOLS: 'rightech' } }))
  t.not((await call(off.url, 'GET', PATHS.version)).status, 200)
})
