/**
 * Proves the parents' actions on users (timelimit 4.4): for each the facts, who is told and which versions move, and every refusal. Given
 * is a family as facts; what an action decides is folded again, so data of a wrong shape throws.
 */
import test from 'ava'
import { sha512Hex } from '../../../../src/crypto/hashes.ts'
import { removeUserProof } from '../../../../src/crypto/parent-password.ts'
import { USER_ACTIONS } from '../../../../src/domain/timelimit/actions/users.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  DAD,
  GAMES,
  KID,
  MUM,
  MUSIC,
  NO_PASSWORD,
  NOBODY,
  NOW,
  parent,
  PASSWORD,
  PHONE,
  SPARE,
  TABLET,
  userAdded,
  when,
  type Given,
} from '../../../support/timelimit-family.ts'

const push = (type: keyof typeof USER_ACTIONS, action: JsonObject, given?: Given) =>
  when(USER_ACTIONS[type], { type, ...action }, given)

const done = (facts: readonly unknown[], notify: string, ...bumps: readonly string[]) => ({
  facts,
  effects: [],
  notify,
  bumps,
})

const ADD = { name: 'Tim', userType: 'child', userId: 'tim001', timeZone: 'Europe/Berlin' }
const added = (userType: string, password: object) => ({
  type: 'UserAdded',
  data: {
    userId: 'tim001',
    userType,
    notificationFlags: 0,
    sealed: { name: 'Tim', timeZone: 'Europe/Berlin', mail: '', locale: '', ...password },
  },
})

test('ADD_USER', (t) => {
  t.deepEqual(push('ADD_USER', ADD), done([added('child', NO_PASSWORD)], 'G1', 'users'))
  for (const userType of ['parent', 'child'])
    t.deepEqual(
      push('ADD_USER', { ...ADD, userType, password: { ...PASSWORD, encrypted: false } }),
      done([added(userType, PASSWORD)], 'G1', 'users'),
    )
  t.is(push('ADD_USER', { ...ADD, userType: 'parent' }), 'VALUE')
  t.is(push('ADD_USER', { ...ADD, password: NO_PASSWORD }), 'VALUE')
  t.is(push('ADD_USER', { ...ADD, password: { ...PASSWORD, encrypted: true } }), 'AUTH')
  t.is(push('ADD_USER', { ...ADD, userId: DAD }), 'DUPLICATE')
  t.is(push('ADD_USER', { ...ADD, userType: 'guest' }), 'SCHEMA')
  t.is(push('ADD_USER', { ...ADD, userId: 'tim-01' }), 'SCHEMA')
  t.is(push('ADD_USER', { ...ADD, name: ' \t\r\n' }), 'SCHEMA')
  t.is(push('ADD_USER', { ...ADD, timeZone: 'x'.repeat(256) }), 'SCHEMA')
  t.is(push('ADD_USER', { ...ADD, isNew: true }), 'SCHEMA')
  t.is(push('ADD_USER', { ...ADD, password: { ...PASSWORD, more: 1 } }), 'SCHEMA')
})

test("REMOVE_USER of a child: with all that is the child's, whatever the proof", (t) => {
  const after = [
    fact('LimitLoginCategorySet', { userId: DAD, categoryId: MUSIC, preBlock: 0 }),
    fact('UnassignedAppsCategorySet', { userId: KID, categoryId: GAMES }),
    fact('DeviceDefaultUserChanged', { deviceId: SPARE, userId: KID }),
  ]
  const facts = [
    { type: 'LimitLoginCategoryCleared', data: { userId: DAD } },
    { type: 'CategoryDeleted', data: { categoryId: GAMES, requests: [] } },
    { type: 'CategoryDeleted', data: { categoryId: MUSIC, requests: [] } },
    { type: 'DeviceUserUnassigned', data: { deviceId: TABLET } },
    { type: 'DeviceDefaultUserChanged', data: { deviceId: SPARE, userId: '' } },
    { type: 'UserRemoved', data: { userId: KID } },
  ]
  for (const authentication of [undefined, 'wrong'])
    t.deepEqual(
      push('REMOVE_USER', { userId: KID, ...(authentication && { authentication }) }, { after }),
      done(facts, `G2 T2(${SPARE})`, 'devices', 'users'),
    )
  t.is(push('REMOVE_USER', { userId: NOBODY }), 'NO_USER')
})

