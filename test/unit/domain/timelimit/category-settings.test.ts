/**
 * Proves the parents' actions on how categories limit (timelimit 4.4): for each the facts, who is told, which versions move, and every
 * refusal; the form of blocked times also against a naive reading of 4.4.3, minute by minute.
 */
import test from 'ava'
import fc from 'fast-check'
import type { Fact } from '../../../../src/domain/decider.ts'
import { blockedTimes, blocksAll } from '../../../../src/domain/timelimit/actions/blocked-times.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { BOOKS, GAMES, MUSIC, NOBODY, type Given } from '../../../support/timelimit-family.ts'
import { done, push, scope, then } from '../../../support/timelimit-decided.ts'

const base = (category: string) => scope('base', category)
const MAX = Number.MAX_SAFE_INTEGER

/** On the category of games, which must exist. */
const onGames = (type: string) => (action: JsonObject, given?: Given) =>
  push(type, { categoryId: GAMES, ...action }, given)
const changed = (type: string, data: JsonObject) =>
  done([then(type, { categoryId: GAMES, ...data })], 'G2', base(GAMES))

const extraTimeSet = (extraTime: number, extraTimeDay: number, categoryId = GAMES): Fact =>
  fact('CategoryExtraTimeSet', { categoryId, extraTime, extraTimeDay })
const belowMusic = fact('CategoryParentSet', { categoryId: GAMES, parentCategoryId: MUSIC })

test('SET_CATEGORY_EXTRA_TIME', (t) => {
  const set = onGames('SET_CATEGORY_EXTRA_TIME')
  const rows = [
    [{ newExtraTime: 5_000 }, { extraTime: 5_000, extraTimeDay: -1 }],
    [
      { newExtraTime: 0, day: -1 },
      { extraTime: 0, extraTimeDay: -1 },
    ],
    [
      { newExtraTime: MAX, day: 2 ** 31 - 1 },
      { extraTime: MAX, extraTimeDay: 2 ** 31 - 1 },
    ],
  ] as const
  for (const [action, data] of rows) t.deepEqual(set(action), changed('CategoryExtraTimeSet', data))
  t.deepEqual(set({ newExtraTime: 1 }, { after: [belowMusic] }), changed('CategoryExtraTimeSet', { extraTime: 1, extraTimeDay: -1 }), 'not of the parent') // prettier-ignore
  t.is(set({ newExtraTime: 1 }, { isPremium: false }), 'PREMIUM')
  t.is(set({ newExtraTime: 1, categoryId: NOBODY }), 'NO_CATEGORY')
  for (const wrong of [
    { newExtraTime: -1 },
    { newExtraTime: 0.5 },
    { newExtraTime: 2 ** 53 },
    { newExtraTime: '1' },
    {},
  ])
    // prettier-ignore
    t.is(set(wrong), 'SCHEMA')
  for (const day of [-2, 0.5, 2 ** 31]) t.is(set({ newExtraTime: 1, day }), 'SCHEMA', String(day))
})

test('INCREMENT_CATEGORY_EXTRATIME: added to what is of the day, in place of what was of another', (t) => {
  const increment = onGames('INCREMENT_CATEGORY_EXTRATIME')
  const incremented = (extraTime: number, extraTimeDay: number, added = 60) =>
    changed('CategoryExtraTimeIncremented', { added, extraTime, extraTimeDay })
  const rows = [
    [1_000, -1, 7, 1_060],
    [1_000, -1, -1, 1_060],
    [1_000, 7, 7, 1_060],
    [1_000, 6, 7, 60],
    [1_000, 6, -1, 60],
  ] as const
  for (const [before, dayBefore, day, after] of rows)
    t.deepEqual(
      increment({ addedExtraTime: 60, day }, { after: [extraTimeSet(before, dayBefore)] }),
      incremented(after, day),
    )
  t.deepEqual(increment({ addedExtraTime: 60 }), incremented(60, -1))
  t.deepEqual(increment({ addedExtraTime: 0 }, { after: [extraTimeSet(1, 6)] }), incremented(0, -1, 0))
  t.is(increment({ addedExtraTime: 1 }, { after: [extraTimeSet(MAX, -1)] }), 'VALUE', 'no exact number')
  t.is(increment({ addedExtraTime: 1 }, { isPremium: false }), 'PREMIUM')
  t.is(increment({ addedExtraTime: 1, categoryId: NOBODY }), 'NO_CATEGORY')
  t.is(increment({ addedExtraTime: -1 }), 'SCHEMA')
  t.is(increment({ addedExtraTime: 1, day: -2 }), 'SCHEMA')
})

