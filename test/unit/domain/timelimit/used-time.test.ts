/**
 * Proves how used time is counted (timelimit 4.2, 4.3): by examples, and by random actions that a naive implementation of the text of 4.2,
 * on rows as a database has them, counts as well.
 */
import test from 'ava'
import fc from 'fast-check'
import type { Fact } from '../../../../src/domain/decider.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import { evolve } from '../../../../src/domain/timelimit/evolve.ts'
import { dayOf, type FamilyState } from '../../../../src/domain/timelimit/state.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { BOOKS, family, GAMES, MUSIC, NOBODY, NOW, SPARE, TABLET } from '../../../support/timelimit-family.ts'
import { naiveTimes, shownCounter, shownSession } from '../../../support/timelimit-naive-times.ts'
import { dataOf, done, push, pushedBy, scope, then } from '../../../support/timelimit-decided.ts'

const DAY = 20_000
const MINUTE = 60_000
const COUNTED = Math.floor(NOW / (2 * 86_400_000)) * 2 * 86_400_000
const HELD = Math.floor(NOW / 43_200_000) * 43_200_000
const used = (category: string) => scope('usedTime', category)
const base = (category: string) => scope('base', category)
const EMPTY = { counters: [], sessions: [], touched: [COUNTED, HELD] }
const whole = (time: number) => ({ start: 0, end: 1439, used: time })

const add = (
  items: readonly JsonObject[],
  change: JsonObject = {},
  after: readonly Fact[] = [],
  on = TABLET,
) =>
  push(
    'ADD_USED_TIME_V2',
    { d: DAY, i: items.map((item) => ({ categoryId: GAMES, tta: 1_000, etts: 0, ...item })), ...change },
    { after, on },
  )

const extra = (extraTime: number, extraTimeDay = 7) =>
  fact('CategoryExtraTimeSet', { categoryId: GAMES, extraTime, extraTimeDay })
const counted = (
  counters: readonly JsonObject[],
  sessions: readonly JsonObject[] = [],
  rest: JsonObject = {},
) => ({
  categoryId: GAMES,
  day: DAY,
  added: 1_000,
  ...EMPTY,
  counters: [...counters],
  sessions: [...sessions],
  ...rest,
})

test('ADD_USED_TIME_V2: the whole day first, then each slot, which begins with the most inside of it', (t) => {
  const slots = [
    [0, 59],
    [30, 40],
    [0, 1438],
  ]
  const before = then('UsedTimeAdded', {
    ...counted([whole(7_000), { start: 10, end: 20, used: 5_000 }, { start: 10, end: 60, used: 6_000 }]),
  })
  t.deepEqual(
    add([{ as: slots }], {}, [before]),
    done(
      [
        then(
          'UsedTimeAdded',
          counted([
            whole(8_000),
            { start: 0, end: 59, used: 6_000 },
            { start: 30, end: 40, used: 1_000 },
            { start: 0, end: 1438, used: 7_000 },
          ]),
        ),
      ],
      'G1',
      used(GAMES),
    ),
  )
  t.like(add([{ tta: 0 }]), { facts: [then('UsedTimeAdded', counted([whole(0)], [], { added: 0 }))] })
  const full = then('UsedTimeAdded', counted([whole(86_400_000), { start: 5, end: 5, used: MINUTE }], [], { added: 2 ** 53 - 1 })) // prettier-ignore
  t.like(add([{ tta: 2 ** 53 - 1, as: [[5, 5]] }], {}, [before]), { facts: [full] })
})

test('ADD_USED_TIME_V2: extra time is taken as far as it goes, of its day whatever that is', (t) => {
  const rows = [
    [5_000, 2_000, 3_000],
    [5_000, 9_000, 0],
    [0, 1, 0],
  ] as const
  for (const [before, etts, extraTime] of rows)
    t.deepEqual(
      add([{ etts }], {}, [extra(before)]),
      done(
        [then('UsedTimeAdded', counted([whole(1_000)], [], { extraTimeSubtracted: etts, extraTime }))],
        'G1',
        used(GAMES),
        base(GAMES),
      ),
    )
  t.is(family(extra(5_000), then('UsedTimeAdded', counted([], [], { extraTime: 1 }))).categories[GAMES]?.extraTimeDay, 7) // prettier-ignore
})

test('ADD_USED_TIME_V2: an unknown category is skipped, and asks for a full sync', (t) => {
  const item = (categoryId: string) => ({ categoryId, tta: 1_000, etts: 0 })
  const push = (...ids: readonly string[]) =>
    pushedBy(TABLET, { type: 'ADD_USED_TIME_V2', d: DAY, i: ids.map(item) })
  const one = push(GAMES, NOBODY, MUSIC)
  t.true(one.fullSync)
  t.deepEqual(
    dataOf(one).map(({ data }) => data['categoryId']),
    [GAMES, MUSIC],
  )
  const none = push(NOBODY)
  t.true(none.fullSync)
  t.deepEqual(dataOf(none), [then('DeviceSequenceAdvanced', { action: 'ADD_USED_TIME_V2', told: 1 })])
  t.false(push(GAMES).fullSync)
})