test('REMOVE_USER of a parent: only another one with a proof, and never the last mail or the last free login', (t) => {
  const secondHash = PASSWORD.secondHash
  const remove = (userId: string, given: Given = {}, authentication = removeUserProof(userId, secondHash)) =>
    push('REMOVE_USER', { userId, authentication }, given)
  const key = fact('ParentU2fKeyAdded', {
    userId: DAD,
    addedAt: NOW,
    sealed: { keyId: 'abcdefgh', keyHandle: 'AQ==', publicKey: 'Ag==' },
  })
  t.deepEqual(remove(DAD), done([{ type: 'UserRemoved', data: { userId: DAD } }], 'G2', 'users'))
  t.deepEqual(
    remove(DAD, { after: [key] }),
    done(
      [
        { type: 'ParentU2fKeyRemoved', data: { userId: DAD, sealed: { keyId: 'abcdefgh' } } },
        { type: 'UserRemoved', data: { userId: DAD } },
      ],
      'G2',
      'u2f',
      'users',
    ),
  )
  t.is(remove(DAD, {}, sha512Hex(`${DAD}${secondHash}remove`)), 'AUTH')
  t.is(remove(DAD, {}, removeUserProof(MUM, secondHash)), 'AUTH')
  t.is(push('REMOVE_USER', { userId: DAD }), 'AUTH')
  t.is(remove(MUM), 'STATE')
  t.is(remove(MUM, { as: parent(DAD) }), 'STATE')
  const mail = fact('ParentMailLinked', { userId: DAD, sealed: { mail: 'dad@example.org', locale: 'de' } })
  t.deepEqual(
    remove(MUM, { as: parent(DAD), after: [mail] }),
    done(
      [
        { type: 'DeviceUserUnassigned', data: { deviceId: PHONE } },
        { type: 'UserRemoved', data: { userId: MUM } },
      ],
      'G2',
      'devices',
      'users',
    ),
  )
  const limited = fact('LimitLoginCategorySet', { userId: MUM, categoryId: GAMES, preBlock: 0 })
  t.is(remove(DAD, { after: [limited] }), 'STATE')
  t.not(remove(DAD, { after: [limited, userAdded('gran01', 'parent')] }), 'STATE')
})

test('actions that change one member of a child or user', (t) => {
  const rows = [
    [
      'RENAME_CHILD',
      { childId: KID, newName: 'Zoë 🦊' },
      'ChildRenamed',
      { sealed: { name: 'Zoë 🦊' } },
      'G1',
    ],
    [
      'SET_USER_TIMEZONE',
      { userId: KID, timezone: 'Mars/Phobos' },
      'UserTimezoneChanged',
      { sealed: { timeZone: 'Mars/Phobos' } },
      'G2',
    ],
    [
      'SET_CHILD_PASSWORD',
      { childId: KID, newPassword: PASSWORD },
      'ChildPasswordChanged',
      { sealed: PASSWORD },
      'G2',
    ],
    [
      'SET_USER_DISABLE_LIMITS_UNTIL',
      { childId: KID, time: NOW },
      'ChildLimitsDisabledUntilSet',
      { until: NOW },
      'G2',
    ],
    [
      'SET_RELAX_PRIMARY_DEVICE',
      { userId: KID, relax: true },
      'PrimaryDeviceRuleRelaxed',
      { relax: true },
      'G2',
    ],
  ] as const
  for (const [type, action, event, data, notify] of rows)
    t.deepEqual(
      push(type, action),
      done([{ type: event, data: { userId: KID, ...data } }], notify, 'users'),
      type,
    )
})

test('actions on children refuse parents and strangers', (t) => {
  for (const userId of [DAD, NOBODY]) {
    t.is(push('RENAME_CHILD', { childId: userId, newName: 'x' }), 'NO_USER')
    t.is(push('SET_CHILD_PASSWORD', { childId: userId, newPassword: PASSWORD }), 'NO_USER')
    t.is(push('SET_USER_DISABLE_LIMITS_UNTIL', { childId: userId, time: 1 }), 'NO_USER')
    t.is(push('SET_CATEGORY_FOR_UNASSIGNED_APPS', { childId: userId, categoryId: '' }), 'NO_USER')
  }
  t.is(push('SET_USER_TIMEZONE', { userId: NOBODY, timezone: 'x' }), 'NO_USER')
  t.is(push('SET_CHILD_PASSWORD', { childId: KID, newPassword: NO_PASSWORD }), 'VALUE')
  t.is(push('SET_CHILD_PASSWORD', { childId: KID, newPassword: { ...PASSWORD, encrypted: true } }), 'AUTH')
})

test('SET_USER_DISABLE_LIMITS_UNTIL needs premium but for ending it', (t) => {
  const isPremium = false
  t.is(push('SET_USER_DISABLE_LIMITS_UNTIL', { childId: KID, time: 1 }, { isPremium }), 'PREMIUM')
  t.deepEqual(
    push('SET_USER_DISABLE_LIMITS_UNTIL', { childId: KID, time: 0 }, { isPremium }),
    done([{ type: 'ChildLimitsDisabledUntilSet', data: { userId: KID, until: 0 } }], 'G2', 'users'),
  )
  t.is(push('SET_USER_DISABLE_LIMITS_UNTIL', { childId: KID, time: -1 }), 'SCHEMA')
})

