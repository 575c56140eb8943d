/**
 * Proves what holds for every end point (timelimit 2.0, 8.1; one-port 5, 6): strict bodies of the right type and size in every encoding, pages for errors,
 * and nothing where nothing is.
 */
import type { OutgoingHttpHeaders } from 'node:http'
import { deflateSync, gzipSync } from 'node:zlib'
import test from 'ava'
import { isList, isObject, type JsonObject } from '../../src/json.ts'
import { clientOf, type Reply } from '../support/client.ts'
import { passwordOf } from '../support/timelimit-crypto.ts'
import { createFamily, familyOf, startTimelimit, type Parent, type Timelimit } from '../support/timelimit.ts'

let at: Timelimit | undefined
let family: Parent | undefined
const ADMIN_TOKEN = 'the-token-of-the-administrator'
test.before(async () => {
  at = await startTimelimit({ env: { ADMIN_TOKEN } })
  family = await createFamily(at)
})
test.after.always(() => at?.close())
const server = (): Timelimit => {
  if (at === undefined) throw new Error('no server')
  return at
}
const token = (): string => family?.phone.token ?? ''
const JSON_TYPE = { 'Content-Type': 'application/json' }
const send = (method: string, path: string, body?: string | Buffer, headers = {}): Promise<Reply> =>
  clientOf(server().url()).send(method, path, { ...(body === undefined ? {} : { body }), headers })

const STATUS = { devices: '', users: '', apps: {}, categories: {} }
const ACTION = { encodedAction: '{}', sequenceNumber: 0, integrity: '', type: 'appLogic', userId: '' }

/** A body of the right shape for every end point; with an admin's password or without. */
const BODIES: { readonly [path: string]: JsonObject } = {
  '/auth/send-mail-login-code-v2': { mail: 'x', locale: 'en' },
  '/auth/sign-in-by-mail-code': { mailLoginToken: 'x', receivedCode: 'x' },
  '/parent/get-status-by-mail-address': { mailAuthToken: 'x' },
  '/parent/create-family': familyOf('x', passwordOf('x')),
  '/parent/sign-in-into-family': { mailAuthToken: 'x', parentDevice: { model: 'm' }, deviceName: 'd' },
  '/parent/recover-parent-password': { mailAuthToken: 'x', password: passwordOf('x') },
  '/parent/create-add-device-token': { deviceAuthToken: 'x', parentId: 'x', parentPasswordSecondHash: 'x' },
  '/parent/link-mail-address': {
    mailAuthToken: 'x',
    deviceAuthToken: 'x',
    parentUserId: 'x',
    parentPasswordSecondHash: 'x',
  },
  '/parent/remove-device': {
    deviceAuthToken: 'x',
    parentUserId: 'x',
    parentPasswordSecondHash: 'x',
    deviceId: 'x',
  },
  '/parent/create-identity-token': {
    deviceAuthToken: 'x',
    parentUserId: 'x',
    parentPasswordSecondHash: 'x',
    purpose: 'purchase',
  },
  '/parent/delete-account': { deviceAuthToken: 'x', mailAuthTokens: ['x'] },
  '/child/add-device': { registerToken: 'x', childDevice: { model: 'm' }, deviceName: 'd' },
  '/child/update-primary-device': { action: 'set this device', currentUserId: 'x', authToken: 'x' },
  '/child/logout-at-primary-device': { deviceAuthToken: 'x' },
  '/sync/push-actions': { deviceAuthToken: 'x', actions: [ACTION] },
  '/sync/pull-status': { deviceAuthToken: 'x', status: STATUS },
  '/sync/report-removed': { deviceAuthToken: 'x' },
  '/sync/is-device-removed': { deviceAuthToken: 'x' },
  '/purchase/finish-purchase-by-google-play': { deviceAuthToken: 'x', receipt: 'x', signature: 'x' },
  '/admin/status-message': { message: '' },
  '/admin/unlock-premium': { mail: 'x@example.com', duration: 'month' },
  '/admin/unlock-premium-v2': { purchaseToken: 'x', purchaseId: 'x', dryRun: true, type: 'month' },
}
const authorization = (password: string) => ({
  Authorization: `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`,
})
const headersOf = (path: string) =>
  path.startsWith('/admin') ? { ...JSON_TYPE, ...authorization(ADMIN_TOKEN) } : JSON_TYPE

