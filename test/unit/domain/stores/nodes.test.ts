/** Proves what may be done to the nodes of a model's tree (rightech 3.6): given a model, when a node is added, changed or taken away, then what. */
import test from 'ava'
import type { AddNode, PatchNode, RemoveNode } from '../../../../src/domain/stores/commands.ts'
import { findNode } from '../../../../src/domain/stores/nodes.ts'
import { isList, isObject, type Json, type JsonObject } from '../../../../src/json.ts'
import { ENTITY_BYTES_MAX, JSON_DEPTH_MAX, MODEL_TREE_LEVELS_MAX } from '../../../../src/limits.ts'
import {
  AT,
  caller,
  created,
  fieldsOf,
  hex,
  ID,
  isRejection,
  kindOf,
} from '../../../support/stores-domain.ts'

const common = { id: ID, at: AT + 5, caller: caller() }
const add = (body: JsonObject, more: Partial<AddNode> = {}): AddNode => ({
  ...common,
  type: 'AddNode',
  body,
  ...more,
})
const patch = (node: string, body: JsonObject): PatchNode => ({ ...common, type: 'PatchNode', node, body })
const remove = (node: string): RemoveNode => ({ ...common, type: 'RemoveNode', node })

const ARGUMENT = { id: 'speed', type: 'argument', name: 'Speed', dataType: 'number' }

/** An mqtt model, its node by id, and the ids of a node's children. */
const given = () => {
  const model = created('models')
  const node = (id: string): JsonObject => findNode(model.entity()['data'], id) ?? {}
  const children = (id: string): readonly Json[] => {
    const below = node(id)['children']
    return isList(below) ? below.filter(isObject).map((child) => child['id'] ?? null) : []
  }
  return { ...model, node, children }
}

test('a node goes to the end of the root, is active, and the model changes', (t) => {
  const model = given()
  const facts = model.run(add({ ...ARGUMENT, _parentId: 'x', success: true }))
  t.like(facts, {
    length: 1,
    0: { type: 'EntityChanged', data: { store: 'models', id: ID, at: AT + 5, unset: [] } },
  })
  t.deepEqual(model.node('speed'), { ...ARGUMENT, active: true })
  t.deepEqual(model.children('root'), ['mqtt-last', 'params', 'cmds', 'speed'])
  t.is(model.entity()['_at'], AT + 5)
})

test('attachTo and atIndex say where; atIndex is clamped', (t) => {
  const model = given()
  const into = (id: string, atIndex: number) =>
    model.run(add({ ...ARGUMENT, id }, { attachTo: 'cmds', atIndex }))
  into('first', 0)
  into('second', 1)
  into('before', -7)
  into('behind', 99)
  t.deepEqual(model.children('cmds'), ['before', 'first', 'second', 'led-on', 'led-off', 'behind'])
  t.deepEqual(fieldsOf(model.run(add({ ...ARGUMENT, id: 'n' }, { atIndex: NaN }))), { atIndex: ['range'] })
  t.deepEqual(fieldsOf(model.run(add({ ...ARGUMENT, id: 'n' }, { atIndex: 0.5 }))), { atIndex: ['range'] })
})

test('a leaf gets children, a subsystem always has them', (t) => {
  const model = given()
  model.run(add({ id: 'sub', type: 'subsystem', name: 'Sub' }, { attachTo: 'temperature' }))
  t.deepEqual(model.children('temperature'), ['sub'])
  t.deepEqual(model.node('sub')['children'], [])
  model.run(patch('topic', { type: 'subsystem' }))
  t.deepEqual(model.node('topic')['children'], [])
})

test('what is broken is told at once, by the rules of a model', (t) => {
  const model = given()
  const broken = (body: JsonObject) => fieldsOf(model.run(add(body)))
  t.deepEqual(broken({}), { id: ['required'], type: ['required'], name: ['required'] })
  t.deepEqual(broken({ id: '', type: null, name: null }), {
    id: ['required'],
    type: ['required'],
    name: ['required'],
  })
  t.deepEqual(broken({ id: 5, type: 'engine', name: 7, active: 'yes', children: {} }), {
    id: ['type'],
    type: ['enum'],
    name: ['type'],
    active: ['type'],
    children: ['type'],
  })
  t.deepEqual(broken({ ...ARGUMENT, children: [{ id: 'c' }, 1, { id: 'c', type: 'event' }] }), {
    'children.0.type': ['required'],
    'children.1': ['type'],
    'children.2.id': ['unique'],
  })
  const unsafe = JSON.parse('{"__proto__":1,"a.b":1,"params":{"$x":1}}') as JsonObject
  t.deepEqual(broken({ ...ARGUMENT, ...Object.fromEntries(Object.entries(unsafe)) }), {
    ...Object.fromEntries([['__proto__', ['format']]]),
    'a.b': ['format'],
    params: ['format'],
  })
  t.like(model.run(add({})), { about: 'models/nodes' })
})

