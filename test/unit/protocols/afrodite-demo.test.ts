/** Proves what the demo mode answers and which accounts it reaches (afrodite 4.3), over real HTTP with stores in memory. */
import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { readDemo } from '../../../src/config/demo.ts'
import type { Json } from '../../../src/json.ts'
import { DEMO_ENDPOINTS } from '../../../src/protocols/afrodite/demo.ts'
import { publicPath } from '../../../src/protocols/afrodite/paths.ts'
import { right, startRig } from './afrodite-rig.ts'

const OPENED = randomUUID()
const FILE = JSON.stringify([
  {
    ...{ database_id: 0, password_stage0: 'a0', password_stage1: 'a1' },
    ...{ access_all_accounts: true, accessible_accounts: [] },
  },
  {
    ...{ database_id: 1, password_stage0: 'b0', password_stage1: 'b1' },
    ...{
      access_all_accounts: false,
      accessible_accounts: [OPENED.toUpperCase(), randomUUID(), 'no account'],
    },
  },
])

const setup = async (t: ExecutionContext, file = FILE) => {
  const demo = readDemo(file, false)
  if (E.isLeft(demo)) throw new Error(demo.left.join())
  const rig = await startRig(t, { endpoints: DEMO_ENDPOINTS, settings: { demo: demo.right } })
  const post = async (name: string, body: Json): Promise<string> => {
    const reply = await rig.call(publicPath(`/account_api/demo_mode_${name}`), { method: 'POST', body })
    return reply.status === 200 ? reply.body : String(reply.status)
  }
  const tokenIn = (body: string): string =>
    (JSON.parse(body) as { readonly token: { readonly token: string } }).token.token
  /** Both passwords. */
  const enter = async (which: 'a' | 'b'): Promise<string> => {
    const token = tokenIn(await post('login', { password: `${which}0` }))
    return tokenIn(await post('confirm_login', { password: { password: `${which}1` }, token: { token } }))
  }
  const register = async (token: string): Promise<string> =>
    (JSON.parse(await post('register_account', { token })) as { readonly aid: string }).aid
  const bot = async (aid: string): Promise<string> => {
    right(await rig.services.accounts.run(aid, { type: 'Register', aid, origin: 'bot' }))
    return aid
  }
  const logIn = (token: string, aid: string) => post('login_to_account', { token: { token }, aid: { aid } })
  return { ...rig, post, tokenIn, enter, register, bot, logIn }
}

test('the answers to passwords', async (t) => {
  const { post, tokenIn } = await setup(t)
  const first = await post('login', { password: 'b0' })
  t.regex(first, /^\{"locked":false,"token":\{"token":"[A-Za-z\d+/]{512}"\}\}$/)
  const token = { token: tokenIn(first) }
  const second = await post('confirm_login', { password: { password: 'b1' }, token })
  t.regex(second, /^\{"locked":false,"token":\{"token":"[A-Za-z\d+/]{512}"\}\}$/)
  t.is(await post('login', { password: 'x' }), '{"locked":false,"token":null}')
  const unknown = { password: { password: 'x' }, token: { token: 'x' } }
  t.is(await post('confirm_login', unknown), '{"locked":false,"token":null}')
  t.is(await post('confirm_login', { password: { password: 'x' }, token }), '{"locked":true,"token":null}')
  t.is(await post('login', { password: 'b0' }), '{"locked":true,"token":null}')
  for (const name of ['accessible_accounts', 'register_account'])
    t.is(await post(name, { token: tokenIn(second) }), '500', name)
})

test('an entry reaches what it registered and what is opened to it, if it is there', async (t) => {
  const { enter, register, bot, logIn, post, services } = await setup(t)
  const token = await enter('b')
  t.is(await post('accessible_accounts', { token }), '[]')
  const own = await register(token)
  t.like(await services.accounts.load(own), { origin: 'demo', demoEntry: 1 })
  t.is(await post('accessible_accounts', { token }), JSON.stringify([row(own)]))
  await bot(OPENED)
  const foreign = await bot(randomUUID())
  t.is(await post('accessible_accounts', { token }), JSON.stringify([row(OPENED), row(own)]))
  for (const aid of [own, OPENED]) {
    const reply = JSON.parse(await logIn(token, aid)) as object
    t.like(reply, { profile: null, media: null, aid: { aid }, email: null })
    t.deepEqual(Object.keys(reply), ['account', 'profile', 'media', 'aid', 'email'])
  }
  for (const aid of [foreign, randomUUID()]) t.is(await logIn(token, aid), '500')
  right(await services.accounts.run(own, { type: 'RequestDeletion', deleteAt: 1 }))
  right(await services.accounts.run(own, { type: 'Delete', at: 1 }))
  t.is(await logIn(token, own), '500')
  t.is(await post('accessible_accounts', { token }), JSON.stringify([row(OPENED)]))
})

test('an entry that may do everything reaches every account that is there', async (t) => {
  const { enter, register, bot, logIn, post } = await setup(t)
  const other = await register(await enter('b'))
  const aids = [other, await bot(randomUUID()), await bot(OPENED)].sort()
  const token = await enter('a')
  t.is(await post('accessible_accounts', { token }), JSON.stringify(aids.map(row)))
  for (const aid of aids) t.true((await logIn(token, aid)).startsWith('{"account":'))
  t.is(await logIn(token, randomUUID()), '500')
})

test('expired and unknown tokens are 500, other shapes 422', async (t) => {
  const { post, tokenIn } = await setup(t)
  const first = tokenIn(await post('login', { password: 'b0' }))
  for (const token of ['', 'x', first]) {
    t.is(await post('accessible_accounts', { token }), '500')
    t.is(await post('register_account', { token }), '500')
    t.is(await post('login_to_account', { token: { token }, aid: { aid: OPENED } }), '500')
  }
  const wrong: readonly (readonly [string, Json])[] = [
    ['login', {}],
    ['login', { password: { password: 'b0' } }],
    ['confirm_login', { password: 'b1', token: { token: 'x' } }],
    ['confirm_login', { password: { password: 'b1' }, token: 'x' }],
    ['accessible_accounts', { token: { token: 'x' } }],
    ['register_account', { token: 1 }],
    ['login_to_account', { token: 'x', aid: { aid: OPENED } }],
    ['login_to_account', { token: { token: 'x' }, aid: OPENED }],
    ['login_to_account', { token: { token: 'x' }, aid: { aid: 'x' } }],
  ]
  for (const [name, body] of wrong) t.is(await post(name, body), '422', `${name} ${JSON.stringify(body)}`)
})

test('who waits too much has to come later', async (t) => {
  const { services } = await setup(t)
  const { call } = await startRig(t, {
    endpoints: DEMO_ENDPOINTS,
    delayMs: 300,
    settings: services.settings,
  })
  const path = publicPath('/account_api/demo_mode_login')
  const replies = await Promise.all(
    Array.from({ length: 12 }, () => call(path, { method: 'POST', body: { password: 'x' } })),
  )
  const refused = replies.filter(({ status }) => status === 429)
  t.is(refused.length, 2)
  t.is(refused[0]?.headers['retry-after'], '1')
})

test('where it is not configured every password is wrong', async (t) => {
  const { post } = await setup(t, '[]')
  t.is(await post('login', { password: 'b0' }), '{"locked":false,"token":null}')
  t.is(await post('register_account', { token: 'x' }), '500')
})

const row = (aid: string) => ({ aid: { aid }, name: null, age: null })
