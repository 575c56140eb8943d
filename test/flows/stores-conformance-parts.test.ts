/**
 * Proves the cases 55, 56 and 58 of rightech 10 and what 3.6–3.8 add: nodes of models, rows of tables, builds of reports. Each part is told
 * of, and shown in its list at once.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, conflict, errorText, invalid, notFound } from '../support/client.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { connectSocketIo, type Push } from '../support/sockets.ts'
import {
  asObject,
  asObjects,
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

const without = ({ success, ...entity }: JsonObject): JsonObject => {
  if (success !== true) throw new Error('no success')
  return entity
}

test('3.6: base models are there, complete and the same for all', async (t) => {
  const member = await newMember(admin)
  const bases = readArray(await member.get('/models/base'))
  for (const wanted of ['mqtt', 'http', 'custom']) t.true(texts(bases, 'id').includes(wanted))
  for (const base of bases) {
    t.deepEqual(Object.keys(base).toSorted(), ['_id', 'base', 'data', 'id', 'name', 'props'])
    t.is(base.id, base.base)
    t.true(Array.isArray(asObject(base.data).children))
    const made = (await create(member, 'models', { base: asText(base.base), name: 'X' })).entity
    t.deepEqual(asObject(made.data).children, asObject(base.data).children)
    t.deepEqual(made.props, base.props ?? null)
  }
  t.deepEqual(readArray(await admin.get('/models/base')), bases)
})

test('3.6: nodes are attached, changed and taken away, and each change is one of the model', async (t) => {
  const { member, model } = await newPump(admin)
  const socket = await connectSocketIo(t, member)
  const at = `/models/${model._id}/nodes`
  const tree = async () =>
    asObjects(asObject(readObject(await member.get(`/models/${model._id}`)).data).children)
  const before = texts(await tree(), 'id')
  const body = { id: 'extra', type: 'subsystem', name: 'Extra' }
  const made = without(readObject(await member.post(at, body)))
  t.deepEqual(made, { ...body, active: true, children: [] })
  const first = { id: 'first', type: 'argument', name: 'F', dataType: 'number', active: false, own: { a: 1 } }
  t.deepEqual(readObject(await member.post(`${at}?attachTo=extra&atIndex=99`, first)), {
    ...first,
    success: true,
  })
  readObject(await member.post(`${at}?attachTo=extra&atIndex=0`, { ...first, id: 'zeroth' }))
  t.deepEqual(texts(await tree(), 'id'), [...before, 'extra'])
  t.deepEqual(texts(asObjects((await tree()).at(-1)?.children), 'id'), ['zeroth', 'first'])

  const used = await member.post(at, { ...first })
  t.is(used.status, 409)
  t.deepEqual(used.object().tags, ['error_conflict', 'error_models_nodes'])
  t.deepEqual(asObject(used.object().fields).id, ['unique'])
  t.is((await member.post(`${at}?attachTo=nowhere`, { ...first, id: 'n' })).text, notFound('models_nodes'))
  t.is(
    (await member.post(at, {})).text,
    invalid('models_nodes', { id: ['required'], type: ['required'], name: ['required'] }),
  )

  const patch = { own: { b: null }, id: 'other', children: [], unit: 'm' }
  const patched = without(readObject(await member.patch(`${at}/first`, patch)))
  t.deepEqual(patched, { ...first, own: { a: 1, b: null }, unit: 'm' })
  t.deepEqual(without(readObject(await member.delete(`${at}/first`))), patched)
  t.is((await member.delete(`${at}/first`)).text, notFound('models_nodes'))
  const removed = readObject(await member.delete(`${at}/extra`))
  t.deepEqual(texts(asObjects(removed.children), 'id'), ['zeroth'])
  t.is((await member.patch(`${at}/zeroth`, { name: 'x' })).text, notFound('models_nodes'))
  const root = await member.delete(`${at}/root`)
  t.is(root.status, 400)
  t.regex(root.text, /"immutable"/)
  t.deepEqual(texts(await tree(), 'id'), before)

  t.is(readArray(await member.get('/events?events=model-update')).length, 6)
  const isUpdate = ({ name }: Push): boolean => name === 'model-update'
  await socket.next(() => socket.pushes.filter(isUpdate).length >= 6)
  const { payload } = await socket.next(isUpdate)
  const { item, changes } = asObject(payload.data)
  t.false('data' in asObject(item))
  t.deepEqual(Object.keys(asObject(changes)), ['data'])
})

test('58: rows are typed by their columns', async (t) => {
  const member = await newMember(admin)
  const table = (await create(member, 'tables', { columns: COLUMNS })).entity
  const at = `/tables/${table._id}/rows`
  const data = { name: 'a', size: 1.5, ok: false, when: Date.UTC(2026, 0, 1) }
  const virtual = { time: 5, _id: 'x' }
  const row = readObject(
    await member.post(at, { data: { ...data, ...virtual }, time: 1, _id: 'x', other: 1 }),
  )
  t.deepEqual(Object.keys(row).toSorted(), ['_id', 'data', 'success', 'time'])
  t.deepEqual(row.data, data)
  t.regex(asText(row._id), /^[0-9a-f]{24}$/)
  t.true(Math.abs(Number(row.time) - Date.now()) < 60_000)
  t.deepEqual(readArray(await member.get(at)), [without(row)])

  for (const [name, value] of [
    ['name', 1],
    ['size', '1'],
    ['ok', 'true'],
    ['when', '2026-01-01'],
    ['size', { a: 1 }],
  ] as const) {
    const refused = await member.post(at, { data: { [name]: value } })
    t.is(refused.status, 400, name)
    t.deepEqual(refused.object().tags, ['error_validation', 'error_tables_rows'])
    t.deepEqual(Object.values(asObject(refused.object().fields)), [['type']], `${name} ${refused.text}`)
  }
  const unknown = await member.post(at, { data: { nothing: 1, size: 'x' } })
  t.deepEqual(Object.values(asObject(unknown.object().fields)).toSorted(), [['type'], ['unknown']])
  t.is(readArray(await member.get(at)).length, 1)

  const patched = readObject(await member.patch(`${at}/${asText(row._id)}`, { data: { size: 2 } }))
  t.deepEqual(patched.data, { ...data, size: 2 })
  t.true(Number(patched._at) >= Number(row.time))
  t.deepEqual(readObject(await member.get(`${at}/${asText(row._id)}`)), patched)
  t.deepEqual(readObject(await member.patch(`${at}/${asText(row._id)}`, { data: { size: 2 } })), patched)
  t.is((await member.patch(`${at}/${asText(row._id)}`, { data: { size: 'x' } })).status, 400)
})

const COLUMNS = ['string', 'number', 'boolean', 'date'].map((dataType, index) => ({
  ...{ id: ['name', 'size', 'ok', 'when'][index] ?? '', name: dataType, dataType },
}))

test('58: rows are found by typed columns, told of, and go with their own table only', async (t) => {
  const member = await newMember(admin)
  const [table, other] = await Promise.all([
    create(member, 'tables', { columns: COLUMNS }),
    create(member, 'tables', { columns: COLUMNS }),
  ])
  const at = `/tables/${table.entity._id}/rows`
  const ids: string[] = []
  for (const [name, size, ok] of [
    ['1', 1, true],
    ['true', 2, false],
    ['null', 3, true],
  ] as const)
    ids.push(asText(readObject(await member.post(at, { data: { name, size, ok } }))._id))
  const found = async (query: string) =>
    texts(readArray(await member.get(`${at}?${query}`)), '_id').map((id) => ids.indexOf(id))
  t.deepEqual(await found(''), [0, 1, 2])
  t.deepEqual(await found('where.data.name=1'), [0])
  t.deepEqual(await found('where.data.name=true'), [1])
  t.deepEqual(await found('where.data.size=2,3'), [1, 2])
  t.deepEqual(await found('where.data.size=x'), [])
  t.deepEqual(await found('where.data.ok=true&sortBy=-data.size'), [2, 0])
  t.deepEqual(await found('where.data.ok!=true'), [1])
  t.deepEqual(await found('limit=1&offset=1'), [1])
  t.is(readObject(await member.get(`${at}?meta=count`)).count, 3)
  t.is((await member.get(`${at}?limit=-1`)).text, invalid('tables_rows', { limit: ['range'] }))

  const elsewhere = `/tables/${other.entity._id}/rows/${ids[0] ?? ''}`
  for (const reply of [
    await member.get(elsewhere),
    await member.patch(elsewhere, {}),
    await member.delete(elsewhere),
  ])
    t.is(reply.text, notFound('tables_rows'))

  readObject(await member.patch(`${at}/${ids[0] ?? ''}`, { data: { size: 9 } }))
  const removed = readObject(await member.delete(`${at}/${ids[0] ?? ''}`))
  t.deepEqual(removed.data, { name: '1', size: 9, ok: true })
  t.is((await member.get(`${at}/${ids[0] ?? ''}`)).text, notFound('tables_rows'))
  const names = ['insert', 'insert', 'insert', 'update', 'remove'].map((name) => `table-row-${name}`)
  const log = readArray(await member.get(`/events?events=${[...new Set(names)].join()}`))
  t.deepEqual(texts(log, 'event'), names)
  t.is((await member.delete(`/tables/${table.entity._id}`)).status, 200)
  t.is((await member.get(at)).text, notFound('tables'))
})

test('55: a build is made, followed and exported', async (t) => {
  const { member, object, at } = await newPump(admin)
  const socket = await connectSocketIo(t, member)
  const report = (await create(member, 'reports')).entity
  readObject(await member.post(`${at}/packets`, {}))
  const period = { from: 0, to: Date.now() + 1_000 }
  const path = `/reports/${report._id}/build`
  const build = readObject(await member.post(path, { period, objectIds: [object._id] }))
  const { _id, createdAt, time, payload, ...rest } = build
  t.deepEqual(rest, {
    ...{ report: report._id, status: 'pending', progress: 0, owner: member.user, group: member.group },
    ...pick(rest, ['branch', 'access', 'links', 'success']),
  })
  t.true(Number.isInteger(createdAt) && Number.isInteger(time))
  const { locale, ...wanted } = asObject(payload)
  t.deepEqual(wanted, { ...period, objects: [object._id] })
  t.true(locale === null || typeof locale === 'string')

  const one = `/reports/builds/${asText(_id)}`
  const ask = async () => readArray(await member.get(`/reports/builds?where._id=${asText(_id)}`))[0] ?? {}
  const done = await until(ask, ({ status }) => status === 'completed', 20_000)
  t.deepEqual([done.status, done.progress], ['completed', 100])
  t.true(Number(done.startedAt) >= Number(createdAt) && Number(done.completedAt) >= Number(done.startedAt))
  t.deepEqual(without(readObject(await member.get(one))), done)
  t.is(
    readArray(await member.get(`/reports/builds?where.status=failed,completed&where.report=${report._id}`))
      .length,
    1,
  )
  t.deepEqual(readArray(await member.get('/reports/builds?where.status=failed')), [])

  const file = await member.get(`${one}/export?format=json`)
  t.is(file.headers['content-length'], String(Buffer.byteLength(file.text)))
  t.regex(asText(file.headers['content-disposition'] ?? ''), /^attachment; filename\*=UTF-8''[^;"\s]+\.json$/)
  const [list] = readArray(file)
  t.deepEqual(Object.keys(list ?? {}).toSorted(), ['label', 'name', 'rows'])
  t.is((await member.get(`${one}/export?format=doc`)).text, invalid('reports_builds', { format: ['enum'] }))
  const { payload: told } = await socket.next(
    ({ name, payload: pushed }) =>
      name === 'report-build-update' && asObject(asObject(pushed.data).item).status === 'completed',
  )
  t.deepEqual(asObject(asObject(told.data).item), done)
})

test('55: what a build needs is asked for, and an unfinished one has no file', async (t) => {
  const { member, object } = await newPump(admin)
  const report = (await create(member, 'reports')).entity
  const path = `/reports/${report._id}/build`
  const refused = await member.post(path, {})
  t.is(refused.status, 400)
  t.deepEqual(refused.object().tags, ['error_validation', 'error_reports_builds'])
  t.regex(refused.text, /required/)
  const wrong = [
    { period: { from: 2, to: 1 }, objectIds: [object._id] },
    { period: { from: 1 }, objectIds: [object._id] },
    { period: { from: 'x', to: 1 }, objectIds: [object._id] },
    { period: { from: 0, to: 1 }, objectIds: ['f'.repeat(24)] },
    { period: { from: 0, to: 1 }, objectIds: 'all' },
  ]
  for (const body of wrong) t.is((await member.post(path, body)).status, 400, JSON.stringify(body))
  t.deepEqual(readArray(await member.get('/reports/builds')), [])

  const build = readObject(await member.post(path, { period: { from: 0, to: 1 }, objectIds: [object._id] }))
  const one = `/reports/builds/${asText(build._id)}`
  const cancelled = readObject(await member.post(`${one}/cancel`))
  t.is(cancelled._cancelRequested, true)
  const end = await until(
    async () => readObject(await member.get(one)),
    ({ status }) => status === 'cancelled' || status === 'completed',
  )
  const file = await member.get(`${one}/export?format=json`)
  const isCancelled = end.status === 'cancelled'
  t.is(file.status, isCancelled ? 409 : 200)
  if (isCancelled) t.is(file.text, errorText(409, 'Conflict', ['error_conflict', 'error_reports_builds']))
})

test('56: of eleven builds of a group ten stay', async (t) => {
  const { member, object } = await newPump(admin)
  const other = await newPump(admin)
  const report = (await create(member, 'reports')).entity
  const body = { period: { from: 0, to: 1 }, objectIds: [object._id] }
  const foreign = (await create(other.member, 'reports')).entity
  const theirs = { ...body, objectIds: [other.object._id] }
  readObject(await other.member.post(`/reports/${foreign._id}/build`, theirs))
  const ids: string[] = []
  for (let index = 0; index < 11; index += 1)
    ids.push(asText(readObject(await member.post(`/reports/${report._id}/build`, body))._id))
  t.deepEqual(texts(readArray(await member.get('/reports/builds')), '_id'), ids.slice(1))
  t.is((await member.get(`/reports/builds/${ids[0] ?? ''}`)).text, notFound('reports_builds'))
  t.is(readArray(await other.member.get('/reports/builds')).length, 1)
})

test('40: what a part refers to stays', async (t) => {
  const { member } = await newPump(admin)
  const table = (await create(member, 'tables')).entity
  const node = { id: 'cfg', name: 'C', type: 'config', dataType: 'table', table: table._id }
  const model = (await create(member, 'models')).entity
  readObject(await member.post(`/models/${model._id}/nodes`, node))
  const refused = await member.delete(`/tables/${table._id}`)
  t.is(refused.status, 409)
  const [field = ''] = Object.keys(asObject(refused.object().fields))
  t.is(refused.text, conflict('tables', { [field]: ['in_use'] }))
  readObject(await member.delete(`/models/${model._id}/nodes/cfg`))
  t.is((await member.delete(`/tables/${table._id}`)).status, 200)
})

const pick = (value: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.flatMap((name) => (value[name] === undefined ? [] : [[name, value[name]]])))