test('a used id is a conflict, also below the node', (t) => {
  const model = given()
  const used = model.run(add({ ...ARGUMENT, id: 'topic' }))
  t.like(used, { kind: 'Conflict', about: 'models/nodes' })
  t.deepEqual(fieldsOf(used), { id: ['unique'] })
  const below = model.run(add({ ...ARGUMENT, children: [{ id: 'root', type: 'event' }] }))
  t.deepEqual(fieldsOf(below), { 'children.0.id': ['unique'] })
  t.is(kindOf(below), 'Conflict')
})

test('PATCH merges deeply and leaves the id and what is below alone', (t) => {
  const model = given()
  const before = model.children('cmds')
  model.run(patch('cmds', { id: 'other', children: [], name: 'Commands', _isRoot: true, success: true }))
  t.deepEqual(model.children('cmds'), before)
  t.is(model.node('cmds')['name'], 'Commands')
  t.false('_isRoot' in model.node('cmds') || 'success' in model.node('cmds'))
  model.run(patch('led-on', { params: { payload: '2', extra: null } }))
  t.deepEqual(model.node('led-on')['params'], { topic: 'base/relay/led1', payload: '2', extra: null })
  t.deepEqual(model.run(patch('led-on', { params: { payload: '2' }, id: 'x' })), [], 'nothing changes')
  t.deepEqual(fieldsOf(model.run(patch('led-on', { name: '', type: 'x', active: 1 }))), {
    name: ['required'],
    type: ['enum'],
    active: ['type'],
  })
  t.deepEqual(fieldsOf(model.run(patch('led-on', { params: { 'a.b': 1 } }))), { params: ['format'] })
})

test('DELETE takes the subtree; the root stays', (t) => {
  const model = given()
  model.run(remove('cmds'))
  t.deepEqual(model.children('root'), ['mqtt-last', 'params'])
  t.deepEqual(model.node('led-on'), {})
  const root = model.run(remove('root'))
  t.like(root, { kind: 'Invalid', about: 'models/nodes' })
  t.deepEqual(fieldsOf(root), { id: ['immutable'] })
})

test('what is not there is 404: the node by itself, the model as one', (t) => {
  const model = given()
  const commands = [add(ARGUMENT, { attachTo: 'none' }), patch('none', {}), remove('none')]
  for (const command of commands) t.like(model.run(command), { kind: 'NotFound', about: 'models/nodes' })
  const stranger = caller({ user: hex('f1'), group: hex('f2'), branch: [hex('f2')] })
  for (const command of [add(ARGUMENT), patch('cmds', {}), remove('cmds')])
    t.like(model.run({ ...command, caller: stranger }), { kind: 'NotFound', about: 'models' })
})

test('the tables that config nodes use are known', (t) => {
  const model = given()
  const config = { id: 'cfg', type: 'config', name: 'Table', dataType: 'table', table: hex('ab') }
  model.run(add(config, { attachTo: 'params' }))
  t.deepEqual(model.entity()['_tables'], [hex('ab')])
  model.run(patch('cfg', { table: hex('AC') }))
  t.deepEqual(model.entity()['_tables'], [hex('ac')])
  model.run(remove('params'))
  t.deepEqual(model.entity()['_tables'], [])
})

test('neither depth nor size grows beyond what can be sent back', (t) => {
  const model = given()
  const chain = Array.from({ length: MODEL_TREE_LEVELS_MAX - 1 }, (_, n) => `n${String(n)}`)
  chain.forEach((id, n) => {
    const attachTo = chain[n - 1] ?? 'root'
    t.false(isRejection(model.run(add({ ...ARGUMENT, id }, { attachTo }))))
  })
  const deeper = model.run(add({ ...ARGUMENT, id: 'deeper' }, { attachTo: chain.at(-1) }))
  t.deepEqual(fieldsOf(deeper), { attachTo: ['max'] })
  const large = 'x'.repeat(ENTITY_BYTES_MAX / 2)
  t.false(isRejection(model.run(add({ ...ARGUMENT, id: 'l1', large }))))
  t.is(kindOf(model.run(add({ ...ARGUMENT, id: 'l2', large }))), 'TooLarge')
})

test('what is nested in a node counts with the place of the node: such a model could not be sent back', (t) => {
  const nested = (depth: number): Json =>
    Array.from({ length: depth }).reduce<Json>((below) => ({ a: below }), 1)
  const model = given()
  t.false(isRejection(model.run(add({ id: 'n1', type: 'subsystem', name: 'N' }))))
  const room = JSON_DEPTH_MAX - 2 * 3
  const into = { attachTo: 'n1' }
  const deeper = { opts: nested(room + 1) }
  t.deepEqual(fieldsOf(model.run(add({ ...ARGUMENT, ...deeper }, into))), { opts: ['max'] })
  const below = [{ ...ARGUMENT, id: 'below', opts: nested(room - 1) }]
  t.deepEqual(fieldsOf(model.run(add({ ...ARGUMENT, children: below }, into))), { children: ['max'] })
  t.false(isRejection(model.run(add({ ...ARGUMENT, opts: nested(room) }, into))))
  t.deepEqual(fieldsOf(model.run(patch('speed', deeper))), { opts: ['max'] })
  t.false(isRejection(model.run(patch('speed', { name: 'Fast', opts: nested(room) }))))
})
