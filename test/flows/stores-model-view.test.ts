/** Proves the model view of objects (rightech 3.2) against the real server: case 37 of rightech 10, and its example E10. */
import test from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import { asText, notFound, type Entity } from '../support/client.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

/** An object of a fresh mqtt model, in a group of its own. */
const given = async (from = admin): Promise<{ readonly member: Member; readonly object: Entity }> => {
  const member = await newMember(from)
  const { entity: object } = await create(member, 'objects')
  return { member, object }
}

const nodes = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []
const idsOf = (value: Json | undefined): readonly Json[] => nodes(value).map(({ id = null }) => id)
const byId = (value: Json | undefined, id: string): JsonObject =>
  nodes(value).find((node) => node.id === id) ?? {}

test('37: the model view has base arguments last, and values only after a packet', async (t) => {
  const { member, object } = await given()
  const model = (await member.get(`/models/${asText(object.model)}`)).entity()
  const path = `/objects/${object._id}/model`
  const before = (await member.get(path)).object()
  const members = [
    '_id',
    'name',
    'base',
    'owner',
    'group',
    'time',
    '_configs',
    '_actions',
    '_arguments',
    '_object',
    'success',
  ]
  t.deepEqual(Object.keys(before), members)
  t.like(before, {
    _id: model._id,
    name: model.name,
    base: 'mqtt',
    owner: member.user,
    group: member.group,
    success: true,
  })
  t.deepEqual(before._configs, [])
  t.deepEqual(before._object as JsonObject, object)
  t.deepEqual(nodes(before._actions)[0], {
    ...{ id: 'led-on', name: 'led-on', type: 'action', active: true },
    ...{ service: 'ric-gate', command: 'publish', params: { topic: 'base/relay/led1', payload: '1' } },
    _parentId: 'cmds',
  })
  t.deepEqual(idsOf(before._arguments), ['topic', 'payload', 'temperature', 'online', 'time', '_ts'])
  t.deepEqual(nodes(before._arguments).slice(3), [
    baseArgument('online', 'online', { dataType: 'boolean' }),
    baseArgument('time', 'time', { dataType: 'number', unit: 'duration-millisecond' }),
    baseArgument('_ts', 'server_time', { dataType: 'number', unit: 'duration-microsecond' }),
  ])
  t.true(nodes(before._arguments).every((node) => !('_value' in node)))

  const packet = (await member.post(`/objects/${asText(object.id)}/packets`, { temperature: 36.6 })).object()
  const after = (await member.get(`/objects/${asText(object.id)}/model`)).object()
  t.deepEqual(byId(after._arguments, 'temperature'), {
    ...byId(before._arguments, 'temperature'),
    ...{ _value: 36.6, _time: packet.time, _ts: packet._ts },
  })
  t.is(byId(after._arguments, 'online')._value, true)
  t.is(byId(after._arguments, 'time')._value, packet.time)
  t.is(byId(after._arguments, '_ts')._value, packet._ts)
  t.false('_value' in byId(after._arguments, 'topic'))
})

const baseArgument = (id: string, name: string, more: JsonObject): JsonObject => ({
  ...{ _base: true, id, name, type: 'argument', active: true, ...more },
  ...{ usage: id, reference: id },
})

test('E10: only touches the object alone, and without state there are no values', async (t) => {
  const { member, object } = await given()
  await member.post(`/objects/${object._id}/packets`, { temperature: 1 })
  const whole = (await member.get(`/objects/${object._id}/model`)).object()
  const bare = (await member.get(`/objects/${object._id}/model?only=model`)).object()
  t.deepEqual(bare._object, { _id: object._id, model: object.model ?? null })
  t.deepEqual(bare._actions, whole._actions)
  t.deepEqual(idsOf(bare._arguments), idsOf(whole._arguments))
  t.true(nodes(bare._arguments).every((node) => !('_value' in node || '_time' in node || '_ts' in node)))
  const part = (await member.get(`/objects/${object._id}/model?only=state.temperature`)).object()
  t.deepEqual(part._object, { _id: object._id, state: { temperature: 1 } })
  t.is(byId(part._arguments, 'temperature')._value, 1)
  t.is((await member.get(`/objects/${object._id}/model?only=`)).text, JSON.stringify(whole))
})

test('the model view walks depth first, keeps inactive nodes and lets a node stand for a base argument', async (t) => {
  const member = await newMember(admin)
  const argument = (id: string, more: JsonObject = {}): JsonObject => ({
    id,
    name: id,
    type: 'argument',
    active: true,
    ...more,
  })
  const children = [
    argument('a', { children: [argument('b', { active: false })] }),
    { id: 'cfg', name: 'cfg', type: 'config', dataType: 'string' },
    { id: 'online', name: 'own', type: 'event' },
    argument('c'),
  ]
  const { entity: model } = await create(member, 'models', { base: 'custom', data: { id: 'top', children } })
  const { entity: object } = await create(member, 'objects', {
    model: model._id,
    config: { auth: { password: 'pw' } },
  })
  const view = (await member.get(`/objects/${object._id}/model`)).object()
  t.deepEqual(idsOf(view._arguments), ['a', 'b', 'c', 'time', '_ts'])
  t.deepEqual(byId(view._arguments, 'b'), { ...argument('b', { active: false }), _parentId: 'a' })
  t.deepEqual(view._configs, [{ ...children[1], _parentId: 'top' }])
  t.like(view._object, { config: { auth: { password: '***' } } })
})

test("the view is the object's: it shows where the model belongs to a group above, and is 404 as the object is", async (t) => {
  const { member, object } = await given()
  const child = await newMember(member)
  const { entity: own } = await create(member, 'objects', { model: object.model ?? null, group: child.group })
  t.is((await child.get(`/models/${asText(object.model)}`)).text, notFound('models'))
  const view = (await child.get(`/objects/${own._id}/model`)).object()
  t.deepEqual(idsOf(view._actions), ['led-on', 'led-off'])
  t.is((await child.post(`/objects/${own._id}/commands/led-on`)).status, 200)
  t.is((await child.get(`/objects/${object._id}/model`)).text, notFound('objects'))
  t.is((await child.get('/objects/none/model')).text, notFound('objects'))
})
