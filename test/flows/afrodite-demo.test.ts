/** Proves the demo mode of Afrodite (4.3) end to end, out of a configured file: two passwords, the token's powers, the lock that outlives a restart. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { isObject, type JsonObject } from '../../src/json.ts'
import {
  apiStatus,
  botsUrl,
  call,
  loginResult,
  newAccount,
  ok,
  PATHS,
  startAfrodite,
  type Reply,
} from '../support/afrodite.ts'
import { connect } from '../support/afrodite-sockets.ts'
import { cleanUp, freshDirectory, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))
const running = (): RunningServer => {
  if (server === undefined) throw new Error('no server')
  return server
}

const entry = (id: number, more: JsonObject = {}): JsonObject => ({
  database_id: id,
  password_stage0: `stage-zero-password-${id}`,
  password_stage1: `stage-one-password-${id}`,
  access_all_accounts: false,
  accessible_accounts: [],
  ...more,
})

const [ONE, OTHER, ALL, LISTED, LOCKED] = [1, 2, 3, 4, 5] as const
let listed = ''
let dataDir = ''
let file = ''

test.before(async () => {
  dataDir = await freshDirectory()
  file = join(dataDir, 'demo.json')
  server = await startAfrodite({}, { dataDir })
  listed = (await newAccount(server)).aid
  await server.stop('SIGTERM')
  const entries = [
    entry(ONE),
    entry(OTHER),
    entry(ALL, { access_all_accounts: true }),
    entry(LISTED, { accessible_accounts: [listed] }),
    entry(LOCKED),
  ]
  await writeFile(file, JSON.stringify(entries))
  server = await startAfrodite({ AFRODITE_DEMO: file }, { dataDir })
})

const post = (path: string, body: unknown): Promise<Reply> => call(running().url, 'POST', path, { body })
const stage0 = (password: string): Promise<Reply> => post(PATHS.demoLogin, { password })
const stage1 = (password: string, token: string): Promise<Reply> =>
  post(PATHS.demoConfirm, { password: { password }, token: { token } })

/** The token out of either stage's answer, whose text is exact. */
const tokenIn = ({ status, text }: Reply): string => {
  const [, token] = /^\{"locked":false,"token":\{"token":"([A-Za-z0-9+/]{512})"\}\}$/.exec(text) ?? []
  if (status !== 200 || token === undefined) throw new Error(`${status} ${text}`)
  return token
}
const NO_TOKEN = '{"locked":false,"token":null}'
const IS_LOCKED = '{"locked":true,"token":null}'

const enter = async (id: number): Promise<string> => {
  const first = tokenIn(await stage0(`stage-zero-password-${id}`))
  return tokenIn(await stage1(`stage-one-password-${id}`, first))
}
const registered = async (token: string): Promise<string> => {
  const { aid, ...more } = ok(await post(PATHS.demoRegister, { token }))
  if (typeof aid !== 'string' || Object.keys(more).length > 0) throw new Error('no account')
  return aid
}
const loginTo = (token: string, aid: string): Promise<Reply> =>
  post(PATHS.demoLoginToAccount, { token: { token }, aid: { aid } })
const accountsOf = async (token: string): Promise<readonly string[]> => {
  const reply = await post(PATHS.demoAccounts, { token })
  const list: unknown = JSON.parse(reply.text)
  if (reply.status !== 200 || !Array.isArray(list)) throw new Error(reply.text)
  return list.map((item: unknown) => {
    const text = JSON.stringify(item)
    const [, aid] = /^\{"aid":\{"aid":"([^"]+)"\},"name":null,"age":null\}$/.exec(text) ?? []
    if (!isObject(item) || aid === undefined) throw new Error(text)
    return aid
  })
}
const assert500 = (t: ExecutionContext, reply: Reply): void =>
  void t.deepEqual([reply.status, reply.text], [500, ''])

