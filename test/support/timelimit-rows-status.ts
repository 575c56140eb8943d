/** What a device says of itself, as rows of the table of actions (timelimit 4.3, 4.3.1). */
import { randomBytes } from 'node:crypto'
import type { JsonObject } from '../../src/json.ts'
import { appLogic } from './timelimit-crypto.ts'
import { changedScopes, versionsIn } from './timelimit-picture.ts'
import { butLogic, NO_ID, NOBODY, type Row, type World } from './timelimit-world.ts'

const LIST = randomBytes(1_000).toString('base64')
/** The largest list that is allowed. */
const LARGEST = Buffer.alloc(524_288, 7).toString('base64')
const KEY = randomBytes(32).toString('base64')

const status = (): JsonObject => ({
  type: 'UPDATE_DEVICE_STATUS',
  protectionLevel: 'device owner',
  usageStats: 'granted',
  notificationAccess: 'granted',
  overlayPermission: 'granted',
  accessibilityServiceEnabled: true,
  appVersion: 200,
  platformType: 'android',
  platformLevel: 33,
})
/** One step back in everything, and more. */
const worse = (): JsonObject => ({
  type: 'UPDATE_DEVICE_STATUS',
  protectionLevel: 'password device admin',
  usageStats: 'not required',
  notificationAccess: 'not supported',
  overlayPermission: 'not granted',
  accessibilityServiceEnabled: false,
  appVersion: 199,
  didReboot: true,
  isQOrLaterNow: true,
  addedManipulationFlags: 3,
})
const atTablet = (values: JsonObject) => (w: World) => ({ devices: { [w.tabletId]: values } })

export const STATUS: readonly Row[] = [
  {
    type: 'UPDATE_DEVICE_STATUS',
    from: 'tablet',
    act: butLogic(status)({}),
    patch: atTablet({
      cProtectionLevel: 'device owner',
      hProtectionLevel: 'device owner',
      cUsageStats: 'granted',
      hUsageStats: 'granted',
      cNotificationAccess: 'granted',
      hNotificationAccess: 'granted',
      cOverlay: 'granted',
      hOverlay: 'granted',
      asEnabled: true,
      wasAsEnabled: true,
      cAppVersion: 200,
      hAppVersion: 200,
      pType: 'android',
      pLevel: 33,
    }),
    bumps: () => ['devices'],
    told: 1,
    refused: {
      'a level that is none': butLogic(status)({ protectionLevel: 'owner' }),
      'a permission of another kind': butLogic(status)({ notificationAccess: 'not required' }),
      'no platform': butLogic(status)({ platformType: '' }),
      'a long platform': butLogic(status)({ platformType: 'android-9' }),
      'a low platform level': butLogic(status)({ platformLevel: -1 }),
      'a high platform level': butLogic(status)({ platformLevel: 129 }),
      'a low version': butLogic(status)({ appVersion: -1 }),
      'half a flag': butLogic(status)({ addedManipulationFlags: 0.5 }),
      null: butLogic(status)({ didReboot: null }),
    },
  },
  {
    type: 'UPDATE_DEVICE_STATUS',
    name: 'manipulated',
    from: 'tablet',
    given: () => [['tablet', appLogic(status())]],
    act: butLogic(worse)({}),
    patch: atTablet({
      cProtectionLevel: 'password device admin',
      cUsageStats: 'not required',
      cNotificationAccess: 'not supported',
      cOverlay: 'not granted',
      asEnabled: false,
      cAppVersion: 199,
      reboot: true,
      qOrLater: true,
      hadManipulation: true,
      hadManipulationFlags: 63,
      mFlags: 1,
    }),
    bumps: () => ['devices'],
    told: 1,
    check: async (t, w) => {
      t.is((await w.phone.at.mailsTo(w.family.mail, 2)).length, 2, 'a warning')
      const again = { type: 'UPDATE_DEVICE_STATUS', didReboot: false, isQOrLaterNow: false }
      t.false(await w.tablet.push(appLogic(again)))
      const device = (await w.phone.full()).devices[w.tabletId]
      t.deepEqual([device?.reboot, device?.qOrLater], [true, true], 'false clears nothing')
    },
  },
  {
    type: 'UPDATE_DEVICE_STATUS',
    name: 'of nothing',
    from: 'tablet',
    act: () => appLogic({ type: 'UPDATE_DEVICE_STATUS' }),
    bumps: () => ['devices'],
    told: 1,
  },
  {
    type: 'TRIED_DISABLING_DEVICE_ADMIN',
    from: 'tablet',
    act: () => appLogic({ type: 'TRIED_DISABLING_DEVICE_ADMIN' }),
    patch: atTablet({ tDisablingAdmin: true }),
    bumps: () => ['devices'],
    told: 1,
    check: async (t, w) => {
      t.is((await w.phone.at.mailsTo(w.family.mail, 2)).length, 2, 'a warning')
    },
  },
  {
    type: 'TRIED_DISABLING_DEVICE_ADMIN',
    name: 'again',
    from: 'tablet',
    given: () => [['tablet', appLogic({ type: 'TRIED_DISABLING_DEVICE_ADMIN' })]],
    act: () => appLogic({ type: 'TRIED_DISABLING_DEVICE_ADMIN' }),
    told: 0,
  },
]

