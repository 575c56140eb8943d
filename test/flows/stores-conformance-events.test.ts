/**
 * Proves the cases 49, 50, 53, 54 and 57 of rightech 10 and the examples E15 and E16: the log, pushes of packets, and what runs on an object.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, clientOf, type Client } from '../support/client.ts'
import { create, newMember, signIn, signInAdmin, unique, type Member } from '../support/members.ts'
import { ADMIN, cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { accepted, connectFrames, connectSocketIo, SOCKET_IO, within } from '../support/sockets.ts'
import { asObject, asObjects, newPump, readArray, readObject, texts } from '../support/stores-clients.ts'

let server: RunningServer | undefined
let empty: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server, empty))

const headersOf = ({ headers }: Client) => ({ headers: headers as Record<string, string> })

test('49: a packet is flattened on socket.io, and whole in data', async (t) => {
  const { member, object, device, at } = await newPump(admin)
  const socket = await connectSocketIo(t, member)
  const sent = { temperature: 3, event: 'mine', data: 'mine', _msgid: 'mine', time: 5 }
  const { success, ...packet } = readObject(await member.post(`${at}/packets`, sent))
  t.true(success)
  const { payload } = await socket.next(({ name }) => name === 'object-packet')
  const { _msgid, time, _org, service, ...rest } = payload
  t.regex(asText(_msgid), /^[A-Za-z0-9_-]{22}$/)
  t.true(Number.isInteger(time))
  t.is(_org, member.branch[0] ?? null)
  t.true(service === undefined || service === 'api')
  const { time: own, ...flat } = packet
  t.is(own, 5)
  t.deepEqual(rest, { ...flat, _oid: object._id, _gid: member.group, event: 'object-packet', data: packet })
  t.is(rest.id, device)
  t.is(rest.temperature, 3)
  const [logged] = readArray(await member.get(`${at}/events?events=object-packet`))
  t.deepEqual(logged?.data, packet)
  t.is(logged?._msgid, _msgid)
})

const soak = process.env['SOAK'] === undefined ? test.skip : test

soak('50: the server pings within 31 s (SKIPPED without SOAK: it takes them)', async (t) => {
  const { member } = await newPump(admin)
  const opened = Date.now()
  const stream = accepted(await connectFrames(t, member.url, '/events/stream', headersOf(member)))
  const pinged = new Promise<number>((resolve) =>
    stream.socket.once('ping', () => resolve(Date.now() - opened)),
  )
  t.true((await within(pinged, 'a ping', 33_000)) < 31_500)
})

test('50: a narrowed stream has the packets of one object', async (t) => {
  const { member, object, at, model } = await newPump(admin)
  const other = await newPump(admin, { member })
  const filter = `where.event=object-packet&where._oid=${object._id}`
  const stream = accepted(await connectFrames(t, member.url, `/events/stream?${filter}`, headersOf(member)))
  const both = accepted(
    await connectFrames(
      t,
      member.url,
      `/events/stream?where.event=object-packet,object-update&where._oid=${object._id},${other.object._id}`,
      headersOf(member),
    ),
  )
  for (const path of [at, other.at, at]) readObject(await member.post(`${path}/packets`, { path }))
  readObject(await member.patch(other.at, { description: 'x' }))
  const all = (await both.until(4)).map((frame) => asObject(JSON.parse(frame) as JsonObject))
  t.deepEqual(
    all.map(({ event, _oid }) => [event, _oid]),
    [
      ['object-packet', object._id],
      ['object-packet', other.object._id],
      ['object-packet', object._id],
      ['object-update', other.object._id],
    ],
  )
  const told = (await stream.until(2)).map((frame) => JSON.parse(frame) as JsonObject)
  t.deepEqual(
    told.map(({ event, data }) => [event, asObject(data).path, asObject(data)._mid]),
    [at, at].map((path) => ['object-packet', path, model._id]),
  )
})

const SHAPE = /^[0-9a-f]{24} [A-Za-z0-9_-]{22}$/

test('53: the log names what happened, filtered both ways, and its entries are those that were pushed', async (t) => {
  const member = await newMember(admin)
  const socket = await connectSocketIo(t, member)
  const { object, model, at } = await newPump(admin, { member })
  readObject(await member.patch(at, { name: 'Pump 2' }))
  readObject(await member.delete(at))
  const names = ['model-insert', 'object-insert', 'object-update', 'object-remove']
  const log = readArray(await member.get('/events'))
  t.deepEqual(
    texts(log, 'event').filter((name) => names.includes(name)),
    names,
  )
  const found = async (query: string) => texts(readArray(await member.get(`/events?${query}`)), 'event')
  t.deepEqual(await found('events=object-insert'), ['object-insert'])
  t.deepEqual(await found('events=object-insert,object-remove&limit=1&offset=1'), ['object-remove'])
  t.deepEqual(await found(`where.event=object-update&where._oid=${object._id}`), ['object-update'])
  for (const name of ['events!', 'events%21']) {
    const rest = await found(`${name}=object-insert,user-signin,user-insert`)
    t.deepEqual(
      rest.filter((event) => names.includes(event)),
      names.filter((event) => event !== 'object-insert'),
      name,
    )
  }
  t.deepEqual(await found('from=5&to=6'), [])
  t.deepEqual(await found('to=2100-01-01&events=model-insert'), ['model-insert'])

  const inserted = log.find(({ event }) => event === 'object-insert') ?? {}
  t.regex(`${asText(inserted._id)} ${asText(inserted._msgid)}`, SHAPE)
  t.deepEqual(inserted.data, { store: 'objects', id: object._id, item: object })
  t.deepEqual(
    [inserted._oid, inserted._gid, inserted._org],
    [object._id, member.group, member.branch[0] ?? null],
  )
  t.true(Number.isInteger(inserted._v))
  const { _oid: none, data } = log.find(({ event }) => event === 'model-insert') ?? {}
  t.is(none, undefined)
  t.is(asObject(asObject(data).item)._id, model._id)
  t.false('data' in asObject(asObject(data).item))

  await socket.next(({ name }) => name === 'object-remove')
  const pushed = socket.pushes.filter(({ name }) => names.includes(name)).map(({ payload }) => payload)
  const told = log.filter(({ event }) => names.includes(asText(event)))
  t.deepEqual(told.map(comparable), pushed.map(comparable))
  for (const { _id } of told) t.regex(asText(_id), /^[0-9a-f]{24}$/)
  t.deepEqual(texts(readArray(await member.get('/events?only=event&events=object-remove')), 'event'), [
    'object-remove',
  ])
  // Who left no trace sees none of it, and nobody without a right to.
  const stranger = await newMember(admin)
  const theirs = texts(readArray(await stranger.get('/events')), 'event')
  t.deepEqual(
    theirs.filter((name) => names.includes(name)),
    [],
  )
  t.deepEqual(readObject(await stranger.get('/events/org')).byModel, {})
})

/** What log and push have alike; of a change the log keeps what changed and not the whole entity. */
const comparable = ({ _id, data, ...event }: JsonObject): JsonObject => {
  const { item, changes, ...rest } = asObject(data)
  if (changes !== undefined) return { ...event, data: { ...rest, changed: Object.keys(asObject(changes)) } }
  return { ...event, data: { ...rest, item: item ?? null } }
}

