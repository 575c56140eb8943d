/** Calls over real HTTP (rightech 1) on adapters in memory: in which order one is judged, and what is particular to some stores. The generic cases of section 10 for every store are in the flows. */
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { startExpiringTasks } from '../../../../src/jobs/expire-tasks.ts'
import { create, member, startStack, text } from './stack.ts'

test('what asks for no credentials', async (t) => {
  const { call } = await startStack(t)
  for (const line of ['GET /', 'GET /api/v1', 'GET /api/v1/', 'GET //api//v1']) {
    const reply = await call('', line)
    t.is(reply.status, 200, line)
    t.is(reply.body, '{"sucess":true,"success":true}')
    t.is(reply.headers['content-type'], 'application/json; charset=utf-8')
  }
  for (const line of ['HEAD /', 'HEAD /api/v1/']) t.like(await call('', line), { status: 200, body: '' })
})

test('credentials, route, right, entity, body, rules: in that order', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const { token } = await member(stack, 'narrow', ['GET /objects/*', 'PATCH /labels/*'])
  const tagsOf = async (who: string, line: string, body?: string) => {
    const { status, entity } = await call(who, line, body)
    return [status, entity['tags']]
  }
  t.deepEqual(await tagsOf('', 'GET /api/v1/nonsense'), [401, ['error_unauthorized']])
  t.deepEqual(await tagsOf('bad', 'PUT /api/v1/labels'), [401, ['error_unauthorized']])
  t.deepEqual(await tagsOf(token, 'GET /api/v1/nonsense'), [404, ['error_not_found']])
  t.deepEqual(await tagsOf(token, 'PUT /api/v1/labels/x'), [404, ['error_not_found']])
  t.deepEqual(await tagsOf(token, 'POST /api/v1'), [404, ['error_not_found']])
  t.deepEqual(await tagsOf(token, 'POST /api/v1/labels/x'), [404, ['error_not_found']])
  t.deepEqual(await tagsOf(token, 'PATCH /api/v1/invites/x'), [404, ['error_not_found']])
  t.deepEqual(await tagsOf(token, 'GET /api/v1/auth/token'), [404, ['error_not_found']])
  t.deepEqual(await tagsOf(token, 'GET /api/v1/labels/x'), [403, ['error_credentials', 'error_forbidden']])
  t.deepEqual(await tagsOf(token, 'POST /api/v1/labels', '{"a":'), [
    403,
    ['error_credentials', 'error_forbidden'],
  ])
  t.deepEqual(await tagsOf(token, 'PATCH /api/v1/labels/x', '{"a":'), [
    404,
    ['error_not_found', 'error_labels'],
  ])
  t.deepEqual(await tagsOf(token, 'GET /api/v1/objects/%zz'), [404, ['error_not_found']])
  t.deepEqual(await tagsOf(admin, 'POST /api/v1/labels', '{"a":'), [400, ['error_bad_request']])
  t.deepEqual(await tagsOf(admin, 'POST /api/v1/labels', '[1]'), [400, ['error_bad_request']])
  t.deepEqual(await tagsOf(admin, 'POST /api/v1/labels', ''), [400, ['error_validation', 'error_labels']])
  t.deepEqual(await tagsOf(admin, 'GET /api/v1/tasks/kinds?limit=x'), [
    400,
    ['error_validation', 'error_tasks_kinds'],
  ])
  const huge = `{"name":"${'x'.repeat(1024 * 1024)}"}`
  t.deepEqual(await tagsOf(admin, 'POST /api/v1/labels', huge), [413, ['error_payload_too_large']])
  const zipped = await call(admin, 'POST /api/v1/labels', gzipSync('{"name":"zip"}'), {
    'content-encoding': 'gzip',
  })
  t.is(zipped.entity['name'], 'zip')
})

