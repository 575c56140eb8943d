/** Proves `/events/stream` over real sockets: who is let in, what is sent, filters, the server's pings, and that the client is not listened to. */
import test from 'ava'
import { isObject, type JsonObject } from '../../../../src/json.ts'
import { bearer, fetchPlain, openDoors, Refused, type Client } from './doors.ts'
import { turns, until } from '../../../support/waiting.ts'

const basic = (user: string) => ({
  headers: { Authorization: `Basic ${Buffer.from(`${user}:`).toString('base64')}` },
})

const events = async (client: Client, count: number): Promise<readonly JsonObject[]> =>
  (await client.until(count)).map((frame) => {
    const event: unknown = JSON.parse(frame)
    return isObject(event) ? event : {}
  })

test('every message is one event, also below /api/v1, with any credentials, Basic too', async (t) => {
  const doors = await openDoors(t)
  const clients = await Promise.all([
    doors.connect('/events/stream', bearer('admin')),
    doors.connect('/api/v1/events/stream/', basic('admin')),
    doors.connect('/events/stream?accessToken=admin'),
    doors.connect('/events/stream', { headers: { Cookie: 'sid=admin-cookie' } }),
  ])
  const { _id } = await doors.create('labels', { name: 'a' })
  for (const client of clients) {
    const [event] = await events(client, 1)
    t.like(event, { event: 'label-insert', _v: 1, service: 'api' })
    t.like(event?.data, { store: 'labels', id: _id })
  }
})

test('without credentials 401; with them, but without an upgrade, 400', async (t) => {
  const doors = await openDoors(t)
  for (const options of [
    undefined,
    basic(''),
    basic('wrong'),
    bearer('wrong'),
    { headers: { Authorization: 'Basic !' } },
  ]) {
    const error = await t.throwsAsync(doors.connect('/events/stream', options), { instanceOf: Refused })
    t.is(error.status, 401)
  }
  t.is((await fetchPlain(`${doors.url}/events/stream`)).status, 401)
  const plain = await fetchPlain(`${doors.url}/api/v1/events/stream`, { Authorization: 'Bearer admin' })
  t.is(plain.status, 400)
  t.true(plain.body.includes('"tags":["error_bad_request"]'))
})

test('where conditions filter, also negated and on any path; those that cannot be read are refused', async (t) => {
  const doors = await openDoors(t)
  const object = 'f'.repeat(24)
  const queries = {
    names: 'where.event=label-insert,task-insert',
    object: `where._oid=${object.toUpperCase()}&where_event=task-insert`,
    not: 'where.event!=label-insert',
    deep: 'where.data.item.name=b&other=1&limit=x',
    none: 'where._oid=null&where._v=2',
  }
  const [names, withObject, not, deep, none] = await Promise.all(
    Object.values(queries).map((query) => doors.connect(`/events/stream?${query}`, bearer('admin'))),
  )
  await doors.create('labels', { name: 'a' })
  await doors.create('labels', { name: 'b' })
  await doors.create('tasks', { name: 't', object })
  await doors.create('scenes', { name: 's', type: '2d', file: object })
  const told = async (client: Client | undefined, count: number) =>
    client === undefined ? [] : (await events(client, count)).map(({ event }) => event)
  t.deepEqual(await told(names, 3), ['label-insert', 'label-insert', 'task-insert'])
  t.deepEqual(await told(withObject, 1), ['task-insert'])
  t.deepEqual(await told(not, 2), ['task-insert', 'scene-insert'])
  t.deepEqual(await told(deep, 1), ['label-insert'])
  t.deepEqual(await told(none, 1), ['label-insert'])
  await turns(20)
  t.deepEqual(
    [names, withObject, not, deep, none].map((client) => client?.frames.length),
    [3, 1, 2, 1, 1],
  )

  for (const query of [
    'where.$where=1',
    'where.a.$gt=1',
    'where.__proto__=1',
    'where.a.b.c.d.e.f.g.h.i=1',
    'where.event=%E0%A4%A',
  ]) {
    const error = await t.throwsAsync(doors.connect(`/events/stream?${query}`, bearer('admin')), {
      instanceOf: Refused,
    })
    t.is(error.status, 400)
    t.true(error.body.includes('"tags":["error_validation","error_events"]'), error.body)
    t.true(error.body.includes('["format"]'))
  }
  const harmless = await doors.connect(
    '/events/stream?where.toString=a&where.hasOwnProperty!=b',
    bearer('admin'),
  )
  t.is(harmless.socket.readyState, harmless.socket.OPEN)
})

test('the server pings; two unanswered ones close', async (t) => {
  const doors = await openDoors(t, { serverPingMs: 100 })
  const answering = await doors.connect('/events/stream', bearer('admin'))
  const mute = await doors.connect('/events/stream', { ...bearer('admin'), autoPong: false })
  t.is(await mute.closed, 1001)
  t.is(mute.pings(), 2)
  await until(() => answering.pings() >= 4)
  t.is(answering.socket.readyState, answering.socket.OPEN)
})

test('what the client says is ignored, within bounds', async (t) => {
  const doors = await openDoors(t)
  const client = await doors.connect('/events/stream', bearer('admin'))
  for (const frame of ['', '2', '42["subscribe",{"events":[]}]', Buffer.from([1, 2, 3]), 'x'.repeat(60_000)])
    client.send(frame)
  await turns(20)
  await doors.create('labels', { name: 'a' })
  t.is((await events(client, 1))[0]?.event, 'label-insert')
  client.send('x'.repeat(70_000))
  t.is(await client.closed, 1009)
})
