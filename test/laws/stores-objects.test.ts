/**
 * Laws of nodes and links: whatever sequence of commands comes, the ids of a model's tree are unique and the tree passes the model's own
 * checks; links are what a naive map of targets says, every command done twice changes nothing the second time, and the facts alone give the
 * state back.
 */
import test from 'ava'
import * as fc from 'fast-check'
import type { LinkStore, StoresCommand } from '../../src/domain/stores/commands.ts'
import { storesDecider } from '../../src/domain/stores/decide.ts'
import { STORES_EVENTS } from '../../src/domain/stores/events.ts'
import { linksOf } from '../../src/domain/stores/links.ts'
import { childrenOf } from '../../src/domain/stores/nodes.ts'
import { STORES } from '../../src/domain/stores/registry.ts'
import { validate } from '../../src/domain/stores/validate.ts'
import { isObject, type Json } from '../../src/json.ts'
import { asText } from '../support/client.ts'
import { AT, caller, created, hex, ID, isRejection } from '../support/stores-domain.ts'

const RUNS = process.env['SOAK'] ? 10_000 : 300

const node = fc.constantFrom('root', 'cmds', 'params', 'led-on', 'a', 'b', 'c')
const type = fc.constantFrom<Json>('subsystem', 'argument', 'action', 'nonsense')
const child = fc.record({ id: node, type, name: fc.constant('N') })
const nodeBody = fc.record(
  { id: node, type, name: fc.constantFrom<Json>('N', '', null), children: fc.array(child, { maxLength: 2 }) },
  { requiredKeys: ['id', 'type', 'name'] },
)
const common = { id: ID, at: AT, caller: caller() }
const nodeCommand: fc.Arbitrary<StoresCommand> = fc.oneof(
  fc
    .record({
      body: nodeBody,
      attachTo: fc.option(node, { nil: undefined }),
      atIndex: fc.option(fc.integer({ min: -2, max: 5 }), { nil: undefined }),
    })
    .map((more) => ({ ...common, type: 'AddNode' as const, ...more })),
  fc.record({ node, body: nodeBody }).map((more) => ({ ...common, type: 'PatchNode' as const, ...more })),
  node.map((each) => ({ ...common, type: 'RemoveNode' as const, node: each })),
)

const idsOf = (tree: Json | undefined): readonly Json[] =>
  isObject(tree) ? [tree['id'] ?? null, ...childrenOf(tree).flatMap(idsOf)] : []

test('the nodes of a model have ids of their own after any sequence', (t) => {
  const models = STORES['models']
  if (models === undefined) return t.fail()
  fc.assert(
    fc.property(fc.array(nodeCommand, { maxLength: 12 }), (commands) => {
      const model = created('models')
      for (const command of commands) {
        const facts = model.run(command)
        if (!isRejection(facts)) t.true(facts.length <= 1)
        const ids = idsOf(model.entity()['data'])
        t.is(new Set(ids).size, ids.length)
        t.is(ids[0], 'root')
        t.deepEqual(validate(models, model.entity()), {})
      }
      const { evolve, initial } = storesDecider('models')
      t.deepEqual(model.facts().reduce(evolve, initial), model.state())
    }),
    { numRuns: RUNS },
  )
})

const store = fc.constantFrom<LinkStore>('automatons', 'handlers', 'geofences')
const linkCommand = fc.record({
  store,
  target: fc.constantFrom(hex('71'), hex('72')),
  session: fc.stringMatching(/^[A-Za-z0-9_-]{11}$/),
  isStart: fc.boolean(),
})

test('links are a map of targets, and start and stop are idempotent', (t) => {
  fc.assert(
    fc.property(fc.array(linkCommand, { maxLength: 12 }), (steps) => {
      const object = created('objects')
      const expected = new Map<string, string>()
      for (const { store: kind, target, session, isStart } of steps) {
        const key = `${kind} ${target}`
        const base = { ...common, store: kind, target }
        const command: StoresCommand = isStart
          ? { ...base, type: 'StartLink', session, name: 'T' }
          : { ...base, type: 'StopLink' }
        const facts = object.run(command)
        t.is(isRejection(facts) ? -1 : facts.length, expected.has(key) === isStart ? 0 : 2)
        if (isStart && !expected.has(key)) expected.set(key, session)
        if (!isStart) expected.delete(key)
        t.deepEqual(object.run(command), [], 'once is enough')
      }
      const found = (['automatons', 'handlers', 'geofences'] as const).flatMap((kind) =>
        linksOf(object.entity(), kind).map(
          (link) => [`${kind} ${asText(link['id'])}`, link['session']] as const,
        ),
      )
      t.deepEqual(Object.fromEntries(found), Object.fromEntries(expected))
      const { evolve, initial } = storesDecider('objects')
      t.deepEqual(object.facts().reduce(evolve, initial), object.state())
      for (const { type: name, data } of object.facts())
        t.true(STORES_EVENTS[name as keyof typeof STORES_EVENTS].is(data))
    }),
    { numRuns: RUNS },
  )
})
