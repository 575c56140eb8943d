/** Proves `/socket.io` frame by frame over real sockets: who is let in, the handshake, pings, narrowing, malformed frames, silence, floods. */
import { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { bearer, fetchPlain, openDoors, Refused, SOCKET, type Client, type Doors } from './doors.ts'
import { turns } from '../../../support/waiting.ts'

const UNAUTHORIZED =
  '{"success":false,"name":"RicError","code":"401","message":"Unauthorized","tags":["error_unauthorized"],"codes":["error_unauthorized"]}'

const open = async (doors: Doors, secret = 'admin'): Promise<Client> => {
  const client = await doors.connect(SOCKET, bearer(secret))
  await client.until(2)
  return client
}

/** The connection below the client's socket. */
const rawOf = ({ socket }: Client): Socket => {
  const raw: unknown = Reflect.get(socket, '_socket')
  if (!(raw instanceof Socket)) throw new Error('ws has another connection')
  return raw
}

test('the first two frames, byte for byte, then pongs', async (t) => {
  const doors = await openDoors(t)
  const client = await open(doors)
  const [first, second] = client.frames
  t.regex(
    first ?? '',
    /^0\{"sid":"[A-Za-z0-9_-]{20}","upgrades":\[\],"pingInterval":25000,"pingTimeout":60000\}$/,
  )
  t.is(second, '40')
  client.send('2')
  client.send('2probe')
  client.send('2 ü💧')
  t.deepEqual((await client.until(5)).slice(2), ['3', '3probe', '3 ü💧'])
  const other = await open(doors)
  t.not(other.frames[0], first, 'each connection has its own sid')
})

test('credentials decide before the upgrade', async (t) => {
  const doors = await openDoors(t)
  const cookie = { Cookie: 'a=b; sid=admin-cookie' }
  const bad = { Authorization: 'Bearer wrong' }
  const good: readonly (readonly [string, Record<string, string>])[] = [
    [SOCKET, { Authorization: 'Bearer admin' }],
    [SOCKET, { Authorization: 'bearer admin' }],
    [SOCKET, cookie],
    [`${SOCKET}&accessToken=admin`, {}],
    [`${SOCKET}&accessToken=admin`, { Cookie: 'sid=stale' }],
    [`${SOCKET}&accessToken=admin`, { ...cookie, Origin: 'http://evil.example' }],
    ['/socket.io?EIO=3&transport=websocket&accessToken=admin', {}],
    ['/socket.io/?EIO=3&transport=websocket&t=Nx&b64=1', cookie],
  ]
  for (const [path, headers] of good) {
    const client = await doors.connect(path, { headers })
    t.is((await client.until(2))[1], '40')
    client.socket.terminate()
  }
  const refused: readonly (readonly [string, Record<string, string>])[] = [
    [SOCKET, {}],
    [SOCKET, bad],
    [SOCKET, { Cookie: 'sid=admin' }],
    [SOCKET, { Authorization: 'Bearer admin-cookie' }],
    [SOCKET, { ...cookie, ...bad }],
    [`${SOCKET}&accessToken=admin`, bad],
    [`${SOCKET}&accessToken=%E0%A4%A`, {}],
    [SOCKET, { ...cookie, Origin: 'http://evil.example' }],
    [SOCKET, { Authorization: `Basic ${Buffer.from('admin:').toString('base64')}` }],
  ]
  for (const [path, headers] of refused) {
    const error = await t.throwsAsync(doors.connect(path, { headers }), { instanceOf: Refused })
    t.is(error.status, 401)
    t.is(error.body, UNAUTHORIZED)
    t.is(error.headers['www-authenticate'], 'Bearer')
    t.is(error.headers['content-length'], String(UNAUTHORIZED.length))
    t.is(error.headers.connection, 'close')
  }
})

test('another transport or version is refused as Engine.IO does, upgraded or not', async (t) => {
  const doors = await openDoors(t)
  const transport = '{"code":0,"message":"Transport unknown"}'
  const version = '{"code":5,"message":"Unsupported protocol version"}'
  const cases: readonly (readonly [string, string])[] = [
    ['?EIO=3&transport=polling', transport],
    ['?EIO=4&transport=polling', transport],
    ['?EIO=3', transport],
    ['', transport],
    ['?EIO=4&transport=websocket', version],
    ['?transport=websocket', version],
  ]
  const headers = { Authorization: 'Bearer admin' }
  for (const [query, body] of cases) {
    const upgraded = await t.throwsAsync(doors.connect(`/socket.io/${query}`, { headers }), {
      instanceOf: Refused,
    })
    const plain = await fetchPlain(`${doors.url}/socket.io/${query}`, headers)
    for (const answer of [upgraded, plain]) {
      t.is(answer.status, 400)
      t.is(answer.body, body)
    }
  }
  t.is((await fetchPlain(`${doors.url}${SOCKET}`, headers)).status, 400)
  t.is((await fetchPlain(`${doors.url}/socket.io/?EIO=3&transport=polling`)).body, UNAUTHORIZED)
  const elsewhere = await t.throwsAsync(doors.connect('/socket.io/x', { headers }), { instanceOf: Refused })
  t.is(elsewhere.status, 404)
})

test('pushes come to those who may read, once each, in the order of the history', async (t) => {
  const doors = await openDoors(t)
  const [root, child, sibling] = await Promise.all([
    open(doors),
    open(doors, 'child'),
    open(doors, 'sibling'),
  ])
  const mine = { user: 'x'.repeat(24), group: 'b00000000000000000000000' }
  const caller = { ...mine, branch: ['a00000000000000000000000', mine.group], credentials: ['*'] }
  const { _id } = await doors.create('labels', { name: 'below' }, caller)
  await doors.patch('labels', _id, { name: 'changed' }, caller)
  await doors.create('labels', { name: 'above' })
  await doors.create('roles', { name: 'inherited' })
  const names = (frames: readonly string[]): readonly string[] =>
    frames.slice(2).map((frame) => frame.slice(0, 16))
  t.deepEqual(names(await root.until(6)), [
    '42["label-insert',
    '42["label-update',
    '42["label-insert',
    '42["role-insert"',
  ])
  t.deepEqual(names(await child.until(5)), ['42["label-insert', '42["label-update', '42["role-insert"'])
  t.deepEqual(names(await sibling.until(3)), ['42["role-insert"'])
  await turns(20)
  t.deepEqual([root.frames.length, child.frames.length, sibling.frames.length], [6, 5, 3])
})

test('a push waits for the documents', async (t) => {
  const doors = await openDoors(t)
  const client = await open(doors)
  doors.holdDocuments()
  await doors.create('labels', { name: 'a' })
  await turns(30)
  t.is(client.frames.length, 2)
  doors.releaseDocuments()
  t.is((await client.until(3)).length, 3)
})

test('only stores that rights and scopes let GET are pushed', async (t) => {
  const doors = await openDoors(t)
  const { admin } = await import('./world.ts')
  doors.principals.set('api', 'models-only', { ...admin, scopes: ['GET /models/*'] })
  doors.principals.set('token', 'tasks-list', { ...admin, credentials: ['GET /tasks', 'POST /labels'] })
  const [models, tasks] = await Promise.all([open(doors, 'models-only'), open(doors, 'tasks-list')])
  const label = await doors.create('labels', { name: 'l' })
  await doors.create('models', { name: 'm', base: 'mqtt' })
  const task = await doors.create('tasks', { name: 't' })
  doors.principals.set('api', 'one-label', { ...admin, scopes: [`GET /labels/${label._id}`] })
  const one = await open(doors, 'one-label')
  await doors.create('labels', { name: 'other' })
  await doors.patch('labels', label._id, { name: 'changed' })
  await doors.patch('tasks', task._id, { name: 'changed' })
  const names = (client: Client) => client.frames.slice(2).map((frame) => /^42\["([\w-]+)"/.exec(frame)?.[1])
  await Promise.all([models.until(3), tasks.until(4), one.until(3)])
  await turns(20)
  t.deepEqual(names(models), ['model-insert'])
  t.deepEqual(names(tasks), ['task-insert', 'task-update'])
  t.deepEqual(names(one), ['label-update'])
})

test('subscribe narrows, unsubscribe widens, nonsense is answered with an error body', async (t) => {
  const doors = await openDoors(t)
  const client = await open(doors)
  const task = await doors.create('tasks', { name: 't', object: 'F'.repeat(24).toLowerCase() })
  await client.until(3)
  const answer = async (frame: string): Promise<string> => {
    const before = client.frames.length
    client.send(frame)
    return (await client.until(before + 1))[before] ?? ''
  }
  const error =
    '[{"success":false,"name":"RicError","code":"400","message":"Bad Request","tags":["error_bad_request"],"codes":["error_bad_request"]}]'
  t.is(await answer('420["subscribe",{"events":["label-insert"]}]'), '430[{"success":true}]')
  await doors.patch('tasks', task._id, { name: 'u' })
  await doors.create('labels', { name: 'a' })
  t.true((await client.until(5))[4]?.startsWith('42["label-insert"'))
  t.is(await answer('421["subscribe",{"_oid":["FFFFFFFFFFFFFFFFFFFFFFFF"]}]'), '431[{"success":true}]')
  await doors.create('labels', { name: 'b' })
  await doors.patch('tasks', task._id, { name: 'v' })
  t.true((await client.until(7))[6]?.startsWith('42["task-update"'))
  for (const nonsense of ['{"events":"a"}', '{"events":[1]}', '{"_oid":{}}', '[]', '"a"', 'null']) {
    t.is(await answer(`427["subscribe",${nonsense}]`), `437${error}`)
  }
  for (const name of ['subscribe', 'toString', '__proto__', 'other'])
    t.is(await answer(`428["${name}"]`), `438${error}`)
  t.is(await answer('429["unsubscribe"]'), '439[{"success":true}]')
  client.send('42["ignored",1]')
  client.send('42["subscribe",7]')
  client.send('40')
  const { frames } = client
  const before = frames.length
  await doors.create('labels', { name: 'c' })
  t.true((await client.until(before + 1))[before]?.startsWith('42["label-insert"'))
})

test('other namespaces are invalid, leaving and closing close', async (t) => {
  const doors = await openDoors(t)
  const client = await open(doors)
  client.send('40/admin?x=1,')
  t.is((await client.until(3))[2], '44/admin,"Invalid namespace"')
  client.send('41')
  t.is(await client.closed, 1000)
  const other = await open(doors)
  other.send('1')
  t.is(await other.closed, 1000)
})

test('frames that no client of this protocol sends close the socket, and nothing else', async (t) => {
  const doors = await openDoors(t)
  const bystander = await open(doors)
  const binary = Buffer.from('42["a"]')
  const unknown = [
    '',
    '0',
    '3',
    '5',
    '6',
    'b4AA==',
    'hello',
    '45-["a"]',
    '451-["a",{"_placeholder":true,"num":0}]',
    '47',
  ]
  for (const frame of [...unknown, '42{', '42["a"', '42[]', '42{"a":1}', '42[7]', binary]) {
    const client = await open(doors)
    client.send(frame)
    t.is(await client.closed, 1003, String(frame))
  }
  const huge = await open(doors)
  huge.send(`42["subscribe",{"events":["${'x'.repeat(65_536)}"]}]`)
  t.is(await huge.closed, 1009)
  const invalid = await open(doors)
  // A text frame, masked with zeros, whose two bytes are no UTF-8.
  rawOf(invalid).write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]))
  t.is(await invalid.closed, 1007)
  bystander.send('2still here')
  t.is((await bystander.until(3))[2], '3still here')
})

