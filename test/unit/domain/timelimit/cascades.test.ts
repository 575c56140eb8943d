/**
 * Proves what goes with a category, a user or a device (timelimit 2.14, 4.1): the facts that follow, and that after them nothing in the
 * family's state names what is gone but what may dangle.
 */
import test from 'ava'
import {
  categoryDeleted,
  deviceRemoved,
  userRemoved,
  withoutReplies,
} from '../../../../src/domain/timelimit/actions/cascades.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import { evolve } from '../../../../src/domain/timelimit/evolve.ts'
import type { FamilyState } from '../../../../src/domain/timelimit/state.ts'
import {
  BOOKS,
  categoryCreated,
  DAD,
  family,
  folded,
  GAMES,
  KID,
  MUM,
  MUSIC,
  NOW,
  notified,
  PHONE,
  SIS,
  SPARE,
  TABLET,
} from '../../../support/timelimit-family.ts'

const RULE = {
  extraTime: false,
  dayMask: 127,
  maxTime: 1,
  start: 0,
  end: 1439,
  session: 0,
  pause: 0,
  perDay: false,
}
const request = (serverSeq: number, sender: string, names: { deviceId?: string; categoryId?: string } = {}) =>
  fact('KeyRequested', {
    serverSeq,
    sender,
    dsn: serverSeq,
    dataType: 1,
    tempKey: '',
    signature: '',
    replaces: [],
    ...names,
  })

const FULL = [
  ...[GAMES, MUSIC, BOOKS].flatMap((categoryId) => [
    fact('TimeLimitRuleCreated', { ruleId: `r${categoryId.slice(1)}`, categoryId, rule: RULE }),
    fact('ChildTaskCreated', {
      taskId: `t${categoryId.slice(1)}`,
      categoryId,
      duration: 1,
      sealed: { title: 'x' },
    }),
    fact('UsedTimeAdded', {
      categoryId,
      day: 19_000,
      added: 1,
      counters: [{ start: 0, end: 1439, used: 1 }],
      sessions: [{ start: 0, end: 1439, max: 5, pause: 6, duration: 1, lastUsage: 2 }],
      touched: [3, 4],
    }),
  ]),
  fact('CategoryParentSet', { categoryId: MUSIC, parentCategoryId: GAMES }),
  fact('UnassignedAppsCategorySet', { userId: KID, categoryId: GAMES }),
  fact('LimitLoginCategorySet', { userId: MUM, categoryId: GAMES, preBlock: 5 }),
  fact('LimitLoginCategorySet', { userId: DAD, categoryId: BOOKS, preBlock: 0 }),
  fact('DeviceDefaultUserChanged', { deviceId: SPARE, userId: KID }),
  fact('DeviceDefaultUserChanged', { deviceId: PHONE, userId: MUM }),
  fact('PrimaryDeviceSet', { userId: KID, deviceId: TABLET }),
  fact('PrimaryDeviceSet', { userId: SIS, deviceId: SPARE }),
  fact('ParentU2fKeyAdded', {
    userId: MUM,
    addedAt: NOW,
    sealed: { keyId: 'mumskey1', keyHandle: 'AQ==', publicKey: 'Ag==' },
  }),
  fact('ParentU2fKeyAdded', {
    userId: DAD,
    addedAt: NOW,
    sealed: { keyId: 'dadskey1', keyHandle: 'AQ==', publicKey: 'Aw==' },
  }),
  request(1, PHONE, { categoryId: GAMES }),
  request(2, PHONE, { deviceId: TABLET }),
  request(3, TABLET, { categoryId: MUSIC }),
  request(4, SPARE, { categoryId: BOOKS }),
]
const state = family(...FULL)
const after = (facts: readonly Parameters<typeof evolve>[1][]): FamilyState =>
  facts.reduce((before, one) => evolve(before, one), state)
const keys = (map: object) => Object.keys(map)

test('a deleted category goes with all in it; a user that had it has it no more, and the users version moves (A7)', (t) => {
  const facts = categoryDeleted(state, GAMES)
  t.deepEqual(facts, [
    { type: 'UnassignedAppsCategorySet', data: { userId: KID, categoryId: '' } },
    { type: 'LimitLoginCategoryCleared', data: { userId: MUM } },
    { type: 'CategoryDeleted', data: { categoryId: GAMES, requests: [1] } },
  ])
  t.is(notified(facts), 'G2')
  const left = after(facts)
  t.deepEqual(keys(left.categories), [MUSIC, BOOKS])
  t.deepEqual(keys(left.rules), ['rusic1', 'rooks1'])
  t.deepEqual(keys(left.tasks), ['tusic1', 'tooks1'])
  t.deepEqual(keys(left.requests), ['2', '3', '4'])
  t.is(left.users[KID]?.unassignedCategory, '')
  t.false('limitLogin' in (left.users[MUM] ?? {}))
  t.deepEqual(left.users[DAD]?.limitLogin, { categoryId: BOOKS, preBlock: 0 })
  t.is(left.categories[MUSIC]?.parentId, GAMES)
})

