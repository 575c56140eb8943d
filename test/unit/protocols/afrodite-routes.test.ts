/** Proves over real HTTP which request comes to which row, what is checked first, and every status that rows do not answer themselves. */
import test from 'ava'
import { gzipSync } from 'node:zlib'
import { DocumentsUnavailable } from '../../../src/documents/port.ts'
import { rejection, type RejectionKind } from '../../../src/domain/rejection.ts'
import { HistoryUnavailable } from '../../../src/history/port.ts'
import { open } from '../../../src/protocols/afrodite/endpoint.ts'
import { rejected, renderError } from '../../../src/protocols/afrodite/errors.ts'
import { CONNECT_PATH, publicPath } from '../../../src/protocols/afrodite/paths.ts'
import { VaultUnavailable } from '../../../src/vault/port.ts'
import type { Reply } from '../../support/http.ts'
import { startRig, type CallOptions } from './afrodite-rig.ts'

const VERSION = publicPath('/common_api/version')
const STATE = publicPath('/account_api/state')
const DATA = publicPath('/account_api/account_data')
const VISIBILITY = publicPath('/account_api/settings/profile_visibility')
const REGISTER = '/account_api/register'

const seen = ({ status, headers, body }: Reply): string =>
  `${status} ${headers['allow'] ?? '-'} ${headers['content-length']} ${body}`

test('a path that nobody knows is 404 to readers and 405 to others, whoever asks', async (t) => {
  const { call, client } = await startRig(t)
  const { token } = await client()
  const unknown = [publicPath('/nothing'), `${VERSION}/`, `${VERSION}/x`, '/common_api/version', '/', '/x']
  for (const path of unknown) {
    for (const on of ['shared', 'afrodite'] as const) {
      t.is(seen(await call(path, { on })), '404 - 0 ', path)
      t.is(seen(await call(path, { on, method: 'HEAD', token })), '404 - 0 ', path)
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
        t.is(seen(await call(path, { on, method })), '405 GET, HEAD 0 ', `${method} ${path}`)
    }
  }
  t.is((await call(`/${VERSION}?a=b`)).status, 200, 'runs of slashes are one')
})

test('another method than those of the path is 405, before anything else', async (t) => {
  const { call } = await startRig(t)
  t.is(seen(await call(VERSION, { method: 'POST', body: '{' })), '405 GET, HEAD 0 ')
  t.is(seen(await call(DATA, { method: 'PUT', token: 'nonsense' })), '405 GET, HEAD, POST 0 ')
  t.is(seen(await call(VISIBILITY)), '405 PUT 0 ')
  t.is(seen(await call(VISIBILITY, { method: 'HEAD' })), '405 PUT 0 ')
  t.is(
    seen(await call(publicPath('/account_api/delete'), { method: 'PATCH' })),
    '405 POST, PUT, GET, HEAD, DELETE 0 ',
  )
})

test('HEAD is GET without the body', async (t) => {
  const { call } = await startRig(t)
  const [get, head] = [await call(VERSION), await call(VERSION, { method: 'HEAD' })]
  t.is(head.status, 200)
  t.is(head.body, '')
  t.is(head.headers['content-length'], String(get.body.length))
  t.is(head.headers['content-type'], 'application/json')
})

test('plain requests to the path of the handshake', async (t) => {
  const { call } = await startRig(t)
  for (const on of ['shared', 'afrodite'] as const) {
    t.is(seen(await call(CONNECT_PATH, { on })), '400 - 0 ')
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
      t.is(seen(await call(CONNECT_PATH, { on, method })), '405 GET 0 ', method)
  }
})

