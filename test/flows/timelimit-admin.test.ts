/**
 * Proves the administrator's end points, purchases and identity tokens (timelimit 2.15, 2.17, 2.18): with the keys and secrets configured, and what each
 * adds to a family's time.
 */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, clientOf, type Reply } from '../support/client.ts'
import { listen } from '../support/timelimit-sockets.ts'
import {
  createFamily,
  newMail,
  ok,
  startTimelimit,
  type Parent,
  type Timelimit,
} from '../support/timelimit.ts'

const ADMIN_TOKEN = 'the-token-of-the-administrator'
const SIGN_SECRET = 'a-secret-that-signs-tokens'
const google = generateKeyPairSync('rsa', { modulusLength: 2048 })
const GOOGLE_PLAY_PUBLIC_KEY = google.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')

let at: Timelimit | undefined
test.before(async () => {
  at = await startTimelimit({ env: { ADMIN_TOKEN, SIGN_SECRET, GOOGLE_PLAY_PUBLIC_KEY } })
})
test.after.always(() => at?.close())
const server = (): Timelimit => {
  if (at === undefined) throw new Error('no server')
  return at
}
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const admin = (
  method: string,
  path: string,
  body?: JsonObject,
  authorization: string | undefined = basic(`me:${ADMIN_TOKEN}`),
): Promise<Reply> =>
  clientOf(server().url()).send(method, `/admin${path}`, {
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { Authorization: authorization, 'Content-Type': 'application/json' },
  })
const [DAY, MONTH, YEAR] = [86_400_000, 31 * 86_400_000, 366 * 86_400_000]
const untilOf = async ({ phone }: Parent): Promise<number> => (await phone.full()).fullVersion
const near = (a: number, b: number): boolean => Math.abs(a - b) < 60_000

const PATHS: readonly (readonly [string, string, JsonObject | undefined])[] = [
  ['GET', '/status', undefined],
  ['POST', '/reset-counters', undefined],
  ['GET', '/status-message', undefined],
  ['POST', '/status-message', { message: '' }],
  ['POST', '/unlock-premium', { mail: 'nobody@example.com', duration: 'month' }],
  ['POST', '/unlock-premium-v2', { purchaseToken: 'x', purchaseId: 'x', dryRun: true, type: 'month' }],
]

test.serial('the password, and what every answer allows', async (t) => {
  const cors = (reply: Reply): void => {
    t.is(reply.headers['access-control-allow-origin'], '*')
    t.is(reply.headers['access-control-allow-headers'], 'Authorization, Content-Type, Accept')
    t.is(reply.headers['access-control-allow-methods'], 'GET, POST')
  }
  for (const [method, path, body] of PATHS) {
    for (const wrong of [
      '',
      'Bearer x',
      basic('me:wrong'),
      basic(ADMIN_TOKEN),
      basic(`${ADMIN_TOKEN}:`),
      'Basic *',
    ]) {
      const reply = await admin(method, path, body, wrong)
      t.is(reply.status, 401, `${path} ${wrong}`)
      t.is(reply.headers['www-authenticate'], 'Basic realm="login"')
      cors(reply)
    }
    const good = await admin(method, path, body)
    t.not(good.status, 401, path)
    cors(good)
    const options = await clientOf(server().url()).send('OPTIONS', `/admin${path}`)
    t.deepEqual([options.status, options.text], [204, ''])
    cors(options)
  }
  t.is((await admin('GET', '/status', undefined, basic(`any:${ADMIN_TOKEN}`))).status, 200)
})

test.serial('status, counters, and the message that every device is sent', async (t) => {
  const family = await createFamily(server())
  const listener = await listen(server().url(), family.phone.token)
  t.teardown(listener.close)
  const status = (await admin('GET', '/status')).object()
  t.deepEqual(Object.keys(status).sort(), ['counters', 'maxValues', 'websocketClients'])
  t.is(status.websocketClients, 1)
  t.is((await admin('POST', '/reset-counters')).text, '{"ok":true}')
  t.false('message' in ok(await family.phone.ask({ devices: '', users: '', apps: {}, categories: {} })))
  t.is((await admin('GET', '/status-message')).text, '{"statusMessage":""}')
  t.is((await admin('POST', '/status-message', { message: 'Wartung um 5 🦊' })).text, '{"ok":true}')
  t.deepEqual((await admin('GET', '/status-message')).json(), { statusMessage: 'Wartung um 5 🦊' })
  t.is((await family.phone.pull()).message, 'Wartung um 5 🦊')
  t.is((await admin('POST', '/status-message', { message: '' })).text, '{"ok":true}')
  t.false('message' in (await family.phone.pull()))
})