test("ADD_USED_TIME_V2: times of another user's child are important", (t) => {
  t.like(add([{}]), { notify: 'G1' })
  t.like(add([{ categoryId: BOOKS }]), { notify: 'G2' })
  t.like(add([{}, { categoryId: BOOKS }]), { notify: 'G2' })
  t.like(add([{}], {}, [], SPARE), { notify: 'G2' })
})

test('ADD_USED_TIME_V2: a session goes on if its pause was too short, with a tolerance of five seconds', (t) => {
  const limit = [0, 1439, 30 * MINUTE, 10 * MINUTE]
  const session = (duration: number, lastUsage: number) => ({ start: 0, end: 1439, max: limit[2] ?? 0, pause: limit[3] ?? 0, duration, lastUsage }) // prettier-ignore
  const before = then('UsedTimeAdded', counted([], [session(20_000, NOW)]))
  const after = (end: number) => {
    const outcome = add([{ sdl: [limit] }], end === 0 ? {} : { t: end }, [before])
    return typeof outcome === 'string' ? outcome : outcome.facts[0]?.data['sessions']
  }
  const last = NOW + 10 * MINUTE - 5_000 + 1_000
  t.deepEqual(after(last), [session(21_000, last)])
  t.deepEqual(after(last + 1), [session(1_000, last + 1)])
  t.deepEqual(after(0), [session(21_000, NOW)], 'without a trusted time it always does')
  t.deepEqual(after(NOW - 1), [session(21_000, NOW)], 'the last usage never goes back')
  const full = then('UsedTimeAdded', counted([], [session(Number.MAX_SAFE_INTEGER, NOW)]))
  const beyond = add([{ sdl: [limit] }], {}, [full])
  t.like(beyond, { facts: [{ data: { sessions: [session(Number.MAX_SAFE_INTEGER, NOW)] } }] })
})

test('ADD_USED_TIME_V2: a wrong value anywhere refuses all of it', (t) => {
  const wrong: readonly (readonly [readonly JsonObject[], JsonObject?])[] = [
    [[]],
    [[{}, {}]],
    [[{ categoryId: 'games' }]],
    [[{ tta: -1 }]],
    [[{ etts: 0.5 }]],
    [[{ more: 1 }]],
    [[{}], { d: -1 }],
    [[{}], { d: 2 ** 31 }],
    [[{}], { t: -1 }],
    [[{}], { more: 1 }],
    ...[[0, 1439], [5, 4], [-1, 4], [0, 1440], [0], [0, 1, 2], [0, 0.5], ['0', 1], 7].map((slot) => [[{ as: [slot] }]] as const), // prettier-ignore
    [[{ as: [[0, 1], [0, 1]] }]], // prettier-ignore
    ...[[0, 1439, 0, 1], [0, 1439, 1, 0], [5, 4, 1, 1], [0, 1440, 1, 1], [0, 1, 1], [0, 1, 1, 2 ** 31], [0, 1, 2 ** 31, 1]].map((limit) => [[{ sdl: [limit] }]] as const), // prettier-ignore
    [[{ sdl: [[0, 1, 2, 3], [0, 1, 2, 3]] }]], // prettier-ignore
  ]
  for (const [items, change] of wrong) t.is(add(items, change), 'SCHEMA', JSON.stringify([items, change]))
  t.is(typeof add([{ as: [], sdl: [[0, 1439, 1, 1]] }], { t: 0 }), 'object')
})

test('ADD_USED_TIME: the child category and its parent once each (A3 is repaired)', (t) => {
  const legacy = (change: JsonObject = {}, ...after: readonly Fact[]) =>
    push(
      'ADD_USED_TIME',
      { categoryId: GAMES, day: DAY, timeToAdd: 1_000, extraTimeToSubtract: 0, ...change },
      { after, on: SPARE },
    )
  const slot = then('UsedTimeAdded', counted([{ start: 0, end: 59, used: 9_000 }]))
  const alone = done([then('UsedTimeAdded', counted([whole(1_000)]))], 'G1', used(GAMES))
  t.deepEqual(legacy(), alone)
  t.deepEqual(legacy({}, slot), alone, 'slots count for nothing')
  const none = done([then('UsedTimeAdded', counted([], [], { added: 0 }))], 'G1', used(GAMES))
  t.deepEqual(legacy({ timeToAdd: 0 }), none)
  const below = fact('CategoryParentSet', { categoryId: GAMES, parentCategoryId: MUSIC })
  const of = (categoryId: string, time: number, extraTime: number) =>
    then('UsedTimeAdded', counted([whole(time)], [], { categoryId, extraTimeSubtracted: 500, extraTime }))
  const full = then('UsedTimeAdded', counted([whole(86_399_500)], [], { categoryId: MUSIC }))
  t.deepEqual(
    legacy({ extraTimeToSubtract: 500 }, below, extra(700), full),
    done([of(GAMES, 1_000, 200), of(MUSIC, 86_400_000, 0)], 'G1', used(GAMES), used(MUSIC), base(GAMES), base(MUSIC)), // prettier-ignore
  )
  for (const parentCategoryId of [BOOKS, NOBODY])
    t.deepEqual(legacy({}, fact('CategoryParentSet', { categoryId: GAMES, parentCategoryId })), alone)
  t.is(legacy({ categoryId: NOBODY }), 'NO_CATEGORY')
  for (const wrong of [{ day: -1 }, { timeToAdd: -1 }, { extraTimeToSubtract: -1 }, { more: 1 }])
    t.is(legacy(wrong), 'SCHEMA')
})

