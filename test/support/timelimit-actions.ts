/**
 * Any action of the 68 types (timelimit 4): of the right shape, about few things, so that they meet; whether it is accepted depends on the family.
 */
import * as fc from 'fast-check'
import type { Envelope } from '../../src/domain/timelimit/actions/action.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { encrypted, passwordChange, passwordOf, removalOf, securityKey } from './timelimit-crypto.ts'
import { createDhKeyPair } from '../../src/crypto/create-dh-key-pair.ts'
import {
  BOOKS,
  DAD,
  GAMES,
  KID,
  MUM,
  MUSIC,
  NOBODY,
  PASSWORD,
  PHONE,
  SIS,
  SPARE,
  TABLET,
} from './timelimit-family.ts'

/** The server's key for every device, and the first parent's security key. */
export const SERVER_KEY = { version: 'dh01', ...createDhKeyPair() }
export const DH = { v: SERVER_KEY.version, k: SERVER_KEY.publicKey }
export const STICK = securityKey('mum')

type Any = fc.Arbitrary<Json>
type Members = { readonly [name: string]: Any }
export type Generated = { readonly envelope: Envelope; readonly action: fc.Arbitrary<JsonObject> }

const row =
  (envelope: Envelope) =>
  (required: Members = {}, optional: Members = {}) => ({ envelope, required, optional })
const logic = row('appLogic')
const byParent = row('parent')
const byChild = row('child')

const bool = fc.boolean()
const number = fc.oneof(fc.constantFrom(0, 1, 1_000, 60_000, 3_600_000), fc.nat(10_000_000))
const positive = number.map((one) => one + 1)
const day = fc.constantFrom(-1, 0, 1, 20_000)
const label = fc.constantFrom('a', 'Ünï', 'x'.repeat(255), '"\\\n{}')
const category = fc.constantFrom(GAMES, GAMES, GAMES, MUSIC, MUSIC, BOOKS, 'categ4', NOBODY)
const none: Any = fc.constant('')
const child = fc.constantFrom(KID, KID, KID, SIS, 'kid002')
const parent = fc.constantFrom(MUM, MUM, DAD, 'dad002')
const user = fc.oneof(child, child, parent, fc.constant(NOBODY))
const device = fc.constantFrom(PHONE, PHONE, TABLET, TABLET, SPARE, NOBODY)
const rule = fc.constantFrom('rule01', 'rule01', '000002')
const task = fc.constantFrom('task01', 'task01', '000002')
const token = fc.constantFrom('token1', 'token2')
const apps = fc.uniqueArray(fc.constantFrom('', 'org.chess', 'org.a:b', 'org.a', 'org.tiles@1', 'é'), {
  maxLength: 4,
})
const bytes = (length: number): Any =>
  fc.constantFrom(0, 1, 255).map((fill) => Buffer.alloc(length, fill).toString('base64'))
const secret = fc.constantFrom('one', 'two').map(passwordOf)
const pwd: Any = fc.oneof(
  secret.map((one) => ({ ...one })),
  secret.map((one) => ({ ...one, encrypted: false })),
  secret.map((one) => encrypted(one, DH)),
  secret.map((one) => encrypted(one, { ...DH, v: 'dh02' })),
  secret.map((one) => ({ ...one, secondHash: 'none' })),
)
const range = fc
  .tuple(fc.constantFrom(0, 60, 1439), fc.constantFrom(0, 60, 1439))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
const slot: Any = range.filter(([from, to]) => to - from < 1439).map((one) => [...one])
const limit: Any = fc
  .tuple(range, fc.constantFrom(60_000, 600_000), fc.constantFrom(10_000, 60_000))
  .map(([one, ...rest]) => [...one, ...rest])
const distinct = (item: Any): Any =>
  fc.uniqueArray(item, { maxLength: 2, selector: (one) => JSON.stringify(one) })
