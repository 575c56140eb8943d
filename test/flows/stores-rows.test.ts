/** Proves the rows of tables (rightech 3.7, case 58) over real HTTP and a real socket against the real server. */
import test from 'ava'
import type { Json, JsonObject } from '../../src/json.ts'
import {
  BAD_REQUEST,
  BASE,
  invalid,
  notFound,
  UNAUTHORIZED,
  clientOf,
  type Entity,
} from '../support/client.ts'
import { create, newMember, newToken, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { about, connectSocketIo } from '../support/sockets.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const COLUMNS = [
  { id: 'name', name: 'Name', dataType: 'string' },
  { id: 'size', name: 'Size', dataType: 'number' },
  { id: 'open', name: 'Open', dataType: 'boolean' },
  { id: 'since', name: 'Since', dataType: 'date' },
]
const NOBODY = 'f'.repeat(24)

const newTable = async (member: Member, columns: Json = COLUMNS): Promise<string> =>
  (await create(member, 'tables', { columns })).entity._id

const newRow = async (member: Member, table: string, data: JsonObject): Promise<Entity> =>
  (await member.post(`/tables/${table}/rows`, { data })).entity()

test('58: a table without columns, and a row of the wrong type', async (t) => {
  const member = await newMember(admin)
  const { entity } = await create(member, 'tables')
  t.deepEqual(
    (entity.columns as readonly JsonObject[]).map(({ id }) => id),
    ['name', 'time', '_id'],
  )
  const refused = await member.post(`/tables/${entity._id}/rows`, { data: { name: 1 } })
  t.is(refused.status, 400)
  t.is(refused.text, invalid('tables/rows', { 'data.name': ['type'] }))
  t.deepEqual((await member.get(`/tables/${entity._id}/rows`)).list(), [])
})

test('a row is made, read, changed and deleted, and shows nothing but its own fields', async (t) => {
  const member = await newMember(admin)
  const table = await newTable(member)
  const at = `/tables/${table}/rows`
  const data = { name: 'A', size: 1.5, open: true, since: 1_700_000_000_000 }
  const row = await newRow(member, table, { ...data, time: 'x', _id: 5 })
  t.deepEqual(Object.keys(row).sort(), ['_id', 'data', 'time'])
  t.deepEqual<Json | undefined, unknown>(row.data, data)
  t.regex(row._id, /^[0-9a-f]{24}$/)
  t.true(Math.abs(Number(row.time) - Date.now()) < 60_000)
  t.deepEqual((await member.get(`${at}/${row._id.toUpperCase()}`)).entity(), row)
  t.deepEqual((await member.get(at)).list(), [row])
  t.deepEqual((await member.get(`${at}/${row._id}?only=data.size,table`)).entity(), {
    _id: row._id,
    data: { size: 1.5 },
  })
  t.deepEqual((await member.get(`${at}?only=data.size,table`)).list(), [
    { _id: row._id, data: { size: 1.5 } },
  ])

  const changed = (await member.patch(`${at}/${row._id}`, { data: { size: null, open: false } })).entity()
  t.deepEqual<Json | undefined, unknown>(changed.data, { ...data, size: null, open: false })
  t.true(Number(changed._at) >= Number(row.time))
  t.deepEqual((await member.get(`${at}/${row._id}`)).entity(), changed)
  const same = [{}, { data: {} }, { data: { open: false } }, { _id: NOBODY, time: 1, table: NOBODY, x: 1 }]
  for (const body of same) {
    t.deepEqual((await member.patch(`${at}/${row._id}`, body)).entity(), changed, JSON.stringify(body))
  }

  t.deepEqual((await member.delete(`${at}/${row._id}`)).entity(), changed)
  for (const reply of [
    await member.get(`${at}/${row._id}`),
    await member.patch(`${at}/${row._id}`, { data: {} }),
    await member.delete(`${at}/${row._id}`),
  ]) {
    t.is(reply.status, 404)
    t.is(reply.text, notFound('tables/rows'))
  }
  t.is((await member.get(at)).text, '[\n]\n')
})

