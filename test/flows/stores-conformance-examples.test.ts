/** Proves the worked examples E3, E9 and E12–E14 of rightech 9 as they stand there, and what devices send that no example has. */
import test from 'ava'
import {
  asText,
  bearer,
  clientOf,
  errorText,
  FORBIDDEN,
  invalid,
  notFound,
  UNAUTHORIZED,
} from '../support/client.ts'
import { create, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { asObject, newPump, readArray, readObject, texts } from '../support/stores-clients.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

test('E3: no credentials, whatever the path', async (t) => {
  const stranger = clientOf(admin.url)
  for (const path of ['/nonsense', '/objects/x/nonsense', '/events/org', '/models/base', '/messages/clear']) {
    const reply = await stranger.get(path)
    t.is(reply.status, 401, path)
    t.is(reply.text, UNAUTHORIZED, path)
  }
})

test('E9, E12: windows and filters together, and meta of what they leave', async (t) => {
  const { member, model, object } = await newPump(admin, { object: { config: { settings: { number: 2 } } } })
  const second = { model: model._id, name: 'Pump 2', config: { settings: { number: 2 } } }
  const other = (await create(member, 'objects', second)).entity
  await create(member, 'objects', { model: model._id, name: 'Pump 3', config: { settings: { number: 3 } } })
  const until = new Date(Date.now() + 60_000).toISOString().slice(0, 16)
  const query = `from=${asText(object.time)}&to=${until}&where.model=${model._id}&where.config.settings.number=2`
  t.deepEqual(texts(readArray(await member.get(`/objects?${query}&sortBy=-name`)), 'name'), [
    'Pump 2',
    'Pump 1',
  ])
  const meta = readObject(await member.get(`/objects?${query}&meta=true`))
  t.deepEqual(meta, { count: 2, first: object, last: other, success: true })
  t.is((await member.get('/objects?meta=true&limit=5')).text, invalid('objects', { meta: ['exclusive'] }))
  t.is((await member.get('/objects?from=yesterday')).text, invalid('objects', { from: ['format'] }))
})

test('E13: a narrow token meets its limits', async (t) => {
  const { member, model } = await newPump(admin)
  const scopes = ['GET /objects/*', 'GET /models/*']
  const made = readObject(await member.post('/tokens', { name: 'grafana', scopes }))
  t.deepEqual([made.name, made.scopes, made.type], ['grafana', scopes, 'access'])
  t.is(Number(made.expiresAt) - Number(made.issuedAt), 86_400_000)
  const narrow = clientOf(member.url, bearer(asText(made.token)))
  t.is((await narrow.post('/objects', { model: model._id, id: 'x', name: 'x' })).text, FORBIDDEN)
  t.is((await narrow.get('/objects')).status, 200)
})

test('E14: what was deleted is answered once more, with its state, and then is gone with all below it', async (t) => {
  const { member, object, at } = await newPump(admin)
  const { success, ...packet } = readObject(await member.post(`${at}/packets`, { a: 1 }))
  t.deepEqual(readObject(await member.delete(at)), { ...object, state: packet, success: success ?? null })
  for (const path of ['', '/packets', '/state', '/model', '/config', '/events', '/tasks', '/automatons'])
    t.is((await member.get(at + path)).text, notFound('objects'), path)
  t.is((await member.post(`${at}/packets`, {})).text, notFound('objects'))
  t.is((await member.post(`${at}/commands/led-on`)).text, notFound('objects'))
  // The device may come back under its name: what it did before is not its own.
  const again = (await create(member, 'objects', { model: object.model ?? null, id: object.id ?? null }))
    .entity
  t.is(again.state, undefined)
  t.deepEqual(readArray(await member.get(`/objects/${asText(object.id)}/packets`)), [])
})

test('3.3: whatever a device may name its arguments, it reads the same or is refused, and never an error of ours', async (t) => {
  const { member, at } = await newPump(admin)
  const bodies = [
    '{"a.b":1}',
    '{"$set":{"x":1}}',
    '{"":1}',
    '{"constructor":1,"toString":2}',
    '{"state":{"state":1},"packet":null}',
    '{"deep":{"$gt":1,"a.b":2}}',
    '{"Ünï \\u0000":1}',
    '{"big":123456789012345680000,"tiny":5e-324,"neg":-0.5}',
    '{"time":1e300}',
    '{"time":-1}',
    '{"time":1.5}',
  ]
  for (const body of bodies) {
    const reply = await member.send('POST', `/api/v1${at}/packets`, { body })
    t.true([200, 400].includes(reply.status), `${body} ${reply.text}`)
    if (reply.status === 400) {
      t.deepEqual(reply.object().tags, ['error_validation', 'error_objects'], body)
      continue
    }
    const packet = readObject(reply)
    for (const [name, value] of Object.entries(JSON.parse(body) as object))
      t.deepEqual(packet[name], value, body)
    const stored = readArray(await member.get(`${at}/packets?nolimit=true`)).find(
      ({ _id }) => _id === packet._id,
    )
    t.deepEqual({ ...stored, success: true }, packet, body)
    // Where the device tells the time itself it may be too late for the state (case 38).
    if (body.startsWith('{"time"')) continue
    const state = asObject(readObject(await member.get(at)).state)
    for (const [name, value] of Object.entries(JSON.parse(body) as object))
      t.deepEqual(state[name], value, body)
  }
  t.is((await member.get('/objects?only=state')).status, 200)
})

test('4.6: a bad list parameter names what was listed', async (t) => {
  const { member, at } = await newPump(admin)
  const table = (await create(member, 'tables')).entity
  for (const [path, store] of [
    [`${at}/packets`, 'objects'],
    [`${at}/events`, 'objects'],
    [`${at}/tasks`, 'objects'],
    [`${at}/automatons`, 'objects'],
    [`/tables/${table._id}/rows`, 'tables_rows'],
    ['/reports/builds', 'reports_builds'],
    ['/events', 'events'],
    ['/models/base', 'models'],
  ] as const) {
    const reply = await member.get(`${path}?limit=-1&from=x`)
    t.is(reply.status, 400, path)
    t.is(reply.object().message, 'Bad Request')
    t.deepEqual(reply.object().tags, ['error_validation', `error_${store}`], path)
    t.deepEqual(reply.object().fields, { limit: ['range'], from: ['format'] }, path)
  }
  t.is((await member.get('/nonsense')).text, errorText(404, 'Not Found', ['error_not_found']))
})
