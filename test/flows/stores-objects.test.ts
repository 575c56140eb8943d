/**
 * Proves start and stop, and commands of objects over HTTP against the real server, with what a `socket.io-client` 2 hears: the cases 22
 * and 57 of rightech 10, and its examples E11 and E15.
 */
import test from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import {
  asText,
  BAD_REQUEST,
  errorText,
  invalid,
  notFound,
  TOO_LARGE,
  type Entity,
} from '../support/client.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { about, connectSocketIo, type Push } from '../support/sockets.ts'

let server: RunningServer | undefined
let strict: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => Promise.all([cleanUp(server), cleanUp(strict)]))

const NO_COMMAND = errorText(404, 'Not Found', ['error_not_found', 'error_commands'])

/** An object of a fresh mqtt model, in a group of its own. */
const given = async (from = admin): Promise<{ readonly member: Member; readonly object: Entity }> => {
  const member = await newMember(from)
  const { entity: object } = await create(member, 'objects')
  return { member, object }
}

const nodes = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []
const idsOf = (value: Json | undefined): readonly Json[] => nodes(value).map(({ id = null }) => id)

test('22, E11: a command with JSON content type and no bytes', async (t) => {
  const { member, object } = await given()
  const socket = await connectSocketIo(t, member)
  const reply = await member.send('POST', `/api/v1/objects/${object._id}/commands/led-on`, {
    headers: { 'Content-Type': 'application/json' },
  })
  t.is(reply.status, 200)
  const { _msgid, ...answer } = reply.object()
  const params = { topic: 'base/relay/led1', payload: '1' }
  t.deepEqual(answer, { sucess: true, success: true, command: 'led-on', params })
  t.deepEqual(Object.keys(reply.object()), ['sucess', 'success', '_msgid', 'command', 'params'])
  const outcome = await socket.next(({ name }) => name === 'object-command-res')
  const request = await socket.next(({ name }) => name === 'object-command-req')
  t.is(request.payload._msgid, _msgid)
  t.not(outcome.payload._msgid, _msgid)
  t.like(request.payload, { _oid: object._id, _gid: member.group, data: { command: 'led-on', params } })
  t.deepEqual(outcome.payload.data, { command: 'led-on', params, result: null }, 'nothing claims to have run')
  t.deepEqual(
    socket.pushes.map(({ name }) => name),
    ['object-command-req', 'object-command-res'],
  )
  t.deepEqual((await member.get(`/objects/${object._id}`)).entity(), object, 'the object is as it was')
})

test('parameters come from the action, the query and the body, later ones whole', async (t) => {
  const { member, object } = await given()
  const path = `/objects/${asText(object.id)}/commands/led-on`
  const params = async (query: string, body?: JsonObject) =>
    (await member.post(path + query, body)).object().params
  t.deepEqual(await params('?topic=a%2Fb+c&n=1&empty='), { topic: 'a/b c', payload: '1', n: '1', empty: '' })
  t.deepEqual(await params('?payload=2&a=q', { payload: { on: true }, b: null }), {
    topic: 'base/relay/led1',
    payload: { on: true },
    a: 'q',
    b: null,
  })
})

test('a command that is none, or whose parameters cannot be, is refused and not recorded', async (t) => {
  const { member, object } = await given()
  const socket = await connectSocketIo(t, member)
  const path = `/objects/${object._id}/commands`
  for (const name of ['fly', 'cmds', 'temperature', 'root'])
    t.is((await member.send('POST', `/api/v1${path}/${name}`, { body: '{"a":' })).text, NO_COMMAND)
  await member.patch(`/models/${asText(object.model)}/nodes/led-off`, { active: false })
  t.is((await member.post(`${path}/led-off`)).text, NO_COMMAND)
  t.is(
    (await member.post(`${path}/led-on?a.b=1`, { $where: 1 })).text,
    invalid('objects', { 'a.b': ['format'], $where: ['format'] }),
  )
  const prototype = await member.send('POST', `/api/v1${path}/led-on`, { body: '{"__proto__":{"a":1}}' })
  t.is(prototype.text, invalid('objects', Object.fromEntries([['__proto__', ['format']]])))
  t.is((await member.post(`${path}/led-on?a=%ff`)).text, invalid('objects', { a: ['format'] }))
  t.is((await member.post(`${path}/led-on`, { text: 'x'.repeat(500_000) })).text, TOO_LARGE)
  t.is((await (await newMember(admin)).post(`${path}/led-on`)).text, notFound('objects'))
  const { entity: marker } = await create(member, 'labels')
  await socket.next(about(marker._id))
  t.deepEqual(
    socket.pushes.map(({ name }) => name),
    ['model-update', 'label-insert'],
  )
})