test('a body that breaks rules says every one of them and makes nothing', async (t) => {
  const member = await newMember(admin)
  const table = await newTable(member)
  const at = `/tables/${table}/rows`
  const row = await newRow(member, table, { name: 'A' })
  const every = { name: 1, size: '1', open: 'true', since: '2026-01-01', colour: 'red' }
  const rules = {
    ...{ 'data.name': ['type'], 'data.size': ['type'], 'data.open': ['type'], 'data.since': ['type'] },
    'data.colour': ['unknown'],
  }
  const cases: readonly (readonly [JsonObject, Readonly<Record<string, readonly string[]>>])[] = [
    [{ data: every }, rules],
    [{ data: [] }, { data: ['type'] }],
    [{ data: 'x' }, { data: ['type'] }],
    [{ data: { name: {} } }, { 'data.name': ['type'] }],
    [{ data: { $where: 1 } }, { data: ['format'] }],
    [{ data: { 'a.b': 1 } }, { data: ['format'] }],
    [
      { $where: 1, data: { size: 'x' } },
      { $where: ['format'], 'data.size': ['type'] },
    ],
  ]
  for (const [body, fields] of cases) {
    for (const reply of [await member.post(at, body), await member.patch(`${at}/${row._id}`, body)]) {
      t.is(reply.status, 400, reply.text)
      t.is(
        reply.text,
        invalid('tables/rows', fields).replace(/"fields".*/, JSON.stringify({ fields }).slice(1)),
      )
    }
  }
  t.is(
    (await member.patch(`${at}/${row._id}`, { data: null })).text,
    invalid('tables/rows', { data: ['required'] }),
  )
  for (const body of ['{"data":', '[1]', '"x"', 'null']) {
    t.is((await member.send('POST', BASE + at, { body })).text, BAD_REQUEST, body)
    t.is((await member.send('PATCH', `${BASE}${at}/${row._id}`, { body })).text, BAD_REQUEST, body)
  }
  t.deepEqual((await member.get(at)).list(), [row])
  t.deepEqual((await member.post(at)).entity().data, {})
})

test('lists: conditions typed by the columns, sorting, paging, meta, window, streamed', async (t) => {
  const member = await newMember(admin)
  const table = await newTable(member)
  const other = await newTable(member)
  await newRow(member, other, { name: 'b', size: 1 })
  const rows = [
    await newRow(member, table, { name: '1', size: 1, open: true, since: 5 }),
    await newRow(member, table, { name: 'b', size: 10, open: false, since: 6 }),
    await newRow(member, table, { name: 'a', size: 2 }),
  ]
  const at = `/tables/${table}/rows`
  const find = async (query: string): Promise<readonly number[]> =>
    (await member.get(`${at}?${query}`)).list().map(({ _id }) => rows.findIndex((row) => row._id === _id))
  t.deepEqual(await find(''), [0, 1, 2])
  t.deepEqual(await find('where.data.name=1'), [0], 'a text column reads texts')
  t.deepEqual(await find('where.data.size=1'), [0])
  t.deepEqual(await find('where.data.size=x'), [])
  t.deepEqual(await find('where.data.size=1,10'), [0, 1])
  t.deepEqual(await find('where.data.open=false'), [1])
  t.deepEqual(await find('where.data.open=null'), [2])
  t.deepEqual(await find('where.data.since=6'), [1])
  t.deepEqual(await find('where.data.size!=1'), [1, 2])
  t.deepEqual(await find(`where._id=${rows[2]?._id ?? ''}`), [2])
  t.deepEqual(await find(`where.table=${other}`), [], 'nothing leads into another table')
  t.deepEqual(await find('sortBy=-data.size'), [1, 2, 0])
  t.deepEqual(await find('sortBy=data.name&offset=1&limit=1'), [2])
  t.deepEqual(await find('search=B'), [1])
  t.deepEqual(await find(`from=${Number(rows[0]?.time) + 100_000}`), [])
  t.deepEqual(await find('streamed=true&nolimit=true'), [0, 1, 2])
  const meta = (await member.get(`${at}?meta=true&where.data.size=1,2`)).object()
  t.deepEqual<JsonObject, unknown>(meta, { count: 2, first: rows[0], last: rows[2], success: true })
  const bad = await member.get(`${at}?limit=-1`)
  t.is(bad.text, invalid('tables/rows', { limit: ['range'] }))
  t.is((await member.send('HEAD', `${BASE}${at}`)).status, 200)
})

