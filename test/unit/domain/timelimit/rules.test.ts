/**
 * Proves the parents' actions on time limit rules (timelimit 4.4): facts, who is told, which versions move, defaults and refusals. What a
 * child may do with them is in self-limit.test.ts.
 */
import test from 'ava'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { BOOKS, family, GAMES, MUSIC, NOBODY } from '../../../support/timelimit-family.ts'
import { done, push, scope, then } from '../../../support/timelimit-decided.ts'

const RULE = 'rule01'
const MAX32 = 2 ** 31 - 1
const NEEDED = { time: 3_600_000, days: 127, extraTime: false }
const FULL = {
  start: 60,
  end: 60,
  dur: 1_800_000,
  pause: 600_000,
  perDay: true,
  e: 1_800_000_000_000,
}
/** As it is stored with defaults. */
const STORED = {
  extraTime: false,
  dayMask: 127,
  maxTime: 3_600_000,
  start: 0,
  end: 1439,
  session: 0,
  pause: 0,
  perDay: false,
}
const STORED_FULL = {
  ...STORED,
  start: 60,
  end: 60,
  session: 1_800_000,
  pause: 600_000,
  perDay: true,
  e: 1_800_000_000_000,
}
const HELD = [
  fact('TimeLimitRuleCreated', { ruleId: RULE, categoryId: MUSIC, rule: { ...STORED_FULL, dayMask: 1 } }),
]

/** Of values that no rule has. */
const WRONG: readonly JsonObject[] = [
  { time: -1 },
  { time: MAX32 + 1 },
  { days: 128 },
  { days: -1 },
  { extraTime: 1 },
  { start: -1 },
  { start: 1440 },
  { end: 1440 },
  { dur: -1 },
  { dur: MAX32 + 1 },
  { pause: 0.5 },
  { pause: MAX32 + 1 },
  { perDay: null },
  { e: 0 },
  { e: '1' },
  { more: 1 },
]

const create = (change: JsonObject = {}, after = HELD) =>
  push(
    'CREATE_TIMELIMIT_RULE',
    { rule: { ruleId: 'fresh1', categoryId: GAMES, ...NEEDED, ...change } },
    { after },
  )
const update = (change: JsonObject = {}) =>
  push('UPDATE_TIMELIMIT_RULE', { ruleId: RULE, ...NEEDED, ...change }, { after: HELD })

test('CREATE_TIMELIMIT_RULE', (t) => {
  const created = (rule: JsonObject, categoryId = GAMES) =>
    done(
      [then('TimeLimitRuleCreated', { ruleId: 'fresh1', categoryId, rule })],
      'G2',
      scope('rules', categoryId),
    )
  t.deepEqual(create(), created(STORED))
  t.deepEqual(create(FULL), created(STORED_FULL))
  t.deepEqual(
    create({ time: MAX32, days: 0, dur: MAX32, pause: MAX32, categoryId: BOOKS }),
    created({ ...STORED, maxTime: MAX32, dayMask: 0, session: MAX32, pause: MAX32 }, BOOKS),
  )
  t.is(create({ categoryId: NOBODY }), 'NO_CATEGORY')
  t.is(create({ ruleId: RULE }), 'DUPLICATE', 'of the family, whatever the category')
  t.is(create({ start: 61, end: 60 }), 'VALUE')
  for (const wrong of WRONG) t.is(create(wrong), 'SCHEMA', JSON.stringify(wrong))
  t.is(create({ ruleId: 'rule-1' }), 'SCHEMA')
  const { time: _, ...timeless } = NEEDED
  t.is(
    push('CREATE_TIMELIMIT_RULE', { rule: { ruleId: 'fresh1', categoryId: GAMES, ...timeless } }),
    'SCHEMA',
  )
  t.is(push('CREATE_TIMELIMIT_RULE', { rule: null }), 'SCHEMA')
})

test('UPDATE_TIMELIMIT_RULE: replaces all, also by defaults, and stays in its category', (t) => {
  const updated = (rule: JsonObject) =>
    done(
      [then('TimeLimitRuleUpdated', { ruleId: RULE, categoryId: MUSIC, rule })],
      'G2',
      scope('rules', MUSIC),
    )
  t.deepEqual(update(), updated(STORED), 'without an expiry')
  t.deepEqual(update(FULL), updated(STORED_FULL))
  t.deepEqual(
    family(...HELD, fact('TimeLimitRuleUpdated', { ruleId: RULE, categoryId: MUSIC, rule: STORED })).rules,
    { [RULE]: { ...STORED, categoryId: MUSIC } },
  )
  t.is(update({ ruleId: NOBODY }), 'NO_RULE')
  t.is(update({ start: 1439, end: 0 }), 'VALUE')
  t.is(update({ start: 1439, end: 1438 }), 'VALUE')
  t.is(update({ categoryId: GAMES }), 'SCHEMA')
  for (const wrong of WRONG) t.is(update(wrong), 'SCHEMA', JSON.stringify(wrong))
})

test('DELETE_TIMELIMIT_RULE', (t) => {
  t.deepEqual(
    push('DELETE_TIMELIMIT_RULE', { ruleId: RULE }, { after: HELD }),
    done([then('TimeLimitRuleDeleted', { ruleId: RULE, categoryId: MUSIC })], 'G2', scope('rules', MUSIC)),
  )
  t.is(push('DELETE_TIMELIMIT_RULE', { ruleId: NOBODY }, { after: HELD }), 'NO_RULE')
  const deleted = [...HELD, fact('CategoryDeleted', { categoryId: MUSIC, requests: [] })]
  t.is(push('DELETE_TIMELIMIT_RULE', { ruleId: RULE }, { after: deleted }), 'NO_RULE', 'with its category')
  t.not(create({ ruleId: RULE }, deleted), 'DUPLICATE')
})