test('where it is configured, commands to offline objects are refused and recorded as failed', async (t) => {
  strict = await startServer({ env: { RIGHTECH_OFFLINE_COMMANDS: 'refuse' } })
  const { member, object } = await given(await signInAdmin(strict.url))
  const socket = await connectSocketIo(t, member)
  const path = `/objects/${object._id}`
  const refused = await member.post(`${path}/commands/led-on`)
  t.is(refused.text, errorText(409, 'Conflict', ['error_conflict', 'error_objects', 'error_object_offline']))
  const { payload } = await socket.next(({ name }) => name === 'object-command-err')
  t.like(payload, { _oid: object._id, data: { command: 'led-on', error: 'error_object_offline' } })
  await member.post(`${path}/packets`, { temperature: 1 })
  t.is((await member.post(`${path}/commands/led-on`)).status, 200)
  await member.post(`${path}/packets`, { online: false })
  t.is((await member.post(`${path}/commands/led-on`)).status, 409)
})

const KINDS = [
  ['automatons', 'logic-automaton'],
  ['handlers', 'handler'],
  ['geofences', 'geofence'],
] as const

for (const [store, stem] of KINDS) {
  test(`57: ${store}: start, start, stop, stop`, async (t) => {
    const { member, object } = await given()
    const { entity: target } = await create(
      member,
      store,
      store === 'automatons' ? { model: object.model ?? null } : {},
    )
    const socket = await connectSocketIo(t, member)
    const path = `/objects/${asText(object.id)}/${store}`
    const first = await member.post(`${path}/${target._id}/start`)
    const { session, time } = first.object()
    t.regex(asText(session), /^[A-Za-z0-9_-]{11}$/)
    const link = { session: asText(session), time: Number(time), id: target._id, name: asText(target.name) }
    t.is(first.text, JSON.stringify({ sucess: true, success: true, ...link }))
    t.is(
      (await member.post(`${path}/${target._id.toUpperCase()}/start`)).text,
      first.text,
      'the same session',
    )
    t.deepEqual((await member.get(`/objects/${object._id}`)).entity().links, { [store]: [link] })
    t.is((await member.get(path)).text, `[\n${JSON.stringify(link)}\n]\n`)
    t.is((await member.delete(`/${store}/${target._id}`)).status, 409, 'it runs')

    t.is((await member.post(`${path}/${target._id}/stop`)).text, first.text)
    t.is(
      (await member.post(`${path}/${target._id}/stop`)).text,
      JSON.stringify({ sucess: true, success: true, id: target._id }),
    )
    t.is((await member.get(path)).text, '[\n]\n')
    const after = (await member.get(`/objects/${object._id}`)).entity()
    t.deepEqual(after.links, { [store]: [] })
    t.is((await member.delete(`/${store}/${target._id}`)).status, 200)

    await socket.next(
      ({ name, payload }) => name.endsWith('-remove') && (payload.data as JsonObject).id === target._id,
    )
    const pushes = socket.pushes.filter(({ payload }) => payload._oid === object._id)
    t.deepEqual(
      pushes.map(({ name }) => name),
      [`${stem}-start`, 'object-update', `${stem}-stop`, 'object-update'],
    )
    t.deepEqual(pushes[0]?.payload.data, { id: target._id, session: link.session, name: link.name })
    t.deepEqual(pushes[2]?.payload.data, pushes[0]?.payload.data)
    t.deepEqual(changesIn(pushes[1]), { links: { [store]: [link] } })
    t.deepEqual(changesIn(pushes[3]), { links: { [store]: [] } })
  })
}

