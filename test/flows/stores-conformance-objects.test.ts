/**
 * Proves the cases 22 and 36–39 of rightech 10 and the examples E10, E11 and E15: packets, state, the model view and commands of an object.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, errorText, invalid } from '../support/client.ts'
import { create, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { connectSocketIo } from '../support/sockets.ts'
import { asObject, asObjects, newPump, readArray, readObject, texts } from '../support/stores-clients.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

test('E10: a packet gets what is the server’s, whatever the device says', async (t) => {
  const { member, model, object, device, at } = await newPump(admin)
  const before = Date.now()
  const forged = { _id: 'x', _oid: 'x', _mid: 'x', _gid: 'x', _web: false, _ts: 1, _own: 1, id: 'other' }
  const sent = { temperature: 36.6, unknown: [1, 'a', true], nested: { a: { b: null } }, no: null }
  const packet = readObject(await member.post(`/objects/${device}/packets`, { ...forged, ...sent }))
  const { _id, _ts, time, ...rest } = packet
  t.deepEqual(rest, {
    ...{ online: true, _oid: object._id, _mid: model._id, _gid: member.group, id: device, _web: true },
    ...{ ...sent, success: true },
  })
  t.regex(asText(_id), /^[0-9a-f]{24}$/)
  t.true(Number.isInteger(_ts) && Math.floor(Number(_ts) / 1_000) >= before)
  t.true(Number.isInteger(time) && Number(time) >= before && Number(time) <= Date.now())

  const { success, ...stored } = packet
  t.true(success)
  t.deepEqual(readArray(await member.get(`${at}/packets`)), [stored])
  t.deepEqual(readObject(await member.get(`${at}/state`)), packet)
  t.deepEqual(readObject(await member.get(at)).state, stored)
})

test('3.3: packets that come at once have a _ts each, and no time of their own is taken as said', async (t) => {
  const { member, at } = await newPump(admin)
  const replies = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      member.post(`${at}/packets`, { n, time: n % 2 === 0 ? 'now' : null }),
    ),
  )
  const packets = replies.map(readObject)
  t.is(new Set(texts(packets, '_ts')).size, 40)
  t.is(new Set(texts(packets, '_id')).size, 40)
  for (const { time } of packets) t.true(Math.abs(Number(time) - Date.now()) < 60_000)
  const listed = readArray(await member.get(`${at}/packets`))
  const sorted = listed.toSorted((a, b) => Number(a.time) - Number(b.time) || Number(a._ts) - Number(b._ts))
  t.deepEqual(texts(listed, '_id'), texts(sorted, '_id'))
  t.is(listed.length, 40)
})

test('3.3: the state is merged by key and not below, and a packet is no change of the object', async (t) => {
  const { member, at } = await newPump(admin)
  const object = readObject(await member.get(at))
  const version = async () => (await member.get('/objects?limit=0')).headers['x-ric-version']
  const was = await version()
  t.deepEqual(readObject(await member.get(`${at}/state`)), { success: true })
  const { success, ...first } = readObject(await member.post(`${at}/packets`, { a: { x: 1, y: 2 }, b: 1 }))
  const { success: again, ...second } = readObject(
    await member.post(`${at}/packets`, { a: { x: 3 }, c: [1] }),
  )
  t.deepEqual([success, again], [true, true])
  const state = { ...first, ...second }
  t.deepEqual(readObject(await member.get(`${at}/state`)), { ...state, success: true })
  t.deepEqual(readObject(await member.get(at)), { ...object, state })
  t.is(await version(), was)
  // A client may send back what it read.
  const patched = readObject(await member.patch(at, { state: { b: 9 } }))
  t.deepEqual(patched, { ...object, state })
  t.is(asObject(asObject(readArray(await member.get('/objects?where.state.b=1'))[0]).state).b, 1)
})

test('2: the list of packets takes windows, pages, only and meta, by time and not by arrival', async (t) => {
  const { member, at } = await newPump(admin)
  const ids: string[] = []
  for (const time of [3_000, 1_000, 2_000, 2_000])
    ids.push(asText(readObject(await member.post(`${at}/packets`, { time, v: ids.length }))._id))
  const [third, first, second, same] = ids
  const found = async (query: string) => texts(readArray(await member.get(`${at}/packets?${query}`)), '_id')
  const ordered = [first, second, same, third]
  t.deepEqual(await found(''), ordered as string[])
  t.deepEqual(await found('from=2000&to=2000'), [second, same] as string[])
  t.deepEqual(await found('begin=1970-01-01T00:00:02&end=1970-01-01T00:00:03Z'), ordered.slice(1) as string[])
  t.deepEqual(await found('offset=1&limit=2'), ordered.slice(1, 3) as string[])
  t.deepEqual(await found('sortBy=-time&limit=1'), [third] as string[])
  t.deepEqual(await found('limit=0'), [])
  t.deepEqual(await found('from=4000'), [])
  for (const packet of readArray(await member.get(`${at}/packets?only=v,nothing`)))
    t.deepEqual(Object.keys(packet).toSorted(), ['_id', '_ts', 'time', 'v'])
  const { count, first: one, last } = readObject(await member.get(`${at}/packets?meta=true&from=2000`))
  t.deepEqual([count, asObject(one)._id, asObject(last)._id], [3, third, same])
  for (const [query, name, rule] of [
    ['limit=-1', 'limit', 'range'],
    ['from=x', 'from', 'format'],
    ['meta=true&offset=0', 'meta', 'exclusive'],
  ] as const) {
    const refused = await member.get(`${at}/packets?${query}`)
    t.is(refused.text, invalid('objects', { [name]: [rule] }), query)
  }
})

test('36: an object and all that is below it answer to the device id too', async (t) => {
  const { member, device, at, model } = await newPump(admin)
  const automaton = (await create(member, 'automatons', { model: model._id })).entity
  readObject(await member.post(`/objects/${device}/automatons/${automaton._id}/start`))
  readObject(await member.post(`/objects/${device}/packets`, { temperature: 1 }))
  readObject(await member.post(`/objects/${device}/commands/led-on`))
  await create(member, 'tasks', { object: at.slice('/objects/'.length) })
  const below = [
    'model',
    'packets',
    'state',
    'config',
    'events',
    'tasks',
    'automatons',
    'handlers',
    'geofences',
  ]
  for (const path of ['', ...below.map((name) => `/${name}`)]) {
    const [byId, byDevice] = [await member.get(at + path), await member.get(`/objects/${device}${path}`)]
    t.is(byId.status, 200, path)
    t.is(byDevice.text, byId.text, path)
  }
  t.is(
    readObject(await member.patch(`/objects/${device}`, { description: 'changed' })).description,
    'changed',
  )
  t.is(readArray(await member.get(`/objects/${device}/tasks`)).length, 1)
  readObject(await member.post(`/objects/${device}/automatons/${automaton._id}/stop`))
  t.is((await member.delete(`/objects/${device}`)).status, 200)
  t.is((await member.get(`/objects/${device}/packets`)).status, 404)
})

const SPEED = { id: 'speed', name: 'Speed', type: 'argument', dataType: 'number', active: true, unit: 'km/h' }
const LIMIT = {
  id: 'limit',
  name: 'Limit',
  type: 'config',
  dataType: 'number',
  active: true,
  defaultValue: 5,
}
const ONLINE = { id: 'online', name: 'Connected', type: 'argument', dataType: 'boolean', active: true }
const GO = { id: 'go', name: 'Go', type: 'action', active: false, service: 'ric-gate' }
const LAST = { id: 'last', name: 'Last', type: 'argument', dataType: 'string', active: false }
const DEEPER = { id: 'deeper', name: 'Deeper', type: 'subsystem', active: true, children: [GO] }
const DEEP = { id: 'deep', name: 'Deep', type: 'subsystem', active: true, children: [LIMIT, ONLINE, DEEPER] }
const ROOT = { id: 'root', name: 'Own', type: 'subsystem', active: true, _isRoot: true }
const TREE = { ...ROOT, children: [SPEED, DEEP, LAST] }

test('37: the model view, before and after a packet', async (t) => {
  const { member, model, at } = await newPump(admin, { model: { data: TREE } })
  const view = async (query = '') => readObject(await member.get(`${at}/model${query}`))
  const before = await view()
  t.deepEqual(Object.keys(before), [
    ...['_id', 'name', 'base', 'owner', 'group', 'time'],
    ...['_configs', '_actions', '_arguments', '_object', 'success'],
  ])
  for (const name of ['_id', 'name', 'base', 'owner', 'group', 'time']) t.deepEqual(before[name], model[name])
  t.deepEqual(before._configs, [{ ...LIMIT, _parentId: 'deep' }])
  t.deepEqual(before._actions, [{ ...GO, _parentId: 'deeper' }])
  const listed = asObjects(before._arguments)
  t.deepEqual(texts(listed, 'id'), ['speed', 'online', 'last', 'time', '_ts'])
  t.deepEqual(listed.slice(0, 3), [
    { ...SPEED, _parentId: 'root' },
    { ...ONLINE, _parentId: 'deep' },
    { ...LAST, _parentId: 'root' },
  ])
  t.deepEqual(listed.slice(3), [
    base('time', 'time', 'duration-millisecond'),
    base('_ts', 'server_time', 'duration-microsecond'),
  ])
  t.deepEqual(before._object, withoutSuccess(readObject(await member.get(at))))

  const packet = readObject(await member.post(`${at}/packets`, { speed: 0, last: null, other: 1 }))
  const { time: _time, _ts } = packet
  const values = asObjects((await view())._arguments).map((node) => [
    node.id,
    node._value,
    node._time,
    node._ts,
  ])
  t.deepEqual(values, [
    ['speed', 0, _time, _ts],
    ['online', true, _time, _ts],
    ['last', null, _time, _ts],
    ['time', _time, _time, _ts],
    ['_ts', _ts, _time, _ts],
  ])

  const only = await view('?only=model')
  t.deepEqual(only._object, { _id: at.slice('/objects/'.length), model: model._id })
  t.deepEqual(only._actions, before._actions)
  t.deepEqual(only._arguments, before._arguments)
  t.is(only.name, 'Pump')
  const state = await view('?only=name,state.speed')
  t.deepEqual(asObject(state._object).state, { speed: 0 })
  t.is(asObjects(state._arguments)[0]?._value, 0)
})

const base = (id: string, name: string, unit: string): JsonObject => ({
  ...{ id, name, dataType: 'number', unit },
  ...{ _base: true, type: 'argument', active: true, usage: id, reference: id },
})

const withoutSuccess = ({ success, ...entity }: JsonObject): JsonObject => {
  if (success !== true) throw new Error('no success')
  return entity
}

test('38: a packet that comes late is history and no state', async (t) => {
  const { member, at } = await newPump(admin)
  const now = withoutSuccess(readObject(await member.post(`${at}/packets`, { v: 'now', time: 2_000 })))
  const late = withoutSuccess(
    readObject(await member.post(`${at}/packets`, { v: 'late', w: 1, time: 1_999, online: false })),
  )
  t.deepEqual(readArray(await member.get(`${at}/packets`)), [late, now])
  t.deepEqual(readObject(await member.get(`${at}/state`)), { ...now, success: true })
  t.deepEqual(readObject(await member.get(at)).state, now)
  const names = texts(readArray(await member.get(`${at}/events`)), 'event')
  t.deepEqual(names, ['object-insert', 'object-online', 'object-packet', 'object-packet'])
  // Of the same time is not older.
  const same = withoutSuccess(readObject(await member.post(`${at}/packets`, { v: 'same', time: 2_000 })))
  t.deepEqual(readObject(await member.get(`${at}/state`)), { ...now, ...same, success: true })
})

test('39: going online and offline is told once, before the packet', async (t) => {
  const { member, object, at } = await newPump(admin)
  const socket = await connectSocketIo(t, member)
  for (const body of [
    { online: false },
    {},
    { online: 'no' },
    { online: true },
    { online: false },
    { online: false },
  ])
    readObject(await member.post(`${at}/packets`, body))
  readObject(await member.patch(at, { description: 'the end' }))
  await socket.next(({ name }) => name === 'object-update')
  const expected = [
    ...['object-packet', 'object-online', 'object-packet', 'object-packet'],
    ...['object-packet', 'object-offline', 'object-packet', 'object-packet'],
  ]
  const told = socket.pushes.filter(({ payload }) => payload._oid === object._id).map(({ name }) => name)
  t.deepEqual(told, [...expected, 'object-update'])
  const log = readArray(await member.get(`${at}/events?events!=object-insert,object-update`))
  t.deepEqual(texts(log, 'event'), expected)
  const [online] = log.filter(({ event }) => event === 'object-online')
  t.deepEqual(Object.keys(asObject(online?.data)), ['time'])
})

test('E11, 22: a command without a byte, and one that the model has not', async (t) => {
  const { member, object, at } = await newPump(admin)
  const headers = { 'Content-Type': 'application/json' }
  const reply = await member.send('POST', `/api/v1${at}/commands/led-on`, { headers })
  const { _msgid, ...rest } = readObject(reply)
  const params = { topic: 'base/relay/led1', payload: '1' }
  t.deepEqual(rest, { sucess: true, success: true, command: 'led-on', params })
  t.regex(asText(_msgid), /^[A-Za-z0-9_-]{22}$/)
  const log = readArray(await member.get(`${at}/events?events=object-command-req,object-command-res`))
  t.deepEqual(texts(log, 'event'), ['object-command-req', 'object-command-res'])
  t.is(log[0]?._msgid, _msgid)
  t.is(log[0]?._oid, object._id)
  t.deepEqual(log[0]?.data, { command: 'led-on', params })
  t.deepEqual(Object.keys(asObject(log[1]?.data)).toSorted(), ['command', 'params', 'result'])

  for (const command of ['fly', 'cmds', 'temperature', 'root', '__proto__'])
    t.is(
      (await member.post(`${at}/commands/${command}`)).text,
      errorText(404, 'Not Found', ['error_not_found', 'error_commands']),
      command,
    )
  readObject(await member.patch(`/models/${asText(object.model)}/nodes/led-off`, { active: false }))
  t.is((await member.post(`${at}/commands/led-off`)).status, 404)
  t.is((await member.post(`${at}/commands/led-on`)).status, 200)
})
