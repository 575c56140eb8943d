/**
 * Proves the parents' actions on devices (timelimit 4.4): for each the facts, who is told and which versions move, and every refusal.
 */
import test from 'ava'
import { DEVICE_ACTIONS } from '../../../../src/domain/timelimit/actions/devices.ts'
import { fact, type DataOf } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  DAD,
  KID,
  MUM,
  NOBODY,
  parent,
  PHONE,
  SIS,
  SPARE,
  TABLET,
  when,
  type Given,
} from '../../../support/timelimit-family.ts'

const push = (type: keyof typeof DEVICE_ACTIONS, action: JsonObject, given?: Given) =>
  when(DEVICE_ACTIONS[type], { type, ...action }, given)

const done = (type: string, data: object, notify: string) => ({
  facts: [{ type, data }],
  effects: [],
  notify,
  bumps: ['devices'],
})

test('each action on a device: its fact, who is told, and that the device must be there', (t) => {
  const all = `G1 T2(${TABLET})`
  const rows = [
    ['SET_DEVICE_USER', { userId: SIS }, 'DeviceUserAssigned', { userId: SIS }, all],
    ['SET_DEVICE_USER', { userId: KID }, 'DeviceUserAssigned', { userId: KID }, all],
    ['SET_DEVICE_USER', { userId: '' }, 'DeviceUserAssigned', { userId: '' }, all],
    [
      'SET_KEEP_SIGNED_IN',
      { keepSignedIn: false },
      'DeviceKeepSignedInChanged',
      { keptSignedIn: false },
      all,
    ],
    ['SET_DEVICE_DEFAULT_USER', { defaultUserId: DAD }, 'DeviceDefaultUserChanged', { userId: DAD }, all],
    ['SET_DEVICE_DEFAULT_USER', { defaultUserId: '' }, 'DeviceDefaultUserChanged', { userId: '' }, all],
    [
      'SET_DEVICE_DEFAULT_USER_TIMEOUT',
      { timeout: 2 ** 31 - 1 },
      'DeviceDefaultUserTimeoutChanged',
      { timeout: 2 ** 31 - 1 },
      all,
    ],
    ['UPDATE_DEVICE_NAME', { name: 'Old tablet' }, 'DeviceRenamed', { sealed: { name: 'Old tablet' } }, 'G1'],
    [
      'UPDATE_NETWORK_TIME_VERIFICATION',
      { mode: 'if possible' },
      'DeviceNetworkTimeModeChanged',
      { mode: 'if possible' },
      'G1',
    ],
    [
      'SET_CONSIDER_REBOOT_MANIPULATION',
      { enable: true },
      'DeviceRebootPolicyChanged',
      { enable: true },
      all,
    ],
    [
      'UPDATE_ENABLE_ACTIVITY_LEVEL_BLOCKING',
      { enable: false },
      'DeviceActivityLevelBlockingChanged',
      { enable: false },
      all,
    ],
  ] as const
  for (const [type, action, event, data, notify] of rows) {
    const deviceId = TABLET
    t.deepEqual(push(type, { deviceId, ...action }), done(event, { deviceId, ...data }, notify), type)
    t.is(push(type, { deviceId: NOBODY, ...action }), 'NO_DEVICE', type)
    t.is(push(type, { deviceId: '', ...action }), 'SCHEMA', type)
  }
})

test('users that are not there are refused', (t) => {
  t.is(push('SET_DEVICE_USER', { deviceId: TABLET, userId: NOBODY }), 'NO_USER')
  t.is(push('SET_DEVICE_DEFAULT_USER', { deviceId: TABLET, defaultUserId: NOBODY }), 'NO_USER')
})

test('values out of range are refused', (t) => {
  const deviceId = TABLET
  t.is(push('SET_DEVICE_DEFAULT_USER_TIMEOUT', { deviceId, timeout: 2 ** 31 }), 'SCHEMA')
  t.is(push('SET_DEVICE_DEFAULT_USER_TIMEOUT', { deviceId, timeout: -1 }), 'SCHEMA')
  t.is(push('UPDATE_NETWORK_TIME_VERIFICATION', { deviceId, mode: 'maybe' }), 'SCHEMA')
  t.is(push('UPDATE_DEVICE_NAME', { deviceId, name: ' ' }), 'SCHEMA')
})

test('a renamed child is found by later actions (A2)', (t) => {
  const after = [fact('ChildRenamed', { userId: SIS, sealed: { name: 'Ann' } })]
  t.not(push('SET_DEVICE_USER', { deviceId: TABLET, userId: SIS }, { after }), 'NO_USER')
})