const pending = (w: World): JsonObject => ({ type: 'MARK_TASK_PENDING', taskId: w.task })
const lists = (): JsonObject => ({ type: 'UPDATE_INSTALLED_APPS', b: LIST, d: 'AAEC', w: true })
const publicKey = (): JsonObject => ({ type: 'UPLOAD_DEVICE_PUBLIC_KEY', key: KEY })

export const SAID: readonly Row[] = [
  {
    type: 'FORCE_SYNC',
    from: 'tablet',
    act: () => appLogic({ type: 'FORCE_SYNC' }),
    told: 2,
    refused: {
      'an unknown member': () => appLogic({ type: 'FORCE_SYNC', now: true }),
      'an unknown type': () => appLogic({ type: 'FORCE_SINK' }),
      'no object': () => appLogic('["FORCE_SYNC"]'),
      'no JSON': () => appLogic('{"type":"FORCE_SYNC"'),
    },
  },
  {
    type: 'SIGN_OUT_AT_DEVICE',
    from: 'tablet',
    given: (w) => [
      ['phone', w.me({ type: 'SET_DEVICE_DEFAULT_USER', deviceId: w.tabletId, defaultUserId: w.sister })],
    ],
    act: () => appLogic({ type: 'SIGN_OUT_AT_DEVICE' }),
    patch: (w) => ({ devices: { [w.tabletId]: { currentUserId: w.sister } } }),
    bumps: () => ['devices'],
    told: 1,
    refused: { 'no default user': () => ['spare', appLogic({ type: 'SIGN_OUT_AT_DEVICE' })] },
  },
  {
    type: 'MARK_TASK_PENDING',
    from: 'tablet',
    act: butLogic(pending)({}),
    patch: (w) => ({ categories: { [w.games]: { tasks: { [w.task]: { p: true } } } } }),
    bumps: (w) => [`tasks/${w.games}`],
    told: 1,
    check: async (t, w) => {
      t.is((await w.phone.at.mailsTo(w.family.mail, 2)).length, 2, 'a mail')
    },
    refused: {
      'no such task': butLogic(pending)({ taskId: NOBODY }),
      'no id': butLogic(pending)({ taskId: NO_ID }),
      'another child’s': (w) => ['spare', appLogic(pending(w))],
    },
  },
  {
    type: 'MARK_TASK_PENDING',
    name: 'again',
    from: 'tablet',
    given: (w) => [['tablet', appLogic(pending(w))]],
    act: butLogic(pending)({}),
    told: 0,
  },
  {
    type: 'UPDATE_INSTALLED_APPS',
    from: 'tablet',
    act: butLogic(lists)({}),
    patch: (w) => ({ lists: { [w.tabletId]: { base: LIST, diff: 'AAEC' } } }),
    bumps: (w) => [`appsB/${w.tabletId}`, `appsD/${w.tabletId}`],
    told: 1,
    check: async (t, w) => {
      const before = await w.phone.full()
      t.false(await w.tablet.push(appLogic(lists())))
      const scopes = [`appsB/${w.tabletId}`, `appsD/${w.tabletId}`]
      t.deepEqual(changedScopes(before, await w.phone.full()), scopes, 'also the same again')
      t.false(await w.tablet.push(appLogic({ type: 'UPDATE_INSTALLED_APPS', d: 'AAED', w: false })))
      const answer = await w.spare.pull()
      t.deepEqual(Object.keys(versionsIn(answer)).sort(), scopes)
      t.false(await w.tablet.push(appLogic({ type: 'UPDATE_INSTALLED_APPS', d: 'AAEE', w: false })))
      t.deepEqual(Object.keys(versionsIn(await w.spare.pull())), scopes.slice(1), 'only the one that differs')
      t.false(await w.tablet.push(appLogic({ ...lists(), b: LARGEST })))
      t.is((await w.phone.full()).lists[w.tabletId]?.base, LARGEST)
    },
    refused: {
      'too large': () => appLogic({ ...lists(), b: Buffer.alloc(524_289).toString('base64') }),
      'no base64': butLogic(lists)({ d: '*' }),
      'without w': () => appLogic({ type: 'UPDATE_INSTALLED_APPS', b: LIST }),
    },
  },
  {
    type: 'UPLOAD_DEVICE_PUBLIC_KEY',
    from: 'tablet',
    act: butLogic(publicKey)({}),
    patch: atTablet({ pk: KEY }),
    bumps: () => ['devices'],
    told: 2,
    check: async (t, w) => {
      const before = await w.phone.full()
      t.false(await w.tablet.push(appLogic({ ...publicKey(), key: Buffer.alloc(32, 7).toString('base64') })))
      t.deepEqual(await w.phone.full(), before, 'the first one stays')
    },
    refused: {
      short: butLogic(publicKey)({ key: Buffer.alloc(31).toString('base64') }),
      long: butLogic(publicKey)({ key: Buffer.alloc(33).toString('base64') }),
      'no base64': butLogic(publicKey)({ key: '?'.repeat(44) }),
    },
  },
]
