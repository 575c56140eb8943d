/**
 * Which member of a pull's answer is there when (timelimit 5.3), for each level and for what the device knows. Documents and vault are those in
 * memory.
 */
import test from 'ava'
import type { Fact } from '../../../src/domain/decider.ts'
import { fact } from '../../../src/domain/timelimit/events.ts'
import { versionOf } from '../../../src/domain/timelimit/names.ts'
import type { JsonObject } from '../../../src/json.ts'
import { nothingKnown, PullStatus } from '../../../src/queries/timelimit/status.ts'
import { FAMILY, GAMES, KID, MUM, MUSIC, NOW, SPARE, TABLET } from '../../support/timelimit-family.ts'
import { base, MORE, requested, RULE, setup, uploaded } from '../../support/timelimit-pulling.ts'
import { listAt } from '../../support/timelimit-shown.ts'

const ALWAYS = [
  'apiLevel',
  'categoryApp',
  'categoryBase',
  'devices',
  'fullVersion',
  'rules',
  'usedTimes',
  'users',
]

test('members by the level of the device', async (t) => {
  const { full } = await setup(...MORE, uploaded(TABLET, 'base', 'one'), requested(1, TABLET, 1))
  const members = async (level: number) => Object.keys(await full(level)).sort()
  const from: readonly (readonly [number, readonly string[]])[] = [
    [0, []],
    [1, []],
    [2, []],
    [3, ['tasks']],
    [4, ['devices2', 'krq']],
    [5, ['dh']],
    [6, ['u2f']],
    [7, ['pings']],
    [8, []],
  ]
  const expected = [...ALWAYS]
  for (const [level, more] of from) {
    expected.push(...more)
    t.deepEqual(await members(level), expected.toSorted(), `level ${level}`)
  }
})

test('without a level it is the lowest; below 2 only whole days are sent', async (t) => {
  const { full, ask } = await setup(...MORE)
  const { clientLevel: _, ...known } = nothingKnown(0)
  t.deepEqual(await ask(known), await full(0))
  const times = async (level: number) => (await full(level))['usedTimes']
  const version = versionOf(BigInt(FAMILY.length))
  const sessionDurations = [{ md: 10, spd: 20, sm: 0, em: 60, l: 7, d: 5 }]
  const whole = { day: 1, time: 5, start: 0, end: 1439 }
  const part = { day: 1, time: 4, start: 0, end: 60 }
  const of = (answer: unknown): unknown =>
    (answer as readonly JsonObject[]).find((one) => one['version'] === version)
  t.deepEqual(of(await times(1)), { categoryId: GAMES, times: [whole], sessionDurations, version })
  t.deepEqual(of(await times(2)), { categoryId: GAMES, times: [whole, part], sessionDurations, version })
})

test('the shapes of rules, tasks and keys', async (t) => {
  const { full } = await setup(...MORE)
  const answer = await full()
  const version = (offset: number): string => versionOf(BigInt(FAMILY.length + offset))
  const ofGames = (member: string): unknown =>
    listAt(answer, member).find(({ categoryId }) => categoryId === GAMES)
  t.deepEqual(ofGames('tasks'), {
    categoryId: GAMES,
    version: version(1),
    tasks: [{ i: 'task01', t: 'Tidy up', d: 9, p: false, l: 0 }],
  })
  t.deepEqual(answer['u2f'], { v: version(2), d: [{ u: MUM, a: 3, h: 'AAAA', p: 'BBBB' }] })
  t.deepEqual(ofGames('rules'), {
    categoryId: GAMES,
    version: version(3),
    rules: [
      {
        id: 'rule01',
        extraTime: true,
        dayMask: 3,
        maxTime: 1,
        start: 0,
        end: 1439,
        session: 0,
        pause: 0,
        perDay: false,
        e: 99,
      },
    ],
  })
})

test('who knows everything is sent nothing but what has no version', async (t) => {
  const { ask, status } = await setup(...MORE, uploaded(TABLET, 'base', 'one'))
  t.deepEqual(await ask({ ...(await status()), dh: 'dh01' }), { fullVersion: NOW, apiLevel: 9, pings: [] })
  t.deepEqual(await ask(await status(0)), { fullVersion: NOW, apiLevel: 9 })
})

const CHANGES: readonly (readonly [Fact, readonly string[]])[] = [
  [fact('UserFlagsChanged', { userId: KID, flags: 1 }), ['users']],
  [fact('DeviceUserAssigned', { deviceId: SPARE, userId: KID }), ['devices']],
  [fact('DeviceRemoved', { deviceId: SPARE, requests: [] }), ['devices', 'users']],
  [fact('ParentU2fKeyRemoved', { userId: MUM, sealed: { keyId: '-' } }), ['u2f']],
  [base(GAMES), ['categoryBase']],
  [fact('CategoryAppsRemoved', { categoryId: GAMES, sealed: { names: [] } }), ['categoryApp']],
  [fact('TimeLimitRuleCreated', { ruleId: 'rule02', categoryId: GAMES, rule: RULE }), ['rules']],
  [fact('ChildTaskMarkedPending', { categoryId: GAMES, taskId: 'task01' }), ['tasks']],
  [
    fact('ChildTaskApproved', {
      categoryId: GAMES,
      taskId: 'task01',
      grantedAt: 1,
      extraTime: 2,
      extraTimeDay: -1,
    }),
    ['categoryBase', 'tasks'],
  ],
  [fact('CategoryDeleted', { categoryId: GAMES, requests: [] }), ['rmCategories']],
  [
    fact('CategoryCreated', { categoryId: 'categ9', childId: KID, sort: 1, sealed: { title: 'x' } }),
    ['categoryApp', 'categoryBase', 'rules', 'tasks', 'usedTimes'],
  ],
  [uploaded(TABLET, 'diff', 'two'), ['devices2']],
]
const ABOVE_LOWEST = ['tasks', 'devices2', 'u2f']