test.serial('unlock-premium', async (t) => {
  const family = await createFamily(server())
  const listener = await listen(server().url(), family.phone.token)
  t.teardown(listener.close)
  const before = await family.phone.full()
  const unlock = (body: JsonObject) => admin('POST', '/unlock-premium', body)
  t.is((await unlock({ mail: newMail(), duration: 'month' })).status, 409)
  for (const body of [
    { mail: family.mail },
    { mail: family.mail, duration: 'day' },
    { mail: 1, duration: 'month' },
  ])
    t.is((await unlock(body)).status, 400)
  t.is((await unlock({ mail: family.mail, duration: 'month' })).text, '{"ok":true}')
  t.is(await untilOf(family), before.fullVersion + MONTH)
  t.is((await unlock({ mail: family.mail, duration: 'year' })).text, '{"ok":true}')
  t.is(await untilOf(family), before.fullVersion + MONTH + YEAR)
  t.deepEqual((await family.phone.full()).versions, before.versions, 'no version')
  await listener.until(() => listener.heard.length === 2, 'should sync')
  t.deepEqual(listener.syncs(), [true, true])
})

test.serial('purchases at Google', async (t) => {
  const family = await createFamily(server())
  const deviceAuthToken = family.phone.token
  const can = async (body: JsonObject) => server().post('/purchase/can-do-purchase', body)
  t.is((await can({ deviceAuthToken, type: 'apple' })).status, 400)
  t.is((await can({ deviceAuthToken: 'nobody' })).status, 401)
  const yes = ok(await can({ deviceAuthToken, type: 'googleplay' }))
  t.deepEqual(yes, { canDoPurchase: 'yes', googlePlayPublicKey: GOOGLE_PLAY_PUBLIC_KEY })
  const finish = (receipt: string, signature = sign('sha1', Buffer.from(receipt), google.privateKey)) =>
    server().post('/purchase/finish-purchase-by-google-play', {
      deviceAuthToken,
      receipt,
      signature: signature.toString('base64'),
    })
  const orderId = newMail()
  const receipt = JSON.stringify({ productId: 'premium_month_2018', orderId, more: [1] })
  const bad = [
    '[]',
    'no JSON',
    '{}',
    JSON.stringify({ productId: 'premium_week', orderId }),
    JSON.stringify({ productId: 'premium_month_2018', orderId: 7 }),
  ]
  for (const text of bad) t.is((await finish(text)).status, 409, text)
  t.is((await finish(receipt, Buffer.from('no signature'))).status, 409)
  t.is((await finish(receipt, sign('sha256', Buffer.from(receipt), google.privateKey))).status, 409)
  const before = await untilOf(family)
  for (let n = 0; n < 2; n += 1) t.is((await finish(receipt)).text, '{"ok":true}')
  t.is(await untilOf(family), before + MONTH, 'once')
  t.is(ok(await can({ deviceAuthToken })).canDoPurchase, 'no due to old purchase')
  const year = JSON.stringify({ productId: 'premium_year_2018', orderId: `${orderId}2` })
  t.is((await finish(year)).status, 200)
  t.is(await untilOf(family), before + MONTH + YEAR)
  const other = await createFamily(server())
  const unchanged = await untilOf(other)
  const stolen = await server().post('/purchase/finish-purchase-by-google-play', {
    deviceAuthToken: other.phone.token,
    receipt,
    signature: sign('sha1', Buffer.from(receipt), google.privateKey).toString('base64'),
  })
  t.is(stolen.status, 200)
  t.is(await untilOf(other), unchanged, 'an order of another family adds nothing')
})

