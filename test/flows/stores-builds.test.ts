/** Proves the builds of reports (rightech 3.8, cases 55 and 56) over real HTTP and real sockets against the real server. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import {
  asText,
  BAD_REQUEST,
  BASE,
  clientOf,
  errorText,
  invalid,
  notFound,
  UNAUTHORIZED,
  type Client,
  type Entity,
} from '../support/client.ts'
import { create, newMember, newToken, signInAdmin, signIn, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { about, connectSocketIo } from '../support/sockets.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const PERIOD = { from: 1_000, to: 2_000 }
const NOBODY = 'f'.repeat(24)
const BUILDS = 'reports/builds'
const NOT_COMPLETED = errorText(409, 'Conflict', ['error_conflict', 'error_reports_builds'])
const ENDED = new Set(['completed', 'failed', 'cancelled'])

const newReport = async (member: Member, name?: string): Promise<string> =>
  (await create(member, 'reports', name === undefined ? {} : { name })).entity._id

/** The build as soon as it has come to an end, found as n8n finds it. */
const ended = async (client: Client, id: string): Promise<Entity> => {
  for (let left = 2_000; left > 0; left -= 1) {
    const [build] = (await client.get(`/reports/builds?where._id=${id}`)).list()
    if (build !== undefined && ENDED.has(asText(build.status))) return build
    await pause(20)
  }
  throw new Error(`build ${id} has not come to an end`)
}

test('55: build, get by where._id, export', async (t) => {
  const member = await newMember(admin)
  const first = (await create(member, 'objects', { name: 'Pump 1' })).entity
  const second = (await create(member, 'objects', { name: 'Pump 2', model: asText(first.model) })).entity
  for (const time of [999, 1_000, 1_500, 2_000, 2_001])
    await member.post(`/objects/${first._id}/packets`, { time })
  const report = await newReport(member, 'Pumps / "north" – Süd')
  const socket = await connectSocketIo(t, member)
  const objectIds = [second._id, first._id.toUpperCase(), second._id]
  const reply = await member.post(`/reports/${report}/build`, { period: PERIOD, objectIds })
  t.is(reply.status, 200)
  const { _id, createdAt, time, ...build } = reply.entity()
  t.regex(_id, /^[0-9a-f]{24}$/)
  t.is(createdAt, time)
  t.deepEqual<JsonObject, JsonObject>(build, {
    ...{ report, status: 'pending', progress: 0, owner: member.user, group: member.group },
    payload: { ...PERIOD, objects: [second._id, first._id], locale: 'en' },
    ...{ access: [], branch: member.branch, links: {} },
  })

  const whole = await ended(member, _id)
  t.like(whole, { status: 'completed', progress: 100, createdAt: createdAt ?? null })
  t.true(Number(whole.startedAt) >= Number(createdAt) && Number(whole.completedAt) >= Number(whole.startedAt))
  t.deepEqual(
    Object.keys(whole)
      .filter((name) => name.startsWith('_'))
      .sort(),
    ['_at', '_id'],
  )
  t.deepEqual((await member.get(`/reports/builds/${_id}`)).entity(), whole)

  const file = await member.send('GET', `${BASE}/reports/builds/${_id}/export?format=json`, {
    headers: { Accept: 'text/csv, application/pdf' },
  })
  t.is(file.status, 200)
  t.is(file.headers['content-type'], 'application/json; charset=utf-8')
  t.is(
    file.headers['content-disposition'],
    "attachment; filename*=UTF-8''Pumps%20_%20%22north%22%20%E2%80%93%20S%C3%BCd.json",
  )
  const row = (name: string, packets: number) => [
    { label: 'Name', name: 'name', value: name },
    { label: 'Packets', name: 'packets', value: packets },
  ]
  t.deepEqual(file.json(), [
    { name: 'objects', label: 'Objects', rows: [row('Pump 2', 0), row('Pump 1', 3)] },
  ])

  const inserted = await socket.next(about(_id, 'report-build-insert'))
  t.deepEqual((inserted.payload.data as JsonObject).item, { _id, createdAt, time, ...build } as JsonObject)
  const isCompleted = ({ payload }: { readonly payload: JsonObject }): boolean =>
    ((payload.data as JsonObject).changes as JsonObject | undefined)?.status === 'completed'
  const last = await socket.next((push) => about(_id, 'report-build-update')(push) && isCompleted(push))
  t.deepEqual((last.payload.data as JsonObject).item, whole as JsonObject)
  const statuses = socket.pushes
    .filter(about(_id, 'report-build-update'))
    .map(({ payload }) => ((payload.data as JsonObject).changes as JsonObject).status)
  t.deepEqual(statuses, ['queued', 'processing', 'completed'])
  t.deepEqual((last.payload.data as JsonObject).changes, {
    ...{ status: 'completed', progress: 100, completedAt: whole.completedAt },
  } as JsonObject)
})