test('53: the log shows what would have been pushed: also what happens below, nothing beside or above', async (t) => {
  const parent = await newMember(admin)
  const [one, two] = [await newMember(parent), await newMember(parent)]
  const { object } = await newPump(admin, { member: one })
  const query = `/events?events=object-insert&where._oid=${object._id}`
  for (const [reader, count] of [
    [parent, 1],
    [one, 1],
    [two, 0],
  ] as const)
    t.is(readArray(await reader.get(query)).length, count)
})

test('54: a fresh installation has names of events, sorted, and fills them by model', async (t) => {
  empty = await startServer()
  const first = await signIn(empty.url, ADMIN.login, ADMIN.password)
  const org = async () => readObject(await first.get('/events/org'))
  const fresh = await org()
  t.deepEqual(Object.keys(fresh).toSorted(), ['byModel', 'noModel', 'success', 'unique'])
  t.is(fresh.success, true)
  t.deepEqual(fresh.byModel, {})
  const { model, at } = await newPump(first, { member: first })
  readObject(await first.post(`${at}/packets`, {}))
  const later = await org()
  const unique = later.unique as readonly string[]
  t.deepEqual(unique, unique.toSorted())
  t.is(new Set(unique).size, unique.length)
  for (const name of ['model-insert', 'object-insert', 'object-online', 'object-packet', 'user-signin'])
    t.true(unique.includes(name), name)
  t.deepEqual(later.byModel, { [model._id]: ['object-insert', 'object-online', 'object-packet'] })
  t.false((later.noModel as readonly string[]).includes('object-insert'))
  t.true((later.noModel as readonly string[]).includes('model-insert'))
})

test('54: an installation without anything answers empty members', async (t) => {
  const nobody = await newMember(admin)
  const { unique: names, byModel, noModel, success } = readObject(await nobody.get('/events/org'))
  t.true(Array.isArray(names) && Array.isArray(noModel))
  t.deepEqual([byModel, success], [{}, true])
})

