/** Proves the fold of the events of categories, used time, tasks, rules and key requests: what each leaves, and what it leaves alone. */
import test from 'ava'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import { evolve } from '../../../../src/domain/timelimit/evolve.ts'
import { dayKey } from '../../../../src/domain/timelimit/state.ts'
import { BOOKS, family, GAMES, MUSIC, NOW, PHONE, SIS, TABLET } from '../../../support/timelimit-family.ts'
import { DAY, REQUEST, RULE, sample, upTo, USED } from '../../../support/timelimit-samples.ts'

test('key requests: asked, answered, asked again, finished', (t) => {
  const asked = upTo('KeyRequested')
  t.deepEqual(asked.requests, { '1': { sender: PHONE, dsn: 7, dataType: 2, deviceId: TABLET, replied: [] } })
  t.is(asked.nextRequest, 2)
  const replied = upTo('KeyRequestReplied')
  t.deepEqual(replied.requests['1']?.replied, [TABLET])
  t.is(replied.devices[PHONE]?.nextReply, 2)
  const again = evolve(replied, fact('KeyRequested', { ...REQUEST, serverSeq: 2, replaces: [1] }))
  t.deepEqual(Object.keys(again.requests), ['2'])
  t.is(again.nextRequest, 3)
  t.deepEqual(evolve(again, fact('KeyRequestFinished', { serverSeqs: [2] })).requests, {})
})

test('categories: each change', (t) => {
  t.deepEqual(upTo('CategoryCreated').categories['newcat'], {
    childId: SIS,
    parentId: '',
    extraTime: 0,
    extraTimeDay: -1,
    blockedTimes: '',
    tempBlocked: false,
    tempBlockTime: 0,
    blocksNotifications: false,
    timeWarnings: 0,
    minutes: [],
    flags: 0,
    sort: 4,
    networks: [],
    apps: [],
    counters: {},
    sessions: {},
  })
  t.like(upTo('CategoryExtraTimeSet').categories[GAMES], { extraTime: 5, extraTimeDay: DAY })
  t.like(upTo('CategoryTemporarilyBlocked').categories[GAMES], { tempBlocked: true, tempBlockTime: NOW })
  t.deepEqual(upTo('CategoryNetworkIdAdded').categories[GAMES]?.networks, ['net001'])
  t.like(upTo('CategoryNetworkIdsReset').categories[GAMES], {
    parentId: MUSIC,
    extraTime: 10,
    extraTimeDay: -1,
    blockedTimes: '0,60',
    tempBlocked: false,
    tempBlockTime: 0,
    blocksNotifications: true,
    timeWarnings: 3,
    minutes: [7],
    flags: 1,
    sort: 3,
    networks: [],
    apps: ['b'],
  })
  t.is(upTo('CategoriesSorted').categories[MUSIC]?.sort, 0)
})

test('an assigned app is in one category', (t) => {
  const assigned = (
    categoryId: string,
    names: readonly string[],
    movedFrom: Record<string, readonly string[]>,
  ) =>
    fact('CategoryAppsAssigned', { categoryId, losing: Object.keys(movedFrom), sealed: { names, movedFrom } })
  const state = family(
    assigned(GAMES, ['a', 'b', '__proto__'], {}),
    assigned(BOOKS, ['a'], {}),
    assigned(MUSIC, ['b', '__proto__', 'c'], { [GAMES]: ['b', '__proto__'] }),
    assigned(MUSIC, ['c'], { [MUSIC]: ['c'] }),
  )
  t.deepEqual(state.categories[GAMES]?.apps, ['a'])
  t.deepEqual(state.categories[MUSIC]?.apps, ['b', '__proto__', 'c'])
  t.deepEqual(state.categories[BOOKS]?.apps, ['a'])
})

test('used time: counters and sessions stand as the event says, the others stay', (t) => {
  const more = { ...USED, counters: [{ start: 10, end: 20, used: 9 }], sessions: [], touched: [333, 444] }
  const { extraTime: _, ...withoutExtra } = more
  const state = family(
    fact('CategoryExtraTimeSet', { categoryId: GAMES, extraTime: 77, extraTimeDay: 3 }),
    fact('UsedTimeAdded', withoutExtra),
    fact('UsedTimeAdded', { ...USED, day: DAY - 1 }),
    fact('UsedTimeAdded', more),
  )
  t.deepEqual(state.categories[GAMES]?.counters, {
    [dayKey(DAY - 1)]: { '0-1439': [50, 111], '10-20': [5, 111] },
    [dayKey(DAY)]: { '10-20': [9, 333] },
  })
  t.deepEqual(state.categories[GAMES]?.sessions, { '0-1439-100-200': [5, NOW, 222] })
  t.like(state.categories[GAMES], { extraTime: 9, extraTimeDay: 3 })
  t.is(family(fact('UsedTimeAdded', withoutExtra)).categories[GAMES]?.extraTime, 0)
})

test('pruned counters and sessions are gone, a day with its last', (t) => {
  const state = upTo('UsedTimesPruned').categories[GAMES]
  t.deepEqual(state?.counters, { [dayKey(DAY)]: { '0-1439': [50, 111] } })
  t.deepEqual(state?.sessions, {})
  const items = [
    {
      categoryId: GAMES,
      counters: [
        { day: DAY, start: 0, end: 1439 },
        { day: DAY - 7, start: 0, end: 1439 },
      ],
      sessions: [],
      touched: { counters: [], sessions: [] },
    },
  ]
  t.deepEqual(
    evolve(upTo('UsedTimesPruned'), fact('UsedTimesPruned', { items })).categories[GAMES]?.counters,
    {},
  )
})

test('tasks and rules: each change', (t) => {
  t.deepEqual(upTo('ChildTaskCreated').tasks, {
    task01: { categoryId: GAMES, title: 'Dishes', duration: 5, pending: false, lastGrant: 0 },
  })
  t.true(upTo('ChildTaskMarkedPending').tasks['task01']?.pending)
  t.false(upTo('ChildTaskRejected').tasks['task01']?.pending)
  const approved = upTo('ChildTaskApproved')
  t.deepEqual(approved.tasks['task01'], {
    categoryId: MUSIC,
    title: 'Tidy',
    duration: 6,
    pending: false,
    lastGrant: NOW,
  })
  t.like(approved.categories[MUSIC], { extraTime: 6, extraTimeDay: 1 })
  t.false(evolve(upTo('ChildTaskMarkedPending'), sample('ChildTaskApproved')).tasks['task01']?.pending)
  t.deepEqual(upTo('ChildTaskDeleted').tasks, {})
  t.deepEqual(upTo('TimeLimitRuleCreated').rules, { rule01: { ...RULE, categoryId: GAMES } })
  t.is(upTo('TimeLimitRuleUpdated').rules['rule01']?.maxTime, 5)
  const { e: _, ...endless } = RULE
  const updated = evolve(
    upTo('TimeLimitRuleCreated'),
    fact('TimeLimitRuleUpdated', { ruleId: 'rule01', categoryId: GAMES, rule: endless }),
  )
  t.false('e' in (updated.rules['rule01'] ?? {}))
  t.deepEqual(upTo('TimeLimitRuleDeleted').rules, {})
})