const item = fc.record(
  {
    categoryId: category,
    tta: number,
    etts: fc.constantFrom(0, 0, 500),
    as: distinct(slot),
    sdl: distinct(limit),
  },
  { requiredKeys: ['categoryId', 'tta', 'etts'] },
)
const values = { time: number, days: fc.nat(127), extraTime: bool }
const moreValues = {
  start: fc.constantFrom(0, 60),
  end: fc.constantFrom(30, 1439),
  dur: number,
  pause: number,
  perDay: bool,
  e: positive,
}
const rulesMembers: Members = { ruleId: rule, categoryId: category, ...values, ...moreValues }
const ruleValues = fc.record(rulesMembers, {
  requiredKeys: ['ruleId', 'categoryId', ...Object.keys(values)],
})
const protection = fc.constantFrom('none', 'simple device admin', 'password device admin', 'device owner')
const permission = fc.constantFrom('not granted', 'not required', 'granted')
const notification = fc.constantFrom('not granted', 'not supported', 'granted')
const switched = { deviceId: device, enable: bool }
const masks = { modified: fc.nat(3), values: fc.nat(3) }
const key = fc.constantFrom(
  { keyHandle: STICK.keyHandle, publicKey: STICK.publicKey },
  { keyHandle: 'AAAA', publicKey: 'AAAA' },
  { keyHandle: 'AAAB', publicKey: '' },
)
const app: Any = fc.record({
  packageName: fc.constantFrom('a', 'b'),
  title: label,
  isLaunchable: bool,
  recommendation: fc.constantFrom('whitelist', 'blacklist', 'none'),
})
const uniqueBy = (items: Any, name: string): Any =>
  fc.uniqueArray(items, { maxLength: 2, selector: (one) => (one as JsonObject)[name] })