for (const [store, stem] of [
  ['automatons', 'logic-automaton'],
  ['handlers', 'handler'],
  ['geofences', 'geofence'],
] as const) {
  test(`E15, 57: ${store} start and stop, twice each`, async (t) => {
    const { member, model, object, at } = await newPump(admin)
    const socket = await connectSocketIo(t, member)
    const more = store === 'automatons' ? { model: model._id } : {}
    const target = (await create(member, store, { name: 'Cool down', ...more })).entity
    const path = `${at}/${store}/${target._id}`
    const started = readObject(await member.post(`${path}/start`))
    const { session, time, ...rest } = started
    t.deepEqual(rest, { sucess: true, success: true, id: target._id, name: 'Cool down' })
    t.regex(asText(session), /^[A-Za-z0-9_-]{11}$/)
    t.true(Math.abs(Number(time) - Date.now()) < 60_000)
    const link = { session: session ?? null, time: time ?? null, id: target._id, name: 'Cool down' }
    t.deepEqual(asObject(readObject(await member.get(at)).links)[store], [link])
    t.deepEqual(readArray(await member.get(`${at}/${store}`)), [link])

    readObject(await member.patch(`/${store}/${target._id}`, { name: 'Renamed' }))
    t.deepEqual(readObject(await member.post(`${path}/start`)), started)
    const refused = await member.delete(`/${store}/${target._id}`)
    t.is(refused.status, 409)
    t.deepEqual(refused.object().tags, ['error_conflict', `error_${store}`])
    t.regex(refused.text, /in_use/)

    t.deepEqual(readObject(await member.post(`${path}/stop`)), started)
    const again = readObject(await member.post(`${path}/stop`))
    t.deepEqual([again.sucess, again.success], [true, true])
    t.deepEqual(readArray(await member.get(`${at}/${store}`)), [])
    t.deepEqual(asObject(readObject(await member.get(at)).links)[store] ?? [], [])

    const log = readArray(await member.get(`${at}/events?events!=object-insert`))
    t.deepEqual(texts(log, 'event'), [`${stem}-start`, 'object-update', `${stem}-stop`, 'object-update'])
    t.deepEqual(texts(log, '_oid'), [object._id, object._id, object._id, object._id])
    t.deepEqual(log[0]?.data, { id: target._id, session: session ?? null, name: 'Cool down' })
    const { payload } = await socket.next(({ payload: pushed }) => pushed._msgid === log[1]?._msgid)
    const { changes, item } = asObject(payload.data)
    t.deepEqual(Object.keys(asObject(changes)), ['links'])
    t.deepEqual(asObjects(asObject(asObject(changes).links)[store]), [link])
    t.deepEqual(asObject(item).links, asObject(changes).links)
    t.is((await member.delete(`/${store}/${target._id}`)).status, 200)
  })
}

test('57: two hands start the same at once: one session, told once', async (t) => {
  const { member, at, model } = await newPump(admin)
  const { _id } = (await create(member, 'automatons', { model: model._id, name: unique('run') })).entity
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => member.post(`${at}/automatons/${_id}/start`)),
  )
  t.is(new Set(texts(replies.map(readObject), 'session')).size, 1)
  t.is(readArray(await member.get(`${at}/events?events=logic-automaton-start`)).length, 1)
})

test('E16: the frames of a session, narrowed to packets', async (t) => {
  const { member, at } = await newPump(admin)
  const client = accepted(await connectFrames(t, member.url, SOCKET_IO, headersOf(member)))
  await client.until(2)
  client.socket.send('2')
  await client.until(3)
  client.socket.send('420["subscribe",{"events":["object-packet"]}]')
  const [open = '', ...next] = await client.until(4)
  t.deepEqual(next, ['40', '3', '430[{"success":true}]'])
  const { sid, ...handshake } = JSON.parse(open.slice(1)) as JsonObject
  t.is(open[0], '0')
  t.regex(asText(sid), /^\S+$/)
  t.deepEqual(handshake, { upgrades: [], pingInterval: 25_000, pingTimeout: 60_000 })
  readObject(await member.patch(at, { description: 'not told' }))
  readObject(await member.post(`${at}/packets`, { n: 1 }))
  const frames = await client.until(5)
  t.regex(frames[4] ?? '', /^42\["object-packet",\{.*\}\]$/)
  t.is(frames.length, 5)
  t.is((await clientOf(member.url).get('/nonsense')).status, 401)
})
