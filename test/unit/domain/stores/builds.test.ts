/** Proves what is decided about builds of reports (rightech 3.8), and that no step has an effect twice or comes out of turn. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import type { Fact } from '../../../../src/domain/decider.ts'
import {
  buildsDecider,
  objectsOf,
  UNFINISHED,
  type BuildCommand,
  type BuiltRow,
} from '../../../../src/domain/stores/builds.ts'
import { STORES_EVENTS } from '../../../../src/domain/stores/events.ts'
import { present } from '../../../../src/domain/stores/present.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { ENTITY_BYTES_MAX } from '../../../../src/limits.ts'
import { asText } from '../../../support/client.ts'
import { AT, caller, hex, ID, ME, MINE, ROOT } from '../../../support/stores-domain.ts'

const REPORT = hex('e5')
const OBJECT = hex('e6')
const creating = (body: JsonObject, missing: readonly string[] = []): BuildCommand => ({
  ...{ type: 'CreateBuild', id: ID, at: AT, body, missing: new Set(missing), locale: 'de', caller: caller() },
  report: { _id: REPORT, name: 'Pumps' },
})
const BODY = { period: { from: 1, to: 2 }, objectIds: [OBJECT] }
const common = { id: ID, at: AT + 1 }
const QUEUE: BuildCommand = { ...common, type: 'AdvanceBuild', to: 'queued' }
const progress = (per: number): BuildCommand => ({
  ...common,
  type: 'AdvanceBuild',
  to: 'processing',
  progress: per,
})
const complete = (rows: readonly BuiltRow[] = [['Pump', 3]]): BuildCommand => ({
  ...common,
  type: 'CompleteBuild',
  rows,
})
const CANCEL = { ...common, type: 'CancelBuild', caller: caller() } as const
const EVICT: BuildCommand = { ...common, type: 'EvictBuild' }

const stateOf = (facts: readonly Fact[]) => facts.reduce(buildsDecider.evolve, buildsDecider.initial)
const run = (given: readonly Fact[], ...commands: readonly BuildCommand[]): readonly Fact[] =>
  commands.reduce((facts, command) => {
    const answer = buildsDecider.decide(command, stateOf(facts))
    if (E.isLeft(answer)) throw new Error(JSON.stringify(answer.left))
    return [...facts, ...answer.right]
  }, given)
const refusalOf = (given: readonly Fact[], command: BuildCommand) => {
  const answer = buildsDecider.decide(command, stateOf(given))
  return E.isLeft(answer) ? answer.left : undefined
}
const CREATED = run([], creating(BODY))

test('given nothing, a build is pending and the caller’s', (t) => {
  t.like(CREATED, [{ type: 'EntityCreated', scope: { store: 'reports/builds', owner: ME, group: MINE } }])
  t.deepEqual(present('reports/builds', stateOf(CREATED).entity ?? {}), {
    ...{ report: REPORT, status: 'pending', progress: 0, createdAt: AT, time: AT, _id: ID },
    payload: { from: 1, to: 2, objects: [OBJECT], locale: 'de' },
    ...{ owner: ME, group: MINE, branch: [ROOT, MINE], access: [], links: {} },
  })
})

test('ids are taken once and in lower case; those that are missing are refused', (t) => {
  t.deepEqual(objectsOf({ objectIds: ['A'.repeat(24), 'a'.repeat(24), 'x', 5] }), ['a'.repeat(24)])
  t.deepEqual(objectsOf({ objectIds: 'x' }), [])
  t.deepEqual(refusalOf([], creating(BODY, [OBJECT]))?.fields, { objectIds: ['reference'] })
})

test('the steps in their order, each once', (t) => {
  const facts = run(
    CREATED,
    QUEUE,
    QUEUE,
    progress(0),
    progress(0),
    progress(30),
    progress(20),
    complete(),
    complete(),
  )
  const changes = facts.slice(1).map(({ data }) => data.set)
  t.deepEqual<unknown, unknown>(changes, [
    { status: 'queued' },
    { status: 'processing', startedAt: AT + 1 },
    { progress: 30 },
    { status: 'completed', progress: 100, completedAt: AT + 1, _result: [['Pump', 3]] },
  ])
  t.deepEqual(run(facts, QUEUE, progress(99), complete([['Other', 1]])), facts, 'what is completed stays so')
})

test('steps out of turn decide nothing', (t) => {
  t.deepEqual(run(CREATED, progress(0), complete()), CREATED)
  const queued = run(CREATED, QUEUE)
  t.deepEqual(run(queued, complete()), queued)
})

test('cancelling ends what is not ended, and only marks what is', (t) => {
  for (const given of [CREATED, run(CREATED, QUEUE), run(CREATED, QUEUE, progress(0))]) {
    const cancelled = run(given, CANCEL)
    t.like(stateOf(cancelled).entity, { status: 'cancelled', _cancelRequested: true, completedAt: AT + 1 })
    t.deepEqual(run(cancelled, CANCEL, QUEUE, progress(0), complete()), cancelled)
  }
  const done = run(CREATED, QUEUE, progress(0), complete())
  t.deepEqual<unknown, unknown>(run(done, CANCEL).at(-1)?.data.set, { _cancelRequested: true })
  const stranger = caller({ user: hex('a9'), group: hex('b9'), branch: [hex('b9')] })
  t.like(refusalOf(CREATED, { ...CANCEL, caller: stranger }), { kind: 'NotFound' })
})

test('a build that was evicted is nobody’s any more, which is no news to the builder', (t) => {
  const gone = run(CREATED, EVICT)
  t.is(gone.at(-1)?.type, 'EntityDeleted')
  t.deepEqual(run(gone, EVICT, QUEUE, progress(0), complete()), gone)
  t.like(refusalOf(gone, CANCEL), { kind: 'NotFound', about: 'reports/builds' })
  t.like(refusalOf(gone, creating(BODY)), { kind: 'Conflict' })
})

test('a result that is too large for its event fails the build', (t) => {
  const rows = Array.from({ length: 1_000 }, (): BuiltRow => ['x'.repeat(1_000), 1])
  const facts = run(CREATED, QUEUE, progress(0), complete(rows))
  t.like(stateOf(facts).entity, { status: 'failed', error: 'error_payload_too_large', _result: undefined })
})

test('cancelling what was completed with the largest possible result leaves it completed', (t) => {
  const filled = (characters: number) =>
    run(CREATED, QUEUE, progress(0), complete([['x'.repeat(characters), 1]]))
  const sizeOf = (facts: readonly Fact[]) => JSON.stringify([stateOf(facts).entity, {}]).length
  // `_at` comes after the size was looked at.
  const room = ENTITY_BYTES_MAX - sizeOf(filled(1))
  const completed = filled(room)
  t.is(stateOf(completed).entity?.['status'], 'completed')
  t.like(stateOf(run(completed, CANCEL)).entity, { status: 'completed', _cancelRequested: true })
})

test('law: whatever is asked in whatever order, the status only goes forward, and nothing counts twice', (t) => {
  const commands = [QUEUE, progress(0), progress(10), progress(50), complete(), CANCEL, EVICT]
  const order = [...UNFINISHED, 'completed']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...commands), { maxLength: 12 }), (asked) => {
      let facts = CREATED
      for (const command of asked) {
        const answer = buildsDecider.decide(command, stateOf(facts))
        if (E.isLeft(answer)) {
          t.is(stateOf(facts).exists, false)
          continue
        }
        const before = stateOf(facts).entity
        facts = [...facts, ...answer.right]
        const after = stateOf(facts).entity
        if (before !== undefined && after !== undefined) {
          const [from, to] = [order.indexOf(asText(before.status)), order.indexOf(asText(after.status))]
          t.true(from <= to || after.status === 'cancelled')
          t.true(Number(before.progress) <= Number(after.progress))
        }
        t.deepEqual(
          run(facts, ...(E.isLeft(buildsDecider.decide(command, stateOf(facts))) ? [] : [command])),
          facts,
        )
      }
      for (const { type, data } of facts) {
        t.true(STORES_EVENTS[type as 'EntityCreated'].is(JSON.parse(JSON.stringify(data))), type)
      }
    }),
    { numRuns: process.env['SOAK'] ? 10_000 : 200 },
  )
})