test('56: of eleven builds the oldest is gone, also when they come at once', async (t) => {
  const member = await newMember(admin)
  const report = await newReport(member)
  const build = async (): Promise<string> =>
    (await member.post(`/reports/${report}/build`, { period: PERIOD, objectIds: [] })).entity()._id
  const listed = async () => (await member.get('/reports/builds')).list().map(({ _id }) => _id)
  const ids: string[] = []
  for (let made = 0; made < 11; made += 1) ids.push(await build())
  t.deepEqual(await listed(), ids.slice(1))
  t.is((await member.get(`/reports/builds/${ids[0] ?? ''}`)).text, notFound(BUILDS))

  const other = await newMember(admin)
  const theirs = (
    await other.post(`/reports/${await newReport(other)}/build`, { period: PERIOD, objectIds: [] })
  ).entity()
  const more = await Promise.all(Array.from({ length: 20 }, build))
  t.deepEqual(await listed(), [...more].sort().slice(-10))
  for (const id of await listed()) t.is((await ended(member, id)).status, 'completed')
  t.deepEqual(await listed(), [...more].sort().slice(-10), 'the builder brings none back')
  t.is((await other.get('/reports/builds?meta=count')).object().count, 1)
  t.is((await ended(other, theirs._id)).status, 'completed')
})

test('what is wrong with the body of a build is said at once, and nothing is made', async (t) => {
  const [member, stranger] = [await newMember(admin), await newMember(admin)]
  const report = await newReport(member)
  const foreign = (await create(stranger, 'objects')).entity._id
  const own = (await create(member, 'objects')).entity._id
  const objectIds = [own]
  const cases: readonly (readonly [JsonObject, Readonly<Record<string, readonly string[]>>])[] = [
    [{}, { period: ['required'], objectIds: ['required'] }],
    [
      { period: 5, objectIds: 'x' },
      { period: ['type'], objectIds: ['type'] },
    ],
    [
      { period: {}, objectIds },
      { 'period.from': ['required'], 'period.to': ['required'] },
    ],
    [
      { period: { from: '1', to: null }, objectIds },
      { 'period.from': ['type'], 'period.to': ['required'] },
    ],
    [
      { period: { from: 2, to: 1 }, objectIds: [own, 7] },
      { 'period.to': ['range'], objectIds: ['type'] },
    ],
    [{ period: PERIOD, objectIds: [own, foreign] }, { objectIds: ['reference'] }],
    [{ period: PERIOD, objectIds: [NOBODY] }, { objectIds: ['reference'] }],
    [{ period: PERIOD, objectIds: ['pump-1'] }, { objectIds: ['reference'] }],
    [{ period: PERIOD, objectIds: Array.from({ length: 1_001 }, () => own) }, { objectIds: ['max'] }],
  ]
  for (const [body, fields] of cases) {
    const reply = await member.post(`/reports/${report}/build`, body)
    t.is(reply.text, invalid(BUILDS, fields))
    t.is(reply.status, 400)
  }
  for (const body of ['{"period":', '[1]']) {
    t.is((await member.send('POST', `${BASE}/reports/${report}/build`, { body })).text, BAD_REQUEST)
  }
  t.is((await member.post(`/reports/${NOBODY}/build`)).text, notFound('reports'))
  t.is((await stranger.post(`/reports/${report}/build`)).text, notFound('reports'))
  t.is((await clientOf(member.url).post(`/reports/${report}/build`)).text, UNAUTHORIZED)
  t.deepEqual((await member.get('/reports/builds')).list(), [])
  const same = await member.post(`/reports/${report}/build`, { period: { from: 5, to: 5 }, objectIds })
  t.is(same.status, 200)
})

