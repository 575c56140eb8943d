/**
 * Proves what a child may do for itself (timelimit 3.3.5, column "Self" of 4.4, 4.4.2, 4.4.4): nine actions, on what is its own, and
 * nothing that relaxes a limit. Each rule is tried on both sides; who may take which app also against a naive reading of 4.4.2.
 */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { Fact } from '../../../../src/domain/decider.ts'
import { ACTIONS } from '../../../../src/domain/timelimit/actions/table.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { Rule } from '../../../../src/domain/timelimit/events/rules.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  BOOKS,
  categoryCreated,
  GAMES,
  KID,
  MUSIC,
  NOBODY,
  PHONE,
  SIS,
  SPARE,
  TABLET,
  type Then,
} from '../../../support/timelimit-family.ts'
import { MAY_LIMIT_ITSELF, push, pushedBy, SELF } from '../../../support/timelimit-decided.ts'

const bySelf = (type: string, action: JsonObject, ...after: readonly Fact[]): Then =>
  push(type, action, { after, as: SELF, on: TABLET })
const passes = (t: ExecutionContext, outcome: Then, why?: string) => t.is(typeof outcome, 'object', why)

const parentSet = (categoryId: string, parentCategoryId: string) =>
  fact('CategoryParentSet', { categoryId, parentCategoryId })
const assigned = (categoryId: string, ...names: readonly string[]) =>
  fact('CategoryAppsAssigned', { categoryId, losing: [], sealed: { names, movedFrom: {} } })

const RULE: Rule = {
  extraTime: true,
  dayMask: 0b0011,
  maxTime: 1_000,
  start: 60,
  end: 600,
  session: 500,
  pause: 50,
  perDay: false,
  e: 5_000,
}
const held = (rule: Partial<Rule> = {}, categoryId = GAMES) =>
  fact('TimeLimitRuleCreated', { ruleId: 'rule01', categoryId, rule: { ...RULE, ...rule } })
const SAME = {
  extraTime: true,
  days: 0b0011,
  time: 1_000,
  start: 60,
  end: 600,
  dur: 500,
  pause: 50,
  perDay: false,
  e: 5_000,
}

/** What each of the nine does, allowed, on the category given. */
const NINE: { readonly [type: string]: (categoryId: string, childId: string) => JsonObject } = {
  CREATE_CATEGORY: (_, childId) => ({ childId, categoryId: 'fresh1', title: 'Mine' }),
  ADD_CATEGORY_APPS: (categoryId) => ({ categoryId, packageNames: [] }),
  SET_PARENT_CATEGORY: (categoryId) => ({ categoryId, parentCategory: '' }),
  UPDATE_CATEGORY_BLOCKED_TIMES: (categoryId) => ({ categoryId, times: '0,1' }),
  UPDATE_CATEGORY_TEMPORARILY_BLOCKED: (categoryId) => ({ categoryId, blocked: true, endTime: 1 }),
  UPDATE_CATEGORY_DISABLE_LIMITS: (categoryId) => ({ categoryId, endTime: 0 }),
  UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS: (categoryId) => ({ categoryId, blocked: true }),
  CREATE_TIMELIMIT_RULE: (categoryId) => ({
    rule: { ruleId: 'fresh1', categoryId, time: 1, days: 1, extraTime: true },
  }),
  UPDATE_TIMELIMIT_RULE: () => ({ ruleId: 'rule01', ...SAME }),
}

test('nine actions are open to a child, no other', (t) => {
  const open = Object.entries(ACTIONS).filter(([, { selfLimit }]) => selfLimit === true)
  t.deepEqual(open.map(([type]) => type).sort(), Object.keys(NINE).sort())
  t.true(open.every(([, { envelope }]) => envelope === 'parent'))
})

test('a child does them on what is its own, and on nothing of another', (t) => {
  for (const [type, action] of Object.entries(NINE)) {
    passes(t, bySelf(type, action(GAMES, KID), held()), type)
    t.is(bySelf(type, action(BOOKS, SIS), held({}, BOOKS)), 'SELF_OTHER', type)
  }
  t.is(bySelf('ADD_CATEGORY_APPS', { categoryId: NOBODY, packageNames: [] }), 'NO_CATEGORY')
})

const self = { type: 'parent', userId: KID, integrity: 'childDevice' } as const
const refusedOf = ({ facts }: { facts: readonly Fact[] }) => facts[0]?.data['refused']

