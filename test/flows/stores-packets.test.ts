/** Proves packets and what they make of their object: the cases 35, 36, 38, 39, 49 and 50 of rightech 10, against the real server. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import type { Json, JsonObject } from '../../src/json.ts'
import { STORES_STATE_BYTES_MAX } from '../../src/limits.ts'
import { asText, BAD_REQUEST, invalid, notFound, TOO_LARGE, type Entity } from '../support/client.ts'
import { create, newMember, newToken, signInAdmin, unique, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { about, accepted, connectFrames, connectSocketIo } from '../support/sockets.ts'

let server: RunningServer | undefined
let admin: Member
let member: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
  member = await newMember(admin)
})
test.after.always(() => cleanUp(server))

const newObject = async (more: JsonObject = {}, of = member): Promise<Entity & { readonly id: string }> => {
  const id = unique('pump')
  const { entity } = await create(of, 'objects', { id, ...more })
  return { ...entity, id: asText(entity.id) }
}

const packetsOf = ({ _id }: Entity): string => `/objects/${_id}/packets`

/** Answers the packets as they are stored. */
const sendAll = async (object: Entity, bodies: readonly JsonObject[]): Promise<readonly Entity[]> => {
  const sent: Entity[] = []
  for (const body of bodies) sent.push((await member.post(packetsOf(object), body)).entity())
  return sent
}

test('E10: a packet gets what the server adds, and becomes the state', async (t) => {
  const object = await newObject()
  const { _id: oid, model = null, group = null, id } = object
  t.is((await member.get(`/objects/${oid}/state`)).text, '{"success":true}')
  const before = Date.now()
  const body = {
    temperature: 36.6,
    _ts: 1,
    _x: 1,
    id: 'other',
    success: false,
    list: [1, [2]],
    deep: { a: { b: null } },
  }
  const packet = (await member.post(packetsOf(object), body)).entity()
  const { _id, _ts, time, ...rest } = packet
  t.regex(_id, /^[0-9a-f]{24}$/)
  t.true(Number(time) >= before && Number(time) <= Date.now())
  t.true(Math.abs(Number(_ts) / 1000 - Number(time)) <= 1)
  t.deepEqual<JsonObject, JsonObject>(rest, {
    ...{ online: true, _oid: oid, _mid: model, _gid: group, id, _web: true },
    ...{ temperature: 36.6, list: [1, [2]], deep: { a: { b: null } } },
  })
  t.deepEqual((await member.get(packetsOf(object))).list(), [packet])
  t.deepEqual((await member.get(`/objects/${oid}/state`)).entity(), packet)
  t.deepEqual((await member.get(`/objects/${oid}`)).entity(), { ...object, state: packet })

  const [next] = await sendAll(object, [{ deep: { c: 1 }, pressure: 1 }])
  t.deepEqual((await member.get(`/objects/${oid}/state`)).entity(), { ...packet, ...next })
})

test('a packet is no change of the object, and a change of the object leaves its state', async (t) => {
  const alone = await newMember(admin)
  const object = await newObject({}, alone)
  const version = (await alone.get('/objects?limit=1')).headers['x-ric-version']
  const packet = (await alone.post(packetsOf(object), { n: 1 })).entity()
  t.is((await alone.get('/objects?limit=1')).headers['x-ric-version'], version)
  t.is((await alone.get(`/objects/${object._id}`)).entity()._at, undefined)
  const patched = (await alone.patch(`/objects/${object._id}`, { name: 'Renamed', state: { n: 2 } })).entity()
  t.deepEqual(patched.state, packet)
  t.deepEqual((await alone.get(`/objects/${object._id}`)).entity(), patched)
  t.deepEqual((await alone.delete(`/objects/${object._id}`)).entity(), patched)
  for (const reply of [await alone.get(packetsOf(object)), await alone.post(packetsOf(object), {})])
    t.is(reply.text, notFound('objects'))
})

