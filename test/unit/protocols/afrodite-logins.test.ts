/** Proves how bots get their first pair and how anybody gives the last one back (afrodite 4.2, 4.5), over real HTTP with stores in memory. */
import { randomUUID } from 'node:crypto'
import test from 'ava'
import { PUSH_TOKENS } from '../../../src/commands/afrodite/sessions.ts'
import { hashOf } from '../../../src/commands/afrodite/tokens.ts'
import { ACCOUNT_ENDPOINTS } from '../../../src/protocols/afrodite/account.ts'
import { LOGIN_ENDPOINTS } from '../../../src/protocols/afrodite/logins.ts'
import { publicPath } from '../../../src/protocols/afrodite/paths.ts'
import { findSession } from '../../../src/queries/afrodite/sessions.ts'
import { right, startRig } from './afrodite-rig.ts'

const endpoints = [...LOGIN_ENDPOINTS, ...ACCOUNT_ENDPOINTS]
const REGISTER = '/account_api/register'
const LOGIN = '/account_api/login'
const LOGOUT = publicPath('/account_api/logout')
const STATE = publicPath('/account_api/state')
const POST = { method: 'POST', on: 'internal' } as const

test('a bot registers and logs in on the internal listener', async (t) => {
  const { call, services } = await startRig(t, { endpoints })
  const registered = await call(REGISTER, POST)
  t.is(registered.status, 200)
  const { aid } = JSON.parse(registered.body) as { aid: string }
  t.is(registered.body, JSON.stringify({ aid }))
  t.regex(aid, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  t.is((await services.accounts.load(aid)).origin, 'bot')
  const reply = await call(LOGIN, { ...POST, body: { aid, client_info: {} } })
  t.is(`${reply.status} ${reply.headers['content-type']}`, '200 application/json')
  const shape =
    /^\{"account":\{"refresh":\{"token":"([A-Za-z\d+/]{512})"\},"access":\{"access_token":"([\w-]{43})"\}\},"profile":null,"media":null,"aid":\{"aid":"([\da-f-]{36})"\},"email":null\}$/
  const [, refresh = '', access = '', whose] = shape.exec(reply.body) ?? []
  t.is(whose, aid)
  const session = await findSession(services.reader, hashOf(Buffer.from(access, 'base64url')))
  t.is(session?.aid, aid)
  const exchanged = right(
    await services.sessions.exchange(aid, Buffer.from(refresh, 'base64'), CONNECTION, true),
  )
  t.is(exchanged._tag, 'Exchanged')
})

test('who is no bot, or nobody, cannot log in as one', async (t) => {
  const { call, services } = await startRig(t, { endpoints })
  const aid = randomUUID()
  right(await services.accounts.run(aid, { type: 'Register', aid, origin: 'demo', demoEntry: 1 }))
  for (const unknown of [aid, randomUUID()]) {
    const reply = await call(LOGIN, { ...POST, body: { aid: unknown } })
    t.is(`${reply.status} ${reply.body}`, '500 ')
  }
  for (const body of [
    {},
    { aid: 1 },
    { aid: null },
    { aid: { aid } },
    { aid: 'x' },
    { aid: aid.toUpperCase() },
  ]) {
    const reply = await call(LOGIN, { ...POST, body })
    t.is(`${reply.status} ${reply.body}`, '422 {"status":422}', JSON.stringify(body))
  }
})

test('the public has no way to that', async (t) => {
  const { call } = await startRig(t, { endpoints })
  for (const name of [REGISTER, LOGIN])
    for (const path of [name, publicPath(name)])
      t.is((await call(path, { ...POST, on: 'afrodite', body: {} })).status, 405, path)
})

test('a login ends the pair before, and its push token', async (t) => {
  const { call, client, services } = await startRig(t, { endpoints })
  const { aid, token } = await client()
  await services.vault.put(PUSH_TOKENS, aid, { token: 'push' })
  t.is((await call(STATE, { token })).status, 200)
  t.is((await call(LOGIN, { ...POST, body: { aid } })).status, 200)
  t.is((await call(STATE, { token })).status, 401)
  t.is(await services.vault.get(PUSH_TOKENS, aid), undefined)
})

test('a logout takes the pair and the connection; it needs them', async (t) => {
  const { call, client, services } = await startRig(t, { endpoints })
  const { aid, token, pair } = await client()
  t.is((await call(LOGOUT, { method: 'POST' })).status, 400)
  const reply = await call(LOGOUT, { method: 'POST', token })
  t.is(`${reply.status} ${reply.headers['content-length']} ${reply.body}`, '200 0 ')
  t.is((await call(LOGOUT, { method: 'POST', token })).status, 401)
  t.is(await findSession(services.reader, hashOf(pair.access)), undefined)
  const exchanged = right(await services.sessions.exchange(aid, pair.refresh, CONNECTION, true))
  t.is(exchanged._tag, 'Refused')
})

const CONNECTION = {
  ...{ id: randomUUID(), node: 'n', ip: '127.0.0.1', port: 1 },
  client: { type: 255, major: 0, minor: 0, patch: 0 },
}
