/**
 * Laws of the stores' domain, for any JSON: a PATCH evolves to what a naive deep merge gives and changes nothing the second time, the stored
 * events alone give the state back, the documents do not depend on how a history is cut into batches, and every event's codec takes it back.
 */
import test from 'ava'
import * as fc from 'fast-check'
import { PROJECTIONS } from '../../projections/registry.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents, Write } from '../../src/documents/port.ts'
import { storesDecider } from '../../src/domain/stores/decide.ts'
import { STORES_EVENTS } from '../../src/domain/stores/events.ts'
import { collectionOf } from '../../src/domain/stores/names.ts'
import { present } from '../../src/domain/stores/present.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import {
  AT,
  caller,
  created,
  createCommand,
  following,
  ID,
  isRejection,
  MINIMAL,
  patchCommand,
  stored,
} from '../support/stores-domain.ts'

const RUNS = process.env['SOAK'] ? 10_000 : 300

/** Few keys, so that patches meet what is there; the empty one and inherited names among them. */
const key = fc.constantFrom('a', 'b', 'c', '', 'toString', '0', 'length')
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Json>(null, true, 0, 1, '', 'x', 'é'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value
const body: fc.Arbitrary<JsonObject> = fc.dictionary(fc.constantFrom('a', 'b', 'toString', 'extra'), json, {
  maxKeys: 3,
  noNullPrototype: true,
})

const naive = (base: Json | undefined, patch: Json): Json => {
  if (!isObject(patch)) return patch
  const before = isObject(base) ? base : undefined
  if (!before) return patch
  const keys = [...new Set([...Object.keys(before), ...Object.keys(patch)])]
  return Object.fromEntries(
    keys.map((name) => {
      const old = Object.hasOwn(before, name) ? before[name] : undefined
      return [name, Object.hasOwn(patch, name) ? naive(old, patch[name] ?? null) : (old ?? null)]
    }),
  )
}

const bare = ({ _at, ...entity }: JsonObject): JsonObject => entity

test('a PATCH is a naive deep merge, once', (t) => {
  fc.assert(
    fc.property(body, fc.array(body, { maxLength: 4 }), (first, patches) => {
      const entity = created('labels', { ...first, name: 'L' })
      for (const each of patches) {
        const before = entity.entity()
        const facts = entity.run(patchCommand('labels', each))
        t.deepEqual(bare(entity.entity()), naive(bare(before), each))
        t.is(isRejection(facts) ? -1 : facts.length, JSON.stringify(facts) === '[]' ? 0 : 1)
        t.deepEqual(entity.run(patchCommand('labels', each)), [])
      }
    }),
    { numRuns: RUNS },
  )
})

const user = fc.record(
  {
    name: fc.constantFrom('Ann', 'Bob'),
    login: fc.constantFrom('ann1', 'ANN1', 'bobby'),
    phone: fc.constantFrom(null, '', '+1'),
    password: fc.constantFrom('Secret123', 'Other1234'),
    extra: json,
  },
  { requiredKeys: [] },
)
const object = fc.record(
  {
    config: fc.record(
      {
        auth: fc.oneof(
          fc.constant(null),
          fc.record({ password: fc.constantFrom('', null, '***', 'p1', 'p2') }, { requiredKeys: [] }),
        ),
        a: json,
      },
      { requiredKeys: [] },
    ),
    extra: json,
  },
  { requiredKeys: [] },
)
const task = fc.record(
  {
    deadlines: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom<Json>(null, AT - 5, AT + 5)),
    status: fc.constantFrom('closed', 'created'),
  },
  { requiredKeys: [] },
)
const step = fc.oneof(
  fc.record({ store: fc.constant('users'), body: user }),
  fc.record({ store: fc.constant('objects'), body: object }),
  fc.record({ store: fc.constant('tasks'), body: task }),
  fc.record({ store: fc.constant('labels'), body }),
  fc.record({ store: fc.constantFrom('users', 'objects', 'tasks', 'labels'), body: fc.constant(undefined) }),
  fc.record({ store: fc.constant('tasks'), body: fc.constant('expire' as const) }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** One entity a store, made, changed and perhaps deleted; the whole as one history. Also checks that no command has an effect twice. */
const historyOf = (steps: readonly Step[]) => {
  const entities = new Map(
    ['users', 'objects', 'tasks', 'labels', 'tokens'].map((store) => [store, following(store)]),
  )
  const events: StoredEvent[] = []
  const run = (store: string, command: Parameters<ReturnType<typeof following>['run']>[0]) => {
    const entity = entities.get(store)
    const facts = entity?.run(command)
    if (!entity || !facts || isRejection(facts)) return
    events.push(...stored(store, ID, facts, events.length + 1))
    const again = entity.run(command)
    if (!isRejection(again) && again.length > 0) throw new Error(`${command.type} decided twice`)
  }
  for (const store of entities.keys()) run(store, createCommand(store, MINIMAL[store]))
  steps.forEach(({ store, body: sent }, index) => {
    const at = AT + index
    if (sent === 'expire') run(store, { type: 'ExpireTask', id: ID, at })
    else if (sent === undefined)
      run(store, { type: 'DeleteEntity', store, id: ID, at, caller: caller(), blocked: false })
    else
      run(
        store,
        patchCommand(store, sent, {
          at,
          ...('password' in sent ? { passwordHash: `h${String(index)}` } : {}),
        }),
      )
  })
  return { entities, events }
}

test('no command has an effect twice; codecs take every event back; events alone give the state back', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const { entities, events } = historyOf(steps)
      for (const { type, data } of events) {
        const codec = STORES_EVENTS[type as keyof typeof STORES_EVENTS]
        const decoded = codec.decode(JSON.parse(JSON.stringify(codec.encode(data as never))))
        t.deepEqual(decoded, { _tag: 'Right', right: data } as never)
      }
      for (const [store, entity] of entities) {
        const { evolve, initial } = storesDecider(store)
        const own = events.filter(({ stream }) => stream.startsWith(`stores.${store}-`))
        t.deepEqual(own.reduce(evolve, initial), entity.state())
      }
    }),
    { numRuns: RUNS },
  )
})

const contents = async (documents: Documents) => {
  const found: Record<string, unknown> = {}
  for (const collection of [...(await documents.collections())].sort()) {
    for await (const page of documents.scan(collection))
      found[collection] = [...((found[collection] as unknown[] | undefined) ?? []), ...page]
  }
  return found
}

const writesOf = (event: StoredEvent): readonly Write[] =>
  PROJECTIONS.flatMap(({ on }) =>
    (on[event.type]?.(event) ?? []).map((write) => ({ ...write, at: event.position })),
  )

test('documents are the same however the history is cut and however often a batch comes, and show the entities', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 8 }),
      fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
      async (steps, cuts) => {
        const { entities, events } = historyOf(steps)
        const whole = memoryDocuments()
        await whole.apply(events.flatMap(writesOf), [])
        const cut = memoryDocuments()
        let from = 0
        for (const to of [...cuts.sort((a, b) => a - b), events.length]) {
          const again = Math.max(0, from - 2)
          await cut.apply(events.slice(again, Math.max(from, to)).flatMap(writesOf), [])
          from = Math.max(from, Math.min(to, events.length))
        }
        t.deepEqual(await contents(cut), await contents(whole))
        for (const [store, entity] of entities) {
          const found = (await whole.get(collectionOf(store), ID))?.value
          const known = entity.state().entity
          t.deepEqual(found && present(store, found), known && present(store, known))
        }
      },
    ),
    { numRuns: RUNS / 10 },
  )
})
