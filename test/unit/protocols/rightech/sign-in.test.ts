/** Signing in and out over real HTTP (rightech 4.1 to 4.3): what a credential opens, for how long, and what those without one learn. */
import test from 'ava'
import { ADMIN, member, startStack, text } from './stack.ts'

test('signing in by cookie', async (t) => {
  const { call } = await startStack(t)
  const before = Date.now()
  const reply = await call('', 'POST /api/v1/auth', ADMIN)
  t.is(reply.body, '{"sucess":true,"success":true}')
  const set = reply.headers['set-cookie']?.[0] ?? ''
  const [, sid = '', expires = ''] =
    /^sid=([\w-]{43}); Path=\/; Expires=([^;]+); HttpOnly; SameSite=Lax$/.exec(set) ?? []
  t.true(Math.abs(Date.parse(expires) - before - 86_400_000) < 60_000)
  const cookie = `theme=dark; sid=${sid}`
  t.is((await call('', 'GET /api/v1/models', undefined, { cookie })).status, 200)
  t.is((await call('bad', 'GET /api/v1/models', undefined, { cookie })).status, 401)
  t.is((await call(sid, 'GET /api/v1/models')).status, 401, 'a cookie is no token')
  const left = await call('', 'DELETE /api/v1/auth', undefined, { cookie })
  t.is(left.status, 200)
  t.regex(
    left.headers['set-cookie']?.[0] ?? '',
    /^sid=; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly/,
  )
  t.is((await call('', 'GET /api/v1/models', undefined, { cookie })).status, 401)
})

test('a cookie behind TLS is for TLS only', async (t) => {
  const { call } = await startStack(t, { isSecure: () => true })
  const reply = await call('', 'POST /api/v1/auth', ADMIN)
  t.regex(reply.headers['set-cookie']?.[0] ?? '', /; HttpOnly; Secure; SameSite=Lax$/)
})

test('a token by password lives a day, whatever it is used for', async (t) => {
  const { call, move } = await startStack(t)
  const { entity, headers } = await call('', 'POST /api/v1/auth/token', ADMIN)
  t.is(headers['set-cookie'], undefined)
  t.is(Number(entity['expiresAt']) - Number(entity['issuedAt']), 86_400_000)
  t.like(entity, { sucess: true, success: true, type: 'access' })
  const token = text(entity['token'])
  t.is(
    (await call('', 'GET /api/v1/models', undefined, { cookie: `sid=${token}` })).status,
    401,
    'a token is no cookie',
  )
  move(86_300_000)
  t.is((await call(token, 'GET /api/v1/models')).status, 200)
  move(200_000)
  const late = await call(token, 'GET /api/v1/models')
  t.is(late.status, 401)
  t.is(late.headers['www-authenticate'], 'Bearer')
})

test('who cannot sign in learns nothing, and is stopped after ten tries', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  t.deepEqual((await call('', 'POST /api/v1/auth', { login: 5 })).entity['fields'], {
    login: ['type'],
    password: ['required'],
  })
  const unknown = await call('', 'POST /api/v1/auth', { login: 'nobody', password: 'Secret123' })
  const wrong = await call('', 'POST /api/v1/auth', { ...ADMIN, password: 'Secret124' })
  t.is(unknown.status, 401)
  t.deepEqual([wrong.status, wrong.body], [unknown.status, unknown.body])
  t.is(wrong.headers['set-cookie'], undefined)
  const tries = await Promise.all(
    Array.from({ length: 12 }, () => call('', 'POST /api/v1/auth', { ...ADMIN, password: 'x' })),
  )
  t.is(tries.filter(({ status }) => status === 401).length, 9)
  const stopped = await call('', 'POST /api/v1/auth/token', ADMIN)
  t.is(stopped.status, 429)
  t.deepEqual(stopped.entity['tags'], ['error_too_many_requests'])
  t.true(Number(stopped.headers['retry-after']) > 50)
  stack.move(61_000)
  t.truthy(await stack.signIn())
})

test('a user may be kept from the web, or from everything', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const { user, token } = await member(stack, 'kept', ['*'])
  const login = { login: 'KEPT', password: 'Secret123' }
  const [sid = ''] = (await call('', 'POST /api/v1/auth', login)).headers['set-cookie']?.[0]?.split(';') ?? []
  t.is((await call('', 'GET /api/v1/labels', undefined, { cookie: sid })).status, 200)
  await call(admin, `PATCH /api/v1/users/${user}`, { webDisabled: true })
  t.is((await call('', 'POST /api/v1/auth', login)).status, 403)
  t.is((await call('', 'GET /api/v1/labels', undefined, { cookie: sid })).status, 403)
  t.is((await call(token, 'GET /api/v1/labels')).status, 200)
  await call(admin, `PATCH /api/v1/users/${user}`, { webDisabled: false, disabled: true })
  t.is((await call('', 'POST /api/v1/auth', login)).status, 401)
  t.is((await call('', 'GET /api/v1/labels', undefined, { cookie: sid })).status, 401)
  t.is((await call(token, 'GET /api/v1/labels')).status, 401)
})

test('passwords are nowhere', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const { user, token } = await member(stack, 'secretive', ['*'])
  t.deepEqual((await call(admin, 'PATCH /api/v1/users/' + user, { password: 'short' })).entity['fields'], {
    password: ['format'],
  })
  const changed = await call(admin, 'PATCH /api/v1/users/' + user, { password: 'Changed123' })
  t.is(changed.status, 200)
  t.is((await call('', 'POST /api/v1/auth', { login: 'secretive', password: 'Secret123' })).status, 401)
  t.truthy(await stack.signIn('secretive', 'Changed123'))
  const seen = [
    changed.body,
    (await call(token, 'GET /api/v1/users?only=password,name')).body,
    (await call(token, 'GET /api/v1/users')).body,
  ]
  const events: string[] = []
  for await (const page of stack.history.readAll({ after: 0n }))
    events.push(...page.map(({ data, meta }) => JSON.stringify([data, meta])))
  for (const word of ['password', 'argon2', 'Secret123', 'Changed123'])
    t.false(seen.join().includes(word), word)
  for (const word of ['argon2', 'Secret123', 'Changed123', 'secretive@example.org'])
    t.false(events.join().includes(word), word)
})
