/**
 * Proves how somebody signs in with Google (afrodite 4.4), over real HTTP with stores in memory and a server in Google's place: one account for each
 * identity, whoever comes at once, and whatever was cut short before.
 */
import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { accountStream } from '../../../src/domain/afrodite/names.ts'
import type { Json } from '../../../src/json.ts'
import { signInWithGoogle } from '../../../src/protocols/afrodite/google.ts'
import { LOGIN_ENDPOINTS } from '../../../src/protocols/afrodite/logins.ts'
import { publicPath } from '../../../src/protocols/afrodite/paths.ts'
import { allAccounts } from '../../../src/queries/afrodite/accounts.ts'
import { CLIENT_IDS, idToken, newKey, startGoogleKeys, type Claims } from '../../support/google-keys.ts'
import { right, startRig } from './afrodite-rig.ts'

const SIGN_IN = publicPath('/account_api/sign_in_with_login')
const KEY = await newKey('k1')

const setup = async (t: ExecutionContext, clientIds: Partial<typeof CLIENT_IDS> = CLIENT_IDS) => {
  const keys = await startGoogleKeys(t)
  keys.publish(KEY)
  const none = { web: undefined, server: undefined, android: undefined, ios: undefined }
  const google = { clientIds: { ...none, ...clientIds }, keysUrl: keys.url }
  const rig = await startRig(t, { endpoints: LOGIN_ENDPOINTS, settings: { google } })
  const send = (body: Json) => rig.call(SIGN_IN, { method: 'POST', body })
  const signIn = async (claims: Claims = {}) => {
    const reply = await send({ google_token: await idToken(KEY, claims), apple_token: null })
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.body}`)
    return JSON.parse(reply.body) as { readonly aid: { readonly aid: string }; readonly email: string | null }
  }
  return { ...rig, keys, send, signIn }
}

test('the first sign-in registers, the next ones do not, and the address is stored at each', async (t) => {
  const { signIn, services } = await setup(t)
  const first = await signIn()
  const { aid } = first.aid
  t.deepEqual(Object.keys(first), ['account', 'profile', 'media', 'aid', 'email'])
  t.is(first.email, 'ann@example.org')
  const { origin, email, googleSub } = await services.accounts.load(aid)
  t.deepEqual({ origin, email, googleSub }, { origin: 'google', email: 'ann@example.org', googleSub: '117' })
  t.is((await signIn()).aid.aid, aid)
  t.is((await services.accounts.load(aid)).events, 1)
  t.like(await signIn({ email: 'new@example.org' }), { aid: { aid }, email: 'new@example.org' })
  t.is((await services.accounts.load(aid)).email, 'new@example.org')
  t.like(await signIn({ email: undefined }), { aid: { aid }, email: 'new@example.org' })
  t.not((await signIn({ sub: '118' })).aid.aid, aid)
})

test('of first sign-ins at once one account comes', async (t) => {
  const { signIn, services } = await setup(t)
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, index) => signIn({ email: `${index % 3}@example.org` })),
  )
  t.is(new Set(all.map(({ aid }) => aid.aid)).size, 1)
  t.is((await allAccounts(services.reader, 100)).length, 1)
})

test('a registration that was cut short is gone on with, once', async (t) => {
  const { services } = await setup(t)
  const aid = randomUUID()
  const cut = { ...services, holderOf: () => Promise.resolve(accountStream(aid)) }
  const token = await idToken(KEY)
  const replies = await Promise.all([1, 2, 3].map(() => signInWithGoogle(cut, token, '127.0.0.1')))
  for (const { status, body } of replies) {
    t.is(status, 200)
    t.true(String(body).includes(aid))
  }
  t.is((await services.accounts.load(aid)).events, 1)
})

test('whose account was deleted gets a new one', async (t) => {
  const { signIn, services } = await setup(t)
  const { aid } = (await signIn()).aid
  right(await services.accounts.run(aid, { type: 'RequestDeletion', deleteAt: 1 }))
  right(await services.accounts.run(aid, { type: 'Delete', at: 1 }))
  const next = (await signIn()).aid.aid
  t.not(next, aid)
  t.is((await signIn()).aid.aid, next)
})

test("Google's token wins, Apple's is no way in, and every failure is 500", async (t) => {
  const { send, keys, signIn } = await setup(t)
  const token = await idToken(KEY)
  t.is((await send({ google_token: token, apple_token: 'a', client_info: {} })).status, 200)
  t.is((await send({ google_token: token })).status, 200)
  const bad: readonly Json[] = [
    { google_token: 'x', apple_token: null },
    { google_token: null, apple_token: 'a' },
    { google_token: null, apple_token: null },
    {},
  ]
  for (const body of bad) {
    const reply = await send(body)
    t.is(`${reply.status} ${reply.body}`, '500 ', JSON.stringify(body))
  }
  for (const body of [{ google_token: 1 }, { google_token: token, apple_token: {} }])
    t.is((await send(body)).status, 422, JSON.stringify(body))
  keys.publish()
  await t.throwsAsync(signIn({ exp: 1 }), { message: '500 ' })
})

test('where no client is configured it is 500', async (t) => {
  const { send, keys } = await setup(t, {})
  t.is((await send({ google_token: await idToken(KEY) })).status, 500)
  t.is(keys.fetches(), 0)
})