test('36: a device id finds what the identifier finds', async (t) => {
  const object = await newObject({
    id: `${unique('wialon')}:1+2@3`,
    config: { auth: { password: 'Geheim' } },
  })
  const task = (await create(member, 'tasks', { object: object._id })).entity
  await create(member, 'tasks')
  const path = `/objects/${encodeURIComponent(object.id)}`
  const packet = (await member.post(`${path}/packets`, { n: 1 })).entity()
  for (const own of ['', '/packets', '/state', '/config', '/tasks']) {
    const reply = await member.get(path + own)
    t.is(reply.status, 200, own)
    t.is(reply.text, (await member.get(`/objects/${object._id}${own}`)).text, own)
    t.is(reply.text, (await member.get(`/objects/${object._id.toUpperCase()}${own}`)).text, own)
  }
  t.deepEqual((await member.get(`${path}/state`)).entity(), packet)
  const config = (await member.get(`${path}/config`)).object()
  t.deepEqual(config.auth, { password: '***' })
  t.is(config.success, true)
  t.deepEqual((await member.get(`${path}/tasks`)).list(), [task])
  t.deepEqual((await member.get(`${path}/tasks?where.archived=true`)).list(), [])
  t.is((await member.get(`${path}/tasks?limit=x`)).text, invalid('objects', { limit: ['range'] }))
})

test('38: a late packet is in the history and leaves the state alone', async (t) => {
  const object = await newObject()
  const [first, late, same] = await sendAll(object, [
    { time: 2_000, n: 1 },
    { time: 1_999.5, n: 2, online: false, more: 1 },
    { time: 2_000, n: 3 },
  ])
  const state = (await member.get(`/objects/${object._id}/state`)).entity()
  t.deepEqual(state, { ...first, ...same })
  t.deepEqual((await member.get(packetsOf(object))).list(), [late, first, same])
})

test('39, 49: a socket hears of packets, flattened, and of an object that comes and goes', async (t) => {
  const object = await newObject()
  const { url = '' } = server ?? {}
  const live = await connectSocketIo(t, { url, headers: member.headers })
  const stranger = await connectSocketIo(t, { url, headers: (await newMember(admin)).headers })
  const mute = await connectSocketIo(t, { url, headers: (await newToken(member, ['GET /models/*'])).headers })
  const packets = await sendAll(object, [
    { n: 1 },
    { n: 2, event: 'mine', data: 'mine' },
    { n: 3, online: false },
    { n: 4, time: 1, online: true },
  ])
  await live.next(({ payload }) => payload.n === 4)
  const heard = live.pushes.filter(({ payload }) => payload._oid === object._id)
  t.deepEqual(
    heard.map(({ name, payload: { event = null, n = null } }) => [name, event, n]),
    [
      ['object-online', 'object-online', null],
      ['object-packet', 'object-packet', 1],
      ['object-packet', 'object-packet', 2],
      ['object-offline', 'object-offline', null],
      ['object-packet', 'object-packet', 3],
      ['object-packet', 'object-packet', 4],
    ],
  )
  t.deepEqual(
    heard.filter(({ name }) => name === 'object-packet').map(({ payload }) => payload.data),
    [...packets],
  )
  for (const { payload } of heard) {
    t.is(payload._gid, member.group)
    t.is(payload._v, undefined)
    t.is((payload._msgid as string).length, 22)
  }
  const [first] = packets
  t.like(heard, [
    { payload: { data: { time: first?.time } } },
    { payload: { _ts: first?._ts, _oid: object._id } },
  ])
  t.is(new Set(heard.map(({ payload }) => payload._msgid)).size, heard.length)
  for (const { pushes } of [stranger, mute])
    t.deepEqual(
      pushes.filter(({ payload }) => payload._oid),
      [],
    )

  // The state is there in the push of a change, too.
  await member.patch(`/objects/${object._id}`, { name: 'Renamed' })
  const changed = await live.next(about(object._id, 'object-update'))
  const item = (changed.payload.data as JsonObject).item
  t.deepEqual(item, (await member.get(`/objects/${object._id}`)).entity())
})

