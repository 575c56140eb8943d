/** Proves what credentials allow and in which order requests are checked: the cases 18–21 and 52 (HTTP) of rightech 10, against the real server. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import {
  asText,
  BAD_REQUEST,
  BASE,
  bearer,
  clientOf,
  FORBIDDEN,
  NO_ROUTE,
  notFound,
  UNAUTHORIZED,
} from '../support/client.ts'
import {
  create,
  newMember,
  newToken,
  PASSWORD,
  signInAdmin,
  unique,
  type Member,
} from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
let admin: Member
let busy: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
  busy = await newMember(admin)
})
test.after.always(() => cleanUp(server))

const anybody = () => clientOf(server?.url ?? '')
const NOBODY = 'f'.repeat(24)

test('18: a narrow token meets its limits', async (t) => {
  const { entity } = await create(busy, 'objects')
  const token = await newToken(busy, ['GET /objects/*'])
  t.is((await token.get('/objects')).status, 200)
  t.is((await token.send('HEAD', `${BASE}/objects`)).status, 200)
  t.deepEqual((await token.get(`/objects/${entity._id}`)).entity(), entity)
  const refused = [
    await token.get('/models'),
    await token.post('/objects', {}),
    await token.patch(`/objects/${entity._id}`, { name: 'x' }),
    await token.delete(`/objects/${entity._id}`),
  ]
  for (const reply of refused) {
    t.is(reply.status, 403)
    t.is(reply.text, FORBIDDEN)
  }
  t.is((await token.get('/auth')).entity()._id, busy.user)
})

test('18: a scope of one segment, a verb for all, and one path', async (t) => {
  const { entity } = await create(busy, 'labels')
  const token = await newToken(busy, [`* /labels/*`, `GET /models`, `GET /tasks/kinds`])
  t.is((await token.patch(`/labels/${entity._id}`, { name: 'by token' })).status, 200)
  t.is((await token.post('/labels', { name: 'by token' })).status, 200)
  t.is((await token.get('/models')).status, 200)
  t.is((await token.get(`/models/${NOBODY}`)).status, 403)
  t.is((await token.get('/tasks/kinds')).status, 200)
  t.is((await token.get('/tasks')).status, 403)
})

test('18: nobody gives away what they lack', async (t) => {
  const narrow = await newMember(admin, {
    credentials: ['GET /*', '* /tokens/*', '* /roles/*', '* /users/*'],
  })
  for (const scopes of [['*'], ['POST /labels/*'], ['GET /*', 'DELETE /labels']]) {
    const reply = await narrow.post('/tokens', { scopes })
    t.is(reply.status, 403, JSON.stringify(scopes))
    t.is(reply.text, FORBIDDEN)
    t.is((await narrow.post('/roles', { name: 'More', credentials: scopes })).text, FORBIDDEN)
  }
  t.is((await narrow.post('/tokens', { scopes: ['GET /labels/*'] })).status, 200)
  const bigger = (await admin.get('/roles?where.name=admin')).list()[0]?._id ?? ''
  const user = { name: 'x', login: unique('user'), email: `${unique('m')}@example.org`, password: PASSWORD }
  t.is((await narrow.post('/users', { ...user, role: bigger })).text, FORBIDDEN)
  t.is((await narrow.patch(`/users/${narrow.user}`, { role: bigger })).text, FORBIDDEN)
})

test('18: scopes that are none are refused', async (t) => {
  for (const scope of [
    'GET',
    'GET objects',
    'PUT /objects',
    '/objects',
    'get /objects',
    '* *',
    'GET  /objects',
    '',
  ]) {
    const reply = await busy.post('/tokens', { scopes: [scope] })
    t.is(reply.status, 400, scope)
    t.deepEqual(reply.object().fields, { scopes: ['format'] }, scope)
  }
})

test('19: a forbidden store is 403 before it is 404', async (t) => {
  const token = await newToken(busy, ['GET /objects/*'])
  const reply = await token.get(`/models/${NOBODY}`)
  t.is(reply.status, 403)
  t.is(reply.text, FORBIDDEN)
  t.is((await token.get(`/objects/${NOBODY}`)).text, notFound('objects'))
  t.is((await token.get('/nonsense')).text, NO_ROUTE, 'the route comes before the right')
})

test('20: unknown stores and verbs are no route', async (t) => {
  const { entity } = await create(busy, 'models')
  const calls = [
    ['GET', '/nonsense'],
    ['POST', '/nonsense'],
    ['PUT', '/models/x'],
    ['PUT', `/models/${entity._id}`],
    ['POST', `/models/${entity._id}`],
    ['PATCH', '/models'],
    ['DELETE', '/models'],
    ['GET', '/devices'],
    ['GET', '/Models'],
    ['GET', `/models/${entity._id}/nothing/here`],
    ['OPTIONS', '/models'],
  ] as const
  for (const [verb, path] of calls) {
    const reply = await busy.send(verb, BASE + path, { ...(verb === 'POST' ? { body: '{}' } : {}) })
    t.is(reply.status, 404, `${verb} ${path}`)
    t.is(reply.text, NO_ROUTE, `${verb} ${path}`)
  }
  const nobody = await anybody().get('/nonsense')
  t.is(nobody.status, 401)
  t.is(nobody.text, UNAUTHORIZED, 'E3')
})

test('21: a body that is no JSON object', async (t) => {
  const { entity } = await create(busy, 'labels')
  for (const body of ['{"a":', '[1]', '"text"', '1', 'null', 'true', '{"a":1}}', "{'a':1}", '\u0000', ' ']) {
    for (const [verb, path] of [
      ['POST', '/labels'],
      ['PATCH', `/labels/${entity._id}`],
      ['POST', '/auth'],
    ] as const) {
      const reply = await busy.send(verb, BASE + path, { body })
      t.is(reply.status, 400, `${verb} ${path} ${body}`)
      t.is(reply.text, BAD_REQUEST, `${verb} ${path} ${body}`)
    }
  }
  t.deepEqual((await busy.get(`/labels/${entity._id}`)).entity(), entity)
})

test('21: an empty body is {}, announced or not; that of GET and DELETE is ignored', async (t) => {
  const { entity } = await create(busy, 'labels')
  const headers = { 'Content-Type': 'application/json' }
  t.deepEqual((await busy.send('PATCH', `${BASE}/labels/${entity._id}`, { headers })).entity(), entity)
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const kind = await busy.send('POST', `${BASE}/tasks/kinds`, { headers: form, body: '{"name":"any type"}' })
  t.is(kind.entity().name, 'any type')
  t.is((await busy.send('GET', `${BASE}/labels/${entity._id}`, { headers, body: '{"a":' })).status, 200)
  t.is((await busy.send('DELETE', `${BASE}/labels/${entity._id}`, { headers, body: '{"a":' })).status, 200)
})

test('1.5: the order of checks', async (t) => {
  const token = await newToken(busy, ['GET /objects/*', 'PATCH /models/*'])
  const bad = { body: '{"a":' }
  t.is((await anybody().send('POST', `${BASE}/nonsense`, bad)).status, 401)
  t.is((await token.send('POST', `${BASE}/nonsense`, bad)).text, NO_ROUTE)
  t.is((await token.send('POST', `${BASE}/objects`, bad)).text, FORBIDDEN)
  t.is((await token.send('PATCH', `${BASE}/models/${NOBODY}`, bad)).text, notFound('models'))
})

test('4.4: an API token ends when it says, and its hash and text are shown nowhere', async (t) => {
  const soon = Date.now() + 5_000
  const made = (await busy.post('/tokens', { name: 'short', expiresAt: soon })).entity()
  const client = clientOf(busy.url, bearer(asText(made.token)))
  t.is((await client.get('/labels')).status, 200)
  await pause(soon - Date.now() + 20)
  t.is((await client.get('/labels')).text, UNAUTHORIZED)
  for (const path of [`/tokens/${made._id}`, '/tokens', '/tokens?only=token,hash']) {
    t.notRegex((await busy.get(path)).text, /"token":|"hash":/)
  }
  const past = await busy.post('/tokens', { expiresAt: Date.now() - 1 })
  t.is(past.status, 400)
  t.deepEqual(Object.keys(past.object().fields ?? {}), ['expiresAt'])
})

test('52: a revoked API token is 401 at once', async (t) => {
  const token = await newToken(busy, ['*'])
  t.is((await token.get('/models')).status, 200)
  t.is((await busy.delete(`/tokens/${token.id}`)).status, 200)
  const reply = await token.get('/models')
  t.is(reply.status, 401)
  t.is(reply.text, UNAUTHORIZED)
})
