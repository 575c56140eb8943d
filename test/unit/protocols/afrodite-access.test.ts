/** Proves the access rule (afrodite 5) over real HTTP: every reason to be refused, its status, and when a token becomes good or bad. */
import test from 'ava'
import { accessText } from '../../../src/commands/afrodite/tokens.ts'
import { publicPath } from '../../../src/protocols/afrodite/paths.ts'
import { right, startRig } from './afrodite-rig.ts'

const STATE = publicPath('/account_api/state')

test('a header is wanted, of visible ASCII', async (t) => {
  const { call } = await startRig(t)
  const none = await call(STATE)
  t.is(`${none.status} ${none.headers['content-length']} ${none.body}`, '400 0 ')
  t.is(none.headers['content-type'], undefined)
  for (const token of ['é', 'a\tb', `${'A'.repeat(42)}ÿ`])
    t.is((await call(STATE, { token })).status, 400, token)
})

test('a token that nobody has is 401', async (t) => {
  const { call, client } = await startRig(t)
  const { token } = await client()
  t.is((await call(STATE, { token })).status, 200)
  // The last character has two bits to spare: another text of the same bytes is no token.
  const last = token.slice(-1)
  const alias = token.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
  t.deepEqual(Buffer.from(alias, 'base64url'), Buffer.from(token, 'base64url'))
  for (const other of [
    '',
    'nonsense',
    `${token}=`,
    `${token}A`,
    `${token}, ${token}`,
    'A'.repeat(43),
    alias,
  ]) {
    const refused = await call(STATE, { token: other })
    t.is(`${refused.status} ${refused.headers['content-length']} ${refused.body}`, '401 0 ', other)
  }
})

test('a token is good only while its account is connected', async (t) => {
  const { call, register, logIn, connect, services } = await startRig(t)
  const status = async (token: string): Promise<number> => (await call(STATE, { token })).status
  const aid = await register()
  const first = await logIn(aid)
  t.is(await status(accessText(first.access)), 401, 'not connected yet')
  const { token, pair, connectionId } = await connect(aid, first)
  t.is(await status(token), 200)
  t.is(await status(accessText(first.access)), 401, 'the one before')
  right(await services.sessions.end(aid, connectionId, 'client'))
  t.is(await status(token), 401, 'closed')
  const again = await connect(aid, pair)
  t.is(await status(again.token), 200)
  await logIn(aid)
  t.is(await status(again.token), 401, 'logged in elsewhere')
})

test('a session that ends takes its token along', async (t) => {
  const { call, client, services } = await startRig(t)
  const [one, two] = [await client(), await client()]
  right(await services.sessions.logout(one.aid))
  t.is((await call(STATE, { token: one.token })).status, 401)
  t.is((await call(STATE, { token: two.token })).status, 200)
})

test('another address than that of the connection is 401, unless that is off', async (t) => {
  const bound = await startRig(t)
  const at = { ip: '127.0.0.2' }
  const aid = await bound.register()
  const { token, pair } = await bound.connect(aid, await bound.logIn(aid), at)
  t.is((await bound.call(STATE, { token })).status, 401)
  const here = await bound.connect(aid, pair)
  t.is((await bound.call(STATE, { token: here.token })).status, 200)

  const free = await startRig(t, { settings: { ipBinding: false } })
  const other = await free.register()
  const connected = await free.connect(other, await free.logIn(other), at)
  t.is((await free.call(STATE, { token: connected.token })).status, 200)
})

test('a connection counts as long as its node is there', async (t) => {
  const { call, register, logIn, connect, others } = await startRig(t)
  const aid = await register()
  const { token } = await connect(aid, await logIn(aid), { node: 'other' })
  t.is((await call(STATE, { token })).status, 401)
  others.add('other')
  t.is((await call(STATE, { token })).status, 200)
  others.delete('other')
  t.is((await call(STATE, { token })).status, 401)
})
