/**
 * Proves for every store of the registry, by iterating over it, that a minimal body becomes one event that its codec takes back,
 * that what is the server's cannot be set, that each required field is missed, and that a PATCH changes once. A new store is tested by being there.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { STORES_EVENTS } from '../../../../src/domain/stores/events.ts'
import { collectionOf, entityStream } from '../../../../src/domain/stores/names.ts'
import { storeDef, STORES } from '../../../../src/domain/stores/registry.ts'
import { storesDecider } from '../../../../src/domain/stores/decide.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  AT,
  caller,
  created,
  createCommand,
  fieldsOf,
  following,
  hex,
  ID,
  kindOf,
  ME,
  MINE,
  MINIMAL,
  patchCommand,
  ROOT,
} from '../../../support/stores-domain.ts'

const paths = Object.keys(STORES)
const minimal = (path: string): JsonObject => MINIMAL[path] ?? {}

test('the stores of the table are there', (t) => {
  t.deepEqual([...paths].sort(), Object.keys(MINIMAL).sort())
  t.is(storeDef('constructor'), undefined)
  t.is(storeDef('nonsense'), undefined)
  t.throws(() => storesDecider('toString'), { instanceOf: RangeError })
  t.is(entityStream('tasks/kinds', ID), `stores.tasks.kinds-${ID}`)
  t.is(collectionOf('tasks/kinds'), 'stores_tasks_kinds')
})

/** What the scope of an event says of an object beside who sees it. */
const concerned = (path: string) => (path === 'objects' ? { object: ID, model: minimal(path)['model'] } : {})

for (const path of paths) {
  test(`${path}: a minimal body gives one entity, and its event round-trips through the codec`, (t) => {
    const entity = created(path)
    const [fact] = entity.facts()
    t.deepEqual(
      entity.facts().map(({ type }) => type),
      path === 'users' ? ['EntityCreated', 'PasswordSet'] : ['EntityCreated'],
    )
    const text: unknown = JSON.parse(JSON.stringify(fact?.data))
    const decoded = STORES_EVENTS.EntityCreated.decode(text)
    t.true(E.isRight(decoded))
    if (E.isRight(decoded)) t.deepEqual(STORES_EVENTS.EntityCreated.encode(decoded.right), text as never)
    const { _id, owner, access, group, branch, time, links } = entity.entity()
    const own = path === 'groups' ? ID : MINE
    t.deepEqual({ _id, owner, group, time, links }, { _id: ID, owner: ME, group: own, time: AT, links: {} })
    t.deepEqual(access, path === 'users' ? [ID] : [])
    t.deepEqual(branch, path === 'groups' ? [ROOT, MINE, ID] : [ROOT, MINE])
    t.deepEqual(fact?.scope, {
      store: path,
      owner: ME,
      group: own,
      branch: own === ID ? [ROOT, MINE, ID] : [ROOT, MINE],
      access: path === 'users' ? [ID] : [],
      ...concerned(path),
    })
    const { password: _p, ...echoed } = minimal(path)
    t.deepEqual({ ...entity.entity(), ...echoed }, entity.entity())
  })

  test(`${path}: what is the server's is not taken over`, (t) => {
    const theirs = {
      _id: hex('1'),
      owner: hex('2'),
      access: [hex('3')],
      branch: [hex('4')],
      time: 5,
      _at: 6,
      links: { a: [] },
    }
    const more = { ...theirs, group: hex('5'), success: true, sucess: true, _secret: 1 }
    t.deepEqual(created(path, { ...MINIMAL[path], ...more }).entity(), created(path).entity())
    const entity = created(path)
    t.deepEqual(entity.run(patchCommand(path, more)), [])
    t.deepEqual(entity.run(patchCommand(path, {})), [])
  })

  test(`${path}: each required field is missed when it is absent, null or empty`, (t) => {
    const required = Object.entries(STORES[path]?.fields ?? {}).filter(([, field]) => field.required)
    for (const [name] of required) {
      const { [name]: _gone, ...rest } = minimal(path)
      for (const body of [rest, { ...rest, [name]: null }, { ...rest, [name]: '' }]) {
        const answer = following(path).run(createCommand(path, body))
        t.is(kindOf(answer), 'Invalid')
        t.deepEqual(fieldsOf(answer)?.[name], ['required'])
      }
    }
    t.true(required.length > 0 || ['tokens', 'tasks/kinds', 'reports/builds'].includes(path))
  })

  test(`${path}: a PATCH changes once and sets _at; extra fields are kept`, (t) => {
    const entity = created(path, { ...MINIMAL[path], extra: { deep: [1, { a: null }] } })
    const body = { description: 'changed', extra: { more: 1 } }
    const facts = entity.run(patchCommand(path, body))
    t.like(facts, {
      length: 1,
      0: { type: 'EntityChanged', data: { set: { description: 'changed', 'extra.more': 1 }, unset: [] } },
    })
    t.like(entity.entity(), {
      description: 'changed',
      _at: AT + 1000,
      extra: { deep: [1, { a: null }], more: 1 },
    })
    t.deepEqual(entity.run(patchCommand(path, body, { at: AT + 9000 })), [])
  })

  test(`${path}: deletion carries the last state, afterwards nothing is there and the id stays taken`, (t) => {
    const entity = created(path)
    const remove = {
      type: 'DeleteEntity',
      store: path,
      id: ID,
      at: AT + 1,
      caller: caller(),
      blocked: false,
    } as const
    const refused = entity.run({ ...remove, blocked: true })
    t.is(kindOf(refused), 'Conflict')
    t.deepEqual(fieldsOf(refused), { _id: ['in_use'] })
    const before = entity.facts()[0]?.data
    const facts = entity.run(remove)
    t.like(facts, { length: 1, 0: { type: 'EntityDeleted', data: { last: before?.['doc'] } } })
    t.deepEqual(entity.state(), {
      exists: false,
      deleted: true,
      entity: undefined,
      secrets: {},
      passwordHash: undefined,
    })
    t.is(kindOf(entity.run(remove)), 'NotFound')
    t.is(kindOf(entity.run(patchCommand(path, { name: 'x' }))), 'NotFound')
    t.is(kindOf(entity.run(createCommand(path))), 'Conflict')
  })

  test(`${path}: who cannot reach it gets NotFound, as for nothing at all`, (t) => {
    const stranger = caller({ user: hex('99'), group: hex('98'), branch: [hex('98')] })
    const entity = created(path)
    const answer = entity.run(patchCommand(path, { description: 'x' }, { caller: stranger }))
    t.deepEqual(answer, following(path).run(patchCommand(path, { description: 'x' }, { caller: stranger })))
    t.is(kindOf(answer), 'NotFound')
  })
}
