/** Proves what a child does with its password (timelimit 4.5): the facts, who is told, which versions move, and every refusal. */
import test from 'ava'
import { CHILD_ACTIONS } from '../../../../src/domain/timelimit/actions/child.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  DAD,
  KID,
  NO_PASSWORD,
  PASSWORD,
  SPARE,
  TABLET,
  when,
  type Given,
} from '../../../support/timelimit-family.ts'

const push = (type: keyof typeof CHILD_ACTIONS, action: JsonObject, given: Given = {}) =>
  when(CHILD_ACTIONS[type], { type, ...action }, { as: { kind: 'child', userId: KID }, on: SPARE, ...given })

const assigned = { type: 'DeviceUserAssigned', data: { deviceId: SPARE, userId: KID } }

test("CHILD_SIGN_IN: the device is the child's", (t) => {
  const told = { effects: [], notify: `G1 T2(${SPARE})` }
  t.deepEqual(push('CHILD_SIGN_IN', {}), { ...told, facts: [assigned], bumps: ['devices'] })
  const elsewhere = [fact('PrimaryDeviceSet', { userId: KID, deviceId: TABLET })]
  t.deepEqual(push('CHILD_SIGN_IN', {}, { after: elsewhere }), {
    ...told,
    facts: [assigned],
    bumps: ['devices'],
  })
  t.is(push('CHILD_SIGN_IN', {}, { isPremium: false }), 'PREMIUM')
  t.is(push('CHILD_SIGN_IN', {}, { as: { kind: 'child', userId: DAD } }), 'NO_USER')
  t.is(push('CHILD_SIGN_IN', { more: 1 }), 'SCHEMA')
})

test('CHILD_SIGN_IN: who had the device as its primary one has none', (t) => {
  const after = [fact('PrimaryDeviceSet', { userId: KID, deviceId: SPARE })]
  t.deepEqual(push('CHILD_SIGN_IN', {}, { after }), {
    facts: [assigned, { type: 'PrimaryDeviceCleared', data: { userId: KID } }],
    effects: [],
    notify: `G1 T2(${SPARE})`,
    bumps: ['devices', 'users'],
  })
})

test('CHILD_CHANGE_PASSWORD: of the child itself', (t) => {
  t.deepEqual(push('CHILD_CHANGE_PASSWORD', { password: PASSWORD }), {
    facts: [{ type: 'ChildPasswordChanged', data: { userId: KID, sealed: PASSWORD } }],
    effects: [],
    notify: 'G2',
    bumps: ['users'],
  })
  t.is(push('CHILD_CHANGE_PASSWORD', { password: NO_PASSWORD }), 'VALUE')
  t.is(push('CHILD_CHANGE_PASSWORD', { password: { ...PASSWORD, encrypted: true } }), 'AUTH')
  t.is(
    push('CHILD_CHANGE_PASSWORD', { password: PASSWORD }, { as: { kind: 'child', userId: DAD } }),
    'NO_USER',
  )
})

test('both come in the envelope of children', (t) => {
  t.deepEqual(
    Object.values(CHILD_ACTIONS).map(({ envelope }) => envelope),
    ['child', 'child'],
  )
})
