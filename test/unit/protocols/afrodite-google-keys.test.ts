/**
 * Proves how Google's keys are got and kept, and which ID tokens are good (afrodite 4.4): real signatures, a server on this machine in Google's place that
 * counts how often it is asked, and a clock that the tests move.
 */
import test, { type ExecutionContext } from 'ava'
import { SignJWT, UnsecuredJWT } from 'jose'
import { createLog } from '../../../src/http/log.ts'
import { createGoogle } from '../../../src/protocols/afrodite/google-identity.ts'
import { createGoogleKeys } from '../../../src/protocols/afrodite/google-keys.ts'
import { CLIENT_IDS, idToken, newKey, startGoogleKeys } from '../../support/google-keys.ts'

type ClientIds = Parameters<typeof createGoogle>[0]['settings']['google']['clientIds']

/** Making one takes a while. */
const [KEY, NEXT, OTHER, PSS] = await Promise.all([
  newKey('k1'),
  newKey('k2'),
  newKey('k1'),
  newKey('k1', 'PS256'),
])

const setup = async (t: ExecutionContext, clientIds: ClientIds = CLIENT_IDS, timeoutMs = 5_000) => {
  const server = await startGoogleKeys(t)
  const key = KEY
  server.publish(key)
  const clock = { ms: Date.now() }
  const logged: string[] = []
  const now = (): number => clock.ms
  const google = createGoogle({
    settings: { google: { clientIds, keysUrl: server.url } },
    now,
    log: createLog('debug', { write: (line) => void logged.push(line) }),
    keys: createGoogleKeys({ url: server.url, now, timeoutMs }),
  })
  const isGood = async (token: string): Promise<boolean> => (await google.identityOf(token)) !== undefined
  return { server, key, clock, logged, google, isGood }
}

test('a good token says who somebody is', async (t) => {
  const { google, key } = await setup(t)
  t.deepEqual(await google.identityOf(await idToken(key)), { sub: '117', email: 'ann@example.org' })
  t.deepEqual(await google.identityOf(await idToken(key, { email: undefined })), { sub: '117', email: null })
})

test('a token that is not signed by a published key, or says too little, is bad; no log line has it', async (t) => {
  const { key, clock, isGood, logged } = await setup(t)
  const past = Math.floor(clock.ms / 1000) - 1
  const hmac = new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: 'k1' })
  const good = await idToken(key)
  const bad: { readonly [why: string]: string | Promise<string> } = {
    'another key by that name': idToken(OTHER),
    'no kid': idToken(key, {}, { kid: undefined }),
    'an unknown kid': idToken(key, {}, { kid: 'k2' }),
    'another algorithm': idToken(PSS, {}, { alg: 'PS256' }),
    'a symmetric key': hmac.sign(new TextEncoder().encode('k1'.repeat(16))),
    unsigned: new UnsecuredJWT({ sub: '117' }).encode(),
    'cut off': good.slice(0, -5),
    'no token': 'x',
    empty: '',
    expired: idToken(key, { exp: past }),
    'no exp': idToken(key, { exp: undefined }),
    'no iss': idToken(key, { iss: undefined }),
    'another iss': idToken(key, { iss: 'https://accounts.example.com' }),
    'no sub': idToken(key, { sub: undefined }),
    'empty sub': idToken(key, { sub: '' }),
    'mail not verified': idToken(key, { email_verified: false }),
    'mail verified, as text': idToken(key, { email_verified: 'true' }),
    'nothing about the mail': idToken(key, { email_verified: undefined }),
  }
  for (const [why, token] of Object.entries(bad)) t.false(await isGood(await token), why)
  t.true(await isGood(good))
  t.true(await isGood(await idToken(key, { iss: 'accounts.google.com' })))
  t.true(logged.length > 0)
  t.notRegex(logged.join(), /eyJ|ann@/)
})

test('a token has to be meant for one of our clients', async (t) => {
  const { key, isGood } = await setup(t)
  const { web, server, android, ios } = CLIENT_IDS
  const rows: readonly (readonly [unknown, unknown, boolean])[] = [
    [web, web, true],
    [server, web, true],
    [server, android, true],
    [server, ios, true],
    [server, server, false],
    [server, undefined, false],
    [web, undefined, false],
    [web, android, false],
    [android, android, false],
    ['else', ios, false],
    [[server, 'else'], ios, false],
    [undefined, undefined, false],
    ['else', 'else', false],
  ]
  for (const [aud, azp, good] of rows)
    t.is(await isGood(await idToken(key, { aud, azp })), good, `${String(aud)} ${String(azp)}`)
})