test('INCREMENT_CATEGORY_EXTRATIME: the same for the parent, by what it has itself, and no further', (t) => {
  const third = [
    fact('CategoryCreated', { categoryId: 'third1', childId: 'kid001', sort: 0, sealed: { title: 'x' } }),
    fact('CategoryParentSet', { categoryId: MUSIC, parentCategoryId: 'third1' }),
  ]
  const after = [belowMusic, ...third, extraTimeSet(1_000, 7), extraTimeSet(1_000, 6, MUSIC)]
  const increment = { categoryId: GAMES, addedExtraTime: 60, day: 7 }
  const facts = [
    then('CategoryExtraTimeIncremented', { categoryId: GAMES, added: 60, extraTime: 1_060, extraTimeDay: 7 }),
    then('CategoryExtraTimeIncremented', { categoryId: MUSIC, added: 60, extraTime: 60, extraTimeDay: 7 }),
  ]
  t.deepEqual(
    push('INCREMENT_CATEGORY_EXTRATIME', increment, { after }),
    done(facts, 'G2', base(GAMES), base(MUSIC)),
  )
  const gone = [...after, fact('CategoryDeleted', { categoryId: MUSIC, requests: [] })]
  t.deepEqual(
    push('INCREMENT_CATEGORY_EXTRATIME', increment, { after: gone }),
    done(facts.slice(0, 1), 'G2', base(GAMES)),
  )
})

test('UPDATE_CATEGORY_BLOCKED_TIMES', (t) => {
  const update = onGames('UPDATE_CATEGORY_BLOCKED_TIMES')
  for (const times of ['', '0,60,100,10080', '0,10080', '00,060'])
    t.deepEqual(update({ times }), changed('CategoryBlockedTimesChanged', { blockedTimes: times }))
  t.is(update({ times: '', categoryId: NOBODY }), 'NO_CATEGORY')
})

/** Timelimit 4.4.3, word for word. */
const isOfForm = (times: string): boolean => {
  if (!/^(\d*,\d*(,\d*,\d*)*)?$/.test(times)) return false
  const numbers = times === '' ? [] : times.split(',').map((part) => (part === '' ? NaN : parseInt(part, 10)))
  return (
    numbers.length % 2 === 0 &&
    numbers.every(
      (number, index) => number >= 0 && number <= 10_080 && !(number <= (numbers[index - 1] ?? -1)),
    )
  )
}