test('the table decides what can be seen: 404 of the table for strangers, of the row in another table', async (t) => {
  const [member, stranger] = [await newMember(admin), await newMember(admin)]
  const [table, other] = [await newTable(member), await newTable(member)]
  const row = await newRow(member, table, { name: 'A' })
  const calls = (id: string, wanted: string) =>
    [
      ['GET', `/tables/${id}/rows/${wanted}`],
      ['PATCH', `/tables/${id}/rows/${wanted}`],
      ['DELETE', `/tables/${id}/rows/${wanted}`],
    ] as const
  const lists = (id: string) =>
    [
      ['GET', `/tables/${id}/rows`],
      ['POST', `/tables/${id}/rows`],
    ] as const
  const body = '{"data":'
  for (const [verb, path] of [...calls(table, row._id), ...lists(table)]) {
    const reply = await stranger.send(verb, BASE + path, { body })
    t.is(reply.text, notFound('tables'), `${verb} ${path}`)
    t.is(reply.status, 404)
    t.is((await clientOf(member.url).send(verb, BASE + path)).text, UNAUTHORIZED)
  }
  for (const [verb, path] of [...calls(NOBODY, row._id), ...calls('xyz', row._id), ...lists(NOBODY)]) {
    t.is((await member.send(verb, BASE + path, { body })).text, notFound('tables'), `${verb} ${path}`)
  }
  for (const [verb, path] of [...calls(other, row._id), ...calls(table, NOBODY), ...calls(table, 'xyz')]) {
    t.is((await member.send(verb, BASE + path, { body })).text, notFound('tables/rows'), `${verb} ${path}`)
  }
  // The group above reaches what is below.
  t.deepEqual((await admin.get(`/tables/${table}/rows/${row._id}`)).entity(), row)
})

test('a table takes its rows with it; a column that goes or changes leaves them as they are', async (t) => {
  const member = await newMember(admin)
  const table = await newTable(member)
  const row = await newRow(member, table, { name: 'A', size: 1 })
  const at = `/tables/${table}/rows/${row._id}`
  await member.patch(`/tables/${table}`, { columns: [{ id: 'name', name: 'Name', dataType: 'number' }] })
  t.deepEqual((await member.get(at)).entity(), row)
  const back = await member.patch(at, { data: { name: 'A', size: 1 } })
  t.deepEqual(back.entity(), row, 'what a client reads it may send back')
  t.is(
    (await member.patch(at, { data: { name: 'B', size: 2 } })).text,
    invalid('tables/rows', { 'data.name': ['type'], 'data.size': ['unknown'] }),
  )
  t.deepEqual<Json | undefined, unknown>((await member.patch(at, { data: { name: 7 } })).entity().data, {
    name: 7,
    size: 1,
  })
  ;(await member.delete(`/tables/${table}`)).entity()
  for (const path of [at, `/tables/${table}/rows`]) {
    t.is((await member.get(path)).text, notFound('tables'), path)
  }
  t.is((await member.post(`/tables/${table}/rows`, { data: {} })).text, notFound('tables'))
})

test('a hundred changes of different columns at once all survive', async (t) => {
  const member = await newMember(admin)
  const columns = Array.from({ length: 100 }, (_, index) => ({
    id: `c${index}`,
    name: 'C',
    dataType: 'number',
  }))
  const table = await newTable(member, columns)
  const row = await newRow(member, table, {})
  const at = `/tables/${table}/rows/${row._id}`
  await Promise.all(columns.map(({ id }, index) => member.patch(at, { data: { [id]: index } })))
  const { data } = (await member.get(at)).entity()
  t.deepEqual<Json | undefined, unknown>(
    data,
    Object.fromEntries(columns.map(({ id }, index) => [id, index])),
  )
})

test('rows are pushed to those who see the table and may read its rows, with the version of the list', async (t) => {
  const [member, stranger] = [await newMember(admin), await newMember(admin)]
  const table = await newTable(member)
  const all = await connectSocketIo(t, member)
  const narrow = await connectSocketIo(t, await newToken(member, [`GET /tables/${table}/rows`]))
  const others = await connectSocketIo(t, stranger)
  const row = await newRow(member, table, { name: 'A' })
  const at = `/tables/${table}/rows`
  const version = async () => Number((await member.get(at)).headers['x-ric-version'])
  const versions = [await version()]
  const changed = (await member.patch(`${at}/${row._id}`, { data: { size: 2 } })).entity()
  versions.push(await version())
  await member.patch(`${at}/${row._id}`, { data: { size: 2 } })
  await member.delete(`${at}/${row._id}`)
  versions.push(await version())
  for (const client of [all, narrow]) {
    const pushes = [
      await client.next(about(row._id, 'table-row-insert')),
      await client.next(about(row._id, 'table-row-update')),
      await client.next(about(row._id, 'table-row-remove')),
    ]
    const store = 'tables/rows'
    t.deepEqual<unknown, unknown>(
      pushes.map(({ payload }) => payload.data),
      [
        { store, id: row._id, item: row },
        { store, id: row._id, item: changed, changes: { data: changed.data } },
        { store, id: row._id },
      ],
    )
    t.deepEqual<unknown, unknown>(
      pushes.map(({ payload }) => payload._v),
      versions,
    )
    t.is(client.pushes.filter(about(row._id)).length, 3, 'what changes nothing is not pushed')
  }
  t.deepEqual(others.pushes, [])
})
