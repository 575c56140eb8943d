/**
 * Proves that the published n8n nodes work unmodified beside devices, too: the rows of the n8n table of rightech 7 about tables, events,
 * users, tasks and reports, with the paths, headers and parameters that those nodes send.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, type Client } from '../support/client.ts'
import { create, newMember, PASSWORD, signInAdmin, unique, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import {
  asObject,
  asObjects,
  likeN8n,
  newPump,
  readArray,
  readObject,
  texts,
  until,
} from '../support/stores-clients.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

/** Another node on the canvas: nothing is left of the last one. */
const node = (member: Member): Client => likeN8n(member)
const keysOf = (values: readonly JsonObject[]): readonly string[] =>
  [...new Set(values.map((value) => Object.keys(value).toSorted().join()))].toSorted()

test('n8n: tables and the event log', async (t) => {
  const { member, model, object, at } = await newPump(admin)
  const n8n = node(member)
  const columns = [
    { id: 'name', name: 'Name', dataType: 'string' },
    { id: 'size', name: 'Size', dataType: 'number' },
  ]
  const table = (await create(member, 'tables', { name: 'Parts', columns })).entity
  for (const [name, size] of [
    ['bolt', 4],
    ['nut', 5],
    ['12', 6],
  ] as const)
    readObject(await member.post(`/tables/${table._id}/rows`, { data: { name, size } }))

  t.deepEqual(texts(readArray(await n8n.get('/tables')), 'name'), ['Parts'])
  const { columns: shown } = readObject(await n8n.get(`/tables/${table._id}`))
  t.deepEqual(texts(asObjects(shown), 'id'), ['name', 'size', 'time', '_id'])
  const rows = readArray(await n8n.get(`/tables/${table._id}/rows?where.data.name=nut`))
  t.deepEqual(
    rows.map(({ data }) => data),
    [{ name: 'nut', size: 5 }],
  )
  // A column's type decides, with quotes and without.
  for (const value of ['12', '"12"', '%2212%22']) {
    const found = readArray(
      await n8n.get(`/tables/${table._id}/rows?where.data.name=${value.replaceAll('"', '%22')}`),
    )
    t.deepEqual(
      found.map(({ data }) => data),
      [{ name: '12', size: 6 }],
      value,
    )
  }
  const row = readObject(await n8n.get(`/tables/${table._id}/rows/${asText(rows[0]?._id)}`))
  t.deepEqual(asObject(row.data), { name: 'nut', size: 5 })

  readObject(await member.post(`${at}/packets`, { temperature: 1 }))
  const org = readObject(await n8n.get('/events/org'))
  for (const name of [
    'object-insert',
    'object-online',
    'object-packet',
    'model-insert',
    'table-insert',
    'table-row-insert',
  ])
    t.true((org.unique as readonly string[]).includes(name), name)
  t.true((org.noModel as readonly string[]).includes('table-insert'))
  t.deepEqual(asObject(org.byModel)[model._id], ['object-insert', 'object-online', 'object-packet'])

  const now = Date.now()
  const window = `from=${now - 600_000}&to=${now + 600_000}`
  const wanted = 'events=object-insert,object-online'
  for (const query of [
    `${window}&${wanted}&events!=object-online,object-packet`,
    `${window}&${wanted}&events%21=object-online,object-packet`,
    `${window}&events=object-insert%2Cobject-online&events%21=object-online%2Cobject-packet`,
  ]) {
    const events = readArray(await n8n.get(`/events?${query}`))
    t.deepEqual(
      events.map(({ event, _oid }) => [event, _oid]),
      [['object-insert', object._id]],
      query,
    )
  }
})

test('n8n: users and roles', async (t) => {
  const member = await newMember(admin)
  const n8n = node(member)
  const role = (await create(member, 'roles', { name: 'Fitters', credentials: ['GET /objects/*'] })).entity
  const login = unique('fitter')

  const none = readArray(await n8n.get(`/users?limit=1000&only=_id,name&search=${login.toUpperCase()}`))
  t.deepEqual(none, [])
  const roles = readArray(await n8n.get('/roles?only=_id,name'))
  t.deepEqual(keysOf(roles), ['_id,name'])
  t.true(texts(roles, '_id').includes(role._id))
  const user = readObject(
    await n8n.post('/users', {
      name: 'Fitter',
      login,
      email: `${login}@example.org`,
      password: PASSWORD,
      role: role._id,
    }),
  )
  t.is(user.password, undefined)
  const found = readArray(await n8n.get(`/users?limit=1000&only=_id,name&search=${login.toUpperCase()}`))
  t.deepEqual<readonly JsonObject[], readonly JsonObject[]>(found, [
    { _id: user._id ?? null, name: 'Fitter' },
  ])
  const changed = readObject(await n8n.patch(`/users/${asText(user._id)}`, { name: 'Chief fitter' }))
  t.is(changed.name, 'Chief fitter')
})