test('50: a stream of events is filtered, and not flattened', async (t) => {
  const [mine, other] = [await newObject(), await newObject()]
  const path = `/events/stream?where.event=object-packet&where._oid=${mine._id}`
  const { url = '' } = server ?? {}
  const headers = member.headers as Record<string, string>
  const stream = accepted(await connectFrames(t, url, path, { headers }))
  await sendAll(other, [{ n: 0 }])
  const packets = await sendAll(mine, [{ n: 1 }, { n: 2 }])
  await sendAll(other, [{ n: 3 }])
  const events = (await stream.until(2)).map((frame) => JSON.parse(frame) as JsonObject)
  t.deepEqual(
    events.map(({ event = null, _oid = null, data = null, n = null }) => ({ event, _oid, data, n })),
    packets.map((data) => ({ event: 'object-packet', _oid: mine._id, data, n: null })),
  )
})

test('lists of packets take windows, orders, conditions, fields and meta', async (t) => {
  const object = await newObject()
  const sent = await sendAll(object, [
    { time: 3_000, n: 1, kind: 'a', deep: { x: 1 } },
    { time: 1_000, n: 2, kind: 'b', name: 'Warm' },
    { time: 2_000, n: 3, kind: 'a' },
    { time: 2_000, n: 4, online: false },
  ])
  const found = async (query: string): Promise<readonly Json[]> =>
    (await member.get(`${packetsOf(object)}?${query}`)).list().map(({ n = null }) => n)
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['', [2, 3, 4, 1]],
    ['ofType=telemetry&with=data&db=x', [2, 3, 4, 1]],
    ['sortBy=-time', [1, 4, 3, 2]],
    ['sortBy=-n', [4, 3, 2, 1]],
    ['sortBy=kind,-n', [4, 3, 1, 2]],
    ['from=2000&to=3000', [3, 4, 1]],
    ['begin=1000&end=1999', [2]],
    ['from=1970-01-01T00:00:02', [3, 4, 1]],
    ['from=3001&to=2', []],
    ['limit=2&offset=1', [3, 4]],
    ['limit=0', []],
    ['where.kind=a', [3, 1]],
    ['where.kind=null', [4]],
    ['where.kind!=a&where.online=true', [2]],
    ['where.deep.x=1', [1]],
    [`where._id=${sent[2]?._id ?? ''}`, [3]],
    [`where._oid=${object._id.toUpperCase()}&where_id=${object.id}`, [2, 3, 4, 1]],
    ['where._to=x', []],
    ['where.toString=x', []],
    ['where._e._msgid!=x', [2, 3, 4, 1]],
    ['search=wARM', [2]],
    ['streamed=true&nolimit=true', [2, 3, 4, 1]],
  ]
  for (const [query, expected] of cases) t.deepEqual(await found(query), expected, query)

  const only = (await member.get(`${packetsOf(object)}?only=n,deep.x,_e,_to&limit=1&sortBy=-time`)).list()
  const [{ _id, _ts = null, time = null } = { _id: '' }] = sent
  t.deepEqual<unknown, unknown>(only, [{ _id, _ts, time, n: 1, deep: { x: 1 } }])
  const meta = (await member.get(`${packetsOf(object)}?meta=true&from=2000`)).object()
  t.deepEqual(meta, { count: 3, first: sent[0] ?? null, last: sent[3] ?? null, success: true })
  t.is((await member.get(`${packetsOf(object)}?meta=count`)).text, '{"count":4,"success":true}')
  t.is(
    (await member.get(`${packetsOf(object)}?meta=true&limit=1&from=x&where.$x=1`)).text,
    invalid('objects', { from: ['format'], 'where.$x': ['format'], meta: ['exclusive'] }),
  )
  const list = await member.get(packetsOf(object))
  t.is(list.text, `[\n${[1, 2, 3, 0].map((at) => JSON.stringify(sent[at])).join('\n,\n')}\n]\n`)
  t.is(list.headers['x-ric-version'], undefined)
})