test('cancelled ends a build that has not ended, and nothing else', async (t) => {
  const [member, stranger] = [await newMember(admin), await newMember(admin)]
  const report = await newReport(member)
  const build = async (): Promise<string> =>
    (await member.post(`/reports/${report}/build`, { period: PERIOD, objectIds: [] })).entity()._id
  const done = await ended(member, await build())
  const kept = (await member.post(`/reports/builds/${done._id}/cancel`)).entity()
  t.deepEqual<JsonObject, JsonObject>({ ...kept, _at: 0 }, { ...done, _cancelRequested: true, _at: 0 })
  t.deepEqual((await member.post(`/reports/builds/${done._id}/cancel`)).entity(), kept)
  t.is((await member.get(`/reports/builds/${done._id}/export`)).status, 200)

  // Twenty at once, so that some are cancelled before the builder comes to them.
  const ids = await Promise.all(Array.from({ length: 10 }, build))
  const cancelled = await Promise.all(ids.map((id) => member.post(`/reports/builds/${id}/cancel`)))
  for (const [index, reply] of cancelled.entries()) {
    const answered = reply.entity()
    t.is(answered._cancelRequested, true)
    t.true(['cancelled', 'completed'].includes(asText(answered.status)))
    const id = ids[index] ?? ''
    t.deepEqual(await ended(member, id), answered, 'and so it stays')
    const exported = await member.get(`/reports/builds/${id}/export?format=json`)
    t.is(exported.status, answered.status === 'completed' ? 200 : 409)
    if (exported.status === 409) t.is(exported.text, NOT_COMPLETED)
  }
  const found = (await member.get('/reports/builds?where.status=failed,cancelled')).list()
  t.is(found.length, cancelled.filter((reply) => reply.entity().status === 'cancelled').length)
  const asked = (await member.get('/reports/builds?where._cancelRequested=true')).list()
  t.deepEqual(
    asked.map(({ _id }) => _id),
    [...ids].sort(),
    'what a build shows can be asked for',
  )

  const id = ids.at(-1) ?? ''
  for (const call of [
    stranger.post(`/reports/builds/${id}/cancel`),
    stranger.get(`/reports/builds/${id}/export`),
  ]) {
    t.is((await call).text, notFound(BUILDS))
  }
  t.is((await member.post(`/reports/builds/${NOBODY}/cancel`)).text, notFound(BUILDS))
  t.is((await member.get(`/reports/builds/xyz/export`)).text, notFound(BUILDS))
  t.is((await member.send('POST', `${BASE}/reports/builds/${id}/cancel`, { body: '{' })).text, BAD_REQUEST)
})

test('formats that are not offered are refused before the state of the build is', async (t) => {
  const member = await newMember(admin)
  const report = await newReport(member)
  const { _id } = (await member.post(`/reports/${report}/build`, { period: PERIOD, objectIds: [] })).entity()
  await member.post(`/reports/builds/${_id}/cancel`)
  for (const format of ['csv', 'xlsx', 'pdf', 'JSON', 'nonsense', '%FF']) {
    const reply = await member.get(`/reports/builds/${_id}/export?format=${format}`)
    t.is(reply.text, invalid(BUILDS, { format: ['enum'] }), format)
    t.is(reply.status, 400)
  }
})

test('rights are those of the path', async (t) => {
  const member = await newMember(admin)
  const report = await newReport(member)
  const body = { period: PERIOD, objectIds: [] }
  const builder = await newToken(member, ['POST /reports/*/build', 'GET /reports/builds/*'])
  const { _id } = (await builder.post(`/reports/${report}/build`, body)).entity()
  t.is((await ended(builder, _id)).status, 'completed')
  t.is((await builder.get(`/reports/builds/${_id}/export`)).status, 200)
  t.is((await builder.post(`/reports/builds/${_id}/cancel`)).status, 403)
  t.is((await builder.get('/reports')).status, 403)
})

test('a build that a crash cut short goes on, and one that was completed keeps its result', async (t) => {
  const before = await startServer()
  const chief = await signInAdmin(before.url)
  const objects = (
    await Promise.all([1, 2, 3].map((n) => create(chief, 'objects', { name: `Pump ${n}` })))
  ).map(({ entity }) => entity._id)
  const report = await newReport(chief)
  const build = async (): Promise<string> =>
    (await chief.post(`/reports/${report}/build`, { period: PERIOD, objectIds: objects })).entity()._id
  const old = await ended(chief, await build())
  const exported = (await chief.get(`/reports/builds/${old._id}/export`)).text
  const cut = await Promise.all(Array.from({ length: 9 }, build))
  await before.kill()
  const after = await startServer({ dataDir: before.dataDir })
  t.teardown(() => after.kill())
  const again = await signIn(after.url, chief.login, chief.password)
  t.is((await again.get(`/reports/builds/${old._id}/export`)).text, exported)
  for (const id of cut) t.is((await ended(again, id)).status, 'completed')
})