/** The body with one member left out, of another type, or with more in it. */
const spoilt = (body: JsonObject, name: string): readonly string[] => {
  const { [name]: value, ...less } = body
  const others = [null, typeof value === 'string' ? 1 : 'text', isList(value) ? {} : []]
  return [
    ...(name === 'clientLevel' ? [] : [less]),
    ...others.map((other) => ({ ...body, [name]: other })),
    ...(isObject(value) ? [{ ...body, [name]: { ...value, x: 1 } }] : []),
  ].map((each) => JSON.stringify(each))
}

test('every end point: a body that is none, or has too much, too little or the wrong type, is 400', async (t) => {
  for (const [path, body] of Object.entries(BODIES)) {
    const post = async (text: string | Buffer, headers = {}): Promise<number> =>
      (await send('POST', path, text, { ...headersOf(path), ...headers })).status
    const well = JSON.stringify(body)
    if (path !== '/auth/send-mail-login-code-v2') t.not(await post(well), 400, `${path}: well`)
    const bad = ['', '{', '[]', '"text"', 'null', '1', `${well}}`, `[${well}]`, well.slice(0, -1)]
    const more = [JSON.stringify({ ...body, more: 1 }), `{"__proto__":1,${well.slice(1)}`]
    for (const text of [...bad, ...more, ...Object.keys(body).flatMap((name) => spoilt(body, name))])
      t.is(await post(text), 400, `${path}: ${text.slice(0, 200)}`)
    t.is(await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])), 400, `${path}: no UTF-8`)
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', ''])
      t.is(await post(well, { 'Content-Type': type }), 400, `${path}: ${type}`)
  }
})

test('what is inside a push and a pull is strict too', async (t) => {
  const push = (change: JsonObject) => ({ deviceAuthToken: token(), actions: [{ ...ACTION, ...change }] })
  const { userId: _userId, ...less } = ACTION
  const bad = [
    push({ x: 1 }),
    push({ sequenceNumber: '0' }),
    push({ encodedAction: {} }),
    push({ type: 'admin' }),
    push({ integrity: null }),
    { deviceAuthToken: token(), actions: [less] },
    { deviceAuthToken: token(), actions: [null] },
  ]
  for (const body of bad) t.is((await server().post('/sync/push-actions', body)).status, 400)
  const category = { base: '', apps: '', rules: '', usedTime: '' }
  const statuses: readonly JsonObject[] = [
    { x: 1 },
    { clientLevel: '8' },
    { apps: { a: 1 } },
    { categories: { abcdef: { ...category, x: '' } } },
    { categories: { abcdef: { ...category, base: 1 } } },
    { categories: { abcdef: { base: '', apps: '', rules: '' } } },
    { devicesDetail: { abcdef: { appsB: 1 } } },
    { devicesDetail: { abcdef: { appsC: '' } } },
    { kri: '1' },
    { kr: null },
    { dh: 1 },
    { u2f: {} },
  ]
  const pull = async (change: JsonObject): Promise<number> =>
    (await server().post('/sync/pull-status', { deviceAuthToken: token(), status: { ...STATUS, ...change } }))
      .status
  for (const change of statuses) t.is(await pull(change), 400, JSON.stringify(change))
  t.is(
    await pull({ apps: { abcdef: 'v' }, devicesDetail: { abcdef: {} }, categories: { abcdef: category } }),
    200,
  )
})