test('only on a device of a child that was allowed to, and nothing but the nine', (t) => {
  const create = { type: 'CREATE_CATEGORY', ...NINE['CREATE_CATEGORY']?.(GAMES, KID) }
  const after = [MAY_LIMIT_ITSELF]
  const pushed = pushedBy(TABLET, create, { ...self, after })
  t.false(pushed.fullSync)
  t.like(pushed.facts[0], {
    type: 'CategoryCreated',
    via: { device: TABLET, user: KID, auth: 'childDevice', sequenceNumber: 0 },
  })
  t.is(refusedOf(pushedBy(TABLET, create, self)), 'SELF_OFF')
  const onlyView = fact('UserFlagsChanged', { userId: KID, flags: 1 })
  t.is(refusedOf(pushedBy(TABLET, create, { ...self, after: [onlyView] })), 'SELF_OFF')
  for (const device of [PHONE, SPARE])
    t.is(refusedOf(pushedBy(device, create, { ...self, after })), 'AUTH', device)
  t.is(refusedOf(pushedBy(SPARE, create, { ...self, userId: '', after })), 'AUTH')
  const others = Object.entries(ACTIONS).filter(
    ([, { envelope, selfLimit }]) => envelope === 'parent' && selfLimit !== true,
  )
  t.is(others.length, 41)
  const refused = pushedBy(TABLET, { type: 'DELETE_CATEGORY', categoryId: GAMES }, { ...self, after })
  t.is(refusedOf(refused), 'SELF_TYPE')
  t.true(refused.fullSync)
})

test('SET_PARENT_CATEGORY: the parent that stands stays above', (t) => {
  const line = [categoryCreated('third1', KID), categoryCreated('other1', KID), parentSet('third1', MUSIC)]
  const set = (parentCategory: string, ...after: readonly Fact[]) =>
    bySelf('SET_PARENT_CATEGORY', { categoryId: GAMES, parentCategory }, ...line, ...after)
  for (const parent of ['', MUSIC, 'third1', 'other1']) passes(t, set(parent), parent)
  const belowMusic = parentSet(GAMES, MUSIC)
  passes(t, set(MUSIC, belowMusic), 'the same')
  passes(t, set('third1', belowMusic), 'with one between')
  t.is(set('other1', belowMusic), 'SELF_RELAX')
  t.is(set('', belowMusic), 'SELF_RELAX', 'A12')
  const belowThird = parentSet(GAMES, 'third1')
  t.is(set(MUSIC, belowThird), 'SELF_RELAX', 'past the one between')
  passes(t, set('other1', parentSet(GAMES, NOBODY)), 'a loose end limits nothing')
  passes(t, set('', parentSet(GAMES, NOBODY)))
  t.is(set(GAMES, belowMusic), 'STATE')
  t.is(set(BOOKS), 'NO_CATEGORY')
})

test('UPDATE_CATEGORY_BLOCKED_TIMES: what is blocked stays blocked', (t) => {
  const before = fact('CategoryBlockedTimesChanged', { categoryId: GAMES, blockedTimes: '10,20,30,40' })
  const block = (times: string) =>
    bySelf('UPDATE_CATEGORY_BLOCKED_TIMES', { categoryId: GAMES, times }, before)
  for (const times of ['10,20,30,40', '10,40', '9,41', '0,5,10,20,30,40,50,10080', '0,10080'])
    passes(t, block(times), times)
  for (const times of ['', '10,20', '30,40', '11,20,30,40', '10,19,30,40', '10,20,31,40', '40,50', '20,30'])
    t.is(block(times), 'SELF_RELAX', times)
})

test('UPDATE_CATEGORY_TEMPORARILY_BLOCKED: until then or later', (t) => {
  const block = (action: JsonObject, ...after: readonly Fact[]) =>
    bySelf('UPDATE_CATEGORY_TEMPORARILY_BLOCKED', { categoryId: GAMES, ...action }, ...after)
  const until = (end: number) => fact('CategoryTemporarilyBlocked', { categoryId: GAMES, until: end })
  passes(t, block({ blocked: true, endTime: 5 }))
  t.is(block({ blocked: true }), 'SELF_RELAX', 'without an end')
  t.is(block({ blocked: false }), 'SELF_RELAX')
  t.is(block({ blocked: false }, until(5)), 'SELF_RELAX')
  passes(t, block({ blocked: true, endTime: 5 }, until(5)))
  passes(t, block({ blocked: true, endTime: 6 }, until(5)))
  t.is(block({ blocked: true, endTime: 4 }, until(5)), 'SELF_RELAX')
  t.is(block({ blocked: true, endTime: 0 }, until(5)), 'SELF_RELAX')
  t.is(block({ blocked: true, endTime: 5 }, until(0)), 'SELF_RELAX', 'an end to what has none')
  const lifted = fact('CategoryTemporaryBlockLifted', { categoryId: GAMES })
  passes(t, block({ blocked: true, endTime: 4 }, until(5), lifted))
})