test('what is no packet is refused, and who may not is not told', async (t) => {
  const object = await newObject()
  const path = `/api/v1${packetsOf(object)}`
  const refused: readonly (readonly [string, readonly string[]])[] = [
    ['{"$where":1,"a.b":1,"ok":1}', ['$where', 'a.b']],
    ['{"x":{"y":[{"$z":1}]}}', ['x']],
    ['{"__proto__":{"a":1}}', ['__proto__']],
    ['{"a":{"constructor":1},"b":{"c":{"prototype":1}}}', ['a', 'b']],
    ['{"a\\u0000":1}', ['a\0']],
    ['{"":1}', ['']],
  ]
  for (const [body, names] of refused) {
    const reply = await member.send('POST', path, { body })
    t.is(reply.text, invalid('objects', Object.fromEntries(names.map((name) => [name, ['format']]))), body)
  }
  for (const body of ['{"a":', '[1]', '5', '{"time":1e999}', '\xff'])
    t.is((await member.send('POST', path, { body })).text, BAD_REQUEST, body)
  const tooLarge = { body: JSON.stringify({ text: 'ä'.repeat(STORES_STATE_BYTES_MAX / 2) }) }
  t.is((await member.send('POST', path, tooLarge)).text, TOO_LARGE)
  t.is((await member.get(packetsOf(object))).text, '[\n]\n')
  t.is((await member.get(`/objects/${object._id}/state`)).text, '{"success":true}')

  // Nothing is checked of the values, and an empty body is a packet.
  const odd = (await member.send('POST', path, { body: '{"time":"now","online":"yes","n":null}' })).entity()
  t.is(typeof odd.time, 'number')
  t.deepEqual([odd.online, odd.n], [true, null])
  t.is((await member.send('POST', path)).status, 200)

  const stranger = await newMember(admin)
  for (const own of ['packets', 'state', 'config', 'tasks'])
    t.is((await stranger.get(`/objects/${object._id}/${own}`)).text, notFound('objects'), own)
  t.is((await stranger.send('POST', path, { body: '{"a":' })).text, notFound('objects'))
  const reading = await newToken(member, ['GET /objects/*'])
  t.is((await reading.get(packetsOf(object))).status, 200)
  t.is((await reading.post(packetsOf(object), {})).status, 403)
})

test('packets that come at once are all there, each with a later _ts', async (t) => {
  const object = await newObject()
  const sent = await Promise.all(
    Array.from({ length: 200 }, async (_, n) =>
      (await member.post(packetsOf(object), { time: 5, [`k${n}`]: n })).entity(),
    ),
  )
  const packets = (await member.get(packetsOf(object))).list()
  const stamps = packets.map(({ _ts }) => Number(_ts))
  t.deepEqual(
    stamps,
    [...new Set(stamps)].sort((a, b) => a - b),
  )
  t.deepEqual(packets.map(({ _id }) => _id).sort(), sent.map(({ _id }) => _id).sort())
  const state = (await member.get(`/objects/${object._id}/state`)).entity()
  for (let n = 0; n < 200; n++) t.is(state[`k${n}`], n)
})

test('35: a list ends at its ceiling, a stream does not, and memory stays', async (t) => {
  const soak = process.env['SOAK'] !== undefined
  const [size, ceiling] = soak ? [12_000, 10_000] : [120, 120]
  const object = await newObject()
  const text = 'x'.repeat(200)
  for (let n = 0; n < size; n += 60)
    await Promise.all(
      Array.from({ length: 60 }, (_, m) => member.post(packetsOf(object), { n: n + m, text })),
    )
  t.is((await member.get(packetsOf(object))).list().length, ceiling)
  const before = residentMegabytes(server?.pid)
  const streamed = await member.get(`${packetsOf(object)}?streamed=true&nolimit=true`)
  t.is(streamed.list().length, size)
  t.is(streamed.headers['transfer-encoding'], 'chunked')
  const after = residentMegabytes(server?.pid)
  t.log(`${before} → ${after} MB`)
  // Of few packets the process's own ups and downs are more.
  if (soak) t.true(after - before <= 50)
})

/** Of the process's own. */
const residentMegabytes = (pid = 0): number =>
  Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