test('a deleted category leaves its users alone if they had nothing of it', (t) => {
  t.deepEqual(categoryDeleted(state, MUSIC), [
    { type: 'CategoryDeleted', data: { categoryId: MUSIC, requests: [3] } },
  ])
})

test('used times and sessions do not come back with the id (A6)', (t) => {
  const again = evolve(after(categoryDeleted(state, GAMES)), categoryCreated(GAMES, SIS))
  t.deepEqual(again.categories[GAMES], family(categoryCreated('new001', SIS)).categories['new001'])
})

test("a removed child goes with its categories, its devices are nobody's", (t) => {
  const facts = userRemoved(state, KID)
  t.deepEqual(facts, [
    { type: 'LimitLoginCategoryCleared', data: { userId: MUM } },
    { type: 'CategoryDeleted', data: { categoryId: GAMES, requests: [1] } },
    { type: 'CategoryDeleted', data: { categoryId: MUSIC, requests: [3] } },
    { type: 'DeviceUserUnassigned', data: { deviceId: TABLET } },
    { type: 'DeviceDefaultUserChanged', data: { deviceId: SPARE, userId: '' } },
    { type: 'UserRemoved', data: { userId: KID } },
  ])
  const left = after(facts)
  const text = JSON.stringify(left)
  for (const gone of [KID, GAMES, MUSIC]) t.false(text.includes(gone), gone)
  t.deepEqual(keys(left.requests), ['2', '4'])
  t.like(left.devices[TABLET], { userId: '', keptSignedIn: false })
})

test('a removed parent goes with the security keys, whose version moves (A13)', (t) => {
  const facts = userRemoved(state, MUM)
  t.deepEqual(facts, [
    { type: 'DeviceUserUnassigned', data: { deviceId: PHONE } },
    { type: 'DeviceDefaultUserChanged', data: { deviceId: PHONE, userId: '' } },
    { type: 'ParentU2fKeyRemoved', data: { userId: MUM, sealed: { keyId: 'mumskey1' } } },
    { type: 'UserRemoved', data: { userId: MUM } },
  ])
  const left = after(facts)
  t.false(JSON.stringify(left).includes(MUM))
  t.deepEqual(keys(left.u2f), ['dadskey1'])
  t.like(left.devices[PHONE], { userId: '', keptSignedIn: false })
})

test("a removed device goes with what it asks and is asked for, and is nobody's primary device", (t) => {
  const facts = deviceRemoved(state, TABLET)
  t.deepEqual(facts, [
    { type: 'DeviceRemoved', data: { deviceId: TABLET, requests: [2, 3], tokenHash: `hash of ${TABLET}` } },
    { type: 'PrimaryDeviceCleared', data: { userId: KID } },
  ])
  const left = after(facts)
  t.false(JSON.stringify(left).includes(TABLET))
  t.deepEqual(keys(left.requests), ['1', '4'])
  t.is(left.users[SIS]?.currentDevice, SPARE)
})

test('a device that reported its removal has no token to end', (t) => {
  const reported = fact('DeviceUninstallReported', { deviceId: TABLET, tokenHash: `hash of ${TABLET}` })
  t.deepEqual(deviceRemoved(family(reported), TABLET), [
    { type: 'DeviceRemoved', data: { deviceId: TABLET, requests: [] } },
  ])
})

test('in an empty family there is nothing to follow', (t) => {
  const none = folded(fact('FamilyCreated', { familyId: 'abcdefghij', until: 0 }))
  t.deepEqual(userRemoved(none, KID), [{ type: 'UserRemoved', data: { userId: KID } }])
})

test('answers to requests that go with categories go from the mailboxes of those who asked', (t) => {
  const dropped = (to: string, serverSeq: number) => ({
    type: 'drop-replies',
    to,
    serverSeqs: [serverSeq],
  })
  t.deepEqual(withoutReplies(state, categoryDeleted(state, GAMES)).effects, [dropped(PHONE, 1)])
  t.deepEqual(withoutReplies(state, userRemoved(state, KID)).effects, [dropped(PHONE, 1), dropped(TABLET, 3)])
  t.deepEqual(withoutReplies(state, userRemoved(state, DAD)).effects, [])
})