test('limits are only put in force again, notifications only blocked', (t) => {
  const disable = (endTime: number) =>
    bySelf('UPDATE_CATEGORY_DISABLE_LIMITS', { categoryId: GAMES, endTime })
  passes(t, disable(0))
  t.is(disable(1), 'SELF_RELAX')
  const silence = (action: JsonObject, ...after: readonly Fact[]) =>
    bySelf('UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS', { categoryId: GAMES, ...action }, ...after)
  const silent = fact('CategoryNotificationBlockingChanged', { categoryId: GAMES, blocked: true })
  passes(t, silence({ blocked: true }))
  passes(t, silence({ blocked: true, blockDelay: 5 }))
  t.is(silence({ blocked: false }), 'SELF_RELAX')
  passes(t, silence({ blocked: true }, silent))
  t.is(silence({ blocked: true, blockDelay: 0 }, silent), 'SELF_RELAX')
  t.is(silence({ blocked: false }, silent), 'SELF_RELAX')
})

test('UPDATE_TIMELIMIT_RULE: nothing of it may become looser (4.4.4)', (t) => {
  const update = (change: JsonObject, rule: Partial<Rule> = {}) =>
    bySelf('UPDATE_TIMELIMIT_RULE', { ruleId: 'rule01', ...SAME, ...change }, held(rule))
  const tighter = [
    [{ time: 999 }],
    [{ time: 0 }],
    [{ days: 0b1011 }],
    [{ extraTime: false }, { extraTime: false }],
    [{ extraTime: true }, { extraTime: false }],
    [{ start: 59 }],
    [{ end: 601 }],
    [{ dur: 499 }],
    [{ pause: 51 }],
    [{ dur: 0, pause: 0 }, { session: 0 }],
    [{ dur: 0, pause: 0 }, { pause: 0 }],
    [{ dur: 9_999, pause: 1 }, { session: 0 }],
    [{ perDay: true }, { perDay: true }],
    [{ perDay: false }, { perDay: true }],
    [{ perDay: true }, { dayMask: 0b0010 }],
    [{ perDay: true }, { dayMask: 0 }],
    [{ e: 5_001 }],
  ] as const
  for (const [change, rule] of tighter) passes(t, update(change, rule), JSON.stringify([change, rule]))
  const looser = [
    [{ time: 1_001 }],
    [{ days: 0b0001 }],
    [{ days: 0b1101 }],
    [{ extraTime: false }],
    [{ start: 61 }],
    [{ end: 599 }],
    [{ dur: 501 }],
    [{ pause: 49 }],
    [{ dur: 0 }],
    [{ pause: 0 }],
    [{ dur: 0, pause: 0 }],
    [{ perDay: true }],
    [{ perDay: true, days: 0b1111 }],
    [{ e: 4_999 }],
  ] as const
  for (const [change] of looser) t.is(update(change), 'SELF_RELAX', JSON.stringify(change))
  const { e: _expiry, ...endless } = SAME
  const { e: _, ...endlessRule } = RULE
  const one = (action: JsonObject, rule: Rule) =>
    bySelf(
      'UPDATE_TIMELIMIT_RULE',
      { ruleId: 'rule01', ...action },
      fact('TimeLimitRuleCreated', { ruleId: 'rule01', categoryId: GAMES, rule }),
    )
  passes(t, one(endless, RULE), 'no longer expires')
  passes(t, one(endless, endlessRule))
  t.is(one(SAME, endlessRule), 'SELF_RELAX', 'expires')
})

