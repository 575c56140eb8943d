/**
 * Proves that no family grows beyond what a document can hold, that an action with a hundred thousand parts is refused before it is counted, and that
 * nothing a device can send fails the request: what is hostile is refused alone.
 */
import test from 'ava'
import type { Fact } from '../../../../src/domain/decider.ts'
import { familyDecider } from '../../../../src/domain/timelimit/decide.ts'
import { hasRoom } from '../../../../src/domain/timelimit/room.ts'
import type { FamilyState } from '../../../../src/domain/timelimit/state.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { appLogic, byHmac } from '../../../support/timelimit-crypto.ts'
import { dataOf, pushedBy } from '../../../support/timelimit-decided.ts'
import { encode, pushed } from '../../../support/timelimit-domain.ts'
import { BOOKS, family, GAMES, MUM, NOW, PASSWORD, PHONE, TABLET } from '../../../support/timelimit-family.ts'

const LIMIT = [{ type: 'DeviceSequenceAdvanced', data: { refused: 'LIMIT', action: 'ADD_USED_TIME_V2' } }]
const usage = (item: JsonObject, categoryId = GAMES, d = 20_000): JsonObject => ({
  type: 'ADD_USED_TIME_V2',
  d,
  i: [{ categoryId, tta: 1, etts: 0, ...item }],
})

/** Different parts of a day. */
const slots = (count: number): readonly (readonly [number, number])[] =>
  Array.from({ length: count }, (_, index) => [index % 1_000, 1_000 + Math.floor(index / 1_000)] as const)
const limits = (count: number) => slots(count).map(([start, end]) => [start, end, 60_000, 1_000] as const)

test('a day has 1,500 counters at most, and a category as many sessions: counting them takes no time', (t) => {
  const counted = (length: number) => pushedBy(TABLET, usage({ as: slots(length) }))
  t.deepEqual(counted(1_499).facts[0]?.type, 'UsedTimeAdded')
  const began = performance.now()
  for (const length of [1_501, 100_000]) {
    t.deepEqual(dataOf(counted(length)), LIMIT)
    t.deepEqual(dataOf(pushedBy(TABLET, usage({ sdl: limits(length) }))), LIMIT)
  }
  t.true(performance.now() - began < 20_000, 'a minute and more, if each were compared with each')
})

test('what has its counters goes on counting when there is no room for more', (t) => {
  const full = (as: readonly (readonly [number, number])[]): readonly Fact[] =>
    pushedBy(TABLET, usage({ as })).facts.map(({ type, data }) => ({ type, data }))
  const after = full(slots(1_499))
  t.is(pushedBy(TABLET, usage({ as: slots(1_499) }), { after }).facts[0]?.type, 'UsedTimeAdded')
  t.is(pushedBy(TABLET, usage({ as: slots(1_500) }), { after }).facts[0]?.type, 'DeviceSequenceAdvanced')
  t.is(pushedBy(TABLET, usage({ as: slots(1_500) }, BOOKS), { after }).facts[0]?.type, 'UsedTimeAdded')
  t.is(
    pushedBy(TABLET, usage({ as: slots(1_500) }, GAMES, 20_001), { after }).facts[0]?.type,
    'UsedTimeAdded',
  )
})

const many = <T>(count: number, entry: T): { readonly [id: string]: T } =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, entry]))

test('a category has 100,000 counters at most, on however many days', (t) => {
  const state = family()
  const { [GAMES]: games } = state.categories
  if (games === undefined) return t.fail()
  const of = (days: number): FamilyState => ({
    ...state,
    categories: { [GAMES]: { ...games, counters: many(days, many(100, [1, 0] as const)) } },
  })
  t.true(hasRoom(of(999), of(1_000)))
  t.false(hasRoom(of(1_000), of(1_001)))
  t.true(hasRoom(of(1_002), of(1_001)))
})

test('a family has 5,000 devices at most', (t) => {
  const device = { deviceId: 'newone', tokenHash: '', name: '', model: '' }
  const add = (devices: number) => {
    const state = { ...family(), status: 'active' as const, devices: many(devices, family().devices[PHONE]) }
    return familyDecider.decide({ type: 'AddDevice', device, now: NOW }, state as FamilyState)._tag
  }
  t.is(add(4_999), 'Right')
  t.is(add(5_000), 'Left')
})