test('the caller comes before the body', async (t) => {
  const { call, client } = await startRig(t)
  const { token } = await client()
  const status = async (options: CallOptions): Promise<number> =>
    (await call(VISIBILITY, { method: 'PUT', ...options })).status
  const html = { 'content-type': 'text/html' }
  t.is(await status({ body: '{', headers: html }), 400)
  t.is(await status({ body: '{', headers: html, token: 'nonsense' }), 401)
  t.is(await status({ body: '{', headers: html, token }), 415)
  t.is(await status({ body: '{', token }), 400)
  t.is(await status({ body: {}, token }), 422)
  t.is(await status({ body: { value: true }, token }), 200)
})

test('what is wrong with a body is said in JSON', async (t) => {
  const { call, client } = await startRig(t)
  const { token } = await client()
  const put = (options: CallOptions): Promise<Reply> => call(VISIBILITY, { method: 'PUT', token, ...options })
  const json = { 'content-type': 'application/json' }
  const good = '{"value":true}'
  const cases: readonly (readonly [number, CallOptions])[] = [
    [415, {}],
    [415, { body: good, headers: { 'content-type': 'text/plain' } }],
    [415, { body: good, headers: { 'content-encoding': 'br' } }],
    [400, { headers: json }],
    [400, { body: '' }],
    [400, { body: '{"value":' }],
    [400, { body: '[]' }],
    [400, { body: '"text"' }],
    [400, { body: Buffer.from('{"value":"\xff"}', 'latin1') }],
    [400, { body: `{"value":${'['.repeat(101)}${']'.repeat(101)}}` }],
    [413, { body: `{"value":"${'x'.repeat(64 * 1024)}"}` }],
    [413, { body: gzipSync('x'.repeat(64 * 1024 + 1)), headers: { 'content-encoding': 'gzip' } }],
    [422, { body: '{}' }],
    [422, { body: '{"value":1}' }],
    [422, { body: '{"value":null}' }],
    [422, { body: '{"__proto__":{"value":true}}' }],
  ]
  for (const [status, options] of cases) {
    const reply = await put(options)
    t.is(
      `${reply.status} ${reply.body}`,
      `${status} {"status":${status}}`,
      JSON.stringify(options).slice(0, 99),
    )
    t.is(reply.headers['content-type'], 'application/json')
  }
  const fine: readonly CallOptions[] = [
    { body: good, headers: { 'content-type': 'Application/JSON; charset=utf-8' } },
    { body: gzipSync(good), headers: { 'content-encoding': 'gzip' } },
    { body: '{"value":true,"more":1,"__proto__":{"value":1},"constructor":[],"prototype":0}' },
  ]
  for (const options of fine) t.is(seen(await put(options)), '200 - 0 ', JSON.stringify(options))
})

test('a body that nobody asked for is passed over', async (t) => {
  const { call, client } = await startRig(t)
  const { token } = await client()
  t.is((await call(STATE, { token, body: '{' })).status, 200)
  const setUp = { method: 'POST', token }
  const body = { birthdate: null, is_adult: true }
  t.is((await call(publicPath('/account_api/account_setup'), { ...setUp, body })).status, 200)
  t.is((await call(publicPath('/account_api/complete_setup'), { ...setUp, body: '{' })).status, 200)
})

test('the internal routes have a listener of their own, which has nothing else', async (t) => {
  const { call } = await startRig(t)
  const post = { method: 'POST', on: 'internal' } as const
  const registered = await call(REGISTER, post)
  t.is(registered.status, 200)
  t.regex(registered.body, /^\{"aid":"[\da-f-]{36}"\}$/)
  t.is((await call('/account_api/login', { ...post, body: registered.body })).status, 200)
  t.is(seen(await call(REGISTER, { on: 'internal' })), '405 POST 0 ')
  t.is(seen(await call(publicPath(REGISTER), post)), '405 GET, HEAD 0 ')
  for (const path of [VERSION, CONNECT_PATH, STATE, `${REGISTER}/`])
    t.is(seen(await call(path, { on: 'internal' })), '404 - 0 ', path)
})