test('objects answer to their device id', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const model = await create(stack, admin, 'models', { base: 'mqtt', name: 'Pump' })
  const object = await create(stack, admin, 'objects', { model, id: 'wialon:1+2', name: 'Pump 1' })
  for (const id of ['wialon:1+2', 'wialon%3A1%2B2', object]) {
    t.is((await call(admin, `GET /api/v1/objects/${id}`)).entity['_id'], object, id)
  }
  t.is((await call(admin, 'PATCH /api/v1/objects/wialon:1+2', { status: 'on' })).entity['status'], 'on')
  t.deepEqual((await call(admin, 'GET /api/v1/objects/wialon:1+2?only=name,config.auth')).json, {
    ...{ _id: object, name: 'Pump 1', config: { auth: {} }, success: true },
  })
  t.is((await call(admin, `DELETE /api/v1/models/${model}`)).status, 409)
  t.is((await call(admin, 'DELETE /api/v1/objects/wialon%3A1+2')).entity['name'], 'Pump 1')
  t.is((await call(admin, 'GET /api/v1/objects/wialon:1+2')).status, 404)
  t.is((await call(admin, `DELETE /api/v1/models/${model}`)).status, 200)
})

test('a tagname made from the name gives way, one that was chosen does not', async (t) => {
  const { call, signIn } = await startStack(t)
  const admin = await signIn()
  const made = await Promise.all(
    Array.from({ length: 5 }, () => call(admin, 'POST /api/v1/groups', { name: 'My Farm!' })),
  )
  t.deepEqual(made.map(({ entity }) => text(entity['tagname'])).sort(), [
    'my_farm',
    'my_farm_2',
    'my_farm_3',
    'my_farm_4',
    'my_farm_5',
  ])
  const taken = await call(admin, 'POST /api/v1/groups', { name: 'x', tagname: 'my_farm' })
  t.is(taken.status, 409)
  t.deepEqual(taken.entity['fields'], { tagname: ['unique'] })
})

test('of a user whose login and mail are both taken, both are named', async (t) => {
  const stack = await startStack(t)
  const { call } = stack
  const admin = await stack.signIn()
  const { role } = await member(stack, 'first', ['*'])
  await member(stack, 'other', ['*'])
  const fieldsOf = async (login: string, email: string) => {
    const user = { name: 'x', role, login, email, password: 'Secret123' }
    const { status, entity } = await call(admin, 'POST /api/v1/users', user)
    return [status, entity['fields']]
  }
  const both = { login: ['unique'], email: ['unique'] }
  t.deepEqual(await fieldsOf('FIRST', 'First@Example.org'), [409, both])
  t.deepEqual(await fieldsOf('FIRST', 'Other@Example.org'), [409, both])
  t.deepEqual(await fieldsOf('FIRST', 'new@example.org'), [409, { login: ['unique'] }])
  t.deepEqual(await fieldsOf('another', 'First@Example.org'), [409, { email: ['unique'] }])
  t.is((await fieldsOf('another', 'new@example.org'))[0], 200)
})

test('a task whose deadline passes is noticed once', async (t) => {
  const stack = await startStack(t)
  const { call, services } = stack
  const admin = await stack.signIn()
  const due = await create(stack, admin, 'tasks', {
    name: 'late',
    deadlines: { inwork: services.now() + 600_000 },
  })
  const job = startExpiringTasks({ ...services, onFailure: (error) => t.log(error), everyMs: 20 })
  const other = startExpiringTasks({ ...services, onFailure: (error) => t.log(error), everyMs: 20 })
  const expired = async () => (await call(admin, `GET /api/v1/tasks/${due}`)).entity['expired']
  t.is(await expired(), false)
  stack.move(700_000)
  for (let tries = 0; tries < 1_500 && (await expired()) !== true; tries += 1)
    await new Promise((go) => setTimeout(go, 20))
  t.is(await expired(), true)
  await Promise.all([job.stop(), other.stop()])
  const types: string[] = []
  for await (const page of stack.history.readAll({ after: 0n, prefixes: ['stores.tasks-'] }))
    types.push(...page.map(({ type }) => type))
  t.deepEqual(types, ['EntityCreated', 'EntityChanged', 'TaskExpired'])
})
