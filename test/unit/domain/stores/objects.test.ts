/** Proves what objects, models, automatons and groups compute and check beyond the generic rules (rightech 1.6, 3.6). */
import test from 'ava'
import { STORES_SEALED } from '../../../../src/domain/stores/events.ts'
import { baseModel } from '../../../../src/domain/stores/base-models.ts'
import { storesDecider } from '../../../../src/domain/stores/decide.ts'
import { changesOf, present } from '../../../../src/domain/stores/present.ts'
import { STORES } from '../../../../src/domain/stores/registry.ts'
import { bodyFields, referencesOf } from '../../../../src/domain/stores/validate.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  caller,
  created,
  createCommand,
  fieldsOf,
  following,
  hex,
  ID,
  MINE,
  MINIMAL,
  patchCommand,
  ROLE,
  ROOT,
  stored,
} from '../../../support/stores-domain.ts'

const object = (config: JsonObject = {}) => created('objects', { ...MINIMAL['objects'], config })
const PASSWORD = 'config.auth.password'

test('an object gets the default config under what was sent', (t) => {
  t.deepEqual(object().entity()['config'], { auth: {}, x509: {}, levels: {}, position: {} })
  t.deepEqual(object({ position: { lat: 1 }, settings: { number: 1 } }).entity()['config'], {
    auth: {},
    x509: {},
    levels: {},
    position: { lat: 1 },
    settings: { number: 1 },
  })
  t.deepEqual(
    created('objects', { ...MINIMAL['objects'], config: null }).entity()['config'],
    object().entity()['config'],
  )
  t.deepEqual(fieldsOf(object().run(patchCommand('objects', { config: null }))), { config: ['required'] })
})

test("a device password is sealed with the object's key, seen as ***, and survives ***", (t) => {
  const device = object({ auth: { username: 'u', password: 'pw1' } })
  t.deepEqual(device.entity()['config'], {
    auth: { username: 'u', password: '***' },
    x509: {},
    levels: {},
    position: {},
  })
  t.deepEqual(device.state().secrets, { [PASSWORD]: 'pw1' })
  t.deepEqual(
    device.run(patchCommand('objects', { config: { auth: { password: '***', username: 'u' } } })),
    [],
  )
  const changed = device.run(patchCommand('objects', { config: { auth: { password: 'pw2' } } }))
  t.like(changed, {
    length: 1,
    0: { data: { set: {}, unset: [], sealed: { set: { [PASSWORD]: 'pw2' }, unset: [] } } },
  })
  t.deepEqual(device.run(patchCommand('objects', { config: { auth: { password: 'pw2' } } })), [])
  device.run({ type: 'DeleteEntity', store: 'objects', id: ID, at: 1, caller: caller(), blocked: false })
  const open = device.facts().map(({ data }) => JSON.stringify({ ...data, sealed: null }))
  t.false(open.some((text) => /pw[12]/.test(text)))
  t.like(device.facts().at(-1), { data: { sealed: { [PASSWORD]: 'pw2' } } })
  for (const event of stored('objects', ID, device.facts())) {
    t.is(STORES_SEALED[event.type]?.subject(event, event.stream), `stores.object-${ID}`)
  }
})

test('an emptied or replaced device password is forgotten', (t) => {
  const patches: readonly [JsonObject, unknown][] = [
    [{ auth: { password: '' } }, ''],
    [{ auth: { password: null } }, null],
  ]
  for (const [config, left] of patches) {
    const device = object({ auth: { password: 'pw1' } })
    t.like(device.run(patchCommand('objects', { config })), {
      0: { data: { set: { [PASSWORD]: left }, sealed: { unset: [PASSWORD] } } },
    })
    t.deepEqual(device.state().secrets, {})
    t.like(device.entity(), { config: { auth: { password: left } } })
  }
  const device = object({ auth: { password: 'pw1' } })
  device.run(patchCommand('objects', { config: { auth: null } }))
  t.deepEqual(device.state().secrets, {})
  t.like(device.entity(), { config: { auth: null } })
})

test('*** sets nothing where nothing is; a password is text', (t) => {
  t.deepEqual(object({ auth: { password: '***' } }).entity(), object().entity())
  t.deepEqual(object().run(patchCommand('objects', { config: { auth: { password: '***' } } })), [])
  const answer = object().run(patchCommand('objects', { config: { auth: { password: { a: 1 } } } }))
  t.deepEqual(fieldsOf(answer), { [PASSWORD]: ['type'] })
})

test('device ids are claimed as they are', (t) => {
  const claims = storesDecider('objects').claims?.(object().state()) ?? []
  t.like(claims, {
    length: 1,
    0: { kind: 'object-id', value: 'pump-1', onTaken: { kind: 'Conflict', fields: { id: ['unique'] } } },
  })
  t.deepEqual(fieldsOf(following('objects').run(createCommand('objects', { model: 'x', id: 'has space' }))), {
    name: ['required'],
    model: ['reference'],
    id: ['format'],
  })
})

test('the changes of an update are the touched top-level fields, secrets shown as ***', (t) => {
  const device = object()
  device.run(
    patchCommand('objects', { config: { auth: { password: 'pw2' }, a: { b: 1 } }, description: null }),
  )
  const item = present('objects', device.entity())
  t.deepEqual(changesOf(device.facts().at(-1)?.data ?? {}, item), {
    config: { auth: { password: '***' }, x509: {}, levels: {}, position: {}, a: { b: 1 } },
    description: null,
  })
})