test.serial('two stages, an account, its login, its connection', async (t) => {
  const since = performance.now()
  t.is((await stage0('wrong')).text, NO_TOKEN)
  t.true(performance.now() - since >= 990, 'after a second')
  const then = performance.now()
  const first = tokenIn(await stage0(`stage-zero-password-${ONE}`))
  t.true(performance.now() - then >= 990, 'right or wrong')
  t.is((await stage1(`stage-one-password-${ONE}`, 'unknown')).text, NO_TOKEN)
  const token = tokenIn(await stage1(`stage-one-password-${ONE}`, first))
  t.not(token, first)
  t.deepEqual(await accountsOf(token), [])
  const aid = await registered(token)
  t.deepEqual(await accountsOf(token), [aid])
  const { pair, aid: answered, email } = loginResult(await loginTo(token, aid))
  t.deepEqual([answered, email], [aid, null])
  const connected = await connect(t, running().url, pair)
  t.is(await apiStatus(running(), connected.pair.access), 200)
  t.is(
    (await call(botsUrl(running()), 'POST', '/account_api/login', { body: { aid } })).status,
    500,
    'no bot',
  )
})

test.serial('an entry reaches its own accounts, all, or those that are listed', async (t) => {
  const [one, other] = [await enter(ONE), await enter(OTHER)]
  const [mine, theirs] = [await registered(one), await registered(other)]
  t.true((await accountsOf(one)).includes(mine))
  t.deepEqual(await accountsOf(other), [theirs])
  assert500(t, await loginTo(one, theirs))
  assert500(t, await loginTo(other, mine))
  assert500(t, await loginTo(one, listed))
  assert500(t, await loginTo(one, '00000000-0000-4000-8000-000000000000'))
  const all = await enter(ALL)
  const reached = await accountsOf(all)
  for (const aid of [mine, theirs, listed]) t.true(reached.includes(aid))
  t.is(loginResult(await loginTo(all, theirs)).aid, theirs)
  const some = await enter(LISTED)
  t.deepEqual(await accountsOf(some), [listed])
  t.is(loginResult(await loginTo(some, listed)).aid, listed)
  assert500(t, await loginTo(some, mine))
})

test.serial('unknown tokens, and those that a new login ended', async (t) => {
  const old = await enter(OTHER)
  const aid = await registered(old)
  const first = tokenIn(await stage0(`stage-zero-password-${OTHER}`))
  for (const dead of [old, first, 'unknown', '']) {
    assert500(t, await post(PATHS.demoAccounts, { token: dead }))
    assert500(t, await post(PATHS.demoRegister, { token: dead }))
    assert500(t, await loginTo(dead, aid))
  }
  const token = tokenIn(await stage1(`stage-one-password-${OTHER}`, first))
  t.true((await accountsOf(token)).includes(aid))
})

test.serial('shapes', async (t) => {
  t.is((await post(PATHS.demoLogin, {})).status, 422)
  t.is((await post(PATHS.demoConfirm, { password: 'x', token: 'x' })).status, 422)
  t.is((await post(PATHS.demoAccounts, { token: { token: 'x' } })).status, 422)
  t.is((await post(PATHS.demoLoginToAccount, { token: 'x', aid: 'x' })).status, 422)
})

test.serial("a wrong second password locks the entry, also over a restart; another's does too", async (t) => {
  const first = tokenIn(await stage0(`stage-zero-password-${LOCKED}`))
  const wrong = await stage1(`stage-one-password-${ONE}`, first)
  t.is(wrong.text, IS_LOCKED)
  t.is((await stage1(`stage-one-password-${LOCKED}`, first)).text.includes('"token":null'), true)
  const locked = async (): Promise<void> => {
    const since = performance.now()
    t.is((await stage0(`stage-zero-password-${LOCKED}`)).text, IS_LOCKED)
    t.true(performance.now() - since >= 990)
  }
  await locked()
  const token = await enter(ONE)
  await running().stop('SIGTERM')
  server = await startAfrodite({ AFRODITE_DEMO: file }, { dataDir })
  await locked()
  t.true((await accountsOf(token)).length > 0, 'tokens live for an hour, not for a process')
})

test.serial('where nothing is configured', async (t) => {
  await running().stop('SIGTERM')
  server = await startAfrodite({}, { dataDir })
  t.is((await stage0(`stage-zero-password-${ONE}`)).text, NO_TOKEN)
})
