/**
 * Proves start, stop and commands of objects (rightech 3.4, 3.5): given an object, when one comes, then which facts, and that nothing claims to
 * have run.
 */
import test from 'ava'
import type { LinkStore, SendCommand, StartLink, StopLink } from '../../../../src/domain/stores/commands.ts'
import { actionParams } from '../../../../src/domain/stores/object-commands.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { APPEND_BYTES_MAX, COMMAND_PARAMS_BYTES_MAX } from '../../../../src/limits.ts'
import {
  AT,
  caller,
  created,
  fieldsOf,
  hex,
  ID,
  isRejection,
  kindOf,
  patchCommand,
} from '../../../support/stores-domain.ts'

const TARGET = hex('77')
const common = { id: ID, at: AT + 9, caller: caller() }
const start = (more: Partial<StartLink> = {}): StartLink => ({
  ...common,
  type: 'StartLink',
  store: 'automatons',
  target: TARGET,
  name: 'Cool down',
  session: 'UDZ5-RCb4UM',
  ...more,
})
const stop = (more: Partial<StopLink> = {}): StopLink => ({
  ...common,
  type: 'StopLink',
  store: 'automatons',
  target: TARGET,
  ...more,
})
const send = (more: Partial<SendCommand> = {}): SendCommand => ({
  ...common,
  type: 'SendCommand',
  command: 'led-on',
  params: { payload: '1' },
  isRefused: false,
  ...more,
})
const strange = { caller: caller({ user: hex('f1'), group: hex('f2'), branch: [hex('f2')] }) }

const KINDS: readonly (readonly [LinkStore, string])[] = [
  ['automatons', 'Automaton'],
  ['handlers', 'Handler'],
  ['geofences', 'Geofence'],
]

for (const [store, kind] of KINDS) {
  test(`${store}: a start and a stop are a fact and a change of the links each, once`, (t) => {
    const object = created('objects')
    const link = { session: 'UDZ5-RCb4UM', time: AT + 9, id: TARGET, name: 'Cool down' }
    const data = { object: ID, target: TARGET, session: link.session, name: link.name }
    const started = object.run(start({ store }))
    t.like(started, {
      length: 2,
      0: { type: `${kind}Started`, data },
      1: { type: 'EntityChanged', data: { set: { [`links.${store}`]: [link] }, unset: [] } },
    })
    t.deepEqual(object.entity()['links'], { [store]: [link] })
    t.deepEqual(object.run(start({ store, session: 'other-other', name: 'Renamed', at: AT + 99 })), [])
    const stopped = object.run(stop({ store }))
    t.like(stopped, { length: 2, 0: { type: `${kind}Stopped`, data } })
    t.deepEqual(object.entity()['links'], { [store]: [] })
    t.deepEqual(object.run(stop({ store })), [])
  })
}

test('links of several targets do not touch each other, and a PATCH does not touch links', (t) => {
  const object = created('objects')
  object.run(start())
  object.run(start({ target: hex('78'), session: 'second-one1' }))
  object.run(start({ store: 'handlers', target: hex('79') }))
  object.run(patchCommand('objects', { links: {}, name: 'Other' }))
  object.run(stop())
  t.like(object.entity(), {
    links: { automatons: [{ id: hex('78'), session: 'second-one1' }], handlers: [{ id: hex('79') }] },
  })
})

test('who may not change the object may neither start, stop nor command', (t) => {
  const object = created('objects')
  for (const command of [start(strange), stop(strange), send(strange)])
    t.like(object.run(command), { kind: 'NotFound', about: 'objects' })
})

test('a command is asked for and accepted, without a result', (t) => {
  const object = created('objects')
  const before = object.state()
  const data = { object: ID, command: 'led-on', params: { payload: '1' } }
  const facts = object.run(send())
  t.like(facts, {
    length: 2,
    0: { type: 'CommandRequested', data, scope: { store: 'objects', object: ID } },
    1: { type: 'CommandCompleted', data: { ...data, result: null } },
  })
  t.deepEqual(object.state(), before, 'the object is as it was')
})

test('a refused command is recorded as failed', (t) => {
  t.like(created('objects').run(send({ isRefused: true })), {
    length: 2,
    0: { type: 'CommandRequested' },
    1: { type: 'CommandFailed', data: { command: 'led-on', error: 'error_object_offline' } },
  })
})

test('parameters are safe, and as large as two events of one append may be', (t) => {
  const object = created('objects')
  const unsafe = { 'a.b': 1, $where: 1, deep: { constructor: 1 }, fine: 'x' }
  const refused = object.run(send({ params: unsafe }))
  t.deepEqual(fieldsOf(refused), { 'a.b': ['format'], $where: ['format'], deep: ['format'] })
  const text = 'é'.repeat(COMMAND_PARAMS_BYTES_MAX / 2 - 6)
  const fits = object.run(send({ params: { text } }))
  t.true(!isRejection(fits) && Buffer.byteLength(JSON.stringify(fits)) < APPEND_BYTES_MAX)
  t.is(kindOf(object.run(send({ params: { text: `${text}ééé` } }))), 'TooLarge')
})

test('a command is an active action anywhere in the tree', (t) => {
  const action = (id: string, more: JsonObject = {}): JsonObject => ({
    id,
    name: id,
    type: 'action',
    ...more,
  })
  const tree = {
    id: 'root',
    type: 'subsystem',
    children: [
      { id: 'sub', type: 'subsystem', children: [action('deep', { active: true, params: { a: '1' } })] },
      action('off', { active: false }),
      action('bare'),
      { id: 'speed', type: 'argument', params: {} },
    ],
  }
  t.deepEqual(actionParams(tree, 'deep'), { a: '1' })
  t.deepEqual(actionParams(tree, 'bare'), {})
  for (const id of ['off', 'speed', 'sub', 'root', 'none', '', 'toString'])
    t.is(actionParams(tree, id), undefined, id)
  t.is(actionParams(undefined, 'deep'), undefined)
})
