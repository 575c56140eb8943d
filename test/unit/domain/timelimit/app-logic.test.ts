/**
 * Proves what devices do without a user (timelimit 4.3), as far as it is not about times, status or keys: facts, mails, who is told and
 * refusals. What leaves no facts is pushed whole, to see what the device and the others are told all the same.
 */
import test from 'ava'
import type { Fact } from '../../../../src/domain/decider.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  DAD,
  GAMES,
  KID,
  MUM,
  NOBODY,
  NOW,
  parent,
  SIS,
  SPARE,
  TABLET,
} from '../../../support/timelimit-family.ts'
import { dataOf, done, push, pushedBy, scope, then } from '../../../support/timelimit-decided.ts'

const on = { on: TABLET }
const trace = (action: string, told?: 1 | 2) => [
  then('DeviceSequenceAdvanced', { action, ...(told === undefined ? {} : { told }) }),
]

test('every one of them is sent by devices alone, with nothing but its members', (t) => {
  const user = { type: 'parent', userId: MUM, integrity: 'device' } as const
  const pushed = pushedBy('phone1', { type: 'FORCE_SYNC' }, user)
  t.is(pushed.facts[0]?.data['refused'], 'SCHEMA')
  for (const type of ['FORCE_SYNC', 'SIGN_OUT_AT_DEVICE', 'TRIED_DISABLING_DEVICE_ADMIN'])
    t.is(push(type, { more: 1 }, on), 'SCHEMA')
})

test('FORCE_SYNC', (t) => {
  t.deepEqual(push('FORCE_SYNC', {}, on), done([then('ForceSyncRequested', {})], 'G2'))
})

test('SIGN_OUT_AT_DEVICE: back to the default user', (t) => {
  const byDefault = (userId: string) => fact('DeviceDefaultUserChanged', { deviceId: TABLET, userId })
  const signOut = (...after: readonly Fact[]) => push('SIGN_OUT_AT_DEVICE', {}, { ...on, after })
  const assigned = then('DeviceUserAssigned', { deviceId: TABLET, userId: SIS })
  t.deepEqual(signOut(byDefault(SIS)), done([assigned], `G1 T2(${TABLET})`, 'devices'))
  const kept = fact('DeviceKeepSignedInChanged', { deviceId: TABLET, keptSignedIn: true })
  const pushed = pushedBy(TABLET, { type: 'SIGN_OUT_AT_DEVICE' }, { after: [byDefault(KID), kept] })
  t.deepEqual(dataOf(pushed), trace('SIGN_OUT_AT_DEVICE', 1), 'it is the same: nothing changes')
  t.is(push('SIGN_OUT_AT_DEVICE', {}, { ...on, after: [byDefault(SIS)], isPremium: false }), 'PREMIUM')
  t.is(signOut(), 'STATE')
  t.is(signOut(byDefault(NOBODY)), 'NO_USER')
})

const TASK = fact('ChildTaskCreated', {
  taskId: 'task01',
  categoryId: GAMES,
  duration: 1,
  sealed: { title: 'Tidy up' },
})
const MARKED = then('ChildTaskMarkedPending', { taskId: 'task01', categoryId: GAMES })
const flags = (userId: string, value: number) =>
  fact('ParentNotificationFlagsChanged', { userId, flags: value })
const mailOf = (userId: string, mail: string) =>
  fact('ParentMailLinked', { userId, sealed: { mail, locale: 'en' } })

test('MARK_TASK_PENDING: mails to the parents who want them', (t) => {
  const mark = (...after: readonly Fact[]) =>
    push('MARK_TASK_PENDING', { taskId: 'task01' }, { ...on, after: [TASK, ...after] })
  const params = { taskTitle: 'Tidy up', deviceName: `name of ${TABLET}` }
  const mail = (to: string, locale: string) =>
    then('MailQueued', { kind: 'task-done', at: NOW, sealed: { to, locale, params } })
  const toMum = mail('mum@example.org', 'de')
  const marked = (...mails: readonly Fact[]) => done([MARKED, ...mails], 'G1', scope('tasks', GAMES))
  t.deepEqual(mark(), marked(), 'nobody wants them')
  t.deepEqual(mark(flags(MUM, 1), flags(DAD, 3)), marked(), 'those of tasks have bit 2, and no address')
  t.deepEqual(mark(flags(MUM, 2)), marked(toMum))
  t.deepEqual(
    mark(flags(MUM, 3), flags(DAD, 2), mailOf(DAD, 'dad@example.org')),
    marked(toMum, mail('dad@example.org', 'en')),
  )
})