const ROWS = {
  ADD_USED_TIME_V2: logic(
    {
      d: fc.constantFrom(0, 20_000, 20_001),
      i: fc.uniqueArray(item, { minLength: 1, maxLength: 3, selector: ({ categoryId }) => categoryId }),
    },
    { t: number },
  ),
  ADD_USED_TIME: logic({
    categoryId: category,
    day: fc.constantFrom(0, 20_000),
    timeToAdd: number,
    extraTimeToSubtract: fc.constantFrom(0, 500),
  }),
  FORCE_SYNC: logic(),
  SIGN_OUT_AT_DEVICE: logic(),
  MARK_TASK_PENDING: logic({ taskId: task }),
  UPDATE_DEVICE_STATUS: logic(
    {},
    {
      protectionLevel: protection,
      usageStats: permission,
      notificationAccess: notification,
      overlayPermission: permission,
      accessibilityServiceEnabled: bool,
      appVersion: fc.nat(3),
      didReboot: bool,
      isQOrLaterNow: bool,
      addedManipulationFlags: fc.nat(3),
      platformType: fc.constantFrom('a', 'android'),
      platformLevel: fc.nat(128),
    },
  ),
  TRIED_DISABLING_DEVICE_ADMIN: logic(),
  UPDATE_INSTALLED_APPS: logic(
    { w: bool },
    { b: fc.constantFrom('', 'AAAA', 'AAAB'), d: fc.constantFrom('', 'AAAA', 'AAAC') },
  ),
  UPLOAD_DEVICE_PUBLIC_KEY: logic({ key: bytes(32) }),
  SEND_KEY_REQUEST: logic(
    { dsn: fc.nat(3), dataType: fc.constantFrom(1, 2), tempKey: bytes(32), signature: bytes(64) },
    { deviceId: device, categoryId: category },
  ),
  REPLY_TO_KEY_REQUEST: logic({
    rsn: fc.integer({ min: 0, max: 8 }),
    tempKey: bytes(32),
    encryptedKey: bytes(16),
    signature: bytes(64),
  }),
  FINISH_KEY_REQUEST: logic({ dsn: fc.nat(3) }),
  PING: logic({ deviceId: device, event: fc.constantFrom('ping', 'pong', 'clear'), token }),
  ADD_INSTALLED_APPS: logic({ apps: uniqueBy(app, 'packageName') }),
  REMOVE_INSTALLED_APPS: logic({ packageNames: apps }),
  UPDATE_APP_ACTIVITIES: logic({
    removed: distinct(fc.constantFrom(['a', 'b'], ['a', 'c'])),
    updatedOrAdded: uniqueBy(fc.constantFrom({ p: 'a', c: 'b', t: '' }, { p: 'a', c: 'c', t: 'x' }), 'c'),
  }),
  ADD_USER: byParent(
    { name: label, userType: fc.constantFrom('parent', 'child'), userId: user, timeZone: label },
    { password: pwd },
  ),
  REMOVE_USER: byParent(
    { userId: fc.constantFrom(DAD, 'dad002', SIS, 'kid002', KID) },
    {
      authentication: fc.constantFrom(removalOf(DAD, PASSWORD), removalOf('dad002', passwordOf('one')), 'x'),
    },
  ),
  RENAME_CHILD: byParent({ childId: user, newName: label }),
  SET_USER_TIMEZONE: byParent({ userId: user, timezone: label }),
  SET_CHILD_PASSWORD: byParent({ childId: child, newPassword: pwd }),
  CHANGE_PARENT_PASSWORD: byParent(),
  UPDATE_PARENT_NOTIFICATION_FLAGS: byParent({ parentId: parent, flags: fc.nat(3), set: bool }),
  UPDATE_USER_FLAGS: byParent({ userId: user, ...masks }),
  SET_USER_DISABLE_LIMITS_UNTIL: byParent({ childId: user, time: number }),
  SET_RELAX_PRIMARY_DEVICE: byParent({ userId: user, relax: bool }),
  SET_CATEGORY_FOR_UNASSIGNED_APPS: byParent({ childId: child, categoryId: fc.oneof(category, none) }),
  UPDATE_USER_LIMIT_LOGIN_CATEGORY: byParent({ userId: parent }, { categoryId: category }),
  UPDATE_USER_LIMIT_LOGIN_PRE_BLOCK_DURATION: byParent({
    userId: parent,
    preBlockDuration: fc.nat(86_400_000),
  }),
  ADD_PARENT_U2F: byParent(),
  REMOVE_PARENT_U2F: byParent(),
  REPORT_U2F_LOGIN: byParent(),
  SET_DEVICE_USER: byParent({ deviceId: device, userId: fc.oneof(user, none) }),
  SET_KEEP_SIGNED_IN: byParent({ deviceId: device, keepSignedIn: bool }),
  SET_DEVICE_DEFAULT_USER: byParent({ deviceId: device, defaultUserId: fc.oneof(user, none) }),
  SET_DEVICE_DEFAULT_USER_TIMEOUT: byParent({ deviceId: device, timeout: number }),
  UPDATE_DEVICE_NAME: byParent({ deviceId: device, name: label }),
  UPDATE_NETWORK_TIME_VERIFICATION: byParent({
    deviceId: device,
    mode: fc.constantFrom('disabled', 'if possible', 'enabled'),
  }),
  SET_CONSIDER_REBOOT_MANIPULATION: byParent(switched),
  UPDATE_ENABLE_ACTIVITY_LEVEL_BLOCKING: byParent(switched),
  SET_SEND_DEVICE_CONNECTED: byParent(switched),
  IGNORE_MANIPULATION: byParent(
    {
      deviceId: device,
      admin: bool,
      adminA: bool,
      downgrade: bool,
      notification: bool,
      usageStats: bool,
      hadManipulation: bool,
    },
    {
      reboot: bool,
      overlay: bool,
      accessibilityService: bool,
      ignoreHadManipulationFlags: fc.nat(63),
      ignoreManipulationFlags: fc.nat(3),
    },
  ),
  CREATE_CATEGORY: byParent({ childId: child, categoryId: category, title: label }),
  DELETE_CATEGORY: byParent({ categoryId: category }),
  UPDATE_CATEGORY_TITLE: byParent({ categoryId: category, newTitle: label }),
  ADD_CATEGORY_APPS: byParent({ categoryId: category, packageNames: apps }),
  REMOVE_CATEGORY_APPS: byParent({
    categoryId: category,
    packageNames: apps.map((names) => names.slice(0, 1)),
  }),
  SET_PARENT_CATEGORY: byParent({ categoryId: category, parentCategory: fc.oneof(category, none) }),
  SET_CATEGORY_EXTRA_TIME: byParent({ categoryId: category, newExtraTime: number }, { day }),
  INCREMENT_CATEGORY_EXTRATIME: byParent({ categoryId: category, addedExtraTime: number }, { day }),
  UPDATE_CATEGORY_BLOCKED_TIMES: byParent({
    categoryId: category,
    times: fc.constantFrom('', '0,60', '0,60,100,10080', '0,10080'),
  }),
  UPDATE_CATEGORY_TEMPORARILY_BLOCKED: byParent({ categoryId: category, blocked: bool }, { endTime: number }),
  UPDATE_CATEGORY_DISABLE_LIMITS: byParent({ categoryId: category, endTime: number }),
  UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS: byParent(
    { categoryId: category, blocked: bool },
    { blockDelay: number },
  ),
  UPDATE_CATEGORY_BATTERY_LIMIT: byParent(
    { categoryId: category },
    { chargeLimit: fc.nat(100), mobileLimit: fc.nat(100) },
  ),
  UPDATE_CATEGORY_FLAGS: byParent({ categoryId: category, modified: fc.nat(1), values: fc.nat(1) }),
  UPDATE_CATEGORY_SORTING: byParent({ categoryIds: fc.uniqueArray(category) }),
  UPDATE_CATEGORY_TIME_WARNINGS: byParent(
    { categoryId: category, enable: bool, flags: fc.nat(31) },
    { minutes: fc.constantFrom(1, 7, 10_078) },
  ),
  ADD_CATEGORY_NETWORK_ID: byParent({
    categoryId: category,
    itemId: fc.constantFrom('item01', 'item02', '000003'),
    hashedNetworkId: fc.constantFrom('0123abcd', 'ffffffff'),
  }),
  RESET_CATEGORY_NETWORK_IDS: byParent({ categoryId: category }),
  CREATE_TIMELIMIT_RULE: byParent({ rule: ruleValues }),
  UPDATE_TIMELIMIT_RULE: byParent({ ruleId: rule, ...values }, moreValues),
  DELETE_TIMELIMIT_RULE: byParent({ ruleId: rule }),
  UPDATE_CHILD_TASK: byParent({
    isNew: bool,
    taskId: task,
    categoryId: category,
    taskTitle: fc.constantFrom('t', 'x'.repeat(50)),
    extraTimeDuration: fc.integer({ min: 1, max: 86_400_000 }),
  }),
  DELETE_CHILD_TASK: byParent({ taskId: task }),
  REVIEW_CHILD_TASK: byParent({ taskId: task, ok: bool, time: positive }, { day: fc.nat(20_000) }),
  CHILD_SIGN_IN: byChild(),
  CHILD_CHANGE_PASSWORD: byChild({ password: pwd }),
}

/** Actions whose members belong together. */
const WHOLE: { readonly [type: string]: fc.Arbitrary<JsonObject> } = {
  ADD_PARENT_U2F: key.map((one) => ({ type: 'ADD_PARENT_U2F', ...one })),
  REMOVE_PARENT_U2F: key.map((one) => ({ type: 'REMOVE_PARENT_U2F', ...one })),
  CHANGE_PARENT_PASSWORD: fc
    .tuple(fc.constantFrom(DAD, 'dad002'), secret, secret)
    .map(([userId, old, next]) => passwordChange(userId, userId === DAD ? PASSWORD : old, next)),
}

export const GENERATED: { readonly [type: string]: Generated } = Object.fromEntries(
  Object.entries(ROWS).map(([type, { envelope, required, optional }]) => {
    const members: Members = { type: fc.constant(type), ...required, ...optional }
    const action = fc.record(members, { requiredKeys: ['type', ...Object.keys(required)] })
    return [type, { envelope, action: WHOLE[type] ?? action }]
  }),
)