/** What an `object-update` says changed, but for when. */
const changesIn = (push: Push | undefined): JsonObject => {
  const { changes } = (push?.payload.data ?? {}) as { readonly changes?: JsonObject }
  const { _at, ...rest } = changes ?? {}
  return rest
}

test('57: two starts at once are one session', async (t) => {
  const { member, object } = await given()
  const { entity: target } = await create(member, 'handlers')
  const path = `/objects/${object._id}/handlers`
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => member.post(`${path}/${target._id}/start`)),
  )
  t.is(new Set(replies.map(({ text }) => text)).size, 1)
  t.is(nodes((await member.get(path)).json()).length, 1)
})

test('E15: start and stop ask for both ends', async (t) => {
  const { member, object } = await given()
  const { entity: target } = await create(member, 'handlers')
  const other = await newMember(admin)
  const { entity: foreign } = await create(other, 'handlers')
  const path = `/objects/${object._id}/handlers`
  for (const verb of ['start', 'stop']) {
    t.is((await member.post(`${path}/${foreign._id}/${verb}`)).text, notFound('handlers'))
    t.is((await member.post(`${path}/none/${verb}`)).text, notFound('handlers'))
    t.is((await other.post(`${path}/${foreign._id}/${verb}`)).text, notFound('objects'))
    t.is((await member.post(`/objects/none/handlers/${target._id}/${verb}`)).text, notFound('objects'))
  }
  t.is((await other.get(path)).text, notFound('objects'))
})

test('start and stop read the body like any POST: what is no JSON object changes nothing', async (t) => {
  const { member, object } = await given()
  const { entity: target } = await create(member, 'handlers')
  const path = `/objects/${object._id}/handlers/${target._id}`
  const send = async (verb: string, body: string): Promise<string> =>
    (await member.send('POST', `/api/v1${path}/${verb}`, { body })).text
  for (const body of ['{"a":', '[1]']) t.is(await send('start', body), BAD_REQUEST)
  t.is((await member.get(`/objects/${object._id}/handlers`)).text, '[\n]\n')
  await member.post(`${path}/start`)
  for (const body of ['{"a":', '[1]']) t.is(await send('stop', body), BAD_REQUEST)
  t.is(nodes((await member.get(`/objects/${object._id}/handlers`)).json()).length, 1)
  t.is(await send('start', 'null'.repeat(300_000)), TOO_LARGE)
  t.is(
    (await member.send('POST', `/api/v1/objects/none/handlers/x/start`, { body: '{' })).text,
    notFound('objects'),
  )
})

test('links are a list with selectors', async (t) => {
  const { member, object } = await given()
  const path = `/objects/${object._id}/handlers`
  const ids: string[] = []
  for (const name of ['b', 'a', 'c']) {
    const { entity } = await create(member, 'handlers', { name })
    ids.push(entity._id)
    await member.post(`${path}/${entity._id}/start`)
  }
  const found = async (query: string) =>
    idsOf((await member.get(path + query)).json()).map((id) => ids.indexOf(asText(id)))
  t.deepEqual(await found(''), [0, 1, 2])
  t.deepEqual(await found('?sortBy=name'), [1, 0, 2])
  t.deepEqual(await found('?offset=1&limit=1'), [1])
  t.deepEqual(await found(`?where.id=${ids[2] ?? ''}`), [2])
  t.is((await member.get(`${path}?meta=count`)).text, '{"count":3,"success":true}')
  t.is((await member.get(`${path}?limit=x`)).text, invalid('objects', { limit: ['range'] }))
})