test.serial(
  'a client that stays silent for interval and timeout is closed; one that pings is not',
  async (t) => {
    const doors = await openDoors(t, { pingIntervalMs: 1_000, pingTimeoutMs: 1_000 })
    const start = performance.now()
    const [silent, lively] = await Promise.all([open(doors), open(doors)])
    t.true(silent.frames[0]?.endsWith('"pingInterval":1000,"pingTimeout":1000}'))
    const pinging = setInterval(() => lively.send('2'), 50)
    t.teardown(() => clearInterval(pinging))
    t.is(await silent.closed, 1000)
    t.true(performance.now() - start > 1_900)
    await pause(2_200)
    t.is(lively.socket.readyState, lively.socket.OPEN)
  },
)

test('who floods is closed with 1008, by frames, bytes or control frames, and others are served meanwhile', async (t) => {
  const doors = await openDoors(t)
  const bystander = await open(doors)
  const flood = async (one: (client: Client) => void): Promise<number> => {
    const client = await open(doors)
    for (let i = 0; i < 20_000; i++) one(client)
    return client.closed
  }
  t.is(await flood((client) => client.send('2')), 1008)
  t.is(await flood((client) => client.send(`2${'x'.repeat(500)}`)), 1008)
  // `ws` itself cuts who lets pongs pile up.
  t.true([1006, 1008].includes(await flood((client) => client.socket.ping('x'))))
  bystander.send('2')
  t.is((await bystander.until(3))[2], '3')
})

test('a legal burst is served: 450 subscriptions at once', async (t) => {
  const doors = await openDoors(t)
  const client = await open(doors)
  for (let i = 0; i < 450; i++) client.send(`42${i}["subscribe",{"events":["label-insert"]}]`)
  t.is((await client.until(452)).at(-1), '43449[{"success":true}]')
})
