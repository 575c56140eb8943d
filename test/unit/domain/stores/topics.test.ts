/** Proves that an event and a caller share a topic exactly if the domain lets the caller read the entity, for random trees of groups. */
import test from 'ava'
import fc from 'fast-check'
import type { JsonObject } from '../../../../src/json.ts'
import type { Caller } from '../../../../src/domain/stores/commands.ts'
import { STORES } from '../../../../src/domain/stores/registry.ts'
import { callerTopics, eventTopics, readScope } from '../../../../src/domain/stores/topics.ts'
import { mayRead, scopeOf } from '../../../../src/domain/stores/visibility.ts'

const USERS = ['u1', 'u2', 'u3']
/** A tree of groups by the branch of each. */
const BRANCHES = [['a'], ['a', 'b'], ['a', 'c'], ['a', 'b', 'd'], ['a', 'b', 'd', 'e'], ['z']]

const user = fc.constantFrom(...USERS)
const branch = fc.constantFrom(...BRANCHES)
const caller: fc.Arbitrary<Caller> = fc
  .record({ user, branch, credentials: fc.constantFrom(['*'], ['GET /*'], []) })
  .map((made) => ({ ...made, group: made.branch.at(-1) ?? '' }))
const entity = fc
  .record({ owner: user, branch, access: fc.uniqueArray(user) })
  .map((made) => ({ ...made, group: made.branch.at(-1) ?? '' }))

test('topics meet exactly where the caller may read', (t) => {
  let readable = 0
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(STORES)), caller, entity, (def, who, what) => {
      const scope = readScope(scopeOf(def.path, what))
      const topics = scope === undefined ? [] : eventTopics(scope, def)
      const meets = callerTopics(who).some((topic) => topics.includes(topic))
      t.is(meets, mayRead(who, what, def))
      if (meets) readable++
    }),
    { numRuns: 5_000 },
  )
  t.true(readable > 500 && readable < 4_800, 'both outcomes were tried')
})

test('a scope that cannot be read reaches nobody', (t) => {
  t.is(readScope(undefined), undefined)
  t.is(readScope({}), undefined)
  t.deepEqual(readScope({ store: 'labels', owner: null, branch: 'x', access: [1, 'u'] }), {
    store: 'labels',
    owner: '',
    group: '',
    branch: [],
    access: ['u'],
  })
})

test('the object an entity is about, and its model', (t) => {
  const concerned = (store: string, entity: JsonObject): unknown => {
    const { object, model } = readScope(scopeOf(store, entity)) ?? {}
    return [object, model]
  }
  t.deepEqual(concerned('objects', { _id: 'o', object: 'x', model: 'm' }), ['o', 'm'])
  t.deepEqual(concerned('tasks', { _id: 't', object: 'o', model: 'x' }), ['o', undefined])
  t.deepEqual(concerned('tasks', { _id: 't', object: null }), [undefined, undefined])
  t.deepEqual(concerned('messages', { _id: 'm', id: 'o' }), ['o', undefined])
  t.deepEqual(concerned('labels', { _id: 'l', id: 'o', object: 'o' }), [undefined, undefined])
})