for (const [change, members] of CHANGES) {
  test(`after ${change.type} a device is sent ${members.join(', ')}`, async (t) => {
    const { ask, status, happens } = await setup(...MORE)
    const [highest, lowest] = [{ ...(await status(8)), dh: 'dh01' }, await status(0)]
    await happens(change)
    const changed = (answer: JsonObject) =>
      Object.keys(answer)
        .filter((member) => !['fullVersion', 'apiLevel', 'pings'].includes(member))
        .sort()
    t.deepEqual(changed(await ask(highest)), members)
    t.deepEqual(
      changed(await ask(lowest)),
      members.filter((member) => !ABOVE_LOWEST.includes(member)),
    )
  })
}

test('categories that the family does not have are named, others only where they differ', async (t) => {
  const { ask, status } = await setup()
  const known = await status()
  const categories = known['categories'] as JsonObject
  const { [MUSIC]: _gone, ...rest } = categories
  const other = { base: 'x', apps: 'x', rules: 'x', usedTime: 'x' }
  const answer = await ask({
    ...known,
    categories: { ...rest, strang: other, [GAMES]: { ...(categories[GAMES] as JsonObject), rules: '' } },
  })
  t.deepEqual(answer['rmCategories'], ['strang'])
  const idsOf = (member: string) => listAt(answer, member).map(({ categoryId }) => categoryId)
  t.deepEqual(idsOf('categoryBase'), [MUSIC])
  t.deepEqual(idsOf('usedTimes'), [MUSIC])
  t.deepEqual(idsOf('rules'), [GAMES, MUSIC])
})

test('tasks that a device does not mention are sent', async (t) => {
  const { ask, status } = await setup()
  const known = await status()
  const categories = Object.fromEntries(
    Object.entries(known['categories'] as JsonObject).map(([id, versions]) => {
      const { tasks: _, ...others } = versions as JsonObject
      return [id, others]
    }),
  )
  t.is(listAt(await ask({ ...known, categories }), 'tasks').length, 3)
})

test('names of every object are no categories and no devices', async (t) => {
  const { ask, status } = await setup()
  const versions = { base: '', apps: '', rules: '', usedTime: '' }
  const answer = await ask({ ...(await status()), categories: { toString: versions } })
  t.deepEqual(answer['rmCategories'], ['toString'])
})

test('premium: the end, nothing when it is over, 1 when everybody has it', async (t) => {
  const { full, happens, with: pull } = await setup()
  t.is((await full())['fullVersion'], NOW)
  t.is((await pull({ alwaysPro: true }))?.['fullVersion'], 1)
  await happens(fact('PremiumExpired', {}))
  t.is((await full())['fullVersion'], 0)
  await happens(
    fact('PremiumExtended', {
      service: 's',
      type: 'month',
      at: 1,
      until: 77,
      debts: 0,
      isFull: true,
      sealed: { transactionId: 'x' },
    }),
  )
  t.is((await full())['fullVersion'], 77)
})

test('the message of the operators, if there is one', async (t) => {
  const { documents, full } = await setup()
  const say = (message: string, at: bigint) =>
    documents.apply([{ collection: 'timelimit_status', id: 'message', at, put: { message } }], [])
  t.false('message' in (await full()))
  await say('Hello', 1n)
  t.is((await full(0))['message'], 'Hello')
  await say('', 2n)
  t.false('message' in (await full()))
})

test('the status of a pull is taken strictly', (t) => {
  const known = nothingKnown(8)
  const versions = { base: '', apps: '', rules: '', usedTime: '' }
  t.true(
    PullStatus.is({ ...known, categories: { a: versions, b: { ...versions, tasks: '' } }, apps: { d: '' } }),
  )
  t.true(PullStatus.is({ ...known, devicesDetail: { a: {}, b: { appsB: '', appsD: '' } }, kri: 0, kr: 1 }))
  for (const wrong of [
    { ...known, more: 1 },
    { ...known, users: undefined },
    { ...known, clientLevel: '8' },
    { ...known, apps: { d: 1 } },
    { ...known, categories: { a: { ...versions, more: '' } } },
    { ...known, categories: { a: { base: '' } } },
    { ...known, devicesDetail: { a: { appsX: '' } } },
    { ...known, dh: null },
    [],
    null,
  ])
    t.false(PullStatus.is(wrong), JSON.stringify(wrong))
})