test('a model is a copy of its base under its own name', (t) => {
  const model = created('models', { name: 'Pump', base: 'mqtt' }).entity()
  const base = baseModel('mqtt')
  t.deepEqual(model['data'], { ...base?.data, name: 'Pump' })
  t.deepEqual(model['props'], base?.props)
  t.deepEqual(
    Object.keys(present('models', model)).filter((name) => name.startsWith('_')),
    ['_id'],
  )
  t.deepEqual(fieldsOf(following('models').run(createCommand('models', { name: 'P', base: 'nope' }))), {
    base: ['reference'],
  })
})

test("a model's tree always has lists of children, unique ids and known types", (t) => {
  const post = (data: JsonObject) =>
    following('models').run(createCommand('models', { name: 'P', base: 'custom', data }))
  const model = created('models', {
    name: 'P',
    base: 'custom',
    data: { children: [{ id: 's', type: 'subsystem', extra: 1 }] },
  })
  t.deepEqual(model.entity()['data'], {
    id: 'root',
    name: 'P',
    type: 'subsystem',
    active: true,
    _isRoot: true,
    children: [{ id: 's', type: 'subsystem', extra: 1, children: [] }],
  })
  const bad = [
    { id: 'a', type: 'argument' },
    { id: 'a', type: 'what', active: 1 },
    { type: 'event', name: 5, children: {} },
    7,
  ]
  t.deepEqual(fieldsOf(post({ children: bad })), {
    'data.children.1.id': ['unique'],
    'data.children.1.type': ['enum'],
    'data.children.1.active': ['type'],
    'data.children.2.id': ['required'],
    'data.children.2.name': ['type'],
    'data.children.2.children': ['type'],
    'data.children.3': ['type'],
  })
  t.deepEqual(fieldsOf(post({ children: {} })), { 'data.children': ['type'] })
  t.deepEqual(fieldsOf(model.run(patchCommand('models', { data: null, props: null, base: 'http' }))), {
    data: ['required'],
    props: ['required'],
  })
})

test('a model knows the tables of its config nodes', (t) => {
  const node = { id: 'c', type: 'config', dataType: 'table', table: hex('AB') }
  const model = created('models', { name: 'P', base: 'custom', data: { children: [node] } })
  t.deepEqual(model.entity()['_tables'], [hex('ab')])
  model.run(patchCommand('models', { data: { children: [] } }))
  t.deepEqual(model.entity()['_tables'], [])
  t.false('_tables' in changesOf(model.facts().at(-1)?.data ?? {}, present('models', model.entity())))
})

test('automatons: model and models complete each other, one is required', (t) => {
  const [a, b] = [hex('e1'), hex('e2')]
  t.like(created('automatons', { name: 'A', model: a }).entity(), {
    model: a,
    models: [a],
    processId: 'a1b2c3d4',
  })
  t.like(created('automatons', { name: 'A', models: [a, b] }).entity(), { model: a, models: [a, b] })
  t.deepEqual(fieldsOf(following('automatons').run(createCommand('automatons', { name: 'A', models: [] }))), {
    model: ['required'],
  })
  t.deepEqual(
    fieldsOf(following('automatons').run(createCommand('automatons', { name: 'A', models: [a, 'x'] }))),
    { models: ['reference'] },
  )
})

test('groups: own group and branch, parent, role and tagname by default; the root has no parent', (t) => {
  t.like(created('groups', { name: ' North — Plant 2 ' }).entity(), {
    group: ID,
    branch: [ROOT, MINE, ID],
    parent: MINE,
    role: ROLE,
    tagname: 'north_plant_2',
    active: true,
    code: 'AbC-_1234',
  })
  t.is(created('groups', { name: 'Цех' }).entity()['tagname'], 'group')
  t.is(
    created('groups', { name: 'X' }, { defaults: { tagname: 'x_2', code: 'c' } }).entity()['tagname'],
    'x_2',
  )
  const root = created('groups', { name: 'Root' }, { group: { _id: ID, branch: [] } }).entity()
  t.deepEqual([root['branch'], 'parent' in root], [[ID], false])
  t.deepEqual(fieldsOf(following('groups').run(createCommand('groups', { name: 'X', parent: 'y' }))), {
    parent: ['reference'],
  })
  t.like(storesDecider('groups').claims?.(created('groups').state()), {
    0: { kind: 'group-tagname', value: 'north_plant' },
  })
})

test('ids in bodies are lower-cased and listed for looking up', (t) => {
  const def = STORES['automatons']
  if (!def) return t.fail()
  const body = { model: hex('E1'), models: [hex('E2'), 'x', null], group: hex('B2') }
  t.deepEqual(bodyFields(def, body, 'create'), { model: hex('e1'), models: [hex('e2'), 'x', null] })
  t.deepEqual(referencesOf(def, body, 'create'), [
    { path: 'model', store: 'models', id: hex('e1') },
    { path: 'models', store: 'models', id: hex('e2') },
    { path: 'group', store: 'groups', id: hex('b2'), below: true },
  ])
  t.deepEqual(referencesOf(def, { group: hex('b2') }, 'patch'), [])
})