test('every part of a family has its measure; what does not grow is never refused', (t) => {
  const state = family()
  const [user] = Object.values(state.users)
  const { [GAMES]: games } = state.categories
  if (user === undefined || games === undefined) return t.fail()
  const task = { categoryId: GAMES, title: '', duration: 1, pending: false, lastGrant: 0 }
  const request = { sender: PHONE, dsn: 1, dataType: 1, replied: [] }
  const full: readonly ((count: number) => Partial<FamilyState>)[] = [
    (over) => ({ users: many(5_000 + over, user) }),
    (over) => ({ categories: many(10_000 + over, games) }),
    (over) => ({ tasks: many(10_000 + over, task) }),
    (over) => ({ requests: many(5_000 + over, request) }),
    (over) => ({
      categories: { [GAMES]: { ...games, apps: Array.from({ length: 10_000 + over }, () => 'a') } },
    }),
  ]
  for (const part of full) {
    const of = (over: number): FamilyState => ({ ...state, ...part(over) })
    t.true(hasRoom(state, of(0)))
    t.false(hasRoom(state, of(1)))
    t.true(hasRoom(of(5), of(5)))
    t.true(hasRoom(of(5), of(4)))
  }
})

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const LONG = 'ab'.repeat(1_000_000)
const HOSTILE: readonly string[] = [
  nested(1_000_000),
  `{"type":"FORCE_SYNC","x":${nested(1_000_000)}}`,
  '{"type":"__proto__"}',
  '{"type":"toString"}',
  '{"type":"FORCE_SYNC","__proto__":{}}',
  '{"type":"RENAME_CHILD","childId":"kid001","newName":"\\ud800","constructor":1}',
  '{"type":"ADD_USED_TIME","categoryId":"games1","day":1e400,"timeToAdd":0,"extraTimeToSubtract":0}',
  '{"type":"ADD_USED_TIME","categoryId":"games1","day":1.5,"timeToAdd":0,"extraTimeToSubtract":0}',
  '{"type":"FINISH_KEY_REQUEST","dsn":null}',
  `{"type":"UPLOAD_DEVICE_PUBLIC_KEY","key":"${LONG}"}`,
  '\ud800',
  '',
]
const BY_PARENT: readonly JsonObject[] = [
  {
    type: 'SET_CHILD_PASSWORD',
    childId: 'kid001',
    newPassword: { ...PASSWORD, secondHash: LONG, encrypted: true },
  },
  {
    type: 'SET_CHILD_PASSWORD',
    childId: 'kid001',
    newPassword: { ...PASSWORD, secondHash: '..Ab12', encrypted: true },
  },
  { type: 'UPDATE_CATEGORY_BLOCKED_TIMES', categoryId: GAMES, times: '1,2,'.repeat(500_000) },
  { type: 'ADD_PARENT_U2F', keyHandle: LONG, publicKey: LONG },
  { type: 'INCREMENT_CATEGORY_EXTRATIME', categoryId: GAMES, addedExtraTime: 2 ** 53, day: -1 },
]

test('what is hostile is refused alone', (t) => {
  const good = appLogic({ type: 'FORCE_SYNC' })
  const all = [...HOSTILE.map(appLogic), ...BY_PARENT.map(byHmac(MUM, PASSWORD))]
  const acts = [...all, good].map((act) => ({ act, jump: 0 }))
  const { facts, fullSync, done } = pushed(family(), PHONE, encode(PHONE, acts, new Map()), NOW)
  t.true(fullSync)
  t.is(done, acts.length)
  t.deepEqual(
    facts.map(({ type, data }) => (data['refused'] === undefined ? type : 'refused')),
    [...all.map(() => 'refused'), 'ForceSyncRequested'],
  )
})

test('a proof of any form is refused, never thrown at', (t) => {
  const parts = ['', '.', 'Ab12', LONG, 'AAAA', '\ud800', '=', '__proto__']
  const proofs = parts.flatMap((one) => [
    one,
    `password:${one}`,
    `u2f:${one}`,
    `u2f:Ab12.${one}.${one}.${one}.${one}`,
  ])
  for (const integrity of proofs)
    for (const userId of [MUM, '__proto__', ''])
      t.deepEqual(
        pushedBy(PHONE, { type: 'REPORT_U2F_LOGIN' }, { type: 'parent', userId, integrity }).facts.map(
          ({ data }) => data,
        ),
        [{ refused: 'AUTH' }],
      )
})
