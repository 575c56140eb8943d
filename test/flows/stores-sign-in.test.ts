/** Proves signing in and leaving, by cookie and by token: the cases 13–17 of rightech 10, against the real server. */
import test from 'ava'
import {
  asText,
  BAD_REQUEST,
  BASE,
  bearer,
  clientOf,
  cookie,
  errorText,
  FORBIDDEN,
  notFound,
  sidOf,
  UNAUTHORIZED,
} from '../support/client.ts'
import {
  newMember,
  newToken,
  PASSWORD,
  signIn,
  signInAdmin,
  signInByCookie,
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
const DONE = '{"sucess":true,"success":true}'
const DAY_MS = 86_400_000

test('1.1: the base answers without credentials, GET and HEAD', async (t) => {
  for (const path of ['/', '/api/v1', '/api/v1/']) {
    const get = await anybody().send('GET', path)
    t.is(get.status, 200)
    t.is(get.text, DONE)
    t.is(get.headers['content-type'], 'application/json; charset=utf-8')
    const head = await anybody().send('HEAD', path)
    t.is(head.status, 200)
    t.is(head.text, '')
    t.is(head.headers['content-length'], String(DONE.length))
  }
})

test('13: a wrong password opens nothing, as an unknown login', async (t) => {
  for (const path of ['/auth', '/auth/token']) {
    for (const login of [busy.login, unique('nobody')]) {
      const reply = await anybody().post(path, { login, password: 'Wrong1234' })
      t.is(reply.status, 401)
      t.is(reply.text, UNAUTHORIZED)
      t.is(reply.headers['set-cookie'], undefined)
      t.is(reply.headers['www-authenticate'], 'Bearer')
    }
  }
})

test('13: a body without login or password says which', async (t) => {
  for (const path of ['/auth', '/auth/token']) {
    const reply = await anybody().post(path, { login: 5 })
    t.is(reply.status, 400)
    t.is(
      reply.text,
      errorText(400, 'Bad Request', ['error_validation', 'error_auth'], {
        login: ['type'],
        password: ['required'],
      }),
    )
    t.is((await anybody().send('POST', BASE + path, { body: '{' })).text, BAD_REQUEST)
  }
})

test('14: the right password gives a cookie, and the cookie opens', async (t) => {
  const member = await newMember(admin)
  const reply = await anybody().post('/auth', { login: member.login.toUpperCase(), password: PASSWORD })
  t.is(reply.status, 200)
  t.is(reply.text, DONE)
  const [text = '', ...others] = reply.headers['set-cookie'] ?? []
  t.is(others.length, 0)
  const match = /^sid=([A-Za-z0-9_-]{22,}); Path=\/; Expires=([^;]+ GMT); HttpOnly(; SameSite=Lax)?$/.exec(
    text,
  )
  t.truthy(match, text)
  const left = Date.parse(match?.[2] ?? '') - Date.now()
  t.true(left > DAY_MS - 60_000 && left <= DAY_MS + 1_000, `${left} ms`)
  const sid = match?.[1] ?? ''
  const client = clientOf(anybody().url, cookie(sid))
  t.is((await client.get('/models')).status, 200)
  t.is((await client.get('/auth')).entity()._id, member.user)
  const besideOthers = await anybody().send('GET', `${BASE}/models`, {
    headers: { Cookie: `a=b; sid=${sid}; c="d"` },
  })
  t.is(besideOthers.status, 200)
  t.is((await clientOf(anybody().url, bearer(sid)).get('/models')).status, 401, 'a cookie is no token')
})

test('15: a token lives a day and opens', async (t) => {
  const reply = await anybody().post('/auth/token', { login: busy.login, password: PASSWORD })
  t.is(reply.status, 200)
  t.is(reply.headers['set-cookie'], undefined)
  const { token, issuedAt, expiresAt, ...rest } = reply.object()
  t.deepEqual(rest, { sucess: true, success: true, type: 'access' })
  t.is(Number(expiresAt) - Number(issuedAt), DAY_MS)
  t.true(Math.abs(Number(issuedAt) - Date.now()) < 60_000)
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const headers = { Authorization: `${scheme} ${asText(token)}` }
    t.is((await clientOf(busy.url, headers).get('/models')).status, 200, scheme)
  }
  const listed = (await clientOf(busy.url, bearer(asText(token))).get('/tokens')).list()
  t.false(
    listed.some(({ issuedAt: at }) => at === issuedAt),
    'a token by password is not listed',
  )
})

test('16: the header alone decides, next to a good cookie too', async (t) => {
  const { sid } = await signInByCookie(busy)
  for (const Authorization of [
    'Bearer nonsense',
    'Bearer ',
    `Basic ${sid}`,
    `Digest ${busy.token}`,
    busy.token,
  ]) {
    const reply = await clientOf(busy.url, { ...cookie(sid), Authorization }).get('/models')
    t.is(reply.status, 401, Authorization)
    t.is(reply.text, UNAUTHORIZED)
  }
})

