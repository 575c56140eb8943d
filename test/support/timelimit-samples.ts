/** One event of every type of a family's stream, for the family of `timelimit-family.ts`. */
import type { Fact } from '../../src/domain/decider.ts'
import { fact, type DataOf, type FamilyEventType } from '../../src/domain/timelimit/events.ts'
import type { FamilyState } from '../../src/domain/timelimit/state.ts'
import { family, DAD, GAMES, KID, MUM, MUSIC, NOW, PASSWORD, PHONE, SIS, TABLET } from './timelimit-family.ts'

export const RULE = {
  extraTime: true,
  dayMask: 3,
  maxTime: 60_000,
  start: 0,
  end: 1439,
  session: 0,
  pause: 0,
  perDay: false,
  e: NOW,
}
export const DAY = 19_000
export const USED: DataOf<'UsedTimeAdded'> = {
  categoryId: GAMES,
  day: DAY,
  added: 5,
  counters: [
    { start: 0, end: 1439, used: 50 },
    { start: 10, end: 20, used: 5 },
  ],
  sessions: [{ start: 0, end: 1439, max: 100, pause: 200, duration: 5, lastUsage: NOW }],
  touched: [111, 222],
  extraTimeSubtracted: 1,
  extraTime: 9,
}
export const REQUEST: DataOf<'KeyRequested'> = {
  serverSeq: 1,
  sender: PHONE,
  dsn: 7,
  dataType: 2,
  deviceId: TABLET,
  tempKey: 'a',
  signature: 'b',
  replaces: [],
}
const USER = { userId: KID }
const DEVICE = { deviceId: TABLET }
const CATEGORY = { categoryId: GAMES }

