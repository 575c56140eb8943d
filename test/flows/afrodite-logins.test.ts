/** Proves sign-in with Google (afrodite 4.4) end to end, with a key server in Google's place: who gets in, whose account it is, and that every failure is 500. */
import { createHmac } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { exportSPKI } from 'jose'
import {
  apiStatus,
  call,
  loginResult,
  ok,
  PATHS,
  startAfrodite,
  type LoginResult,
  type Reply,
} from '../support/afrodite.ts'
import { connect } from '../support/afrodite-sockets.ts'
import {
  CLIENT_IDS,
  idToken,
  newKey,
  startGoogleKeys,
  type Claims,
  type Key,
} from '../support/google-keys.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

const servers: RunningServer[] = []
test.after.always(() => cleanUp(...servers))

type Google = {
  readonly server: RunningServer
  readonly key: Key
  readonly fetches: () => number
  readonly publish: (...keys: readonly Key[]) => void
  readonly signIn: (google: string | null, more?: object) => Promise<Reply>
  /** With a token of these claims. */
  readonly as: (claims: Claims) => Promise<LoginResult>
}

/** Keys that may be cached for so many seconds. */
const google = async (t: ExecutionContext, maxAge = 3_600): Promise<Google> => {
  const keys = await startGoogleKeys(t)
  keys.answer((res, body) => {
    res.setHeader('cache-control', `public, max-age=${maxAge}, must-revalidate`)
    res.setHeader('content-type', 'application/json')
    res.end(body)
  })
  const key = await newKey('first')
  keys.publish(key)
  const server = await startServer({
    env: {
      AFRODITE_GOOGLE_KEYS_URL: keys.url,
      AFRODITE_GOOGLE_CLIENT_ID_WEB: CLIENT_IDS.web,
      AFRODITE_GOOGLE_CLIENT_ID_SERVER: CLIENT_IDS.server,
      AFRODITE_GOOGLE_CLIENT_ID_ANDROID: CLIENT_IDS.android,
      AFRODITE_GOOGLE_CLIENT_ID_IOS: CLIENT_IDS.ios,
    },
  })
  servers.push(server)
  const signIn: Google['signIn'] = (google_token, more = {}) =>
    call(server.url, 'POST', PATHS.signIn, { body: { google_token, apple_token: null, ...more } })
  return {
    ...{ server, key, signIn, fetches: keys.fetches, publish: keys.publish },
    as: async (claims) => loginResult(await signIn(await idToken(key, claims))),
  }
}

test('the first sight makes an account, the next ones find it', async (t) => {
  const { server, key, as, signIn, fetches } = await google(t)
  const first = await as({ sub: '1', email: 'ann@example.org' })
  t.is(first.email, 'ann@example.org')
  const connected = await connect(t, server.url, first.pair)
  t.is(await apiStatus(server, connected.pair.access), 200)
  const second = await as({ sub: '1', email: 'ann@example.net', iss: 'accounts.google.com' })
  t.deepEqual([second.aid, second.email], [first.aid, 'ann@example.net'], 'stored at every login')
  t.is((await connected.socket.ending()).code, 4001)
  const again = await connect(t, server.url, second.pair)
  const data = ok(await call(server.url, 'GET', PATHS.data, { token: again.pair.access }))
  t.deepEqual(data, { email: 'ann@example.net' })
  const other = await as({ sub: '2', email: 'ann@example.net' })
  t.not(other.aid, first.aid, 'the identity is sub, not the address')
  const both = await signIn(await idToken(key, { sub: '1' }), {
    apple_token: 'nonsense',
    client_info: { client_type: 'Web', major: 1, minor: 2, patch: 3 },
    unknown: [1],
  })
  t.is(loginResult(both).aid, first.aid, 'Google wins')
  const onlyGoogle = await call(server.url, 'POST', PATHS.signIn, {
    body: { google_token: await idToken(key, { sub: '1' }) },
  })
  t.is(loginResult(onlyGoogle).aid, first.aid)
  t.is(fetches(), 1, 'the keys are cached')
})