test('17: leaving ends the session by cookie, and no other', async (t) => {
  const member = await newMember(admin)
  const [first, second] = [await signInByCookie(member), await signInByCookie(member)]
  const reply = await first.delete('/auth')
  t.is(reply.status, 200)
  t.is(reply.text, DONE)
  const [gone = ''] = reply.headers['set-cookie'] ?? []
  t.regex(gone, /^sid=; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly(; SameSite=Lax)?$/)
  const after = await first.get('/models')
  t.is(after.status, 401)
  t.is(after.text, UNAUTHORIZED)
  t.is((await second.get('/models')).status, 200)
})

test('17: leaving ends the session by token, and revokes an API token', async (t) => {
  const member = await newMember(admin)
  const session = await signIn(member.url, member.login, PASSWORD)
  const left = await session.delete('/auth')
  t.is(left.text, DONE)
  t.is(left.headers['set-cookie'], undefined)
  t.is((await session.get('/models')).status, 401)
  const token = await newToken(member, ['*'])
  t.is((await token.delete('/auth')).text, DONE)
  t.is((await token.get('/models')).status, 401)
  t.is((await member.get(`/tokens/${token.id}`)).text, notFound('tokens'))
})

test('4.3: who is disabled, deleted or has another role is so at the next request', async (t) => {
  const member = await newMember(admin, { credentials: ['GET /*'] })
  const byCookie = await signInByCookie(member)
  t.is((await member.post('/labels', { name: 'x' })).status, 403)
  await admin.patch(`/roles/${member.role}`, { credentials: ['GET /*', 'POST /labels'] })
  t.is((await member.post('/labels', { name: 'x' })).status, 200)
  await admin.patch(`/users/${member.user}`, { webDisabled: true })
  t.is((await anybody().post('/auth', { login: member.login, password: PASSWORD })).text, FORBIDDEN)
  t.is((await anybody().post('/auth/token', { login: member.login, password: PASSWORD })).status, 200)
  t.is((await byCookie.get('/labels')).status, 403)
  t.is((await member.get('/labels')).status, 200)
  await admin.patch(`/users/${member.user}`, { disabled: true, webDisabled: false })
  for (const client of [member, byCookie]) t.is((await client.get('/labels')).text, UNAUTHORIZED)
  for (const path of ['/auth', '/auth/token']) {
    t.is((await anybody().post(path, { login: member.login, password: PASSWORD })).text, UNAUTHORIZED)
  }
  await admin.patch(`/users/${member.user}`, { disabled: false })
  t.is((await anybody().post('/auth', { login: member.login, password: PASSWORD })).status, 200)
  t.is((await admin.delete(`/users/${member.user}`)).status, 200)
  t.is((await anybody().post('/auth', { login: member.login, password: PASSWORD })).text, UNAUTHORIZED)
  t.is((await member.get('/labels')).text, UNAUTHORIZED)
})

test('4.3: a changed password and login hold at once, the old ones not any more', async (t) => {
  const member = await newMember(admin)
  const login = unique('Renamed')
  const changed = await member.patch(`/users/${member.user}`, { login, password: 'Other1234' })
  t.is(changed.entity().login, login)
  const attempt = (name: string, password: string) => anybody().post('/auth/token', { login: name, password })
  t.is((await attempt(member.login, PASSWORD)).status, 401)
  t.is((await attempt(member.login, 'Other1234')).status, 401)
  t.is((await attempt(login, PASSWORD)).status, 401)
  t.is((await attempt(login.toLowerCase(), 'Other1234')).status, 200)
})

test('4.3: too many failures of one login are 429 with Retry-After, others go on', async (t) => {
  const member = await newMember(admin)
  const attempt = (password: string) => anybody().post('/auth', { login: member.login, password })
  const replies = await Promise.all(Array.from({ length: 14 }, () => attempt('Wrong1234')))
  t.deepEqual(replies.map(({ status }) => status).toSorted(), [
    ...Array<number>(10).fill(401),
    ...Array<number>(4).fill(429),
  ])
  const refused = await attempt(PASSWORD)
  t.is(refused.status, 429)
  t.is(refused.text, errorText(429, 'Too Many Requests', ['error_too_many_requests']))
  const seconds = Number(refused.headers['retry-after'])
  t.true(seconds >= 1 && seconds <= 60, refused.headers['retry-after'])
  t.is((await anybody().post('/auth', { login: busy.login, password: PASSWORD })).status, 200)
})

test('4.4: the first start made a root group, two roles and the configured user', async (t) => {
  const me = (await admin.get('/auth')).entity()
  t.is(me.login, admin.login)
  t.deepEqual(me.branch, [admin.group])
  t.deepEqual(me.access, [admin.user])
  const group = (await admin.get(`/groups/${admin.group}`)).entity()
  t.is(group.group, admin.group)
  t.deepEqual(group.branch, [admin.group])
  t.false('parent' in group)
  const roles = (await admin.get('/roles?where.name=admin,auditor&only=name,credentials&sortBy=name')).list()
  t.deepEqual(
    roles.map(({ name, credentials }) => ({ name, credentials })),
    [
      { name: 'admin', credentials: ['*'] },
      { name: 'auditor', credentials: ['GET /history/*'] },
    ],
  )
  t.is(sidOf(await anybody().post('/auth', { login: admin.login, password: admin.password })).length, 43)
})
