/** Proves what writes keep and refuse: the cases 23, 24, 58 (first half) and 60 of rightech 10, against the real server. */
import test from 'ava'
import { type JsonObject } from '../../src/json.ts'
import { BASE, bearer, clientOf, invalid, TOO_LARGE, type Reply } from '../support/client.ts'
import { create, newMember, signInAdmin, unique, type Member } from '../support/members.ts'
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

const NOBODY = 'f'.repeat(24)

const refusedWith = (reply: Reply): JsonObject => {
  const { fields = null, code = null, tags = null } = reply.object()
  return { code, tags, fields }
}

test('E5: all broken rules at once', async (t) => {
  const reply = await busy.post('/objects', { model: NOBODY, id: 'has space' })
  t.is(reply.status, 400)
  t.deepEqual(refusedWith(reply), {
    code: '400',
    tags: ['error_validation', 'error_objects'],
    fields: { name: ['required'], model: ['reference'], id: ['format'] },
  })
  const users = await busy.post('/users', {
    name: 5,
    role: 'x',
    email: '@x',
    login: 'abc',
    password: 'password1',
  })
  t.deepEqual(users.object().fields, {
    name: ['type'],
    role: ['reference'],
    email: ['format'],
    login: ['format'],
    password: ['format'],
  })
})

test('E7, 23: objects merge deeply, lists are replaced, null stays', async (t) => {
  const { entity } = await create(busy, 'objects', { config: { a: { x: 1, y: [1, 2] } } })
  const path = `/objects/${entity._id}`
  const one = (await busy.patch(path, { config: { a: { y: [3], z: null } }, owner: NOBODY })).entity()
  const config = {
    auth: {},
    x509: {},
    levels: {},
    position: {},
    a: { x: 1, y: [3], z: null },
  }
  t.deepEqual<JsonObject, JsonObject>(one, { ...entity, config, _at: one._at ?? null })
  const two = (
    await busy.patch(path, { config: { a: 5, levels: { b: { c: {} } } }, description: null })
  ).entity()
  t.deepEqual<JsonObject, JsonObject>(two, {
    ...entity,
    config: { ...config, a: 5, levels: { b: { c: {} } } },
    description: null,
    _at: two._at ?? null,
  })
  const three = (await busy.patch(path, { config: { a: { back: {} } } })).entity()
  t.deepEqual((three.config as JsonObject).a, { back: {} })
  t.deepEqual((await busy.get(path)).entity(), three)
})

test('23: deadlines keep null and both shapes', async (t) => {
  const { entity } = await create(busy, 'tasks', {
    deadlines: { inwork: 4_000_000_000_000, b: { status: 's', time: 1 } },
  })
  const patched = await busy.patch(`/tasks/${entity._id}`, { deadlines: { inwork: null } })
  t.deepEqual(patched.entity().deadlines, { inwork: null, b: { status: 's', time: 1 } })
})

test('24: keys that could be operators or prototypes', async (t) => {
  const { body, entity } = await create(busy, 'objects')
  const bad: readonly (readonly [string, string])[] = [
    ['"$where":1', '$where'],
    ['"a.b":1', 'a.b'],
    ['"__proto__":{"admin":true}', '__proto__'],
    ['"constructor":1', 'constructor'],
    ['"nul\\u0000":1', 'nul\u0000'],
    ['"config":{"__proto__":{}}', 'config'],
    ['"config":{"a":[{"b":{"$gt":1}}]}', 'config'],
    ['"config":{"a":{"prototype":1}}', 'config'],
    ['"list":[[{"x.y":1}]]', 'list'],
  ]
  for (const [member, path] of bad) {
    const whole = JSON.stringify({ ...body, id: unique('id') })
    const posted = await busy.send('POST', `${BASE}/objects`, { body: `${whole.slice(0, -1)},${member}}` })
    t.is(posted.status, 400, member)
    t.is(posted.text, invalid('objects', { [path]: ['format'] }), member)
    const patched = await busy.send('PATCH', `${BASE}/objects/${entity._id}`, { body: `{${member}}` })
    t.is(patched.text, invalid('objects', { [path]: ['format'] }), member)
  }
  t.deepEqual((await busy.get(`/objects/${entity._id}`)).entity(), entity)
  t.is((await busy.get('/models')).status, 200)
  const odd: JsonObject = { ['toString']: 'x', hasOwnProperty: 1, valueOf: { then: 1 } }
  const { entity: kept } = await create(busy, 'labels', odd)
  t.like(kept, odd)
  t.deepEqual((await busy.get(`/labels/${kept._id}`)).entity(), kept)
})