test('n8n: tasks', async (t) => {
  const { member, object } = await newPump(admin)
  const n8n = node(member)
  // Real data has kinds without a name.
  const kind = (await create(member, 'tasks/kinds', { name: 'Repair' })).entity
  const nameless = readObject(await member.post('/tasks/kinds', {}))
  const kinds = readArray(await n8n.get('/tasks/kinds?only=_id,name'))
  t.deepEqual<readonly JsonObject[], readonly JsonObject[]>(kinds, [
    { _id: kind._id, name: 'Repair' },
    { _id: nameless._id ?? null },
  ])

  t.deepEqual(readArray(await n8n.get('/tasks?only=_id,name&where.archived=false')), [])
  const late = Date.now() - 1_000
  const task = readObject(
    await n8n.post('/tasks', {
      ...{ name: 'Fix it', kind: kind._id, object: object._id, assignee: member.user, priority: 1 },
      deadlines: { inwork: late },
    }),
  )
  t.is(task.status, 'assigned')
  readObject(await n8n.post('/tasks', { name: 'Other' }))
  const search =
    `where.status=created,assigned&where.priority=1,2&where.kind=${kind._id}&where.assignee=${member.user}` +
    `&where.object=${object._id}&where.archived=false&where.expired=true`
  const ask = async () => readArray(await n8n.get(`/tasks?${search}`))
  const expired = await until(ask, (found) => found.length > 0, 70_000)
  t.deepEqual(texts(expired, 'name'), ['Fix it'])
  const encoded = readArray(await n8n.get(`/tasks?${search.replaceAll(',', '%2C')}`))
  t.deepEqual(encoded, expired)

  const patched = readObject(
    await n8n.patch(`/tasks/${asText(task._id)}`, {
      name: 'Fix it',
      status: 'inwork',
      deadlines: { inwork: null },
    }),
  )
  t.deepEqual([patched.status, patched.deadlines], ['inwork', { inwork: null }])
})

test('n8n: reports', async (t) => {
  const { member, object, at } = await newPump(admin)
  const n8n = node(member)
  const report = (await create(member, 'reports', { name: 'Monthly' })).entity
  const start = Date.now() - 3_600_000
  for (const time of [start, start + 1, start - 1]) readObject(await member.post(`${at}/packets`, { time }))

  t.deepEqual(readArray(await n8n.get('/reports?only=_id,name')), [{ _id: report._id, name: 'Monthly' }])
  const period = { from: start, to: Date.now() + 1_000 }
  const build = readObject(
    await n8n.post(`/reports/${report._id}/build`, { period, objectIds: [object._id] }),
  )
  const builds = readArray(await n8n.get('/reports/builds?only=_id,createdAt,payload'))
  t.deepEqual(texts(builds, '_id'), [asText(build._id)])
  t.deepEqual(keysOf(builds), ['_id,createdAt,payload'])
  t.deepEqual(asObject(builds[0]?.payload).objects, [object._id])

  const ask = async () =>
    asObject(readArray(await n8n.get(`/reports/builds?where._id=${asText(build._id)}`))[0])
  const done = await until(ask, ({ status }) => status === 'completed', 20_000)
  t.deepEqual([done.status, done.progress], ['completed', 100], JSON.stringify(done))
  const cancelled = readObject(await n8n.post(`/reports/builds/${asText(build._id)}/cancel`))
  t.deepEqual([cancelled.status, cancelled._cancelRequested], ['completed', true])

  const Accept = 'application/json, text/csv, application/pdf, application/octet-stream'
  const path = `/api/v1/reports/builds/${asText(build._id)}/export?format=json`
  const file = await n8n.send('GET', path, { headers: { Accept } })
  t.regex(asText(file.headers['content-disposition'] ?? ''), /^attachment; filename\*=UTF-8''[^;"\s]+\.json$/)
  t.regex(asText(file.headers['content-type'] ?? ''), /^application\/json/)
  const { name, label, rows } = asObject(readArray(file)[0])
  t.deepEqual([name, typeof label], ['objects', 'string'])
  const [cells = [], ...others] = rows as readonly (readonly JsonObject[])[]
  t.deepEqual(others, [])
  for (const cell of cells) t.deepEqual(Object.keys(cell).toSorted(), ['label', 'name', 'value'])
  const values = cells.map(({ value }) => value)
  t.true(values.includes('Pump 1') && values.includes(2), JSON.stringify(values))
})
