/** Proves what happens to open sockets: sessions that end or change, readers that are too slow, stores that do not answer. */
import test from 'ava'
import { DocumentsUnavailable } from '../../../../src/documents/port.ts'
import { bearer, fetchPlain, openDoors, Refused, SOCKET } from './doors.ts'
import { admin, CHILD, member } from './world.ts'
import { turns } from '../../../support/waiting.ts'

const RECHECK = { recheckMs: 30 }

test('a session that ends closes its sockets on both doors with 4401, and nobody else', async (t) => {
  const doors = await openDoors(t, RECHECK)
  const [one, stream, other] = await Promise.all([
    doors.connect(SOCKET, bearer('child')),
    doors.connect('/events/stream', bearer('child')),
    doors.connect(SOCKET, bearer('admin')),
  ])
  doors.principals.end('child')
  t.deepEqual(await Promise.all([one.closed, stream.closed]), [4401, 4401])
  await doors.create('labels', { name: 'a' })
  await other.until(3)
  t.is(one.frames.filter((frame) => frame.startsWith('42')).length, 0)
  t.is(other.socket.readyState, other.socket.OPEN)
})

test('stores that cannot say who somebody is answer 503 with Retry-After, upgraded or not', async (t) => {
  const doors = await openDoors(t)
  Object.assign(doors.principals, { find: () => Promise.reject(new DocumentsUnavailable('catching up')) })
  const upgraded = await t.throwsAsync(doors.connect(SOCKET, bearer('admin')), { instanceOf: Refused })
  const plain = await fetchPlain(`${doors.url}/socket.io/?EIO=3`, { Authorization: 'Bearer admin' })
  for (const { status, body, headers } of [upgraded, plain]) {
    t.is(status, 503)
    t.true(body.includes('"tags":["error_unavailable"]'))
    t.truthy(headers['retry-after'])
  }
})

test('changed rights and groups hold for open sockets', async (t) => {
  const doors = await openDoors(t, RECHECK)
  doors.principals.set('token', 'mover', member('7', CHILD, { credentials: ['*'] }))
  const client = await doors.connect(SOCKET, bearer('mover'))
  const labels = () => client.frames.filter((frame) => frame.startsWith('42["label-insert"')).length
  await client.until(2)
  await doors.create('labels', { name: 'above' })
  doors.principals.set('token', 'mover', { ...admin, user: '7'.padEnd(24, '0') })
  await turns(150)
  await doors.create('labels', { name: 'seen' })
  await client.until(3)
  t.is(labels(), 1)
  doors.principals.set('token', 'mover', { ...admin, user: '7'.padEnd(24, '0'), credentials: ['GET /tasks'] })
  await turns(150)
  await doors.create('labels', { name: 'no more' })
  await doors.create('tasks', { name: 'but this' })
  t.true((await client.until(4))[3]?.startsWith('42["task-insert"'))
  t.is(labels(), 1)
})

test('a store that does not answer throws nobody out', async (t) => {
  const doors = await openDoors(t, RECHECK)
  const client = await doors.connect(SOCKET, bearer('admin'))
  const { find } = doors.principals
  Object.assign(doors.principals, { find: () => Promise.reject(new Error('unavailable')) })
  await turns(150)
  t.is(client.socket.readyState, client.socket.OPEN)
  Object.assign(doors.principals, { find })
  doors.principals.end('admin')
  t.is(await client.closed, 4401)
})

for (const [door, path] of Object.entries({ socket: SOCKET, stream: '/events/stream' })) {
  test(`a slow reader of the ${door} is closed with 1013 and costs bounded memory; others get everything`, async (t) => {
    const doors = await openDoors(t)
    const [slow, quick] = await Promise.all([
      doors.connect(path, bearer('admin')),
      doors.connect(SOCKET, bearer('admin')),
    ])
    slow.socket.pause()
    const filler = 'x'.repeat(100_000)
    for (let i = 0; i < 200; i++) {
      await doors.create('labels', { name: `${i}`, filler })
      if (i % 10 === 0) await quick.until(i)
    }
    t.is((await quick.until(202)).length, 202)
    slow.socket.resume()
    t.is(await slow.closed, 1013)
    t.true(slow.frames.length < 150, `${slow.frames.length} were kept for it`)
  })
}
