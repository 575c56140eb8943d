/**
 * Proves that used time is counted as the text says (timelimit 4.2), against an implementation of that text alone: random actions through real HTTP, with
 * few days, slots and sessions, so that they meet.
 */
import test from 'ava'
import * as fc from 'fast-check'
import type { JsonObject } from '../../src/json.ts'
import { appLogic } from '../support/timelimit-crypto.ts'
import { count, shownOf, type Counted, type Item, type Usage } from '../support/timelimit-used-time.ts'
import { createWorld, type World } from '../support/timelimit-world.ts'
import { startTimelimit, type Timelimit } from '../support/timelimit.ts'

const RUNS = process.env['SOAK'] ? 200 : 8
const ACTIONS = 60

let at: Timelimit | undefined
test.before(async () => {
  at = await startTimelimit()
})
test.after.always(() => at?.close())

const ids = ['games1', 'webbb1', 'hersc1', 'nobod9']
const MINUTES = [0, 1, 60, 600, 1438, 1439]
const slot = fc
  .tuple(fc.constantFrom(...MINUTES), fc.constantFrom(...MINUTES))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
const limit = fc
  .tuple(slot, fc.constantFrom(1_000, 600_000), fc.constantFrom(1, 5_000, 10_000, 60_000))
  .map(([[start, end], duration, pause]) => [start, end, duration, pause] as const)
const distinct = <A>(values: fc.Arbitrary<A>): fc.Arbitrary<readonly A[]> =>
  fc.uniqueArray(values, { maxLength: 3, selector: (value) => JSON.stringify(value) })

const item: fc.Arbitrary<Item> = fc.record(
  {
    categoryId: fc.constantFrom(...ids),
    tta: fc.oneof(fc.constantFrom(0, 1, 5_000, 60_000, 86_400_000), fc.nat(120_000)),
    etts: fc.constantFrom(0, 0, 0, 10_000),
    as: distinct(slot.filter(([start, end]) => start !== 0 || end !== 1439)),
    sdl: distinct(limit),
  },
  { requiredKeys: ['categoryId', 'tta', 'etts'] },
)
const usage: fc.Arbitrary<Usage> = fc.record(
  {
    d: fc.constantFrom(0, 20_771, 20_772),
    t: fc.oneof(
      fc.constant(0),
      fc.nat(400).map((seconds) => 1_794_700_800_000 + seconds * 500),
    ),
    i: fc.uniqueArray(item, { minLength: 1, maxLength: 3, selector: ({ categoryId }) => categoryId }),
  },
  { requiredKeys: ['d', 'i'] },
)

const EXTRA = 25_000

const run = async (w: World, usages: readonly Usage[]): Promise<readonly [unknown, unknown]> => {
  const known = [w.games, w.web, w.hers]
  const categories = new Map<string, Counted>(
    known.map((id) => [id, { counters: [], sessions: [], extra: EXTRA }]),
  )
  await w.phone.push(
    ...known.map((categoryId) => w.me({ type: 'SET_CATEGORY_EXTRA_TIME', categoryId, newExtraTime: EXTRA })),
  )
  const isMissing = usages.some(({ i }) => i.some(({ categoryId }) => !categories.has(categoryId)))
  const actions = usages.map((each) =>
    appLogic({ type: 'ADD_USED_TIME_V2', ...(each as unknown as JsonObject) }),
  )
  const flag = await w.tablet.push(...actions)
  if (flag !== isMissing) throw new Error(`shouldDoFullSync ${String(flag)}`)
  for (const each of usages) count(categories, each)
  const { categories: shown } = await w.phone.full()
  const got = known.map((id) => {
    const { times, sessions, base } = shown[id] ?? {}
    return { times, sessions, extra: (base as JsonObject).extraTime }
  })
  return [got, [...categories.values()].map(shownOf)]
}

test(`${RUNS * ACTIONS} random actions`, async (t) => {
  const server = at
  if (server === undefined) throw new Error('no server')
  const many = fc.array(usage, { minLength: ACTIONS, maxLength: ACTIONS })
  await fc.assert(
    fc.asyncProperty(many, async (usages) => {
      const [got, expected] = await run(await createWorld(server), usages)
      t.deepEqual(got, expected)
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false, endOnFailure: true },
  )
})
