/** What parents do with devices, as rows of the table of actions (timelimit 4.4, devices). */
import type { JsonObject } from '../../src/json.ts'
import { appLogic } from './timelimit-crypto.ts'
import { but, LONG, NO_ID, NOBODY, type Row, type World } from './timelimit-world.ts'

const TOLD = { tablet: 2, spare: 1 } as const

/** A row of one device's change: the tablet's. */
const ofTablet = (
  type: string,
  members: JsonObject,
  values: JsonObject,
  told: Row['told'] = TOLD,
): Pick<Row, 'type' | 'act' | 'patch' | 'bumps' | 'told'> => ({
  type,
  act: (w) => w.me({ type, deviceId: w.tabletId, ...members }),
  patch: (w) => ({ devices: { [w.tabletId]: values } }),
  bumps: () => ['devices'],
  told,
})
const wrong = (type: string, members: JsonObject): NonNullable<Row['refused']> => ({
  'no such device': (w) => w.me({ type, deviceId: NOBODY, ...members }),
  'no id': (w) => w.me({ type, deviceId: NO_ID, ...members }),
  'an unknown member': (w) => w.me({ type, deviceId: w.tabletId, ...members, x: 1 }),
  'as app logic': (w) => appLogic({ type, deviceId: w.tabletId, ...members }),
})

const setUser = (w: World): JsonObject => ({
  type: 'SET_DEVICE_USER',
  deviceId: w.tabletId,
  userId: w.sister,
})
const keep = (w: World): JsonObject => ({
  type: 'SET_KEEP_SIGNED_IN',
  deviceId: w.spareId,
  keepSignedIn: true,
})
const connected = (w: World): JsonObject => ({
  type: 'SET_SEND_DEVICE_CONNECTED',
  deviceId: w.phoneId,
  enable: true,
})

const USE: readonly Row[] = [
  {
    ...ofTablet('SET_DEVICE_USER', {}, {}),
    act: but(setUser)({}),
    patch: (w) => ({ devices: { [w.tabletId]: { currentUserId: w.sister } } }),
    refused: {
      nobody: but(setUser)({ userId: NOBODY }),
      'no such device': but(setUser)({ deviceId: NOBODY }),
      'no id': but(setUser)({ userId: NO_ID }),
    },
  },
  {
    ...ofTablet('SET_DEVICE_USER', { userId: '' }, { currentUserId: '' }),
    name: 'to nobody',
  },
  {
    type: 'SET_DEVICE_USER',
    name: 'to the same parent, which signs her out',
    act: (w) => w.me({ type: 'SET_DEVICE_USER', deviceId: w.phoneId, userId: w.parent }),
    patch: (w) => ({ devices: { [w.phoneId]: { isUserKeptSignedIn: false } } }),
    bumps: () => ['devices'],
    told: 1,
  },
  {
    type: 'SET_KEEP_SIGNED_IN',
    given: (w) => [['phone', w.me({ type: 'SET_DEVICE_USER', deviceId: w.spareId, userId: w.parent })]],
    act: but(keep)({}),
    patch: (w) => ({ devices: { [w.spareId]: { isUserKeptSignedIn: true } } }),
    bumps: () => ['devices'],
    told: { tablet: 1, spare: 2 },
    check: async (t, w) => {
      t.false(await w.phone.push(w.they({ ...keep(w), keepSignedIn: false })), 'ended by the other')
      t.is((await w.phone.full()).devices[w.spareId]?.isUserKeptSignedIn, false)
    },
    refused: {
      'of another': (w) => w.they(keep(w)),
      'at a child’s device': but(keep)((w) => ({ deviceId: w.tabletId })),
      'no such device': but(keep)({ deviceId: NOBODY }),
    },
  },
  {
    type: 'SET_DEVICE_DEFAULT_USER',
    act: (w) => w.me({ type: 'SET_DEVICE_DEFAULT_USER', deviceId: w.tabletId, defaultUserId: w.sister }),
    patch: (w) => ({ devices: { [w.tabletId]: { defUser: w.sister } } }),
    bumps: () => ['devices'],
    told: TOLD,
    refused: {
      ...wrong('SET_DEVICE_DEFAULT_USER', { defaultUserId: '' }),
      nobody: (w) => w.me({ type: 'SET_DEVICE_DEFAULT_USER', deviceId: w.tabletId, defaultUserId: NOBODY }),
    },
  },
  {
    ...ofTablet('SET_DEVICE_DEFAULT_USER_TIMEOUT', { timeout: 60_000 }, { defUserTimeout: 60_000 }),
    refused: {
      ...wrong('SET_DEVICE_DEFAULT_USER_TIMEOUT', { timeout: 1 }),
      'less than nothing': (w) =>
        w.me({ type: 'SET_DEVICE_DEFAULT_USER_TIMEOUT', deviceId: w.tabletId, timeout: -1 }),
    },
  },
]

