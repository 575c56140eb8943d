/** Who may do and see what, over real HTTP (rightech 4.4, 5). */
import test from 'ava'
import { create, member, startStack, text } from './stack.ts'

test('an API token shows itself once, does what its scopes say, and ends at once', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const made = await call(admin, 'POST /api/v1/tokens', {
    name: 'grafana',
    scopes: ['GET /objects/*', 'POST /tokens', 'DELETE /tokens/*'],
  })
  const { token: value, ...shown } = made.entity
  const token = text(value)
  t.like(shown, { name: 'grafana', type: 'access', success: true })
  t.is(Number(shown['expiresAt']) - Number(shown['issuedAt']), 86_400_000)
  t.deepEqual((await call(admin, `GET /api/v1/tokens/${text(shown['_id'])}`)).json, shown)
  t.false(made.body.includes('hash'))
  t.is((await call(token, 'GET /api/v1/objects')).status, 200)
  t.is((await call(token, 'HEAD /api/v1/objects')).status, 200)
  t.is((await call(token, 'GET /api/v1/models/ffffffffffffffffffffffff')).status, 403)
  t.is(
    (await call(token, 'POST /api/v1/tokens', { scopes: ['GET /models/*'] })).status,
    403,
    'it gives what it lacks',
  )
  t.is((await call(token, 'POST /api/v1/tokens', { scopes: ['nonsense'] })).status, 400)
  t.is((await call(token, 'POST /api/v1/tokens', { scopes: ['GET /objects/*'] })).status, 200)
  await call(admin, `PATCH /api/v1/tokens/${text(shown['_id'])}`, { scopes: ['GET /labels'] })
  t.is((await call(token, 'GET /api/v1/objects')).status, 403)
  t.is((await call(token, 'DELETE /api/v1/auth')).status, 200)
  t.is((await call(token, 'GET /api/v1/labels')).status, 401)
  const brief = await call(admin, 'POST /api/v1/tokens', { expiresAt: stack.services.now() + 60_000 })
  stack.move(61_000)
  t.is((await call(text(brief.entity['token']), 'GET /api/v1/labels')).status, 401)
})

test('nobody gives a role that allows more than they may', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const { token, role, user } = await member(stack, 'clerk', [
    'GET /*',
    'POST /users',
    'PATCH /users/*',
    'PATCH /roles/*',
  ])
  const master = text((await call(admin, 'GET /api/v1/auth')).entity['role'])
  const fresh = { name: 'n', login: 'fresh', email: 'fresh@example.org', password: 'Secret123' }
  t.is((await call(token, 'POST /api/v1/users', { ...fresh, role: master })).status, 403)
  t.is((await call(token, 'PATCH /api/v1/users/' + user, { role: master })).status, 403)
  t.is((await call(token, 'PATCH /api/v1/roles/' + role, { credentials: ['*'] })).status, 403)
  t.is((await call(token, 'POST /api/v1/users', { ...fresh, role })).status, 200)
  t.is((await call(token, 'PATCH /api/v1/users/' + user, { role, phone: '1' })).status, 200)
})

test('groups see themselves and what is below', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const below = await create(stack, admin, 'groups', { name: 'Below' })
  const { token } = await member(stack, 'child', ['*'], below)
  const own = await create(stack, token, 'labels', { name: 'own' })
  const above = await create(stack, admin, 'labels', { name: 'above' })
  const names = async (who: string, query: string) => {
    const { json } = await call(who, `GET /api/v1/labels?only=name${query}`)
    return Array.isArray(json) ? json.map((entity) => text((entity as { name?: string }).name)) : []
  }
  t.deepEqual(await names(admin, ''), ['above'])
  t.deepEqual(await names(admin, '&withChildGroups=true'), ['own', 'above'])
  t.deepEqual(await names(token, '&withChildGroups=true'), ['own'])
  t.is((await call(admin, `GET /api/v1/labels/${own.toUpperCase()}`)).status, 200)
  t.is((await call(token, `GET /api/v1/labels/${above}`)).status, 404)
  t.is((await call(token, `PATCH /api/v1/labels/${above}`, { name: 'x' })).status, 404)
  t.is((await call(token, `DELETE /api/v1/labels/${above}`)).status, 404)
  const root = text((await call(admin, `GET /api/v1/groups/${below}`)).entity['parent'])
  t.is((await call(token, `GET /api/v1/groups/${root}`)).status, 200, 'groups are inherited')
  t.is((await call(token, `PATCH /api/v1/groups/${root}`, { name: 'x' })).status, 404)
  t.deepEqual((await call(token, 'POST /api/v1/labels', { name: 'x', group: root })).entity['fields'], {
    group: ['reference'],
  })
  t.deepEqual((await call(token, 'POST /api/v1/labels', { name: 'x', group: 'x' })).entity['fields'], {
    group: ['reference'],
  })
  t.is((await call(admin, 'POST /api/v1/labels', { name: 'x', group: below })).entity['group'], below)
  t.deepEqual((await call(admin, `DELETE /api/v1/groups/${below}`)).entity['fields'], { _id: ['in_use'] })
})
