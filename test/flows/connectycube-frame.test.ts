/**
 * Proves what every ConnectyCube request goes through, on the real server over HTTP: sessions of all kinds and their lifetime, the exact bodies
 * of refusals, what browsers need, bodies of every method, signatures of older SDKs, the application's settings and keys, the rate limit, and
 * who is behind a token that is linked elsewhere.
 */
import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import {
  ADMIN,
  APP,
  objectAt,
  send as sendTo,
  sessionOf,
  textAt,
  tokenOf,
  type Reply,
  type Sent,
} from '../support/connectycube.ts'
import { onMachine } from '../support/on-machine.ts'
import { cleanUp, freshDirectory, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
let machine: string

test.before(async () => {
  machine = join(await freshDirectory(), 'machine.json')
  await setClock(0)
  server = await startServer({ env: onMachine(machine) })
})
test.after.always(() => cleanUp(server))

const setClock = (clockMs: number): Promise<void> => writeFile(machine, JSON.stringify({ clockMs }))

const send = (method: string, path: string, sent: Sent = {}, base = server.url): Promise<Reply> =>
  sendTo(method, `${base}${path}`, sent)

const open = (more: JsonObject = {}, base = server.url): Promise<Reply> =>
  send('POST', '/session.json', { json: { ...APP, ...more } }, base)

const user = (login: string): JsonObject => ({ user: { login, password: 'blue-whale-7' } })

test.serial('an application session is what the client asked for, and GET shows it again', async (t) => {
  const opened = await open({ timestamp: 1767225600, nonce: 77 })
  t.is(opened.status, 201)
  t.is(opened.headers.get('content-type'), 'application/json; charset=utf-8')
  t.regex(opened.headers.get('cb-token-expirationdate') ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
  const session = sessionOf(opened)
  t.like(session, { user_id: 0, application_id: 1, ts: 1767225600, nonce: 77, user: null })
  t.regex(tokenOf(opened), /^[\da-f]{34}000001$/)
  t.regex(textAt(session, 'created_at'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  const shown = await send('GET', '/session', { token: tokenOf(opened) })
  t.is(shown.status, 200)
  t.deepEqual(shown.body, opened.body)
  t.deepEqual((await send('GET', `/session.json?token=${tokenOf(opened)}`)).body, opened.body)
})

test.serial('who is unknown is created with his session, who is known needs his password', async (t) => {
  const first = await open(user('Otto'))
  t.is(first.status, 201)
  const { user_id: id, user: shown } = sessionOf(first)
  t.true(isObject(shown) && shown['login'] === 'Otto' && shown['id'] === id && id !== 0)
  t.is(sessionOf(await open(user('otto')))['user_id'], id)
  const wrong = await open({ user: { login: 'otto', password: 'another-one' } })
  t.is(wrong.status, 401)
  t.deepEqual(wrong.body, { errors: ['Unauthorized'] })
  const short = await open({ user: { login: 'new one', password: 'short' } })
  t.is(short.status, 422)
  t.deepEqual(short.body, { errors: { password: ['is too short (minimum is 8 characters)'] } })
})

test.serial(
  'what names no application, or nobody, opens no session; a dead token does not matter',
  async (t) => {
    const wrong = (field: string, rule: string): Json => ({ errors: { [field]: [rule] } })
    const blank = "can't be blank"
    const refusals: readonly (readonly [JsonObject, number, Json])[] = [
      [{ auth_key: 'other' }, 401, { errors: ['Unauthorized'] }],
      [{ application_id: 2 }, 401, { errors: ['Unauthorized'] }],
      [{ application_id: 'abc' }, 401, { errors: ['Unauthorized'] }],
      [{ application_id: null }, 422, wrong('application_id', blank)],
      [{ user: [] }, 422, wrong('user', 'is invalid')],
      [{ user: {} }, 422, wrong('login', blank)],
      [{ user: { login: ['x'], password: 'blue-whale-7' } }, 422, wrong('login', blank)],
      [{ user: { login: 'x' } }, 422, wrong('password', blank)],
      [{ signature: ['x'] }, 422, wrong('base', 'Unexpected signature')],
      [{ nonce: 'x'.repeat(256) }, 422, wrong('nonce', 'is too long (maximum is 255 characters)')],
    ]
    for (const [more, status, body] of refusals) {
      const refused = await open(more)
      t.deepEqual([refused.status, refused.body], [status, body], JSON.stringify(more).slice(0, 80))
    }
    t.is((await open({ user: null, signature: null })).status, 201)
    t.is((await send('POST', '/session', { token: 'dead', json: APP })).status, 201)
  },
)

test.serial('the bodies of refusals are exact, whatever is asked', async (t) => {
  const dead = await send('GET', '/session.json', { token: 'dead' })
  t.is(dead.status, 401)
  t.deepEqual(dead.body, { errors: { base: ['Required session does not exist'] } })
  const none = await send('GET', '/session.json')
  t.is(none.status, 401)
  t.deepEqual(none.body, { errors: ['Token is required'] })
  const app = await send('GET', '/address_book.json', { token: tokenOf(await open()) })
  t.is(app.status, 403)
  t.deepEqual(app.body, { errors: { base: ['Forbidden. Need user.'] } })
  for (const [method, path] of [
    ['GET', '/nothing/here'],
    ['PATCH', '/session.json'],
    ['GET', '/xmpp'],
    ['GET', '/users/%zz/x'],
  ] as const) {
    const unknown = await send(method, path)
    t.is(unknown.status, 404, path)
    t.deepEqual(unknown.body, { errors: ["The resource wasn't found"] })
  }
  const admin = await send('GET', '/admin/application/settings', { token: tokenOf(await open()) })
  t.is(admin.status, 401)
  t.deepEqual(admin.body, { errors: ['Unauthorized'] })
  const malformed = await send('POST', '/session', {
    form: '{}',
    headers: { 'Content-Type': 'application/json' },
  })
  t.is(malformed.status, 422)
  for (const [form, type] of [
    ['{', 'application/json'],
    ['[]', 'application/json'],
    ['x', 'text/plain'],
    [`{"a":${'['.repeat(200)}${']'.repeat(200)}}`, 'application/json'],
    [`{"a":"${'x'.repeat(1_100_000)}"}`, 'application/json'],
    [Array.from({ length: 1_001 }, () => 'a[]=1').join('&'), 'application/x-www-form-urlencoded'],
  ] as const) {
    const refused = await send('POST', '/session.json', { form, headers: { 'Content-Type': type } })
    t.is(refused.status, 400, form.slice(0, 20))
    t.deepEqual(refused.body, { errors: ['Bad request'] })
  }
})

test.serial('browsers may read every answer', async (t) => {
  for (const [method, path] of [
    ['GET', '/session'],
    ['GET', '/nothing/here'],
    ['HEAD', '/session'],
    ['POST', '/session'],
    ['OPTIONS', '/nothing'],
  ] as const)
    t.is((await send(method, path)).headers.get('access-control-allow-origin'), '*', `${method} ${path}`)
  const preflight = await send('OPTIONS', '/users/1/anything.json')
  t.is(preflight.status, 204)
  t.is(preflight.headers.get('access-control-allow-methods'), 'GET, POST, PUT, DELETE, OPTIONS')
  t.is(preflight.headers.get('access-control-allow-headers'), 'CB-Token, CB-SDK, CB-AuthKey, Content-Type')
})

test.serial('HEAD is GET without the body', async (t) => {
  const token = tokenOf(await open())
  const got = await send('GET', '/session', { token })
  const head = await send('HEAD', '/session.json', { token })
  t.is(head.status, 200)
  t.is(head.text, '')
  t.is(head.headers.get('content-length'), got.headers.get('content-length'))
})

test.serial('forms with brackets are bodies too', async (t) => {
  const opened = await send('POST', '/session', {
    form: 'application_id=1&auth_key=dev-auth-key&user[login]=form+user&user[password]=blue-whale-7',
  })
  t.is(opened.status, 201)
  t.is(objectAt(sessionOf(opened), 'user')['login'], 'form user')
  const flat = await send('POST', '/session', {
    json: { ...APP, 'user[login]': 'flat user', 'user[password]': 'blue-whale-7', '__proto__[x]': 1 },
  })
  t.is(flat.status, 201)
  t.true(Number(sessionOf(flat)['user_id']) > 0)
})

test.serial('login gives the token a user, logout takes him away, and the end is the end', async (t) => {
  const id = sessionOf(await open(user('mira')))['user_id']
  const token = tokenOf(await open())
  const unknown = await send('POST', '/login', { token, json: { login: 'nobody', password: 'whatever-1' } })
  t.is(unknown.status, 401)
  t.deepEqual(unknown.body, { errors: ['Unauthorized'] })
  t.is((await send('POST', '/login', { token, json: {} })).status, 422)
  const elsewhere = { user: { provider: 'facebook', keys: { token: 'x' } } }
  t.regex((await send('POST', '/login', { token, json: elsewhere })).text, /^\{"errors":\{"base":\[/)
  const login = await send('POST', '/login.json', {
    token,
    json: { login: 'mira', password: 'blue-whale-7' },
  })
  t.is(login.status, 202)
  t.true(isObject(login.body) && isObject(login.body['user']) && login.body['user']['id'] === id)
  t.is(sessionOf(await send('GET', '/session', { token }))['user_id'], id)
  const wrapped = await send('POST', '/login', { token, json: user('otto 2') })
  t.is(wrapped.status, 401)
  const left = await send('DELETE', '/login.json', { token })
  t.deepEqual([left.status, left.text], [200, ''])
  t.like(sessionOf(await send('GET', '/session', { token })), { user_id: 0, user: null })
  const ended = await send('DELETE', '/session.json', { token })
  t.deepEqual([ended.status, ended.text], [200, ''])
  t.is((await send('GET', '/session', { token })).status, 401)
})

test.serial('a signature that is there must be right and fresh', async (t) => {
  const at = Math.floor(Date.now() / 1_000)
  const signed = (timestamp: number, hash: string, secret = 'dev-auth-secret'): JsonObject => ({
    nonce: 5,
    timestamp,
    signature: createHmac(hash, secret)
      .update(`application_id=1&auth_key=dev-auth-key&nonce=5&timestamp=${timestamp}`)
      .digest('hex'),
  })
  t.is((await open(signed(at, 'sha1'))).status, 201)
  t.is((await open(signed(at, 'sha256'))).status, 201)
  for (const wrong of [signed(at, 'sha1', 'x'), { ...signed(at, 'sha1'), nonce: 6 }, { signature: '' }]) {
    const refused = await open(wrong)
    t.is(refused.status, 422)
    t.deepEqual(refused.body, { errors: { base: ['Unexpected signature'] } })
  }
  const stale = await open(signed(at - 3_700, 'sha1'))
  t.is(stale.status, 422)
  t.deepEqual(stale.body, { errors: { timestamp: ['is invalid'] } })
})

test.serial('a provider that is not configured is 422, and guests come without a password', async (t) => {
  const facebook = await open({ provider: 'facebook', keys: { token: 'x' } })
  t.is(facebook.status, 422)
  t.true(facebook.text.startsWith('{"errors":{"base":['))
  const guest = sessionOf(await open({ user: { guest: '1', full_name: 'Gia' } }))
  t.like(objectAt(guest, 'user'), { is_guest: true, full_name: 'Gia' })
  t.regex(textAt(objectAt(guest, 'user'), 'login'), /^guest_login_[\dA-F]{36}$/)
})

test.serial(
  'settings are partial, checked, and obeyed; the identity provider of the application is asked',
  async (t) => {
    const asked: string[] = []
    const provider = createServer((req, res) => {
      asked.push(req.url ?? '')
      res.statusCode = req.url?.includes('bad') === true ? 401 : 200
      res.end(JSON.stringify({ person: { id: 42, name: 'Cid' } }))
    }).listen(0, '127.0.0.1')
    t.teardown(() => provider.close())
    await new Promise((resolve) => provider.once('listening', resolve))
    const { port } = provider.address() as AddressInfo
    const path = '/admin/application/settings'
    const before = await send('GET', path, { headers: ADMIN })
    t.like(before.body, { users_list_v1: 'allow', cidp: null })
    const put = (json: Json): Promise<Reply> => send('PUT', path, { headers: ADMIN, json })
    const bad = await put({ users_list_v1: 'perhaps', cidp: { url: 'http://example.org/' } })
    t.is(bad.status, 422)
    t.deepEqual(bad.body, { errors: { users_list_v1: ['is invalid'], cidp: ['is invalid'] } })
    const cidp = {
      url: `http://127.0.0.1:${port}/me`,
      request_params: { token: '#{login}' },
      response_params: { uid: '#{person.id}', full_name: '#{person.name}' },
    }
    const set = await put({ session_without_existing_user: 'deny', cidp })
    t.is(set.status, 200)
    t.like(set.body, { session_without_existing_user: 'deny', users_list_v1: 'allow', cidp })
    const first = sessionOf(await open({ user: { login: 'ext token', password: 'x' } }))
    t.deepEqual(asked, ['/me?token=ext+token'])
    t.true(
      isObject(first['user']) &&
        first['user']['login'] === 'custom_42' &&
        first['user']['full_name'] === 'Cid',
    )
    t.is(sessionOf(await open({ user: { login: 'other', password: 'x' } }))['user_id'], first['user_id'])
    t.is((await open({ user: { login: 'bad', password: 'x' } })).status, 422)
    t.is((await put({ cidp: null, require_signature: true })).status, 200)
    t.is((await open()).status, 422)
    t.is((await put({ require_signature: false })).status, 200)
    t.is((await open({ user: { login: 'nobody yet', password: 'blue-whale-7' } })).status, 401)
    t.is((await put({ session_without_existing_user: 'allow' })).status, 200)
  },
)

test.serial('a token lives two hours after its last request, a guest for a day', async (t) => {
  const [hour, minute] = [3_600_000, 60_000]
  const [used, unused] = [tokenOf(await open(user('slider'))), tokenOf(await open(user('sleeper')))]
  const guest = tokenOf(await open({ user: { guest: 1 } }))
  const status = async (token: string): Promise<number> => (await send('GET', '/session', { token })).status
  await setClock(2 * hour - minute)
  t.is(await status(used), 200)
  await setClock(2 * hour + minute)
  t.is(await status(unused), 401)
  t.is(await status(used), 200)
  await setClock(24 * hour - minute)
  t.is(await status(used), 401)
  t.is(await status(guest), 200)
  await setClock(24 * hour + minute)
  t.is(await status(guest), 401)
  await setClock(0)
})

test.serial(
  'requests of an address are as many as the operator allows; keys that are set replace those before',
  async (t) => {
    const { dataDir } = server
    await server.stop('SIGTERM')
    server = await startServer({
      dataDir,
      env: {
        ...onMachine(machine),
        CC_REQUESTS_PER_MINUTE: '3',
        CC_AUTH_KEY: 'rotated',
        CONNECTYCUBE_PORT: '0',
      },
    })
    const own = server.urlOf('connectycube')
    t.is((await open({}, own)).status, 401)
    t.is((await open({ auth_key: 'rotated' }, own)).status, 201)
    t.is((await send('GET', '/', {}, own)).status, 404)
    t.is((await open({}, own)).status, 401)
    const limited = await open({}, own)
    t.is(limited.status, 429)
    t.deepEqual(limited.body, { errors: ['Too Many Requests'] })
    t.regex(limited.headers.get('retry-after') ?? '', /^\d+$/)
    t.is(limited.headers.get('access-control-allow-origin'), '*')
  },
)
