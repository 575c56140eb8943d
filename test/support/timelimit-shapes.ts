/**
 * The exact shapes of a pull's answer (timelimit 5.4), as strict as the strictest client (1.12): absent members are omitted and never null, ids have
 * their form, integers fit. What is not listed is refused.
 */
import type { Json } from '../../src/json.ts'
import { isList, isObject } from '../../src/json.ts'

/** Says what is wrong, by path; nothing if all is well. */
type Check = (value: Json | undefined, path: string) => readonly string[]

const when =
  (what: string, passes: (value: Json | undefined) => boolean): Check =>
  (value, path) =>
    passes(value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${what}`]

const matching = (what: string, pattern: RegExp): Check =>
  when(what, (value) => typeof value === 'string' && pattern.test(value))
const between = (what: string, least: number, most: number): Check =>
  when(what, (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most)

const text = when('text', (value) => typeof value === 'string')
const bool = when('boolean', (value) => typeof value === 'boolean')
const id6 = matching('id', /^[A-Za-z0-9]{6}$/)
const optionalId = matching('id or nothing', /^([A-Za-z0-9]{6})?$/)
/** Of the form that the first server used: a client may keep it in a column of that size. */
const version = matching('version', /^[A-Za-z0-9]{4,}$/)
const base64 = matching('base64', /^[A-Za-z0-9+/]*={0,2}$/)
const bcrypt = matching('bcrypt string', /^(\$2a\$[123][0-9]\$[./A-Za-z0-9]{22}([./A-Za-z0-9]{31})?)?$/)
const timestamp = between('time', 0, Number.MAX_SAFE_INTEGER)
const i32 = between('32 bit integer', -(2 ** 31), 2 ** 31 - 1)
const natural = between('integer from 0', 0, 2 ** 31 - 1)
const minute = between('minute', 0, 1439)
const oneOf = (...values: readonly Json[]): Check =>
  when(JSON.stringify(values), (value) => value !== undefined && values.includes(value))

const listOf =
  (item: Check, least = 0): Check =>
  (value, path) =>
    isList(value) && value.length >= least
      ? value.flatMap((each, index) => item(each, `${path}[${index}]`))
      : [`${path}: no list of at least ${least}`]

/** A name that ends with `?` is optional. */
const shape =
  (members: { readonly [name: string]: Check }): Check =>
  (value, path) => {
    if (!isObject(value)) return [`${path}: ${JSON.stringify(value)} is no object`]
    const known = Object.keys(members).map((name) => name.replace('?', ''))
    const strange = Object.keys(value).filter((name) => !known.includes(name))
    return [
      ...strange.map((name) => `${path}.${name} should not be there`),
      ...Object.entries(members).flatMap(([name, check]) => {
        const key = name.replace('?', '')
        return name.endsWith('?') && !(key in value) ? [] : check(value[key], `${path}.${key}`)
      }),
    ]
  }

const protection = oneOf('none', 'simple device admin', 'password device admin', 'device owner')
const permission = oneOf('not granted', 'not required', 'granted')
const notification = oneOf('not granted', 'not supported', 'granted')

const device = shape({
  deviceId: id6,
  name: text,
  model: text,
  addedAt: timestamp,
  currentUserId: optionalId,
  networkTime: oneOf('disabled', 'if possible', 'enabled'),
  cProtectionLevel: protection,
  hProtectionLevel: protection,
  cUsageStats: permission,
  hUsageStats: permission,
  cNotificationAccess: notification,
  hNotificationAccess: notification,
  cOverlay: permission,
  hOverlay: permission,
  cAppVersion: natural,
  hAppVersion: natural,
  tDisablingAdmin: bool,
  reboot: bool,
  hadManipulation: bool,
  hadManipulationFlags: between('flags', 0, 63),
  reportUninstall: bool,
  isUserKeptSignedIn: bool,
  showDeviceConnected: bool,
  defUser: optionalId,
  defUserTimeout: natural,
  rebootIsManipulation: bool,
  asEnabled: bool,
  wasAsEnabled: bool,
  activityLevelBlocking: bool,
  qOrLater: bool,
  mFlags: between('flags', 0, 1),
  'pk?': base64,
  'pType?': text,
  pLevel: natural,
})

const user = shape({
  id: id6,
  name: text,
  password: bcrypt,
  secondPasswordSalt: bcrypt,
  type: oneOf('parent', 'child'),
  timeZone: text,
  disableLimitsUntil: timestamp,
  mail: text,
  currentDevice: optionalId,
  categoryForNotAssignedApps: optionalId,
  relaxPrimaryDevice: bool,
  mailNotificationFlags: between('flags', 0, 3),
  blockedTimes: oneOf(''),
  flags: between('flags', 0, 3),
  'llc?': id6,
  'pbd?': between('pre-block duration', 0, 86_400_000),
})

const categoryBase = shape({
  categoryId: id6,
  childId: id6,
  title: text,
  blockedTimes: matching('bit mask', /^(\d*,\d*(,\d*,\d*)*)?$/),
  extraTime: timestamp,
  extraTimeDay: between('day', -1, 2 ** 31 - 1),
  tempBlocked: bool,
  tempBlockTime: timestamp,
  version,
  parentCategoryId: optionalId,
  blockAllNotifications: bool,
  blockNotificationDelay: timestamp,
  timeWarnings: between('flags', 0, 31),
  atw: listOf(between('minutes', 1, 10_078)),
  mblCharging: between('percentage', 0, 100),
  mblMobile: between('percentage', 0, 100),
  sort: i32,
  networks: listOf(shape({ itemId: id6, hashedNetworkId: matching('hashed network', /^[0-9a-f]{8}$/) })),
  dlu: timestamp,
  flags: between('flags', 0, 1),
})

const usedTime = shape({ day: natural, time: natural, start: minute, end: minute })
const session = shape({ md: natural, spd: natural, sm: minute, em: minute, l: timestamp, d: timestamp })
const rule = shape({
  id: id6,
  extraTime: bool,
  dayMask: between('days', 0, 127),
  maxTime: natural,
  start: minute,
  end: minute,
  session: natural,
  pause: natural,
  perDay: bool,
  'e?': timestamp,
})
const task = shape({ i: id6, t: text, d: natural, p: bool, l: timestamp })
const blob = shape({ version, data: base64 })
const keyRequest = shape({
  srvSeq: natural,
  senId: id6,
  senSeq: i32,
  'deviceId?': id6,
  'categoryId?': id6,
  type: oneOf(1, 2),
  tempKey: base64,
  signature: base64,
})
const keyResponse = shape({
  srvSeq: natural,
  sender: id6,
  rqSeq: i32,
  tempKey: base64,
  cryptKey: base64,
  signature: base64,
})
const securityKey = shape({ u: id6, a: timestamp, h: base64, p: base64 })

/** A list of a category's part: never empty, because then it is not there. */
const parts = (members: { readonly [name: string]: Check }): Check =>
  listOf(shape({ categoryId: id6, version, ...members }), 1)

const status = shape({
  fullVersion: timestamp,
  'message?': text,
  apiLevel: oneOf(9),
  'devices?': shape({ version, data: listOf(device) }),
  'users?': shape({ version, data: listOf(user, 1) }),
  'rmCategories?': listOf(text, 1),
  'categoryBase?': listOf(categoryBase, 1),
  'categoryApp?': parts({ apps: listOf(text) }),
  'usedTimes?': parts({ times: listOf(usedTime), sessionDurations: listOf(session) }),
  'rules?': parts({ rules: listOf(rule) }),
  'tasks?': parts({ tasks: listOf(task) }),
  'devices2?': listOf(shape({ deviceId: id6, 'appsBase?': blob, 'appsDiff?': blob }), 1),
  'krq?': listOf(keyRequest, 1),
  'kr?': listOf(keyResponse, 1),
  'dh?': shape({ v: matching('key version', /^[A-Za-z0-9]{4}$/), k: base64 }),
  'u2f?': shape({ v: version, d: listOf(securityKey) }),
  'pings?': listOf(shape({ deviceId: id6, type: oneOf('ping', 'pong'), token: id6 })),
})

/** Everything of an answer that a client would choke on. */
export const faultsOf = (answer: Json): readonly string[] => status(answer, 'status')