test('SET_RELAX_PRIMARY_DEVICE of anybody but a child changes nothing, but is told (A5)', (t) => {
  for (const userId of [DAD, NOBODY])
    t.deepEqual(
      push('SET_RELAX_PRIMARY_DEVICE', { userId, relax: false }),
      done(
        [{ type: 'PrimaryDeviceRuleRelaxed', data: { userId, relax: false, ignored: true } }],
        'G2',
        'users',
      ),
    )
})

test('CHANGE_PARENT_PASSWORD: with the knowledge of the old one, whoever acts', (t) => {
  const userId = 'pAr3nT'
  const change = {
    userId,
    hash: '$2a$12$HhAaSsHh0123456789abceastlnsv87l.JdDEWW60cqBQoEAq.kdG',
    secondSalt: '$2a$12$NnSsAaLlTt0123456789ae',
    secondHashEncrypted:
      '000102030405060708090a0b0c0d0e0ff0e1d2c3b4a5968778695a4b3c2d1e0fe53a97958fc3f1e2464bd7f4f2bdef9faf51a673513b97ca33cdf60afd589583cc29ff325ce29ec25dcaeb7a4fce2905c1dcd20c2d9623a52b986f1a',
    integrity:
      '1be76cae5c94f053c9e45aaf6bc344053d2c5347329c7d14de3a123e88964f47e67f3727d50f8d1bd7045ddb237a452c520767afb492fb6b9913047496567977',
  }
  const after = [userAdded(userId, 'parent')]
  const { hash, secondSalt } = change
  const secondHash = '$2a$12$NnSsAaLlTt0123456789aet5G2/jDk3PbJ1ygPtow3Nr3fAY9q0ZG'
  t.deepEqual(
    push('CHANGE_PARENT_PASSWORD', change, { after }),
    done(
      [{ type: 'ParentPasswordChanged', data: { userId, sealed: { hash, secondHash, secondSalt } } }],
      'G2',
      'users',
    ),
  )
  t.is(push('CHANGE_PARENT_PASSWORD', change), 'NO_USER')
  t.is(push('CHANGE_PARENT_PASSWORD', { ...change, userId: KID }), 'NO_USER')
  t.is(push('CHANGE_PARENT_PASSWORD', { ...change, userId: DAD }), 'AUTH')
  t.is(
    push('CHANGE_PARENT_PASSWORD', { ...change, integrity: change.integrity.toUpperCase() }, { after }),
    'SCHEMA',
  )
  const again = [
    ...after,
    fact('ParentPasswordChanged', { userId, sealed: { hash, secondHash, secondSalt } }),
  ]
  t.is(push('CHANGE_PARENT_PASSWORD', change, { after: again }), 'AUTH')
  const other = { ...change, hash: 'x' }
  const integrity = sha512Hex(PASSWORD.secondHash + userId + 'x' + secondSalt + change.secondHashEncrypted)
  t.is(push('CHANGE_PARENT_PASSWORD', { ...other, integrity }, { after }), 'VALUE')
})

test('flags: only those that are named change', (t) => {
  const flags = fact('ParentNotificationFlagsChanged', { userId: DAD, flags: 1 })
  const notify = (set: boolean, value: number) =>
    push('UPDATE_PARENT_NOTIFICATION_FLAGS', { parentId: DAD, flags: value, set }, { after: [flags] })
  const noted = (value: number) =>
    done([{ type: 'ParentNotificationFlagsChanged', data: { userId: DAD, flags: value } }], 'G1', 'users')
  t.deepEqual(notify(true, 2), noted(3))
  t.deepEqual(notify(false, 3), noted(0))
  t.deepEqual(notify(false, 2), noted(1))
  t.is(notify(true, 4), 'SCHEMA')
  t.is(push('UPDATE_PARENT_NOTIFICATION_FLAGS', { parentId: KID, flags: 1, set: true }), 'NO_USER')

  const own = fact('UserFlagsChanged', { userId: KID, flags: 1 })
  const modify = (modified: number, values: number) =>
    push('UPDATE_USER_FLAGS', { userId: KID, modified, values }, { after: [own] })
  const modified = (value: number) =>
    done([{ type: 'UserFlagsChanged', data: { userId: KID, flags: value } }], 'G1', 'users')
  t.deepEqual(modify(2, 2), modified(3))
  t.deepEqual(modify(3, 2), modified(2))
  t.deepEqual(modify(0, 0), modified(1))
  t.is(modify(1, 2), 'VALUE')
  t.is(modify(4, 0), 'SCHEMA')
  t.not(push('UPDATE_USER_FLAGS', { userId: DAD, modified: 1, values: 1 }), 'NO_USER')
  t.is(push('UPDATE_USER_FLAGS', { userId: NOBODY, modified: 1, values: 1 }), 'NO_USER')
})

test('no action on users is for children that limit themselves', (t) => {
  const rows = Object.entries(USER_ACTIONS)
  t.is(rows.length, 16)
  for (const [type, row] of rows) {
    t.is(row.envelope, 'parent', type)
    t.is(row.selfLimit, undefined, type)
  }
})