test('SET_KEEP_SIGNED_IN: on only for the own device user', (t) => {
  t.deepEqual(
    push('SET_KEEP_SIGNED_IN', { deviceId: PHONE, keepSignedIn: true }),
    done('DeviceKeepSignedInChanged', { deviceId: PHONE, keptSignedIn: true }, `G1 T2(${PHONE})`),
  )
  for (const deviceId of [TABLET, SPARE])
    t.is(push('SET_KEEP_SIGNED_IN', { deviceId, keepSignedIn: true }), 'STATE')
  t.is(push('SET_KEEP_SIGNED_IN', { deviceId: PHONE, keepSignedIn: true }, { as: parent(DAD) }), 'STATE')
  t.is(push('SET_KEEP_SIGNED_IN', { deviceId: NOBODY, keepSignedIn: true }), 'NO_DEVICE')
  const after = [fact('DeviceUserAssigned', { deviceId: PHONE, userId: DAD })]
  t.is(
    push('SET_KEEP_SIGNED_IN', { deviceId: PHONE, keepSignedIn: true }, { as: parent(MUM), after }),
    'STATE',
  )
})

test('SET_SEND_DEVICE_CONNECTED: of the pushing device only', (t) => {
  t.deepEqual(
    push('SET_SEND_DEVICE_CONNECTED', { deviceId: PHONE, enable: true }),
    done('DeviceConnectionSharingChanged', { deviceId: PHONE, enable: true }, 'G1'),
  )
  t.is(push('SET_SEND_DEVICE_CONNECTED', { deviceId: TABLET, enable: true }), 'STATE')
  t.not(push('SET_SEND_DEVICE_CONNECTED', { deviceId: TABLET, enable: true }, { on: TABLET }), 'STATE')
})

type Status = DataOf<'DeviceStatusReported'>['set']
const NOTHING = {
  deviceId: TABLET,
  admin: false,
  adminA: false,
  downgrade: false,
  notification: false,
  usageStats: false,
  hadManipulation: false,
}
const DOUBTFUL: Status = {
  cProtectionLevel: 'none',
  hProtectionLevel: 'device owner',
  cUsageStats: 'not required',
  hUsageStats: 'granted',
  cNotificationAccess: 'not granted',
  hNotificationAccess: 'granted',
  cOverlay: 'not granted',
  hOverlay: 'granted',
  cAppVersion: 5,
  hAppVersion: 7,
  asEnabled: false,
  wasAsEnabled: true,
  tDisablingAdmin: true,
  reboot: true,
  hadManipulation: true,
  hadManipulationFlags: 63,
  mFlags: 1,
}

test('IGNORE_MANIPULATION: each member settles its own, and leaves the others', (t) => {
  const after = [fact('DeviceStatusReported', { deviceId: TABLET, set: DOUBTFUL })]
  const rows: readonly (readonly [JsonObject, Status])[] = [
    [{}, {}],
    [{ admin: true }, { hProtectionLevel: 'none' }],
    [{ adminA: true }, { tDisablingAdmin: false }],
    [{ downgrade: true }, { hAppVersion: 5 }],
    [{ notification: true }, { hNotificationAccess: 'not granted' }],
    [{ usageStats: true }, { hUsageStats: 'not required' }],
    [{ overlay: true }, { hOverlay: 'not granted' }],
    [{ accessibilityService: true }, { wasAsEnabled: false }],
    [{ reboot: true }, { reboot: false }],
    [{ hadManipulation: true }, { hadManipulation: false }],
    [{ ignoreHadManipulationFlags: 62 }, { hadManipulationFlags: 1 }],
    [{ ignoreHadManipulationFlags: 63 }, { hadManipulationFlags: 0, hadManipulation: false }],
    [{ ignoreHadManipulationFlags: 0 }, {}],
    [{ ignoreManipulationFlags: -1 }, { mFlags: 0 }],
    [{ ignoreManipulationFlags: 2 }, {}],
    [{ overlay: false, accessibilityService: false, reboot: false }, {}],
    [
      { admin: true, reboot: true },
      { hProtectionLevel: 'none', reboot: false },
    ],
  ]
  for (const [action, set] of rows)
    t.deepEqual(
      push('IGNORE_MANIPULATION', { ...NOTHING, ...action }, { after }),
      done('DeviceManipulationIgnored', { deviceId: TABLET, set }, `G1 T2(${TABLET})`),
      JSON.stringify(action),
    )
})

test('IGNORE_MANIPULATION: the devices version moves though nothing was to be ignored', (t) => {
  t.deepEqual(
    push('IGNORE_MANIPULATION', {
      ...NOTHING,
      admin: true,
      downgrade: true,
      hadManipulation: true,
      reboot: true,
    }),
    done('DeviceManipulationIgnored', { deviceId: TABLET, set: {} }, `G1 T2(${TABLET})`),
  )
  t.is(push('IGNORE_MANIPULATION', { ...NOTHING, deviceId: NOBODY }), 'NO_DEVICE')
  t.is(push('IGNORE_MANIPULATION', { ...NOTHING, ignoreHadManipulationFlags: 64 }), 'SCHEMA')
  t.is(push('IGNORE_MANIPULATION', { ...NOTHING, overlay: 1 }), 'SCHEMA')
  const { admin: _, ...incomplete } = NOTHING
  t.is(push('IGNORE_MANIPULATION', incomplete), 'SCHEMA')
})

test('no action on devices is for children that limit themselves', (t) => {
  const rows = Object.entries(DEVICE_ACTIONS)
  t.is(rows.length, 10)
  for (const [type, row] of rows) {
    t.is(row.envelope, 'parent', type)
    t.is(row.selfLimit, undefined, type)
  }
})