test('they are on the other listeners only where they have none of their own', async (t) => {
  const [without, withThem] = [await startRig(t), await startRig(t, { settings: { internalRoutes: true } })]
  for (const on of ['shared', 'afrodite'] as const) {
    t.is(seen(await without.call(REGISTER, { method: 'POST', on })), '405 GET, HEAD 0 ')
    t.is((await withThem.call(REGISTER, { method: 'POST', on })).status, 200)
    t.is((await withThem.call(publicPath(REGISTER), { method: 'POST', on })).status, 405)
  }
})

test('stores that are away are 503, whichever; what is wrong with us is 500', async (t) => {
  const down: readonly (readonly [number, Error])[] = [
    [503, new DocumentsUnavailable('down')],
    [503, new HistoryUnavailable('down')],
    [503, new VaultUnavailable('down')],
    [500, new Error('secret detail')],
  ]
  for (const [status, error] of down) {
    const find = () => {
      throw error
    }
    const { call, services } = await startRig(t)
    const broken = await startRig(t, { services: { reader: { ...services.reader, find } } })
    t.is((await call(STATE, { token: 'A'.repeat(43) })).status, 401)
    const refused = await broken.call(STATE, { token: 'A'.repeat(43) })
    t.is(seen(refused), `${status} - 0 `)
    t.is(refused.headers['retry-after'] !== undefined, status === 503)
  }
})

test('a refusal has its status and no body', async (t) => {
  const STATUSES: { readonly [kind in RejectionKind]: number } = {
    NotAcceptable: 406,
    NotFound: 404,
    Unavailable: 503,
    TooMany: 429,
    ...{ Invalid: 500, Unprocessable: 500, Unauthenticated: 500, Forbidden: 500, Gone: 500 },
    ...{ Conflict: 500, TooLarge: 500 },
  }
  const kinds = Object.keys(STATUSES) as readonly RejectionKind[]
  const { call } = await startRig(t, {
    endpoints: kinds.map((kind) =>
      open({ methods: ['GET'], name: `/${kind}` }, () => rejected(rejection(kind, 'some_reason'))),
    ),
  })
  for (const kind of kinds) {
    const reply = await call(publicPath(`/${kind}`))
    t.is(seen(reply), `${STATUSES[kind]} - 0 `, kind)
    t.is(reply.headers['retry-after'] !== undefined, kind === 'Unavailable' || kind === 'TooMany', kind)
  }
  const waits = rejected(rejection('Unavailable', 'late', { retryAfterSeconds: 7 }))
  t.is(waits.headers['Retry-After'], '7')
})

test('what goes wrong around the protocol has no body unless it is about one', (t) => {
  const bare = (status: number) => ({ status, headers: {}, body: '' })
  t.deepEqual(renderError({ _tag: 'BadRequest', reason: 'http' }), bare(400))
  t.deepEqual(renderError({ _tag: 'BadRequest', reason: 'upgrade with body' }), bare(400))
  t.deepEqual(renderError({ _tag: 'Timeout' }), bare(408))
  t.deepEqual(renderError({ _tag: 'TooMany', retryAfterSeconds: 1 }), bare(429))
  t.deepEqual(renderError({ _tag: 'HeadersTooLarge' }), bare(431))
  t.deepEqual(renderError({ _tag: 'Internal' }), bare(500))
  t.deepEqual(renderError({ _tag: 'ShuttingDown', retryAfterSeconds: 1 }), bare(503))
  t.is(renderError({ _tag: 'BadRequest', reason: 'json' }).body, '{"status":400}')
})

test('browsers of a listed origin may call it', async (t) => {
  const { call } = await startRig(t)
  const preflight = (origin: string): Promise<Reply> =>
    call(STATE, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })
  const { status, headers } = await preflight('https://listed.example')
  t.is(status, 204)
  t.is(headers['access-control-allow-origin'], 'https://listed.example')
  t.is(headers['access-control-allow-headers'], 'x-access-token, Content-Type')
  t.is((await preflight('https://other.example')).status, 405)
})
