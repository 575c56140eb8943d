/** Proves base models and the nodes of a model (rightech 3.6) over HTTP against the real server, with what sockets hear of it. */
import test from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import { asText, BAD_REQUEST, conflict, errorText, invalid, notFound } from '../support/client.ts'
import { create, newMember, newToken, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { about, connectSocketIo } from '../support/sockets.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const NODES = 'models/nodes'
const NO_NODE = errorText(404, 'Not Found', ['error_not_found', 'error_models_nodes'])
const SPEED = { id: 'speed', type: 'argument', name: 'Speed', dataType: 'number' }

const childrenOf = (node: Json | undefined): readonly JsonObject[] =>
  isObject(node) && Array.isArray(node['children']) ? node['children'].filter(isObject) : []
const idsBelow = (node: Json | undefined): readonly Json[] => childrenOf(node).map(({ id = null }) => id)

test('the base models are a list like any other', async (t) => {
  const reply = await admin.get('/models/base')
  t.is(reply.status, 200)
  t.regex(reply.text, /^\[\n\{.*\}\n,\n\{.*\}\n,\n\{.*\}\n\]\n$/)
  const models = reply.list()
  t.deepEqual(
    models.map(({ id, base }) => [id, base]),
    [
      ['mqtt', 'mqtt'],
      ['http', 'http'],
      ['custom', 'custom'],
    ],
  )
  for (const model of models) t.deepEqual(Object.keys(model), ['_id', 'id', 'base', 'name', 'data', 'props'])
  t.like(models[0], { props: { protocol: 'mqtt', idPattern: 'mqtt-$tagname-$nanoid', prefix: '' } })
  t.deepEqual(idsBelow(models[0]?.data), ['mqtt-last', 'params', 'cmds'])
  const one = await admin.get('/models/base?only=name&sortBy=-name&limit=1')
  t.is(one.text, `[\n${JSON.stringify({ _id: models[0]?._id, name: 'MQTT' })}\n]\n`)
  t.deepEqual((await admin.get('/models/base?where.id=http')).list(), [models[1]])
  t.is((await admin.get('/models/base?limit=-1')).text, invalid('models', { limit: ['range'] }))
  t.is((await admin.get('/models/base?meta=count')).text, '{"count":3,"success":true}')
})

test('base models cannot be changed', async (t) => {
  const base = (await admin.get('/models/base')).list()[0]?._id ?? ''
  for (const id of ['base', base]) {
    t.is((await admin.patch(`/models/${id}`, { name: 'Mine' })).text, notFound('models'))
    t.is((await admin.delete(`/models/${id}`)).text, notFound('models'))
    t.is((await admin.post(`/models/${id}/nodes`, SPEED)).text, notFound('models'))
  }
})

test('a node is added, changed and taken away, and each is a model-update', async (t) => {
  const member = await newMember(admin)
  const { entity: model } = await create(member, 'models')
  const socket = await connectSocketIo(t, member)
  const path = `/models/${model._id}/nodes`
  const added = await member.post(`${path}?attachTo=cmds&atIndex=1`, SPEED)
  t.is(added.text, JSON.stringify({ ...SPEED, active: true, success: true }))
  const after = (await member.get(`/models/${model._id}`)).entity()
  t.deepEqual(idsBelow(childrenOf(after.data)[2]), ['led-on', 'speed', 'led-off'])
  t.true(Number(after._at) >= Number(after.time))

  const changed = await member.patch(`${path}/speed`, {
    ...added.object(),
    id: 'other',
    children: [],
    unit: 'm/s',
  })
  t.deepEqual(changed.object(), { ...SPEED, active: true, unit: 'm/s', success: true })
  const version = (await member.get('/models')).headers['x-ric-version']
  t.is((await member.patch(`${path}/speed`, changed.object())).text, changed.text, 'nothing changes')
  t.is((await member.get('/models')).headers['x-ric-version'], version)

  const removed = await member.delete(`${path}/cmds`)
  t.deepEqual(idsBelow(removed.object()), ['led-on', 'speed', 'led-off'])
  t.true(removed.object().success)
  const end = (await member.get(`/models/${model._id}`)).entity()
  t.deepEqual(idsBelow(end.data), ['mqtt-last', 'params'])

  const { entity: marker } = await create(member, 'labels')
  await socket.next(about(marker._id))
  const pushes = socket.pushes.filter(about(model._id))
  t.deepEqual(
    pushes.map(({ name }) => name),
    ['model-update', 'model-update', 'model-update'],
  )
  for (const { payload } of pushes) {
    const { item, changes } = payload.data as { readonly item: JsonObject; readonly changes: JsonObject }
    t.false('data' in item, 'without the tree')
    t.true('data' in changes)
  }
})

test('refusals are exact, and what is not there goes before what is wrong', async (t) => {
  const member = await newMember(admin)
  const { entity: model } = await create(member, 'models')
  const path = `/models/${model._id}/nodes`
  t.is((await member.post(path, { ...SPEED, id: 'topic' })).text, conflict(NODES, { id: ['unique'] }))
  t.is(
    (await member.post(path, {})).text,
    invalid(NODES, { id: ['required'], type: ['required'], name: ['required'] }),
  )
  t.is((await member.post(`${path}?atIndex=last`, SPEED)).text, invalid(NODES, { atIndex: ['range'] }))
  t.is((await member.delete(`${path}/root`)).text, invalid(NODES, { id: ['immutable'] }))
  t.is((await member.post(`${path}?attachTo=none`, {})).text, NO_NODE)
  t.is((await member.patch(`${path}/none`, {})).text, NO_NODE)
  t.is((await member.delete(`${path}/none`)).text, NO_NODE)
  const broken = { body: '{"a":' }
  t.is((await member.send('POST', `/api/v1${path}?attachTo=none`, broken)).text, NO_NODE)
  t.is((await member.send('PATCH', `/api/v1${path}/none`, broken)).text, NO_NODE)
  t.is((await member.send('POST', `/api/v1${path}`, broken)).text, BAD_REQUEST)
  const other = await newMember(admin)
  t.is((await other.post(path, SPEED)).text, notFound('models'))
  t.is((await other.patch(`${path}/topic`, {})).text, notFound('models'))
  const reading = await newToken(member, ['GET /models/*'])
  t.is((await reading.post(path, SPEED)).status, 403)
})

test('twenty nodes at once all survive', async (t) => {
  const member = await newMember(admin)
  const { entity: model } = await create(member, 'models', { base: 'custom' })
  const ids = Array.from({ length: 20 }, (_, n) => `n${n}`)
  const replies = await Promise.all(
    ids.flatMap((id) => [0, 1].map(() => member.post(`/models/${model._id}/nodes`, { ...SPEED, id }))),
  )
  t.is(replies.filter(({ status }) => status === 200).length, 20)
  t.is(replies.filter(({ status }) => status === 409).length, 20)
  const { data } = (await member.get(`/models/${model._id}`)).entity()
  t.deepEqual(idsBelow(data).map(asText).sort(), [...ids].sort())
})

test('a table that a node uses cannot go', async (t) => {
  const member = await newMember(admin)
  const { entity: table } = await create(member, 'tables')
  const { entity: model } = await create(member, 'models')
  const path = `/models/${model._id}/nodes`
  const config = { id: 'cfg', type: 'config', name: 'T', dataType: 'table', table: table._id }
  t.is((await member.post(`${path}?attachTo=params`, config)).status, 200)
  t.is((await member.delete(`/tables/${table._id}`)).status, 409)
  t.is((await member.delete(`${path}/params`)).status, 200)
  t.is((await member.delete(`/tables/${table._id}`)).status, 200)
})