test('blocked times have the form of 4.4.3', (t) => {
  const wrong = ['0', ',', ',,,', '0,', '0,60,', '60,60', '60,0', '0,60,60,70', '0,60,70', '0,10081']
  const strange = [
    '-1,5',
    ' 0,5',
    '0,5\n',
    '0, 5',
    '0,5,',
    '+1,5',
    '1e1,20',
    '٣,٤',
    '0x1,5',
    '0,5;6,7',
    '0.5,1',
  ]
  for (const times of [...wrong, ...strange, 7, null, ['0,60']])
    t.false(blockedTimes.is(times), String(times))
  const every = Array.from({ length: 10_080 }, (_, minute) => minute).join()
  t.true(blockedTimes.is(every), 'as many as there can be')
  t.false(blockedTimes.is(`0,${'0'.repeat(1_000_000)}1`), 'of bounded length')
  t.false(blockedTimes.is(`${'0,'.repeat(1_000_000)}1`))
  const part = fc.oneof(fc.nat(10_090).map(String), fc.constantFrom('', '-1', '00', '10080', '10081', 'x'))
  const rising = fc.uniqueArray(fc.nat(10_085)).map((all) => [...all].sort((a, b) => a - b).join())
  fc.assert(
    fc.property(
      fc.oneof(
        rising,
        fc.array(part, { maxLength: 6 }).map((parts) => parts.join()),
      ),
      (times) => {
        t.is(blockedTimes.is(times), isOfForm(times), times)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('blocked times cover others if every minute of theirs is blocked', (t) => {
  const minutesOf = (times: string): ReadonlySet<number> => {
    const bounds = times.split(',').map(Number)
    const minutes = new Set<number>()
    for (let index = 0; times !== '' && index < bounds.length; index += 2)
      for (let minute = bounds[index] ?? 0; minute < (bounds[index + 1] ?? 0); minute += 1)
        minutes.add(minute)
    return minutes
  }
  const times = fc.uniqueArray(fc.nat(24), { maxLength: 12 }).map((all) =>
    [...all]
      .sort((one, other) => one - other)
      .slice(all.length % 2)
      .join(),
  )
  let [covered, open] = [0, 0]
  fc.assert(
    fc.property(times, times, (after, before) => {
      const blocked = minutesOf(after)
      const isCovered = [...minutesOf(before)].every((minute) => blocked.has(minute))
      t.is(blocksAll(after, before), isCovered, `${after} over ${before}`)
      t.true(blocksAll(before, before))
      if (before !== '' && isCovered) covered += 1
      else open += 1
    }),
    { numRuns: 3_000 },
  )
  t.true(covered > 20 && open > 20, 'both happen')
})

test('UPDATE_CATEGORY_TEMPORARILY_BLOCKED', (t) => {
  const update = onGames('UPDATE_CATEGORY_TEMPORARILY_BLOCKED')
  const blocked = (until: number) => changed('CategoryTemporarilyBlocked', { until })
  t.deepEqual(update({ blocked: true, endTime: 1_800_000_000_000 }), blocked(1_800_000_000_000))
  t.deepEqual(update({ blocked: true }), blocked(0))
  t.deepEqual(update({ blocked: true, endTime: 0 }), blocked(0))
  const lifted = changed('CategoryTemporaryBlockLifted', {})
  t.deepEqual(update({ blocked: false }, { isPremium: false }), lifted)
  t.is(update({ blocked: true }, { isPremium: false }), 'PREMIUM')
  t.is(update({ blocked: false, endTime: 0 }), 'VALUE')
  t.is(update({ blocked: true, endTime: -1 }), 'SCHEMA')
  t.is(update({ blocked: true, categoryId: NOBODY }), 'NO_CATEGORY')
})

test('UPDATE_CATEGORY_DISABLE_LIMITS needs premium but for ending it', (t) => {
  const disable = onGames('UPDATE_CATEGORY_DISABLE_LIMITS')
  const set = (until: number) => changed('CategoryLimitsDisabledUntilSet', { until })
  t.deepEqual(disable({ endTime: 1_800_000_000_000 }), set(1_800_000_000_000))
  t.deepEqual(disable({ endTime: 0 }, { isPremium: false }), set(0))
  t.is(disable({ endTime: 1 }, { isPremium: false }), 'PREMIUM')
  t.is(disable({ endTime: -1 }), 'SCHEMA')
  t.is(disable({}), 'SCHEMA')
  t.is(disable({ endTime: 0, categoryId: NOBODY }), 'NO_CATEGORY')
})

test('UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS: the delay stays if none is given', (t) => {
  const block = onGames('UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS')
  for (const action of [
    { blocked: true },
    { blocked: false },
    { blocked: true, delay: 0 },
    { blocked: false, delay: 5_000 },
  ]) {
    const { blocked, delay } = action
    const given = delay === undefined ? { blocked } : { blocked, blockDelay: delay }
    t.deepEqual(block(given), changed('CategoryNotificationBlockingChanged', action))
  }
  t.is(block({ blocked: true, blockDelay: -1 }), 'SCHEMA')
  t.is(block({ blocked: true, categoryId: NOBODY }), 'NO_CATEGORY')
})

test('UPDATE_CATEGORY_BATTERY_LIMIT: what is given replaces', (t) => {
  const limit = onGames('UPDATE_CATEGORY_BATTERY_LIMIT')
  const set = (data: JsonObject) => changed('CategoryBatteryLimitChanged', data)
  t.deepEqual(limit({}), set({}))
  t.deepEqual(limit({ chargeLimit: 0 }), set({ charging: 0 }))
  t.deepEqual(limit({ mobileLimit: 100 }), set({ mobile: 100 }))
  t.deepEqual(limit({ chargeLimit: 20, mobileLimit: 40 }), set({ charging: 20, mobile: 40 }))
  for (const wrong of [{ chargeLimit: 101 }, { mobileLimit: 101 }, { chargeLimit: -1 }, { mobileLimit: 0.5 }])
    t.is(limit(wrong), 'SCHEMA')
  t.is(limit({ categoryId: NOBODY }), 'NO_CATEGORY')
})

test('UPDATE_CATEGORY_FLAGS', (t) => {
  const flagged = [fact('CategoryFlagsChanged', { categoryId: GAMES, flags: 1 })]
  const update = (modified: number, values: number, given?: Given) =>
    onGames('UPDATE_CATEGORY_FLAGS')({ modified, values }, given)
  const set = (flags: number) => changed('CategoryFlagsChanged', { flags })
  t.deepEqual(update(1, 1), set(1))
  t.deepEqual(update(0, 0, { after: flagged }), set(1))
  t.deepEqual(update(1, 0, { after: flagged }), set(0))
  t.is(update(0, 1), 'VALUE')
  t.is(update(2, 0), 'SCHEMA')
  t.is(update(-1, 0), 'SCHEMA')
  t.is(push('UPDATE_CATEGORY_FLAGS', { categoryId: NOBODY, modified: 1, values: 1 }), 'NO_CATEGORY')
})

test('UPDATE_CATEGORY_TIME_WARNINGS: bits, and a set of minutes', (t) => {
  const warned = fact('CategoryTimeWarningsChanged', { categoryId: GAMES, timeWarnings: 5, minutes: [7, 60] })
  const update = (action: JsonObject) =>
    onGames('UPDATE_CATEGORY_TIME_WARNINGS')({ flags: 0, ...action }, { after: [warned] })
  const set = (timeWarnings: number, ...minutes: readonly number[]) =>
    changed('CategoryTimeWarningsChanged', { timeWarnings, minutes })
  t.deepEqual(update({ enable: true, flags: 26 }), set(31, 7, 60))
  t.deepEqual(update({ enable: true, minutes: 20 }), set(5, 7, 20, 60))
  t.deepEqual(update({ enable: true, minutes: 7 }), set(5, 7, 60))
  t.deepEqual(update({ enable: true, flags: 2, minutes: 10_078 }), set(7, 7, 60, 10_078))
  t.deepEqual(update({ enable: false, flags: 6, minutes: 60 }), set(1, 7))
  t.deepEqual(update({ enable: false, minutes: 8 }), set(5, 7, 60))
  for (const wrong of [{ flags: 32 }, { flags: -1 }, { minutes: 0 }, { minutes: 10_079 }])
    t.is(update({ enable: true, ...wrong }), 'SCHEMA')
  t.is(update({ enable: true, categoryId: NOBODY }), 'NO_CATEGORY')
})

test("no setting of one category is another's", (t) => {
  const after = [fact('CategoryTimeWarningsChanged', { categoryId: BOOKS, timeWarnings: 31, minutes: [9] })]
  t.deepEqual(
    onGames('UPDATE_CATEGORY_TIME_WARNINGS')({ enable: true, flags: 1 }, { after }),
    changed('CategoryTimeWarningsChanged', { timeWarnings: 1, minutes: [] }),
  )
})