test('1.3: a group that is the caller’s or below may be named', async (t) => {
  const { entity: group } = await create(busy, 'groups')
  const { entity } = await create(busy, 'labels', { group: group._id.toUpperCase() })
  t.is(entity.group, group._id)
  t.deepEqual(entity.branch, [...busy.branch, group._id])
  t.is(entity.owner, busy.user)
  const { entity: own } = await create(busy, 'labels', { group: busy.group })
  t.is(own.group, busy.group)
})

test('1.6: immutable and read-only fields are dropped', async (t) => {
  const cases: readonly (readonly [string, JsonObject])[] = [
    ['models', { base: 'http' }],
    ['groups', { parent: NOBODY, code: 'xxxxxxxxx' }],
    ['tokens', { expiresAt: 1, issuedAt: 1, type: 'x', token: 'y', hash: 'z' }],
    ['users', { rights: 9 }],
    ['tasks', { expired: true, createdBy: 'me' }],
    ['automatons', { processId: 'other' }],
    ['objects', { state: { a: 1 } }],
  ]
  for (const [store, body] of cases) {
    const { entity } = await create(busy, store)
    const { token: _once, ...shown } = entity
    t.deepEqual<JsonObject, JsonObject>(
      (await busy.patch(`/${store}/${entity._id}`, body)).entity(),
      shown,
      store,
    )
  }
})

test('1.6: shapes, columns and enumerations', async (t) => {
  const refusals: readonly (readonly [string, JsonObject, JsonObject])[] = [
    ['scenes', { type: '4d' }, { type: ['enum'] }],
    ['scenes', { file: NOBODY }, { file: ['reference'] }],
    ['messages', { importance: 'loud' }, { importance: ['enum'] }],
    ['models', { base: 'zigbee' }, { base: ['reference'] }],
    ['tables', { columns: [{ id: 'a b', name: 'x', dataType: 'string' }] }, { 'columns.0.id': ['format'] }],
    ['tables', { columns: [{ id: 'a', name: 'x', dataType: 'text' }] }, { 'columns.0.dataType': ['enum'] }],
    ['tables', { displayColumn: 'other' }, { displayColumn: ['reference'] }],
    ['roles', { credentials: ['everything'] }, { credentials: ['format'] }],
    ['labels', { name: 'x'.repeat(1_025) }, { name: ['max'] }],
    ['labels', { color: 7 }, { color: ['type'] }],
    ['files', { size: '7' }, { size: ['type'] }],
    ['tasks', { deadlines: [] }, { deadlines: ['type'] }],
  ]
  for (const [store, body, fields] of refusals) {
    const whole = { ...(await create(busy, store)).body, ...body, ...(store === 'models' ? {} : {}) }
    const reply = await busy.post(`/${store}`, whole)
    t.is(reply.status, 400, `${store} ${JSON.stringify(body)}`)
    t.deepEqual(reply.object().fields, fields, `${store} ${JSON.stringify(body)}`)
  }
  const shapes: readonly (readonly [JsonObject, boolean])[] = [
    [{ type: 'circle', center: [52.5, 13.4], radius: 10 }, true],
    [{ type: 'circle', center: [91, 0] }, false],
    [{ type: 'circle', center: [0, 0], radius: 0 }, false],
    [{ type: 'polyline', points: [[0, 0]] }, false],
    [
      {
        type: 'polygon',
        points: [
          [0, 0],
          [0, 1],
          [1, 1],
        ],
      },
      true,
    ],
    [
      {
        type: 'rectangle',
        points: [
          [0, 0],
          [0, 1],
          [1, 1],
        ],
      },
      false,
    ],
    [
      {
        type: 'rectangle',
        points: [
          [0, 0],
          [1, 181],
        ],
      },
      false,
    ],
    [
      {
        type: 'route',
        trips: [{ type: 'direct', points: [[0, 0]], waypoints: [{ center: [0, 0], name: 'a' }] }],
      },
      true,
    ],
    [{ type: 'anything', center: 'unchecked' }, true],
  ]
  for (const [shape, good] of shapes) {
    const reply = await busy.post('/geofences', { name: 'Fence', shape })
    t.is(reply.status, good ? 200 : 400, `${JSON.stringify(shape)} ${reply.text}`)
  }
})