/** The same rows out of a family's state. */
const rowsOf = ({ categories }: FamilyState) => {
  const own = [GAMES, MUSIC].map((id) => [id, categories[id]] as const)
  return {
    counters: own.flatMap(([category, held]) =>
      Object.entries(held?.counters ?? {}).flatMap(([day, slots]) =>
        Object.entries(slots).map(([slot, [time]]) => `${category} ${dayOf(day)} ${slot} ${time}`),
      ),
    ),
    sessions: own.flatMap(([category, held]) =>
      Object.entries(held?.sessions ?? {}).map(([key, [time, last]]) => `${category} ${key} ${time} ${last}`),
    ),
    extraTime: own.map(([category, held]) => `${category} ${held?.extraTime ?? NaN}`),
  }
}

const minutes = fc.constantFrom(0, 1, 2, 3, 1438, 1439)
const range = fc.tuple(minutes, minutes).map(([one, other]): [number, number] => [Math.min(one, other), Math.max(one, other)]) // prettier-ignore
const slots = fc.uniqueArray(
  range.filter(([start, end]) => end - start < 1439),
  { maxLength: 4, selector: String },
)
const limits = fc.uniqueArray(
  fc
    .tuple(range, fc.constantFrom(1, 60_000, 120_000), fc.constantFrom(1, 6_000, 20_000))
    .map(([[start, end], max, pause]): [number, number, number, number] => [start, end, max, pause]),
  { maxLength: 4, selector: String },
)
const items = fc.uniqueArray(
  fc.record(
    {
      categoryId: fc.constantFrom(GAMES, GAMES, MUSIC, NOBODY),
      tta: fc.constantFrom(0, 1, 900, 15_000, 70_000, 86_400_000),
      etts: fc.constantFrom(0, 0, 20_000),
      as: slots,
      sdl: limits,
    },
    { requiredKeys: ['categoryId', 'tta', 'etts'] },
  ),
  { minLength: 1, maxLength: 3, selector: ({ categoryId }) => categoryId },
)
const actions = fc.array(
  fc.record(
    {
      d: fc.constantFrom(DAY, DAY + 1),
      i: items,
      t: fc.oneof(
        fc.constant(0),
        fc.nat(120_000).map((ms) => NOW + ms),
      ),
    },
    { requiredKeys: ['d', 'i'] },
  ),
  { minLength: 1, maxLength: 10 },
)

test('random actions are counted as the text of 4.2 says', (t) => {
  fc.assert(
    fc.property(actions, (all) => {
      const rows = naiveTimes([
        [GAMES, 50_000],
        [MUSIC, 0],
      ])
      let facts: readonly Fact[] = [extra(50_000)]
      for (const action of all) {
        const outcome = push('ADD_USED_TIME_V2', action, { after: facts, on: TABLET })
        if (typeof outcome === 'string') throw new Error(outcome)
        const { fullSync, times, extraTimes } = rows.addUsedTime(action)
        t.deepEqual(outcome.bumps, [...times.map(used), ...extraTimes.map(base)].sort())
        const pushed = pushedBy(TABLET, { type: 'ADD_USED_TIME_V2', ...action }, { after: facts })
        t.is(pushed.fullSync, fullSync)
        facts = [...facts, ...outcome.facts]
        const found = rowsOf(facts.reduce(evolve, family()))
        const expected = {
          counters: rows.counters.map(shownCounter),
          sessions: rows.sessions.map(shownSession),
          extraTime: [...rows.extraTime].map(([category, left]) => `${category} ${left}`),
        }
        t.deepEqual(found.counters.sort(), expected.counters.sort())
        t.deepEqual(found.sessions.sort(), expected.sessions.sort())
        t.deepEqual(found.extraTime, expected.extraTime)
      }
    }),
    { numRuns: 300 },
  )
})
