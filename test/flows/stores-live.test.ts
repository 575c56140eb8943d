/** Proves live delivery: the cases 44–48, 51 and 52 of rightech 10, with `socket.io-client` 2 and bare frames against the real server. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText, bearer, clientOf, cookie, UNAUTHORIZED, type Client } from '../support/client.ts'
import {
  create,
  newMember,
  newToken,
  signIn,
  signInAdmin,
  signInByCookie,
  type Member,
} from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import {
  about,
  accepted,
  connectFrames,
  connectSocketIo,
  isRefusal,
  SOCKET_IO,
  within,
  type Push,
} from '../support/sockets.ts'
import { openDoors } from '../unit/protocols/rightech-live/doors.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const headersOf = ({ headers }: Client) => ({ headers: headers as Record<string, string> })

test('44: nobody is upgraded without good credentials', async (t) => {
  const { url = '', storesUrl = '' } = server ?? {}
  const strangers: readonly (readonly [string, string, Record<string, string>])[] = [
    [storesUrl, SOCKET_IO, {}],
    [storesUrl, '/events/stream', {}],
    [url, SOCKET_IO, { Cookie: 'sid=nonsense' }],
    [url, SOCKET_IO, { Authorization: 'Bearer nonsense' }],
    [url, `${SOCKET_IO}&accessToken=nonsense`, {}],
    [url, '/socket.io?EIO=3&transport=websocket&accessToken=nonsense', {}],
    [url, '/events/stream', {}],
    [url, '/events/stream', { Authorization: `Basic ${Buffer.from('nonsense:').toString('base64')}` }],
    [url, '/api/v1/events/stream?accessToken=nonsense', {}],
  ]
  for (const [at, path, headers] of strangers) {
    const answer = await connectFrames(t, at, path, { headers })
    if (!isRefusal(answer)) return t.fail(`${path} ${JSON.stringify(headers)} was upgraded`)
    t.is(answer.status, 401, path)
    t.is(answer.text, UNAUTHORIZED)
    t.is(answer.headers['www-authenticate'], 'Bearer')
    t.is(answer.headers['content-length'], String(UNAUTHORIZED.length))
    t.is(answer.headers.connection, 'close')
  }
  await t.throwsAsync(connectSocketIo(t, { url: storesUrl, headers: {} }))
})

test('45: the first frames, pongs and probes', async (t) => {
  const member = await newMember(admin)
  const client = accepted(await connectFrames(t, admin.url, SOCKET_IO, headersOf(member)))
  const [open = '', connected] = await client.until(2)
  t.is(open[0], '0')
  const handshake = JSON.parse(open.slice(1)) as JsonObject
  t.deepEqual(Object.keys(handshake), ['sid', 'upgrades', 'pingInterval', 'pingTimeout'])
  t.deepEqual({ ...handshake, sid: '' }, { sid: '', upgrades: [], pingInterval: 25_000, pingTimeout: 60_000 })
  t.regex(asText(handshake.sid), /^[A-Za-z0-9_-]{20}$/)
  t.is(connected, '40')
  for (const frame of ['2', '2probe', '420["subscribe",{"events":["x"]}]', '40/other', '427["nonsense"]']) {
    client.socket.send(frame)
  }
  const answers = (await client.until(7)).slice(2)
  t.deepEqual(answers.slice(0, 4), ['3', '3probe', '430[{"success":true}]', '44/other,"Invalid namespace"'])
  t.regex(answers[4] ?? '', /^437\[\{"success":false,"name":"RicError","code":"400"/)
  client.socket.send('41')
  t.is(typeof (await within(client.closed, 'closing')).code, 'number')
})

test('45: another transport or version is refused as Engine.IO does', async (t) => {
  const get = (query: string) => admin.send('GET', `/socket.io/?${query}`)
  const polling = await get('EIO=3&transport=polling')
  t.is(polling.status, 400)
  t.is(polling.text, '{"code":0,"message":"Transport unknown"}')
  const version = await get('EIO=4&transport=websocket')
  t.is(version.status, 400)
  t.is(version.text, '{"code":5,"message":"Unsupported protocol version"}')
  const upgrade = await connectFrames(t, admin.url, '/socket.io/?EIO=4&transport=websocket', headersOf(admin))
  t.true(isRefusal(upgrade) && upgrade.text === version.text)
})

test('46: a change reaches cookie and token once, and a GET in the listener shows it', async (t) => {
  const member = await newMember(admin)
  const { entity } = await create(member, 'objects')
  const byCookie = await connectSocketIo(t, await signInByCookie(member))
  const byToken = await connectSocketIo(t, member)
  const seen: Promise<unknown>[] = []
  for (const client of [byCookie, byToken]) {
    client.onPush(({ name, payload }) => {
      if (name !== 'object-update') return
      const item = (payload.data as JsonObject).item
      seen.push(
        member
          .get(`/objects/${entity._id}`)
          .then((reply) => t.deepEqual<JsonObject, unknown>(reply.entity(), item)),
      )
    })
  }
  const changed = (
    await member.patch(`/objects/${entity._id}`, { config: { a: { b: 1 } }, status: 'new' })
  ).entity()
  const version = (await member.get('/objects')).headers['x-ric-version']
  const pushes: Push[] = []
  for (const client of [byCookie, byToken]) pushes.push(await client.next(about(entity._id, 'object-update')))
  const [first, second] = pushes
  t.deepEqual(first, second)
  const { _msgid, ...payload } = first?.payload ?? {}
  t.regex(asText(_msgid), /^[A-Za-z0-9_-]{22}$/)
  t.deepEqual<JsonObject, JsonObject>(payload, {
    _oid: entity._id,
    _gid: member.group,
    _org: admin.group,
    service: 'api',
    event: 'object-update',
    time: Number(changed._at),
    data: {
      store: 'objects',
      id: entity._id,
      item: changed,
      changes: { config: changed.config ?? null, status: 'new' },
    },
    _v: Number(version),
  })
  await Promise.all(seen)
  t.is(seen.length, 2)
  for (const client of [byCookie, byToken])
    t.is(client.pushes.filter(about(entity._id, 'object-update')).length, 1)
})

test('46: creating, changing and deleting arrive in this order at both doors', async (t) => {
  const member = await newMember(admin)
  const socket = await connectSocketIo(t, member)
  const stream = accepted(await connectFrames(t, member.url, '/events/stream', headersOf(member)))
  const basic = Buffer.from(`${member.token}:`).toString('base64')
  const other = accepted(
    await connectFrames(t, member.url, '/api/v1/events/stream?where.event=label-remove', {
      headers: { Authorization: `Basic ${basic}` },
    }),
  )
  const ids: string[] = []
  for (let n = 0; n < 5; n += 1) {
    const { entity } = await create(member, 'labels')
    ids.push(entity._id)
    await member.patch(`/labels/${entity._id}`, { color: 'red' })
    await member.delete(`/labels/${entity._id}`)
  }
  await socket.next(about(ids.at(-1) ?? '', 'label-remove'))
  const expected = ids.flatMap((id) => ['insert', 'update', 'remove'].map((what) => `label-${what} ${id}`))
  const told = ({ event, data }: JsonObject): string => `${asText(event)} ${asText((data as JsonObject).id)}`
  t.deepEqual(
    socket.pushes.map(({ payload }) => told(payload)),
    expected,
  )
  const frames = (await stream.until(15)).map((frame) => JSON.parse(frame) as JsonObject)
  t.deepEqual(frames.map(told), expected)
  t.deepEqual(
    frames,
    socket.pushes.map(({ payload }) => payload),
  )
  t.deepEqual(
    (await other.until(5)).map((frame) => told(JSON.parse(frame) as JsonObject)),
    expected.filter((text) => text.startsWith('label-remove')),
  )
  const versions = frames.map(({ _v }) => Number(_v))
  t.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  )
})

test('46: signing in and messages are told', async (t) => {
  const member = await newMember(admin)
  const socket = await connectSocketIo(t, member)
  await signInByCookie(member)
  const { payload } = await socket.next(({ name }) => name === 'user-signin')
  t.deepEqual(payload.data, { id: member.user, method: 'cookie' })
  const { entity } = await create(member, 'messages', { importance: 'critical' })
  const critical = await socket.next(({ name }) => name === 'push-message')
  t.deepEqual<unknown, JsonObject>(critical.payload.data, entity)
  await create(member, 'messages')
  await socket.next(({ name }) => name === 'notification')
  t.deepEqual(
    socket.pushes.map(({ name }) => name),
    ['user-signin', 'push-message', 'notification'],
  )
})

test('47: who may not read hears nothing', async (t) => {
  const parent = await newMember(admin)
  const member = await newMember(parent)
  const stranger = await newMember(parent)
  const { entity } = await create(member, 'objects')
  const [above, beside, own] = await Promise.all(
    [parent, stranger, member].map((one) => connectSocketIo(t, one)),
  )
  if (above === undefined || beside === undefined || own === undefined) return t.fail()
  await member.patch(`/objects/${entity._id}`, { name: 'changed' })
  await member.delete(`/objects/${entity._id}`)
  const { entity: marker } = await create(stranger, 'labels')
  await beside.next(about(marker._id))
  await above.next(about(entity._id, 'object-remove'))
  await own.next(about(entity._id, 'object-remove'))
  t.deepEqual(
    beside.pushes.map(({ name }) => name),
    ['label-insert'],
  )
})

test('48: a token hears only of what it may GET', async (t) => {
  const member = await newMember(admin)
  const { entity: object } = await create(member, 'objects')
  const model = asText(object.model)
  const token = await newToken(member, ['GET /models/*'])
  const socket = await connectSocketIo(t, token)
  await member.patch(`/objects/${object._id}`, { name: 'changed' })
  await member.patch(`/models/${model}`, { name: 'changed' })
  const push = await socket.next(about(model))
  t.deepEqual(
    socket.pushes.map(({ name }) => name),
    ['model-update'],
  )
  t.false('data' in ((push.payload.data as JsonObject).item as JsonObject), 'without the tree')
})

test('48: subscribe narrows and unsubscribe widens', async (t) => {
  const member = await newMember(admin)
  const [{ entity: one }, { entity: two }] = [
    await create(member, 'objects'),
    await create(member, 'objects'),
  ]
  const socket = await connectSocketIo(t, member)
  t.deepEqual(await socket.emit('subscribe', { events: ['object-update'], _oid: [two._id] }), {
    success: true,
  })
  for (const { _id } of [one, two]) await member.patch(`/objects/${_id}`, { status: 'a' })
  await member.delete(`/objects/${two._id}`)
  await socket.next(about(two._id))
  t.is(((await socket.emit('subscribe', { events: 'all' })) as JsonObject).code, '400')
  t.deepEqual(await socket.emit('unsubscribe'), { success: true })
  await member.delete(`/objects/${one._id}`)
  await socket.next(about(one._id))
  t.deepEqual(
    socket.pushes.map(({ name, payload }) => [name, payload._oid]),
    [
      ['object-update', two._id],
      ['object-remove', one._id],
    ],
  )
})

test('51: who is silent for interval and timeout is closed, who pings is not', async (t) => {
  const doors = await openDoors(t, { pingIntervalMs: 200, pingTimeoutMs: 2_200 })
  const silent = accepted(
    await connectFrames(t, doors.url, SOCKET_IO, { headers: { Authorization: 'Bearer admin' } }),
  )
  const talking = await connectSocketIo(t, { url: doors.url, headers: bearer('admin') })
  const { ms } = await within(silent.closed, 'closing')
  t.true(ms >= 2_390 && ms < 25_000, `${ms} ms`)
  await pause(1_000)
  await doors.create('labels', { name: 'still here' })
  t.is((await talking.next(() => true)).name, 'label-insert')
})

const soak = process.env['SOAK'] === undefined ? test.skip : test
soak('51: a silent client is closed after 85 s', async (t) => {
  t.timeout(120_000)
  const silent = accepted(await connectFrames(t, admin.url, SOCKET_IO, headersOf(admin)))
  const { ms } = await within(silent.closed, 'closing', 100_000)
  t.true(ms > 84_500 && ms < 90_000, `${ms} ms`)
})

test('52: what ends a session closes its sockets within 5 s, code 4401', async (t) => {
  const member = await newMember(admin)
  const other = await newMember(admin)
  const token = await newToken(member, ['*'])
  const leaving = await signIn(member.url, member.login, member.password)
  const web = await signInByCookie(member)
  const expiresAt = Date.now() + 6_000
  const soon = bearer(asText((await member.post('/tokens', { expiresAt })).entity().token))
  const ends: readonly (readonly [string, Client, () => Promise<unknown>])[] = [
    ['revoked', token, () => member.delete(`/tokens/${token.id}`)],
    ['left', leaving, () => leaving.delete('/auth')],
    ['left by cookie', clientOf(web.url, cookie(web.sid)), () => web.delete('/auth')],
    ['disabled', other, () => admin.patch(`/users/${other.user}`, { disabled: true })],
    ['expired', clientOf(member.url, soon), () => pause(expiresAt + 20 - Date.now())],
  ]
  const staying = accepted(await connectFrames(t, member.url, SOCKET_IO, headersOf(member)))
  await Promise.all(
    ends.map(async ([why, client, end]) => {
      const sockets = await Promise.all(
        [SOCKET_IO, '/events/stream'].map(async (path) =>
          accepted(await connectFrames(t, client.url, path, headersOf(client))),
        ),
      )
      await end()
      t.is((await client.get('/models')).status, 401, why)
      // A busy machine adds to the 5 s.
      for (const { closed } of sockets) t.is((await within(closed, why, 15_000)).code, 4401, why)
    }),
  )
  t.is(staying.socket.readyState, staying.socket.OPEN)
})
