/** Proves conditions, order and search of lists: the cases 29–33 of rightech 10, against the real server. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { type JsonObject } from '../../src/json.ts'
import { asText, errorText } from '../support/client.ts'
import { signInAdmin, unique, type Member } from '../support/members.ts'
import { AS_IT_SHOULD, listed, refusal } from '../support/lists.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const made = (store: string, bodies: readonly JsonObject[]) => listed(admin, store, bodies)

const names = (count: number): readonly JsonObject[] =>
  Array.from({ length: count }, (_, index) => ({ name: `Object ${index}` }))

test('29: quotes make strings, digits numbers', async (t) => {
  const { found } = await made('objects', [
    { config: { c: { v: '1234' } } },
    { config: { c: { v: 1234 } } },
    { config: { c: { v: true } } },
    { config: { c: { v: 'true' } } },
    { config: { c: { v: 'a,b' } } },
    { config: { c: { v: 0.5 } } },
    { config: { c: { v: ['x', 'y', 7] } } },
  ])
  const queries: readonly (readonly [string, readonly number[]])[] = [
    ['where.config.c.v="1234"', [0]],
    ['where.config.c.v=%221234%22', [0]],
    ['where.config.c.v=1234', [1]],
    ['where.config.c.v=1234.0', [1]],
    ['where.config.c.v=true', [2]],
    ['where.config.c.v="true"', [3]],
    ['where.config.c.v="a,b"', [4]],
    ['where.config.c.v=a,b', []],
    ['where.config.c.v=5e-1', [5]],
    ['where.config.c.v="1234",1234,true', [0, 1, 2]],
    ['where.config.c.v=y', [6]],
    ['where.config.c.v=7,"1234"', [0, 6]],
    ['where_config.c.v="1234"', [0]],
  ]
  for (const [query, expected] of queries)
    t.deepEqual(await found(encodeURI(query).replaceAll('%25', '%')), expected, query)
})

test('30: any of several values', async (t) => {
  const { found } = await made(
    'tasks',
    ['created', 'inwork', 'closed'].map((status) => ({ status })),
  )
  t.deepEqual(await found('where.status=created,inwork'), [0, 1])
  t.deepEqual(await found('where.status=created%2Cinwork'), [0, 1])
  t.deepEqual(await found('where.archived=false'), [0, 1, 2])
  t.deepEqual(await found('where.archived=true'), [])
  t.deepEqual(await found('where.archived=maybe'), [])
  t.deepEqual(await found('where.priority=3&where.status=closed'), [2])
  t.deepEqual(await found('where.status!=created'), [1, 2])
  t.deepEqual(await found('where.status!=created,closed'), [1])
  t.deepEqual(await found('where.status%21=created'), [1, 2])
  t.deepEqual(await found('where.assignee=null'), [0, 1, 2])
})

test('30: a task whose deadline passed expires once, is told once, and can be asked for', async (t) => {
  const { found } = await made('tasks', [
    { deadlines: { inwork: 1 } },
    { deadlines: { inwork: Date.now() + 3_600_000 } },
    { deadlines: { inwork: 1 }, status: 'closed' },
  ])
  const deadline = Date.now() + 100_000
  while ((await found('where.expired=true')).length === 0 && Date.now() < deadline) await pause(200)
  t.deepEqual(await found('where.expired=true'), [0])
})

test('31: null is null or absent', async (t) => {
  const { found } = await made('objects', [
    { config: { auth: { username: 'u' } } },
    { config: { auth: { username: null } } },
    { config: { auth: {} } },
    {},
  ])
  t.deepEqual(await found('where.config.auth.username=null'), [1, 2, 3])
  t.deepEqual(await found('where.config.auth.username!=null'), [0])
  t.deepEqual(await found('where.config.auth.username="null"'), [])
  t.deepEqual(await found('where.config.auth.username=null,u'), [0, 1, 2, 3])
})

test('32: paths that could be operators, or are none', async (t) => {
  const { member } = await made('objects', names(1))
  const tooDeep = Array.from({ length: 9 }, () => 'a').join('.')
  for (const path of [
    '$where',
    'a.$gt',
    'a..b',
    '.',
    'a.',
    'a b',
    'a%00',
    tooDeep,
    '__proto__',
    'a.constructor',
  ]) {
    const name = `where.${decodeURIComponent(path)}`
    const reply = await member.get(`/objects?where.${path.replace(' ', '%20')}=1`)
    t.deepEqual(refusal(reply, 'objects', [name, 'format']), AS_IT_SHOULD, name)
  }
  t.is((await member.get(`/objects?where.${tooDeep.slice(2)}=1`)).status, 200)
  for (const sort of ['$where', '-a.$gt', 'a..b', '-', 'a,,b']) {
    t.deepEqual(
      refusal(await member.get(`/objects?sortBy=${sort}`), 'objects', ['sortBy', 'format']),
      AS_IT_SHOULD,
      sort,
    )
  }
})

test('32: every broken parameter is said at once', async (t) => {
  const { member } = await made('objects', [])
  const reply = await member.get('/objects?limit=-1&offset=x&from=y&where.$a=1')
  t.is(
    reply.text,
    errorText(
      400,
      'Bad Request',
      ['error_validation', 'error_objects'],
      reply.object().fields as Record<string, string[]>,
    ),
  )
  t.deepEqual(reply.object().fields, {
    limit: ['range'],
    offset: ['range'],
    from: ['format'],
    'where.$a': ['format'],
  })
})

test('33: names sort by code point, missing first, ties by id', async (t) => {
  const { found } = await made('labels', [
    { name: 'b', color: 'x' },
    { name: 'a' },
    { name: 'Я', color: 'x' },
    { name: 'Z', color: 'x' },
    { name: '\u{1F600}' },
    { name: '\uFFEE' },
  ])
  t.deepEqual(await found('sortBy=name'), [3, 1, 0, 2, 5, 4])
  t.deepEqual(await found('sort=-name'), [4, 5, 2, 0, 1, 3])
  t.deepEqual(await found('sortBy=color,name'), [1, 5, 4, 3, 0, 2])
  t.deepEqual(await found('sortBy=color'), [1, 4, 5, 0, 2, 3])
  t.deepEqual(await found('sortBy=-time&limit=1'), [5])
})

test('2.6: search looks through its fields without regard to case', async (t) => {
  const marker = unique('Ж').replace('-', '')
  const { found, member } = await made('objects', [
    { name: `a ${marker} b` },
    { name: 'x', description: `${marker.toLowerCase()}.*` },
    { name: 'y', other: marker },
    { name: 'z', id: `dev.${marker.slice(1)}` },
  ])
  t.deepEqual(await found(`search=${encodeURIComponent(marker.toLowerCase())}`), [0, 1])
  t.deepEqual(await found(`search=${encodeURIComponent(marker.slice(1).toUpperCase())}`), [0, 1, 3])
  t.deepEqual(await found(`search=${encodeURIComponent('.*')}`), [1])
  t.deepEqual(await found('search=('), [])
  const users = (await member.get(`/users?search=${member.login.toUpperCase()}`)).list()
  t.deepEqual(
    users.map(({ _id }) => _id),
    [member.user],
  )
})

test('2.5: the device id, the identifier, and typed paths', async (t) => {
  const device = unique('dev')
  const { found, entities } = await made('objects', [{ id: device, name: '12' }, { name: 'true' }])
  const [first = { _id: '', model: '' }] = entities
  t.deepEqual(await found(`where_id=${device}`), [0])
  t.deepEqual(await found(`where.id=${device}`), [0])
  t.deepEqual(await found(`where._id=${first._id.toUpperCase()}`), [0])
  t.deepEqual(await found(`where__id=${first._id}`), [0])
  t.deepEqual(await found(`where.model=${asText(first.model)}`), [0, 1])
  t.deepEqual(await found('where.name=12'), [0])
  t.deepEqual(await found('where.name=true'), [1])
  t.deepEqual(await found('where.time=soon'), [])
  t.deepEqual(await found('where.config.auth.password="***"'), [])
})
