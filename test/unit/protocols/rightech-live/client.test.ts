/** Proves that the real socket.io-client 2, as clients in the field have it, connects and hears: by cookie, by Bearer, by query. */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import io from 'socket.io-client'
import { isObject, type JsonObject } from '../../../../src/json.ts'
import { openDoors, type Doors } from './doors.ts'
import { turns } from '../../../support/waiting.ts'

const connect = (
  t: ExecutionContext,
  doors: Doors,
  options: SocketIOClient.ConnectOpts,
): SocketIOClient.Socket => {
  const client = io(doors.url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options })
  t.teardown(() => client.close())
  return client
}

const WAYS: Readonly<Record<string, SocketIOClient.ConnectOpts>> = {
  'a cookie': { transportOptions: { websocket: { extraHeaders: { Cookie: 'sid=admin-cookie' } } } },
  'a Bearer header': { transportOptions: { websocket: { extraHeaders: { Authorization: 'Bearer admin' } } } },
  'a query parameter': { query: { accessToken: 'admin' } },
}

for (const [way, options] of Object.entries(WAYS)) {
  test(`by ${way}: connects, hears an update once, may narrow with an acknowledgement`, async (t) => {
    const doors = await openDoors(t)
    const client = connect(t, doors, options)
    await new Promise((resolve) => client.on('connect', resolve))
    const { _id } = await doors.create('objects', { model: 'f'.repeat(24), id: 'pump-1', name: 'Pump' })
    const heard: JsonObject[] = []
    client.on('object-update', (event: unknown) => {
      if (isObject(event)) heard.push(event)
    })
    await doors.patch('objects', _id, { name: 'Pump 1' })
    while (heard.length === 0) await pause(1)
    t.is(heard.length, 1)
    t.like(heard[0], { _oid: _id, data: { store: 'objects', id: _id, changes: { name: 'Pump 1' } } })
    const answer: unknown = await new Promise((resolve) =>
      client.emit('subscribe', { events: ['label-insert'] }, resolve),
    )
    t.deepEqual(answer, { success: true })
    const label = new Promise((resolve) => client.on('label-insert', resolve))
    await doors.patch('objects', _id, { name: 'Pump 2' })
    await doors.create('labels', { name: 'l' })
    await label
    t.is(heard.length, 1)
  })
}

test('bad credentials, polling and other namespaces end in errors, not in crashes', async (t) => {
  const doors = await openDoors(t)
  const failing: readonly SocketIOClient.ConnectOpts[] = [
    {},
    { query: { accessToken: 'wrong' } },
    { transports: ['polling'], query: { accessToken: 'admin' } },
  ]
  for (const options of failing) {
    const client = connect(t, doors, options)
    await t.notThrowsAsync(new Promise((resolve) => client.on('connect_error', resolve)))
  }
  const other = io(`${doors.url}/admin`, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    query: { accessToken: 'admin' },
  })
  t.teardown(() => other.close())
  t.is(await new Promise((resolve) => other.on('error', resolve)), 'Invalid namespace')
})

test('it pings by itself and stays', async (t) => {
  const doors = await openDoors(t, { pingIntervalMs: 200, pingTimeoutMs: 2_000 })
  const client = connect(t, doors, { query: { accessToken: 'admin' } })
  await new Promise((resolve) => client.on('connect', resolve))
  await turns(2_500)
  t.true(client.connected)
  client.disconnect()
  t.false(client.connected)
})
