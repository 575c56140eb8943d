/**
 * Proves that the histories behave like an array: fast-check makes up appends (right, stale, ahead, repeated, overlapping), run
 * one by one or all at once, with reopening in between, and every answer and everything readable is compared with a model.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { memoryHistory } from '../../src/history/memory/memory.ts'
import type { Expected, History, NewEvent } from '../../src/history/port.ts'
import { collect, following, newEvent } from '../support/history.ts'

type Step = {
  readonly stream: string
  /** Relative to the stream's end; `any` and `none` as they are. */
  readonly expected: number | 'any' | 'none'
  readonly count: number
  /** Ids of an event that is there already: that of this revision and the following. */
  readonly repeat?: number | undefined
  readonly reopen: boolean
}
type Written = NewEvent & { readonly stream: string; readonly revision: bigint }
type Store = {
  readonly history: () => History
  readonly reopen: () => Promise<void>
  readonly close: () => Promise<void>
}

const steps = fc.array(
  fc.record({
    stream: fc.constantFrom('a-1', 'a-11', 'b-1'),
    expected: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.integer({ min: -4, max: 2 }) },
      fc.constantFrom('any' as const, 'none' as const),
    ),
    count: fc.integer({ min: 0, max: 4 }),
    repeat: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined, freq: 2 }),
    reopen: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  }),
  { maxLength: 25 },
)

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  memory: () => {
    const history = memoryHistory()
    return Promise.resolve({ history: () => history, reopen: () => Promise.resolve(), close: history.close })
  },
  embedded: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'headwater-law-'))
    let history = openEmbeddedHistory({ path: join(directory, 'history.mdb') })
    return {
      history: () => history,
      reopen: async () => {
        await history.close()
        history = openEmbeddedHistory({ path: join(directory, 'history.mdb') })
      },
      close: async () => {
        await history.close()
        await rm(directory, { recursive: true })
      },
    }
  },
}

const runs = process.env['SOAK'] === undefined ? 40 : 2_000

for (const [name, open] of Object.entries(stores)) {
  test(`${name}: appends one by one behave like an array`, (t) =>
    holds(open, async (store, all) => {
      const model: Written[] = []
      for (const step of all) {
        if (step.reopen) await store.reopen()
        const call = callOf(model, step)
        t.deepEqual(await answerOf(store.history(), call), answerOfModel(model, call))
      }
      await same(store.history(), model, t.deepEqual.bind(t))
    }))

  test(`${name}: appends that are all on their way at once take effect in the order of the calls`, (t) =>
    holds(open, async (store, all) => {
      const model: Written[] = []
      const answers = all.map((step) => {
        const call = callOf(model, step)
        return { call, wanted: answerOfModel(model, call), got: answerOf(store.history(), call) }
      })
      for (const { call, wanted, got } of answers) {
        const answer = await got
        t.deepEqual(settled(answer, call), settled(wanted, call))
      }
      await same(store.history(), model, t.deepEqual.bind(t))
    }))
}

type Call = { readonly stream: string; readonly expected: Expected; readonly events: readonly NewEvent[] }
type Answer =
  | { readonly _tag: 'Written'; readonly revision: bigint }
  | { readonly _tag: 'WrongRevision'; readonly actual: bigint | 'none' }
  | { readonly _tag: string }

/** Who wrote nothing is told what is flushed by the time of the answer: more, maybe, than at the time of the call. */
const settled = (answer: Answer, { events }: Call): Answer =>
  answer._tag === 'WrongRevision' || events.length === 0 ? { _tag: answer._tag } : answer

const holds = (
  open: () => Promise<Store>,
  law: (store: Store, all: readonly Step[]) => Promise<void>,
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const store = await open()
      try {
        await law(store, all)
      } finally {
        await store.close()
      }
    }),
    { numRuns: runs },
  )

const ofStream = (model: readonly Written[], stream: string): readonly Written[] =>
  model.filter((event) => event.stream === stream)

const callOf = (model: readonly Written[], { stream, expected, count, repeat }: Step): Call => {
  const there = ofStream(model, stream)
  const revision = typeof expected === 'number' ? there.length - 1 + expected : expected
  const ids = expected === 'any' || repeat === undefined ? [] : there.slice(repeat).map(({ id }) => id)
  const events = Array.from({ length: count }, (_, n) => newEvent({ n }, ids[n] ?? randomUUID()))
  return {
    stream,
    events,
    expected: typeof revision === 'string' ? revision : revision < 0 ? 'none' : BigInt(revision),
  }
}

const answerOf = async (history: History, { stream, expected, events }: Call): Promise<Answer> => {
  const answer = await history.append(stream, expected, events)()
  return answer._tag === 'Left' ? answer.left : { _tag: 'Written', revision: answer.right.revision }
}

const answerOfModel = (model: Written[], { stream, expected, events }: Call): Answer => {
  const there = ofStream(model, stream)
  const last = BigInt(there.length) - 1n
  if (events.length === 0) return { _tag: 'Written', revision: last }
  const first = expected === 'any' ? there.length : expected === 'none' ? 0 : Number(expected) + 1
  if (first === there.length) {
    model.push(...events.map((event, n) => ({ ...event, stream, revision: BigInt(first + n) })))
    return { _tag: 'Written', revision: BigInt(first + events.length - 1) }
  }
  const repeated = events.every(({ id }, n) => there[first + n]?.id === id)
  if (repeated) return { _tag: 'Written', revision: BigInt(first + events.length - 1) }
  return { _tag: 'WrongRevision', actual: there.length === 0 ? 'none' : last }
}

const same = async (
  history: History,
  model: readonly Written[],
  equal: (actual: unknown, expected: unknown) => unknown,
): Promise<void> => {
  const all = (await collect(history.readAll({ after: 0n }))).map(({ position: _, ...event }) => event)
  equal(all, model)
  for (const stream of ['a-1', 'a-11', 'b-1', 'a-']) {
    const there = ofStream(model, stream)
    equal(idsAndRevisions(await collect(history.read(stream))), idsAndRevisions(there))
    const backwards = await collect(history.read(stream, { direction: 'backwards' }))
    equal(idsAndRevisions(backwards), idsAndRevisions(there).reverse())
  }
  const subscription = following(history, { after: 0n, prefixes: ['a-'] })
  await subscription.until(() => subscription.deliveries.at(-1)?.caughtUp === true)
  await subscription.stop()
  equal(
    idsAndRevisions(subscription.events()),
    idsAndRevisions(model.filter(({ stream }) => stream.startsWith('a-'))),
  )
}

const idsAndRevisions = (events: readonly { readonly id: string; readonly revision: bigint }[]): unknown[] =>
  events.map(({ id, revision }) => [id, revision])