test('one identity at once is one account', async (t) => {
  const { as } = await google(t)
  const results = await Promise.all(Array.from({ length: 10 }, () => as({ sub: 'many' })))
  t.is(new Set(results.map(({ aid }) => aid)).size, 1)
})

test('which clients may', async (t) => {
  const { as } = await google(t)
  const { web, server, android, ios } = CLIENT_IDS
  for (const claims of [
    { azp: web, aud: 'anything' },
    { azp: android, aud: server },
    { azp: ios, aud: server },
  ])
    t.is((await as({ ...claims, sub: 'same' })).email, 'ann@example.org', JSON.stringify(claims))
})

test('everything else is 500, and makes no account', async (t) => {
  const { server, key, signIn } = await google(t)
  const refused = async (what: string, token: string | null, more: object = {}): Promise<void> => {
    const { status, text } = await signIn(token, more)
    t.deepEqual([status, text], [500, ''], what)
  }
  const now = Math.floor(Date.now() / 1000)
  const cases: { readonly [what: string]: Claims } = {
    'another issuer': { iss: 'https://accounts.example.org' },
    'no issuer': { iss: undefined },
    expired: { exp: now - 60 },
    'no expiry': { exp: undefined },
    'not verified': { email_verified: false },
    'not said to be verified': { email_verified: undefined },
    'verified as a text': { email_verified: 'true' },
    'another client': { azp: 'other', aud: 'other' },
    'the server alone': { azp: 'other', aud: CLIENT_IDS.server },
    'a phone without the server': { azp: CLIENT_IDS.android, aud: 'other' },
    'no azp': { azp: undefined, aud: CLIENT_IDS.server },
    'no sub': { sub: undefined },
  }
  for (const [what, claims] of Object.entries(cases)) await refused(what, await idToken(key, claims))
  await refused('no kid', await idToken(key, {}, { kid: undefined }))
  await refused('an unknown kid', await idToken(key, {}, { kid: 'unknown' }))
  await refused('a key of somebody else', await idToken(await newKey('first')))
  const good = await idToken(key)
  const [head = '', payload = '', signature = ''] = good.split('.')
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  await refused('unsigned', `${encode({ alg: 'none', kid: 'first' })}.${payload}.`)
  const forged = `${encode({ alg: 'HS256', kid: 'first' })}.${payload}`
  const hmac = createHmac('sha256', await exportSPKI(key.publicKey))
    .update(forged)
    .digest('base64url')
  await refused('signed with the public key', `${forged}.${hmac}`)
  await refused('a changed payload', `${head}.${encode({ sub: 'x' })}.${signature}`)
  for (const text of ['', 'x', 'a.b.c', good.slice(0, -2)]) await refused(text, text)
  await refused('none', null)
  await refused('Apple alone', null, { apple_token: good })
  for (const body of [{ google_token: 17 }, { google_token: null, apple_token: {} }])
    t.is((await call(server.url, 'POST', PATHS.signIn, { body })).status, 422)
  const first = loginResult(await signIn(good))
  t.is(loginResult(await signIn(await idToken(key))).aid, first.aid)
})

test('a new key is found once the old ones are no longer fresh', async (t) => {
  const { signIn, publish, as, fetches } = await google(t, 0)
  const first = await as({ sub: '1' })
  const next = await newKey('second')
  publish(next)
  t.is(loginResult(await signIn(await idToken(next, { sub: '1' }))).aid, first.aid)
  t.true(fetches() >= 2)
})

test('no key server, no clients: 500', async (t) => {
  const keys = await startGoogleKeys(t)
  const key = await newKey('first')
  keys.publish(key)
  const unset = await startAfrodite({ AFRODITE_GOOGLE_KEYS_URL: keys.url })
  const away = await startAfrodite({
    AFRODITE_GOOGLE_KEYS_URL: 'http://127.0.0.1:9/',
    AFRODITE_GOOGLE_CLIENT_ID_WEB: CLIENT_IDS.web,
  })
  servers.push(unset, away)
  for (const { url } of [unset, away]) {
    const body = { google_token: await idToken(key), apple_token: null }
    t.is((await call(url, 'POST', PATHS.signIn, { body })).status, 500)
  }
  t.is(keys.fetches(), 0)
})