const tokenOf = async ({ phone, userId, password }: Parent): Promise<string> => {
  const body = { deviceAuthToken: phone.token, parentUserId: userId, purpose: 'purchase' }
  const proof = { ...body, parentPasswordSecondHash: password.secondHash }
  return asText(ok(await server().post('/parent/create-identity-token', proof)).token)
}
/** The JWT inside. */
const jwtOf = (token: string): string => Buffer.from(token.replaceAll('\n', ''), 'base64').toString()
const partsOf = (jwt: string): readonly JsonObject[] =>
  jwt
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as JsonObject)
const signed = (claims: JsonObject, secret = SIGN_SECRET): string => {
  const head = [{ alg: 'HS512', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const jwt = `${head}.${createHmac('sha512', secret).update(head).digest('base64url')}`
  return Buffer.from(jwt).toString('base64')
}

test.serial('identity tokens', async (t) => {
  const family = await createFamily(server())
  const token = await tokenOf(family)
  const lines = token.split('\n').filter((line) => line !== '')
  t.true(lines.slice(0, -1).every(({ length }) => length === 32))
  t.true((lines.at(-1) ?? '').length <= 32)
  const jwt = jwtOf(token)
  const [header, claims] = partsOf(jwt)
  t.is(header?.alg, 'HS512')
  const { exp, familyId, ...more } = claims ?? {}
  t.true(Math.abs(Number(exp) * 1000 - Date.now() - 7 * DAY) < 60_000)
  t.regex(asText(familyId), /^[A-Za-z0-9]{10}$/)
  t.like(more, { purpose: 'purchase', userId: family.userId, mail: family.mail })
  const [text, signature] = [jwt.slice(0, jwt.lastIndexOf('.')), jwt.slice(jwt.lastIndexOf('.') + 1)]
  t.is(createHmac('sha512', SIGN_SECRET).update(text).digest('base64url'), signature)
})

test.serial('unlock-premium-v2', async (t) => {
  const family = await createFamily(server())
  const start = await untilOf(family)
  const purchaseToken = await tokenOf(family)
  const purchaseId = newMail()
  const unlock = async (change: JsonObject) => {
    const reply = await admin('POST', '/unlock-premium-v2', {
      purchaseToken,
      purchaseId,
      dryRun: false,
      type: 'month',
      ...change,
    })
    t.is(reply.status, 200)
    return reply.object()
  }
  const { mail } = family
  t.deepEqual(await unlock({ dryRun: true }), { ok: true, mail, wasAlreadyExecuted: false })
  t.is(await untilOf(family), start, 'a dry run')
  t.deepEqual(await unlock({}), { ok: true, mail, wasAlreadyExecuted: false })
  t.is(await untilOf(family), start + MONTH)
  t.deepEqual(await unlock({}), { ok: true, mail, wasAlreadyExecuted: true })
  t.deepEqual(await unlock({ type: 'year' }), { ok: true, mail, wasAlreadyExecuted: true })
  t.is(await untilOf(family), start + MONTH)
  const other = await createFamily(server())
  const used = await unlock({ purchaseToken: await tokenOf(other) })
  t.deepEqual([used.ok, used.error], [false, 'purchase id already used'])
  const again = await unlock({ purchaseId: newMail() })
  t.deepEqual([again.ok, again.error], [false, 'can not renew now'])
  const { timestamp, ...last } = again.lastPurchase as JsonObject
  t.true(near(Number(timestamp), Date.now()))
  t.is(last.transactionId, purchaseId)
  t.deepEqual(Object.keys(last).sort(), ['service', 'timestring', 'transactionId'])

  const [, claims = {}] = partsOf(jwtOf(await tokenOf(other)))
  const now = Math.floor(Date.now() / 1000)
  for (const bad of [
    'x',
    '',
    signed(claims, 'another secret'),
    signed({ ...claims, exp: now - 29 * 86_400 }),
    signed({ ...claims, purpose: 'support' }),
  ]) {
    const answer = await unlock({ purchaseToken: bad, purchaseId: newMail() })
    t.deepEqual([answer.ok, answer.error, typeof answer.detail], [false, 'token invalid', 'string'])
  }
  const late = signed({ ...claims, exp: now - 86_400 })
  const dry = await unlock({ purchaseToken: late, purchaseId: newMail(), dryRun: true })
  t.is(dry.error, 'token invalid', 'a dry run tolerates nothing')
  const gone = signed({ ...claims, familyId: 'nobody1234' })
  t.is((await unlock({ purchaseToken: gone, purchaseId: newMail() })).error, 'family not found')
  const before = await untilOf(other)
  const unpaid = await unlock({ purchaseToken: late, purchaseId: newMail(), type: 'unpaid14' })
  t.deepEqual(unpaid, { ok: true, mail: other.mail, wasAlreadyExecuted: false })
  t.is(await untilOf(other), before + 14 * DAY)
  await unlock({ purchaseToken: late, purchaseId: newMail(), type: 'unpaid14' })
  t.is(await untilOf(other), before + 21 * DAY, 'at most 21 days of debts')
})