test('1.4: required on PATCH means only what is set to null or empty', async (t) => {
  const { entity } = await create(busy, 'objects')
  for (const name of [null, '']) {
    const reply = await busy.patch(`/objects/${entity._id}`, { name })
    t.is(reply.text, invalid('objects', { name: ['required'] }))
  }
  t.deepEqual((await busy.get(`/objects/${entity._id}`)).entity(), entity)
})

test('decisions 16: an entity of more than 900,000 bytes is too large, also grown by changes', async (t) => {
  const part = (bytes: number): string => 'x'.repeat(bytes)
  t.is((await busy.post('/dashboards', { name: 'x', a: part(901_000) })).text, TOO_LARGE)
  const { entity } = await create(busy, 'dashboards', { a: part(500_000) })
  const grown = await busy.patch(`/dashboards/${entity._id}`, { b: part(500_000) })
  t.is(grown.status, 413)
  t.is(grown.text, TOO_LARGE)
  t.is((await busy.patch(`/dashboards/${entity._id}`, { b: part(300_000) })).status, 200)
  t.is((await busy.delete(`/dashboards/${entity._id}`)).status, 200)
})

test('58: a table without columns has a name, and always time and _id', async (t) => {
  const { entity } = await create(busy, 'tables')
  const last = [
    { id: 'time', name: 'Created', dataType: 'date', deletable: false },
    { id: '_id', name: 'ID', dataType: 'string', deletable: false },
  ]
  t.deepEqual(entity.columns, [{ id: 'name', name: 'Name', dataType: 'string' }, ...last])
  t.is(entity.displayColumn, 'name')
  const own = { id: 'size', name: 'Size', dataType: 'number' }
  const { entity: other } = await create(busy, 'tables', { columns: [own] })
  t.deepEqual(other.columns, [own, ...last])
  t.is(other.displayColumn, 'size')
  const patched = (
    await busy.patch(`/tables/${other._id}`, { columns: [{ ...own, name: 'Length' }] })
  ).entity()
  t.deepEqual(patched.columns, [{ ...own, name: 'Length' }, ...last])
})

test('60: a hundred changes at once to different keys all survive', async (t) => {
  const { entity } = await create(busy, 'objects')
  const keys = Array.from({ length: 100 }, (_, index) => `key${index}`)
  const replies = await Promise.all(
    keys.map((key, index) => busy.patch(`/objects/${entity._id}`, { config: { many: { [key]: index } } })),
  )
  for (const [index, reply] of replies.entries()) {
    t.is(reply.status, 200, reply.text)
    t.is(((reply.entity().config as JsonObject).many as JsonObject)[`key${index}`], index)
  }
  const many = ((await busy.get(`/objects/${entity._id}`)).entity().config as JsonObject).many
  t.deepEqual(many, Object.fromEntries(keys.map((key, index) => [key, index])))
})

test('1.4: the next GET of a writer shows the write, one and list', async (t) => {
  const member = await newMember(admin)
  for (let round = 0; round < 20; round += 1) {
    const { entity } = await create(member, 'labels')
    const other = clientOf(member.url, bearer(member.token))
    t.deepEqual((await other.get(`/labels/${entity._id}`)).entity(), entity)
    t.true((await other.get('/labels')).list().some(({ _id }) => _id === entity._id))
    const changed = (await member.patch(`/labels/${entity._id}`, { round })).entity()
    t.deepEqual((await other.get(`/labels?where.round=${round}`)).list(), [changed])
    if (round % 2 === 0) {
      await member.delete(`/labels/${entity._id}`)
      t.false((await other.get('/labels')).list().some(({ _id }) => _id === entity._id))
    }
  }
})