test('gzip, deflate, none; with and without a length; other encodings are refused', async (t) => {
  const body = JSON.stringify({ deviceAuthToken: token(), status: STATUS })
  const path = '/sync/pull-status'
  const whole = (await send('POST', path, body, JSON_TYPE)).text
  const chunked = { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' }
  const forms: readonly (readonly [string | Buffer, OutgoingHttpHeaders])[] = [
    [gzipSync(body), { 'Content-Encoding': 'gzip' }],
    [deflateSync(body), { 'Content-Encoding': 'deflate' }],
    [body, { 'Content-Encoding': 'identity' }],
    [body, { 'Content-Type': 'application/json; charset=utf-8' }],
    [body, { 'Content-Type': 'APPLICATION/JSON;charset="UTF-8"' }],
  ]
  for (const [bytes, headers] of forms) {
    for (const base of [JSON_TYPE, chunked]) {
      const reply = await send('POST', path, bytes, { ...base, ...headers })
      t.is(reply.status, 200, JSON.stringify(headers))
      t.is(reply.text, whole)
      t.is(reply.headers['content-type'], 'application/json; charset=utf-8')
      t.is(reply.headers['cache-control'], 'no-store')
      t.is(reply.headers['access-control-allow-origin'], undefined)
    }
  }
  t.is((await send('POST', path, body, { ...JSON_TYPE, 'Content-Encoding': 'br' })).status, 415)
  t.is((await send('POST', path, body, { ...JSON_TYPE, 'Content-Encoding': 'gzip' })).status, 400)
})

const padded = (path: string, size: number): string => JSON.stringify(BODIES[path]).padEnd(size)

for (const [path, limit] of [
  ['/sync/pull-status', 102_400],
  ['/sync/push-actions', 5_242_880],
] as const) {
  test(`${path}: ${limit} bytes, decompressed`, async (t) => {
    const post = async (body: string | Buffer, headers: OutgoingHttpHeaders): Promise<number | undefined> =>
      // The server need not read what it refuses: then the connection may end while it is still being sent.
      (await send('POST', path, body, headers).catch(() => undefined))?.status
    for (const headers of [JSON_TYPE, { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' }]) {
      const zipped = { ...headers, 'Content-Encoding': 'gzip' }
      t.is(await post(padded(path, limit), headers), 401, 'fits')
      t.is(await post(gzipSync(padded(path, limit)), zipped), 401, 'fits')
      t.is(await post(gzipSync(padded(path, limit + 1)), zipped), 413)
      t.true([413, undefined].includes(await post(padded(path, limit + 1), headers)))
    }
  })
}

test('errors are pages; what is not mounted is 404', async (t) => {
  const page = (reply: Reply, status: number, text: string): void => {
    t.is(reply.status, status)
    t.is(reply.headers['content-type'], 'text/html; charset=utf-8')
    t.true(reply.text.includes(text), reply.text)
  }
  page(await send('POST', '/sync/pull-status', '{', JSON_TYPE), 400, 'Bad Request')
  page(await server().post('/sync/pull-status', BODIES['/sync/pull-status'] ?? {}), 401, 'Unauthorized')
  const nowhere = [
    '/parent/can-recover-password',
    '/purchase/finish-purchase-by-debts',
    '/sync',
    '/auth',
    '/sync/x',
    '/parent/create-family/x',
  ]
  for (const path of nowhere) page(await server().post(path, {}), 404, 'Not Found')
  for (const path of Object.keys(BODIES).filter((each) => !each.startsWith('/admin'))) {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      t.is((await send(method, path)).status, 404, `${method} ${path}`)
  }
  page(await send('POST', '/time', '{}', JSON_TYPE), 404, 'Not Found')
  t.is((await send('POST', '//sync//is-device-removed/', '{"deviceAuthToken":"x"}', JSON_TYPE)).status, 200)
})

test('/time', async (t) => {
  const reply = await send('GET', '/time')
  t.is(reply.status, 200)
  t.is(reply.headers['content-type'], 'application/json; charset=utf-8')
  const { ms, ...more } = reply.object()
  t.deepEqual(more, {})
  t.true(Number.isInteger(ms) && Math.abs(Number(ms) - Date.now()) < 60_000)
  const head = await send('HEAD', '/time')
  t.deepEqual([head.status, head.text], [200, ''])
})

test('without a key of Google there are no purchases, for whatever body', async (t) => {
  for (const body of ['', '{', '{"x":1}', JSON.stringify({ deviceAuthToken: token() })]) {
    const reply = await send('POST', '/purchase/can-do-purchase', body, JSON_TYPE)
    t.is(`${reply.status} ${reply.text}`, '200 {"canDoPurchase":"no because not supported by the server"}')
  }
  const path = '/purchase/finish-purchase-by-google-play'
  t.is((await server().post(path, { deviceAuthToken: 'nobody', receipt: '{}', signature: '' })).status, 401)
  t.is((await server().post(path, { deviceAuthToken: token(), receipt: '{}', signature: '' })).status, 409)
})

test('without a secret there are no identity tokens, but the proof is asked for first', async (t) => {
  const body = { deviceAuthToken: token(), parentUserId: '', purpose: 'purchase' }
  const path = '/parent/create-identity-token'
  t.is((await server().post(path, { ...body, parentPasswordSecondHash: 'x' })).status, 401)
  t.is((await server().post(path, { ...body, parentPasswordSecondHash: 'device' })).status, 404)
})
