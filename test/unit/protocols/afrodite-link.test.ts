/**
 * Proves who an account can be linked to (decisions 21), over real HTTP with stores in memory: whoever shows a live credential of another protocol, and
 * nobody twice. What that protocol knows of credentials is played.
 */
import { hash } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import type { Caller } from '../../../src/domain/stores/commands.ts'
import type { Json } from '../../../src/json.ts'
import { LINK_ENDPOINTS } from '../../../src/protocols/afrodite/link.ts'
import { publicPath } from '../../../src/protocols/afrodite/paths.ts'
import type { Services } from '../../../src/protocols/afrodite/services.ts'
import type { Principal } from '../../../src/queries/stores-principals.ts'
import { caller } from '../../support/stores-domain.ts'
import { startRig } from './afrodite-rig.ts'

const PATH = publicPath('/headwater_api/link')

const principal = (kind: Principal['kind'], token: string, changes: Partial<Caller> = {}): Principal => ({
  kind,
  hash: hash('sha256', token, 'base64url'),
  id: 'i',
  expiresAt: Infinity,
  caller: caller(changes),
  everything: false,
})

const PRINCIPALS: readonly Principal[] = [
  principal('token', 'ann by token', { user: 'ann' }),
  principal('cookie', 'bob by cookie', { user: 'bob' }),
  principal('cookie', 'barred', { user: 'eve', credentials: [] }),
  principal('api', 'all', { user: 'cid', scopes: ['*'] }),
  principal('api', 'some', { user: 'cid', scopes: ['GET objects'] }),
  principal('api', 'none', { user: 'cid', scopes: [] }),
]

const principals: Services['principals'] = {
  find: (kind, wanted) =>
    PRINCIPALS.find((one) => one.hash === wanted && (one.kind === 'cookie') === (kind === 'cookie')),
}

const setup = async (t: ExecutionContext) => {
  const devices = new Map([
    [hash('sha256', 'device token', 'hex'), { family: 'abcdefghij', device: 'phone1' }],
  ])
  const rig = await startRig(t, { endpoints: LINK_ENDPOINTS, services: { principals } })
  const { reader } = rig.services
  const served: Services['reader'] = {
    ...reader,
    get: async (collection, id) => {
      const found = devices.get(id)
      if (collection !== 'timelimit_devices_by_token') return reader.get(collection, id)
      return found && { at: 1n, value: { _id: id, ...found, _s: [] } }
    },
  }
  const { call } = rig
  const sessions = new Map([
    [hash('sha256', 'chat token', 'hex'), 1000],
    [hash('sha256', 'token of an application', 'hex'), 0],
  ])
  const connectycubeSession: Services['connectycubeSession'] = (tokenHash) => {
    const user = sessions.get(tokenHash)
    const session = { id: 1, app: 1, createdAt: 0, updatedAt: 0, ts: 0, expiresAt: Infinity }
    return Promise.resolve(user === undefined ? undefined : { ...session, user })
  }
  Object.assign(rig.services, { reader: served, connectycubeSession })
  const send = async (token: string, method: string, body: Json): Promise<string> => {
    const reply = await call(PATH, { method, token, body })
    return `${reply.status} ${reply.body}`
  }
  const link = (token: string, protocol: string, credential: Json) =>
    send(token, 'POST', { protocol, token: credential })
  const links = async (aid: string) => (await rig.services.accounts.load(aid)).links
  return { ...rig, send, link, links }
}

test('a live credential of another protocol links its user', async (t) => {
  const { client, link, links } = await setup(t)
  const { aid, token } = await client()
  t.is(await link(token, 'rightech', 'ann by token'), '200 ')
  t.is(await link(token, 'timelimit', 'device token'), '200 ')
  t.is(await link(token, 'connectycube', 'chat token'), '200 ')
  t.deepEqual(await links(aid), {
    rightech: 'ann',
    timelimit: 'abcdefghij-phone1',
    connectycube: '1-1000',
  })
  t.is(await link(token, 'rightech', 'ann by token'), '200 ', 'again')
  t.is(await link(token, 'rightech', 'bob by cookie'), '200 ', 'another instead')
  t.like(await links(aid), { rightech: 'bob' })
  t.is(await link(token, 'rightech', 'all'), '200 ')
  t.like(await links(aid), { rightech: 'cid' })
})

test('what is no credential, or not the whole of its user, is 406', async (t) => {
  const { client, link, links } = await setup(t)
  const { aid, token } = await client()
  for (const credential of ['', 'x', 'device token', 'barred', 'some', 'none'])
    t.is(await link(token, 'rightech', credential), '406 ', credential)
  for (const credential of ['', 'x', 'ann by token'])
    t.is(await link(token, 'timelimit', credential), '406 ', credential)
  for (const credential of ['', 'x', 'token of an application'])
    t.is(await link(token, 'connectycube', credential), '406 ', credential)
  t.deepEqual(await links(aid), {})
})

test('a user is linked to one account at a time', async (t) => {
  const { client, link, links, send } = await setup(t)
  const [one, two] = [await client(), await client()]
  t.is(await link(one.token, 'rightech', 'ann by token'), '200 ')
  t.is(await link(two.token, 'rightech', 'ann by token'), '406 ')
  t.deepEqual(await links(two.aid), {})
  t.is(await send(one.token, 'DELETE', { protocol: 'rightech' }), '200 ')
  t.is(await send(one.token, 'DELETE', { protocol: 'rightech' }), '200 ', 'nothing to unlink')
  t.deepEqual(await links(one.aid), {})
  t.is(await link(two.token, 'rightech', 'ann by token'), '200 ')
})

test('of two that link one user at once, one has it', async (t) => {
  const { client, link } = await setup(t)
  const clients = [await client(), await client(), await client()]
  const answers = await Promise.all(clients.map(({ token }) => link(token, 'timelimit', 'device token')))
  t.deepEqual(answers.sort(), ['200 ', '406 ', '406 '])
})

test('it needs the connected account, and a body of its shape', async (t) => {
  const { client, send, call } = await setup(t)
  const { token } = await client()
  t.is((await call(PATH, { method: 'POST', body: { protocol: 'rightech', token: 'x' } })).status, 400)
  t.is(await send('A'.repeat(43), 'DELETE', { protocol: 'rightech' }), '401 ')
  const wrong: readonly Json[] = [{}, { protocol: 'rightech' }, { protocol: 'x', token: 'x' }, { token: 'x' }]
  for (const body of [...wrong, { protocol: 'rightech', token: 1 }])
    t.is(await send(token, 'POST', body), '422 {"status":422}', JSON.stringify(body))
  for (const body of [{}, { protocol: 'x' }, { protocol: null }])
    t.is(await send(token, 'DELETE', body), '422 {"status":422}', JSON.stringify(body))
})