const SETTINGS: readonly Row[] = [
  {
    ...ofTablet('UPDATE_DEVICE_NAME', { name: 'Bens Tablett' }, { name: 'Bens Tablett' }, 1),
    refused: {
      ...wrong('UPDATE_DEVICE_NAME', { name: 'x' }),
      'no name': (w) => w.me({ type: 'UPDATE_DEVICE_NAME', deviceId: w.tabletId, name: '  ' }),
      'a long name': (w) => w.me({ type: 'UPDATE_DEVICE_NAME', deviceId: w.tabletId, name: LONG }),
    },
  },
  {
    ...ofTablet(
      'UPDATE_NETWORK_TIME_VERIFICATION',
      { mode: 'if possible' },
      { networkTime: 'if possible' },
      1,
    ),
    refused: {
      ...wrong('UPDATE_NETWORK_TIME_VERIFICATION', { mode: 'enabled' }),
      'another mode': (w) =>
        w.me({ type: 'UPDATE_NETWORK_TIME_VERIFICATION', deviceId: w.tabletId, mode: 'always' }),
    },
  },
  {
    ...ofTablet('SET_CONSIDER_REBOOT_MANIPULATION', { enable: true }, { rebootIsManipulation: true }),
    refused: wrong('SET_CONSIDER_REBOOT_MANIPULATION', { enable: true }),
  },
  {
    ...ofTablet('UPDATE_ENABLE_ACTIVITY_LEVEL_BLOCKING', { enable: true }, { activityLevelBlocking: true }),
    refused: wrong('UPDATE_ENABLE_ACTIVITY_LEVEL_BLOCKING', { enable: true }),
  },
  {
    type: 'SET_SEND_DEVICE_CONNECTED',
    act: but(connected)({}),
    patch: (w) => ({ devices: { [w.phoneId]: { showDeviceConnected: true } } }),
    bumps: () => ['devices'],
    told: 1,
    refused: {
      'for another device': but(connected)((w) => ({ deviceId: w.tabletId })),
      'no such device': but(connected)({ deviceId: NOBODY }),
    },
  },
]

const NOTHING = {
  admin: false,
  adminA: false,
  downgrade: false,
  notification: false,
  usageStats: false,
  hadManipulation: false,
}
const HIGH = {
  protectionLevel: 'device owner',
  usageStats: 'granted',
  notificationAccess: 'granted',
  overlayPermission: 'granted',
  accessibilityServiceEnabled: true,
  appVersion: 200,
}
const LOW = {
  protectionLevel: 'none',
  usageStats: 'not granted',
  notificationAccess: 'not granted',
  overlayPermission: 'not granted',
  accessibilityServiceEnabled: false,
  appVersion: 100,
  didReboot: true,
  addedManipulationFlags: 1,
}
const manipulated: NonNullable<Row['given']> = () => [
  ['tablet', appLogic({ type: 'UPDATE_DEVICE_STATUS', ...HIGH })],
  ['tablet', appLogic({ type: 'UPDATE_DEVICE_STATUS', ...LOW })],
  ['tablet', appLogic({ type: 'TRIED_DISABLING_DEVICE_ADMIN' })],
]

const MANIPULATION: readonly Row[] = [
  {
    ...ofTablet(
      'IGNORE_MANIPULATION',
      {
        admin: true,
        adminA: true,
        downgrade: true,
        notification: true,
        usageStats: true,
        hadManipulation: true,
        reboot: true,
        overlay: true,
        accessibilityService: true,
        ignoreManipulationFlags: 1,
      },
      {
        hProtectionLevel: 'none',
        tDisablingAdmin: false,
        hAppVersion: 100,
        hNotificationAccess: 'not granted',
        hUsageStats: 'not granted',
        hOverlay: 'not granted',
        wasAsEnabled: false,
        reboot: false,
        hadManipulation: false,
        mFlags: 0,
      },
    ),
    given: manipulated,
    refused: {
      ...wrong('IGNORE_MANIPULATION', NOTHING),
      'an unknown flag': (w) =>
        w.me({
          type: 'IGNORE_MANIPULATION',
          deviceId: w.tabletId,
          ...NOTHING,
          ignoreHadManipulationFlags: 64,
        }),
    },
  },
  {
    ...ofTablet(
      'IGNORE_MANIPULATION',
      { ...NOTHING, ignoreHadManipulationFlags: 31 },
      { hadManipulationFlags: 32 },
    ),
    name: 'some flags',
    given: manipulated,
  },
  {
    ...ofTablet(
      'IGNORE_MANIPULATION',
      { ...NOTHING, ignoreHadManipulationFlags: 63 },
      { hadManipulationFlags: 0, hadManipulation: false },
    ),
    name: 'all flags',
    given: manipulated,
  },
  { ...ofTablet('IGNORE_MANIPULATION', NOTHING, {}), name: 'nothing' },
]

export const DEVICES: readonly Row[] = [...USE, ...SETTINGS, ...MANIPULATION]