export const SAMPLES: { readonly [T in FamilyEventType]: DataOf<T> } = {
  FamilyCreated: { familyId: 'abcdefghij', until: NOW },
  PremiumExtended: {
    service: 'play',
    type: 'year',
    at: NOW,
    until: NOW + 5,
    debts: 3,
    isFull: true,
    sealed: { transactionId: 'GPA.1' },
  },
  PremiumExpired: {},
  MailQueued: {
    kind: 'manipulation',
    at: NOW,
    sealed: { to: 'a@b', locale: 'de', params: { deviceName: 'x' } },
  },
  DeviceSequenceAdvanced: { action: 'X', refused: 'VALUE', told: 1 },
  ForceSyncRequested: {},
  UserAdded: {
    userId: 'gran01',
    userType: 'parent',
    notificationFlags: 3,
    sealed: { name: 'Gran', timeZone: 'UTC', mail: 'gran@example.org', locale: 'fr', ...PASSWORD },
  },
  ChildRenamed: { ...USER, sealed: { name: 'x' } },
  UserTimezoneChanged: { ...USER, sealed: { timeZone: 'UTC' } },
  ChildPasswordChanged: { ...USER, sealed: { ...PASSWORD, secondHash: 'kids' } },
  ParentPasswordChanged: { userId: MUM, sealed: { ...PASSWORD, secondHash: 'mums' } },
  ParentPasswordRecovered: { userId: DAD, sealed: { ...PASSWORD, secondHash: 'dads' } },
  ParentMailLinked: { userId: DAD, sealed: { mail: 'dad@example.org', locale: 'en' } },
  ParentNotificationFlagsChanged: { userId: DAD, flags: 2 },
  UserFlagsChanged: { ...USER, flags: 3 },
  ChildLimitsDisabledUntilSet: { ...USER, until: NOW },
  PrimaryDeviceRuleRelaxed: { ...USER, relax: true },
  PrimaryDeviceSet: { ...USER, ...DEVICE },
  PrimaryDeviceCleared: USER,
  UnassignedAppsCategorySet: { ...USER, ...CATEGORY },
  LimitLoginCategorySet: { userId: MUM, ...CATEGORY, preBlock: 0 },
  LimitLoginPreBlockDurationSet: { userId: MUM, preBlock: 7 },
  LimitLoginCategoryCleared: { userId: MUM },
  ParentU2fKeyAdded: {
    userId: MUM,
    addedAt: NOW,
    sealed: { keyId: 'k+/=1234', keyHandle: 'h', publicKey: 'p' },
  },
  ParentU2fKeyRemoved: { userId: MUM, sealed: { keyId: 'k+/=1234' } },
  ParentU2fLoginReported: { userId: MUM },
  DeviceRegistered: {
    deviceId: 'newdev',
    userId: DAD,
    keptSignedIn: true,
    addedAt: NOW,
    sealed: { name: 'n', model: 'm', tokenHash: 'h' },
  },
  DeviceUserAssigned: { ...DEVICE, userId: SIS },
  DeviceUserUnassigned: DEVICE,
  DeviceKeepSignedInChanged: { ...DEVICE, keptSignedIn: true },
  DeviceDefaultUserChanged: { ...DEVICE, userId: SIS },
  DeviceDefaultUserTimeoutChanged: { ...DEVICE, timeout: 5 },
  DeviceRenamed: { ...DEVICE, sealed: { name: 'renamed' } },
  DeviceNetworkTimeModeChanged: { ...DEVICE, mode: 'enabled' },
  DeviceRebootPolicyChanged: { ...DEVICE, enable: true },
  DeviceActivityLevelBlockingChanged: { ...DEVICE, enable: true },
  DeviceConnectionSharingChanged: { ...DEVICE, enable: true },
  DeviceStatusReported: { ...DEVICE, set: { cAppVersion: 4, hAppVersion: 4, pType: 'android', pLevel: 3 } },
  DeviceManipulationIgnored: { ...DEVICE, set: { hAppVersion: 3 } },
  DeviceManipulationDetected: DEVICE,
  DeviceAdminDisablingTried: DEVICE,
  DeviceAppListUploaded: { ...DEVICE, kind: 'base', sha256: 'cafe', bytes: 3 },
  DevicePublicKeyUploaded: { ...DEVICE, key: 'k' },
  KeyRequested: REQUEST,
  KeyRequestReplied: { serverSeq: 1, sender: TABLET, to: PHONE, replySeq: 1, dsn: 7 },
  KeyRequestFinished: { serverSeqs: [1] },
  DevicePinged: { sender: PHONE, to: TABLET, kind: 'ping' },
  CategoryCreated: { categoryId: 'newcat', childId: SIS, sort: 4, sealed: { title: 't' } },
  CategoryRenamed: { ...CATEGORY, sealed: { title: 'x' } },
  CategoryAppsAssigned: { ...CATEGORY, losing: [], sealed: { names: ['a', 'b'], movedFrom: {} } },
  CategoryAppsRemoved: { ...CATEGORY, sealed: { names: ['a'] } },
  CategoryParentSet: { ...CATEGORY, parentCategoryId: MUSIC },
  CategoryExtraTimeSet: { ...CATEGORY, extraTime: 5, extraTimeDay: DAY },
  CategoryExtraTimeIncremented: { ...CATEGORY, added: 5, extraTime: 10, extraTimeDay: -1 },
  CategoryBlockedTimesChanged: { ...CATEGORY, blockedTimes: '0,60' },
  CategoryTemporarilyBlocked: { ...CATEGORY, until: NOW },
  CategoryTemporaryBlockLifted: CATEGORY,
  CategoryLimitsDisabledUntilSet: { ...CATEGORY, until: NOW },
  CategoryNotificationBlockingChanged: { ...CATEGORY, blocked: true },
  CategoryBatteryLimitChanged: CATEGORY,
  CategoryFlagsChanged: { ...CATEGORY, flags: 1 },
  CategoriesSorted: { items: [{ ...CATEGORY, sort: 3 }] },
  CategoryTimeWarningsChanged: { ...CATEGORY, timeWarnings: 3, minutes: [7] },
  CategoryNetworkIdAdded: { ...CATEGORY, itemId: 'net001', sealed: { hashedNetworkId: '01234567' } },
  CategoryNetworkIdsReset: CATEGORY,
  UsedTimeAdded: USED,
  UsedTimesPruned: {
    items: [
      {
        ...CATEGORY,
        counters: [{ day: DAY, start: 10, end: 20 }],
        sessions: [{ start: 0, end: 1439, max: 100, pause: 200 }],
        touched: { counters: [], sessions: [] },
      },
    ],
  },
  ChildTaskCreated: { ...CATEGORY, taskId: 'task01', duration: 5, sealed: { title: 'Dishes' } },
  ChildTaskUpdated: {
    categoryId: MUSIC,
    taskId: 'task01',
    from: GAMES,
    duration: 6,
    pending: false,
    lastGrant: 0,
    sealed: { title: 'Tidy' },
  },
  ChildTaskMarkedPending: { categoryId: MUSIC, taskId: 'task01' },
  ChildTaskRejected: { categoryId: MUSIC, taskId: 'task01' },
  ChildTaskApproved: { categoryId: MUSIC, taskId: 'task01', grantedAt: NOW, extraTime: 6, extraTimeDay: 1 },
  ChildTaskDeleted: { categoryId: MUSIC, taskId: 'task01' },
  TimeLimitRuleCreated: { ruleId: 'rule01', ...CATEGORY, rule: RULE },
  TimeLimitRuleUpdated: { ruleId: 'rule01', ...CATEGORY, rule: { ...RULE, maxTime: 5 } },
  TimeLimitRuleDeleted: { ruleId: 'rule01', ...CATEGORY },
  CategoryDeleted: { ...CATEGORY, requests: [] },
  UserRemoved: USER,
  DeviceUninstallReported: { ...DEVICE, tokenHash: 'x' },
  DeviceRemoved: { ...DEVICE, requests: [] },
  FamilyDeleted: { reason: 'account', tokenHashes: [] },
}

export const sample = <T extends FamilyEventType>(type: T): Fact => fact(type, SAMPLES[type])
export const TYPES = Object.keys(SAMPLES) as readonly FamilyEventType[]
/** In an order in which each has something to change; the last ones take away. */
export const CHAIN: readonly Fact[] = TYPES.map(sample)

/** The family after the samples up to that type. */
export const upTo = (type: FamilyEventType): FamilyState => family(...CHAIN.slice(1, TYPES.indexOf(type) + 1))