test('ADD_CATEGORY_APPS: from above, or what is in nothing if that is limited by the same (4.4.2)', (t) => {
  const above = [
    parentSet(GAMES, MUSIC),
    assigned(GAMES, 'in.games'),
    assigned(MUSIC, 'in.music', 'in.music:A'),
  ]
  const other = [categoryCreated('other1', KID), assigned('other1', 'in.other', 'in.games:B')]
  const free = (categoryId: string) => fact('UnassignedAppsCategorySet', { userId: KID, categoryId })
  const add = (name: string, ...after: readonly Fact[]) =>
    bySelf('ADD_CATEGORY_APPS', { categoryId: GAMES, packageNames: [name] }, ...above, ...other, ...after)
  for (const name of ['in.games', 'in.music', 'in.games:A', 'in.music:A', 'in.music:B:C'])
    passes(t, add(name), name)
  const outside = ['in.other', 'in.other:A', 'in.games:B', 'in.none', 'in.none:A', 'in.games@tablet', '']
  for (const name of outside) t.is(add(name), 'SELF_RELAX', name)
  for (const limited of [GAMES, MUSIC])
    for (const name of ['in.none', 'in.none:A', ''])
      passes(t, add(name, free(limited)), `${name} with ${limited}`)
  for (const name of ['in.other', 'in.games:B', 'in.none@tablet'])
    t.is(add(name, free(MUSIC)), 'SELF_RELAX', name)
  for (const elsewhere of ['other1', BOOKS, NOBODY]) t.is(add('in.none', free(elsewhere)), 'SELF_RELAX')
  const up = { categoryId: MUSIC, packageNames: ['in.games'] }
  t.is(bySelf('ADD_CATEGORY_APPS', up, ...above), 'SELF_RELAX', 'from below')
  const both = { categoryId: GAMES, packageNames: ['in.music', 'in.other'] }
  t.is(bySelf('ADD_CATEGORY_APPS', both, ...above, ...other), 'SELF_RELAX', 'all of them')
  passes(t, bySelf('ADD_CATEGORY_APPS', { categoryId: GAMES, packageNames: ['in.hers'] }, assigned(BOOKS, 'in.hers'), free(GAMES)), 'what another child has') // prettier-ignore
})

test('ADD_CATEGORY_APPS as in 4.4.2, on any tree of categories', (t) => {
  const mine = [GAMES, MUSIC, 'third1', 'forth1']
  const names = ['a', 'a:x', 'b', 'b:x', 'c', 'c@d', 'c:x:y']
  const anywhere = fc.constantFrom('', ...mine, NOBODY, BOOKS)
  const trees = fc.record({
    parents: fc.tuple(anywhere, anywhere, anywhere, anywhere),
    owners: fc.array(fc.constantFrom(undefined, ...mine), {
      minLength: names.length,
      maxLength: names.length,
    }),
    unassigned: anywhere,
    target: fc.constantFrom(...mine),
    packageNames: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }),
  })
  let [allowed, refused] = [0, 0]
  fc.assert(
    fc.property(trees, ({ parents, owners, unassigned, target, packageNames }) => {
      const chain = [target]
      for (let at = parents[mine.indexOf(target)]; at !== undefined && mine.includes(at);) {
        if (chain.includes(at)) break
        chain.push(at)
        at = parents[mine.indexOf(at)]
      }
      const free = chain.includes(unassigned)
      const isIn = (name: string) => owners[names.indexOf(name)]
      const mayBe = (name: string) => {
        if (name.includes('@')) return false
        const colon = name.indexOf(':')
        const app = colon === -1 ? name : name.slice(0, colon)
        const owner = isIn(app)
        if (!(owner === undefined ? free : chain.includes(owner))) return false
        const of = colon === -1 ? undefined : isIn(name)
        return of === undefined || chain.includes(of)
      }
      const after = [
        categoryCreated('third1', KID),
        categoryCreated('forth1', KID),
        ...mine.map((id, index) => parentSet(id, parents[index] ?? '')),
        ...names.flatMap((name) => assigned(isIn(name) ?? NOBODY, name)),
        fact('UnassignedAppsCategorySet', { userId: KID, categoryId: unassigned }),
      ]
      const outcome = bySelf('ADD_CATEGORY_APPS', { categoryId: target, packageNames }, ...after)
      if (packageNames.every(mayBe)) {
        t.is(typeof outcome, 'object')
        allowed += 1
      } else {
        t.is(outcome, 'SELF_RELAX')
        refused += 1
      }
    }),
    { numRuns: 1_000 },
  )
  t.true(allowed > 10 && refused > 10, `both happen: ${allowed}, ${refused}`)
})
