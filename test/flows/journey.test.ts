/**
 * Proves the newcomer's journey on the real server: sign in, create, change, see each change on a socket, list, `kill -9`, start again and
 * find everything; and how the process ends: on SIGTERM, beside a second one, and with a faulty configuration.
 */
import { once } from 'node:events'
import { chmod, readdir, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { BASE, clientOf, cookie, errorText, sidOf } from '../support/client.ts'
import { create, newMember, signInAdmin } from '../support/members.ts'
import { differences, pictureOf } from '../support/pictures.ts'
import { EXIT_MS_MAX } from '../support/processes.ts'
import { ADMIN, cleanUp, freshDirectory, startServer, type RunningServer } from '../support/server.ts'
import { about, accepted, connectFrames, connectSocketIo, SOCKET_IO, within } from '../support/sockets.ts'

const servers: RunningServer[] = []
const started = async (...options: Parameters<typeof startServer>): Promise<RunningServer> => {
  const server = await startServer(...options)
  servers.push(server)
  return server
}
test.after.always(() => cleanUp(...servers))

test('the newcomer’s journey', async (t) => {
  const first = await started()
  const signedIn = await clientOf(first.url).post('/auth', { ...ADMIN })
  t.is(signedIn.status, 200)
  const client = clientOf(first.url, cookie(sidOf(signedIn)))
  const socket = await connectSocketIo(t, client)

  const model = (await client.post('/models', { base: 'mqtt', name: 'Pump' })).entity()
  await socket.next(about(model._id, 'model-insert'))
  const ids: string[] = []
  for (const name of ['Pump 1', 'Pump 2', 'Pump 3']) {
    const body = { model: model._id, id: name.replace(' ', '-').toLowerCase(), name }
    const { _id } = (await client.post('/objects', body)).entity()
    ids.push(_id)
    const { payload } = await socket.next(about(_id, 'object-insert'))
    t.deepEqual((payload.data as JsonObject).item, (await client.get(`/objects/${_id}`)).entity())
  }
  const changed = (
    await client.patch(`/objects/${ids[1] ?? ''}`, { config: { settings: { number: 2 } } })
  ).entity()
  const update = await socket.next(about(changed._id, 'object-update'))
  t.deepEqual<unknown, JsonObject>((update.payload.data as JsonObject).item, changed)
  await client.delete(`/objects/${ids[2] ?? ''}`)
  await socket.next(about(ids[2] ?? '', 'object-remove'))
  const filtered = `/objects?where.model=${model._id}&where.config.settings.number=2&only=_id,name`
  t.is((await client.get(filtered)).text, `[\n{"_id":"${changed._id}","name":"Pump 2"}\n]\n`)

  const before = await pictureOf(client)
  await first.kill()
  t.is(await within(socket.closed, 'the socket’s end'), 'transport close')
  const second = await started({ dataDir: first.dataDir })
  const again = clientOf(second.url, client.headers)
  t.deepEqual(differences(before, await pictureOf(again)), [])
  t.is((await again.get(filtered)).list().length, 1)
  t.is((await again.get('/objects/pump-1')).entity()._id, ids[0] ?? '')
  t.is((await again.get('/objects/pump-3')).status, 404)
  const later = await connectSocketIo(t, again)
  await again.patch(`/objects/${changed._id}`, { name: 'After the crash' })
  const push = await later.next(about(changed._id, 'object-update'))
  t.true(Number(push.payload._v) > Number(update.payload._v))
  t.is((await again.delete('/auth')).status, 200)
  t.is((await again.get('/models')).status, 401)
})

test('what the server writes is for its own user alone, also where others may read', async (t) => {
  const dataDir = await freshDirectory()
  await chmod(dataDir, 0o755)
  await started({ dataDir })
  for (const name of await readdir(dataDir)) {
    t.is((await stat(join(dataDir, name))).mode & 0o077, 0, name)
  }
  t.true((await readdir(dataDir)).includes('history.mdb'))
})

test('SIGTERM: what runs is answered, sockets close, exit code 0 in time', async (t) => {
  const server = await started()
  const admin = await signInAdmin(server.url)
  const member = await newMember(admin)
  const socket = accepted(
    await connectFrames(t, server.url, SOCKET_IO, { headers: member.headers as Record<string, string> }),
  )
  const stream = accepted(
    await connectFrames(t, server.url, '/events/stream', {
      headers: member.headers as Record<string, string>,
    }),
  )
  await socket.until(2)
  // Under way when the signal comes: one has sent half of its body, others are being written.
  const half = slowCreate(server.url, member.headers)
  const writing = Array.from({ length: 50 }, (_, n) => member.post('/labels', { name: `label ${n}` }))
  await half.reached
  const stopping = server.stop('SIGTERM')
  await pause(200)
  half.finish()
  t.is(await half.status, 200)
  const acknowledged = (await Promise.allSettled(writing)).flatMap((one) =>
    one.status === 'fulfilled' && one.value.status === 200 ? [one.value.entity()._id] : [],
  )
  const exit = await stopping
  t.is(exit.code, 0, exit.output)
  t.true(exit.ms < EXIT_MS_MAX, `${exit.ms} ms`)
  for (const { closed } of [socket, stream]) t.true([1001, 1012].includes((await closed).code))
  await t.throwsAsync(member.get('/labels'))

  const again = await started({ dataDir: server.dataDir })
  const list = await clientOf(again.url, member.headers).get('/labels')
  const ids = list.list().map(({ _id }) => _id)
  t.is(ids.length >= acknowledged.length + 1, true)
  t.deepEqual(
    acknowledged.filter((id) => !ids.includes(id)),
    [],
  )
  t.is((await again.stop('SIGINT')).code, 0)
})

test('SIGTERM: a request that never ends and a client that never reads do not hold it up', async (t) => {
  const server = await started()
  const member = await newMember(await signInAdmin(server.url))
  for (let n = 0; n < 8; n += 1) await create(member, 'dashboards', { text: 'x'.repeat(800_000) })
  const half = slowCreate(server.url, member.headers)
  half.status.catch(() => undefined)
  await half.reached
  const list = request(`${server.url}${BASE}/dashboards?streamed=true`, {
    headers: member.headers,
    agent: false,
  })
  list.on('response', (response) => response.pause().on('error', () => undefined))
  list.on('error', () => undefined)
  list.end()
  await pause(300)
  const exit = await server.stop('SIGTERM')
  t.is(exit.code, 0, exit.output)
  t.true(exit.ms < EXIT_MS_MAX, `${exit.ms} ms`)
})

test('faults of the configuration are all said, and nothing starts', async (t) => {
  const env = { ADMIN_PASSWORD: 'weak', PORT: 'http', LOG_LEVEL: 'loud' }
  const error = await t.throwsAsync(startServer({ env }))
  t.regex(error.message, /ended with 2:/)
  for (const name of Object.keys(env)) t.regex(error.message, new RegExp(`^${name}: `, 'm'))
  t.false(error.message.includes('weak'), 'a fault shows no secret')
})

test('without a password the first start makes one and prints it once', async (t) => {
  const dataDir = await freshDirectory()
  const first = await started({ dataDir, env: { ADMIN_PASSWORD: '' } })
  // The pipe may bring the line later than the answer that the server is ready.
  const line = /^First start: sign in as (\S+) with (\S+)$/m
  for (let tries = 0; tries < 1_500 && !line.test(first.output()); tries++) await pause(20)
  const [, login = '', password = ''] = line.exec(first.output()) ?? []
  t.is(login, ADMIN.login)
  t.is((await clientOf(first.url).post('/auth', { login, password })).status, 200)
  await first.stop('SIGTERM')
  const second = await started({ dataDir, env: { ADMIN_PASSWORD: '' } })
  t.notRegex(second.output(), /First start/)
  t.is((await clientOf(second.url).post('/auth', { login, password })).status, 200)
})

test('/live, /ready, /metrics, and a second process on the same directory', async (t) => {
  const server = await started()
  const client = clientOf(server.url)
  t.is((await client.send('GET', '/live')).status, 200)
  t.is((await client.send('GET', '/ready')).status, 200)
  const metrics = await client.send('GET', '/metrics')
  t.regex(metrics.text, /^headwater_projection_lag\{projection="[^"]+"\} 0$/m)
  t.regex(metrics.text, /^headwater_history_head [1-9]\d*$/m)
  const reply = await client.get('/models')
  t.truthy(reply.headers['x-request-id'])
  t.is(reply.headers['cache-control'], 'no-store')
  t.is(reply.headers['x-powered-by'], undefined)
  t.is(reply.headers.server, undefined)
  t.is(reply.headers['access-control-allow-origin'], undefined)
  t.is(reply.text, errorText(401, 'Unauthorized', ['error_unauthorized']))

  const error = await t.throwsAsync(startServer({ dataDir: server.dataDir }))
  t.regex(error.message, new RegExp(`ended with 1:\\n.*is in use by process ${server.pid}\\n$`, 's'))
  t.notRegex(error.message, /\n\s+at /, 'no stack')
  const admin = await signInAdmin(server.url)
  t.is((await create(admin, 'labels')).entity.owner, admin.user)
})

/** A POST that stops in the middle of its body until told; `reached` when the server has asked for the body. */
const slowCreate = (url: string, headers: Parameters<typeof clientOf>[1]) => {
  const body = JSON.stringify({ name: 'slow' })
  const sending = request(`${url}${BASE}/labels`, {
    method: 'POST',
    headers: { ...headers, 'Content-Length': body.length, Expect: '100-continue' },
    agent: false,
  })
  const status = new Promise<number>((resolve, reject) => {
    sending.on('error', reject)
    sending.on('response', (response) => resolve(response.resume().statusCode ?? 0))
  })
  sending.flushHeaders()
  const reached = once(sending, 'continue').then(() => void sending.write(body.slice(0, 5)))
  return {
    status,
    reached,
    finish: () => sending.end(body.slice(5)),
  }
}