test('client ids that are not set match nothing, and without any nobody is asked for keys', async (t) => {
  const none = { web: undefined, server: undefined, android: undefined, ios: undefined }
  for (const ids of [none, { ...none, server: 's' }, { ...none, android: 'a', ios: 'i' }]) {
    const { key, isGood, server } = await setup(t, ids)
    t.false(await isGood(await idToken(key, { aud: ids.server, azp: undefined })))
    t.false(await isGood(await idToken(key, { aud: undefined, azp: ids.android })))
    t.is(server.fetches(), 0)
  }
  const { key, isGood } = await setup(t, { ...none, server: 's', ios: 'i' })
  t.false(await isGood(await idToken(key, { aud: 's', azp: undefined })))
  t.true(await isGood(await idToken(key, { aud: 's', azp: 'i' })))
})

test('keys are kept as long as the reply says, and who comes together asks once', async (t) => {
  const { server, key, clock, isGood } = await setup(t)
  const rows: readonly (readonly [string | undefined, number])[] = [
    ['public, max-age=600, must-revalidate', 600],
    ['max-age=0', 300],
    [undefined, 300],
    ['no-store', 300],
    ['max-age=99999999', 86_400],
  ]
  const token = await idToken(key, { exp: Math.floor(clock.ms / 1000) + 10_000_000 })
  let expected = 0
  for (const [header, seconds] of rows) {
    server.answer((res, body) => {
      if (header !== undefined) res.setHeader('cache-control', header)
      res.end(body)
    })
    t.deepEqual(await Promise.all([token, token, token].map(isGood)), [true, true, true])
    t.is(server.fetches(), ++expected, header)
    clock.ms += seconds * 1000 - 1
    t.true(await isGood(token))
    t.is(server.fetches(), expected, `${header} is still fresh`)
    clock.ms += 1
  }
})

test('a new key is found before the old ones are stale, and made-up names do not make us ask again and again', async (t) => {
  const { server, key, clock, isGood } = await setup(t)
  server.answer((res, body) => void res.setHeader('cache-control', 'max-age=600').end(body))
  t.true(await isGood(await idToken(key)))
  server.publish(NEXT, key)
  const fresh = await idToken(NEXT)
  t.deepEqual(await Promise.all([fresh, fresh].map(isGood)), [true, true])
  t.is(server.fetches(), 2)
  const unknown = await idToken(NEXT, {}, { kid: 'k3' })
  for (let times = 0; times < 5; times++) t.false(await isGood(unknown))
  t.is(server.fetches(), 2)
  clock.ms += 30_000
  t.deepEqual(await Promise.all([unknown, unknown].map(isGood)), [false, false])
  t.is(server.fetches(), 3)
  server.publish(NEXT)
  clock.ms += 600_000
  t.false(await isGood(await idToken(key)), 'a key that is published no more')
})

test('without an answer that is a key set nobody is let in, and the next one asks again', async (t) => {
  const { server, key, isGood, logged } = await setup(t, CLIENT_IDS, 200)
  const token = await idToken(key)
  const pad = ' '.repeat(65_536)
  const bad: { readonly [why: string]: Parameters<typeof server.answer>[0] } = {
    huge: (res, body) => void res.end(body + pad),
    status: (res, body) => void res.writeHead(500).end(body),
    'not modified': (res) => void res.writeHead(304).end(),
    redirect: (res) => void res.writeHead(302, { location: server.url }).end(),
    'no JSON': (res) => void res.end('<html>'),
    'no key set': (res) => void res.end('{"keys":{}}'),
    broken: (res) => void res.writeHead(200, { 'content-length': '999' }).destroy(),
    silent: () => undefined,
    slow: (res, body) => {
      let sent = 0
      const timer = setInterval(() => res.write(body[sent++] ?? ' '), 20)
      res.on('close', () => clearInterval(timer))
    },
  }
  let fetches = 0
  for (const [why, how] of Object.entries(bad)) {
    server.answer(how)
    t.false(await isGood(token), why)
    t.is(server.fetches(), ++fetches, why)
  }
  t.is(logged.filter((line) => line.includes('"level":"warn"')).length, fetches)
  server.answer((res, body) => void res.end(body + ' '.repeat(60_000)))
  t.true(await isGood(token))
})