test('MARK_TASK_PENDING: once, and by a device of the child', (t) => {
  const mark = (given: object) => push('MARK_TASK_PENDING', { taskId: 'task01' }, given)
  t.is(mark(on), 'NO_TASK')
  t.is(mark({ on: SPARE, after: [TASK] }), 'STATE')
  t.is(mark({ after: [TASK] }), 'STATE', "the parent's phone")
  const action = { type: 'MARK_TASK_PENDING', taskId: 'task01' }
  const again = pushedBy(TABLET, action, { after: [TASK, flags(MUM, 2), MARKED] })
  t.deepEqual(dataOf(again), trace('MARK_TASK_PENDING'))
  t.false(again.fullSync)
  const elsewhere = pushedBy(SPARE, action, { after: [TASK, MARKED] })
  t.deepEqual(dataOf(elsewhere), trace('MARK_TASK_PENDING'), 'whoever says it again')
  const rejected = fact('ChildTaskRejected', { taskId: 'task01', categoryId: GAMES })
  t.like(mark({ ...on, after: [TASK, MARKED, rejected] }), { facts: [MARKED] })
})

const APP = { packageName: 'org.a', title: 'A', isLaunchable: true, recommendation: 'none' }
const ACTIVITY = { p: 'org.a', c: 'Main', t: '' }

test('actions of former devices are taken and forgotten', (t) => {
  const rows: readonly (readonly [string, JsonObject])[] = [
    ['ADD_INSTALLED_APPS', { apps: [] }],
    ['ADD_INSTALLED_APPS', { apps: [APP, { ...APP, packageName: '', recommendation: 'whitelist' }] }],
    ['REMOVE_INSTALLED_APPS', { packageNames: [] }],
    ['REMOVE_INSTALLED_APPS', { packageNames: ['', 'org.a'] }],
    ['UPDATE_APP_ACTIVITIES', { removed: [['org.a', 'Main']], updatedOrAdded: [] }],
    ['UPDATE_APP_ACTIVITIES', { removed: [], updatedOrAdded: [ACTIVITY, { ...ACTIVITY, c: 'Other' }] }],
  ]
  for (const [type, action] of rows) {
    t.deepEqual(push(type, action, on), done([], ''), type)
    const pushed = pushedBy(TABLET, { type, ...action })
    t.deepEqual(dataOf(pushed), trace(type))
    t.false(pushed.fullSync)
  }
})

test('but for what they never sent', (t) => {
  const rows: readonly (readonly [string, JsonObject])[] = [
    ['ADD_INSTALLED_APPS', { apps: [APP, { ...APP, title: 'B' }] }],
    ['ADD_INSTALLED_APPS', { apps: [{ ...APP, recommendation: 'greylist' }] }],
    ['ADD_INSTALLED_APPS', { apps: [{ ...APP, more: 1 }] }],
    ['ADD_INSTALLED_APPS', { apps: { 0: APP } }],
    ['REMOVE_INSTALLED_APPS', { packageNames: ['org.a', 'org.a'] }],
    ['REMOVE_INSTALLED_APPS', { packageNames: [1] }],
    ['UPDATE_APP_ACTIVITIES', { removed: [['org.a', '']], updatedOrAdded: [] }],
    ['UPDATE_APP_ACTIVITIES', { removed: [['org.a']], updatedOrAdded: [] }],
    ['UPDATE_APP_ACTIVITIES', { removed: [['a', 'b'], ['a', 'b']], updatedOrAdded: [] }], // prettier-ignore
    ['UPDATE_APP_ACTIVITIES', { removed: [], updatedOrAdded: [ACTIVITY, { ...ACTIVITY, t: 'x' }] }],
    ['UPDATE_APP_ACTIVITIES', { removed: [], updatedOrAdded: [{ ...ACTIVITY, p: '' }] }],
    ['UPDATE_APP_ACTIVITIES', { removed: [['a', 'b']] }],
  ]
  for (const [type, action] of rows) t.is(push(type, action, on), 'SCHEMA', JSON.stringify(action))
  t.is(push('UPDATE_APP_ACTIVITIES', { removed: [], updatedOrAdded: [] }, on), 'VALUE')
  const apart = { removed: [['a,b', 'c'], ['a', 'b,c']], updatedOrAdded: [] } // prettier-ignore
  t.deepEqual(push('UPDATE_APP_ACTIVITIES', apart, { ...on, as: parent(MUM) }), done([], ''))
})
