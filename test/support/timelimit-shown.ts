/** One form for what a family's state says and what its devices are told, so that the two can be compared. */
import type { FamilyState, Map6 } from '../../src/domain/timelimit/state.ts'
import { dayOf } from '../../src/domain/timelimit/state.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { isList, isObject } from '../../src/json.ts'
import { asText } from './client.ts'
import type { Picture } from './timelimit-picture.ts'

/** What the decider remembers, in the words of the wire (timelimit 5.4). */
export const shownByState = (state: FamilyState): JsonObject => ({
  fullVersion: state.premium.isFull ? state.premium.until : 0,
  users: mapped(state.users, (user) => ({
    type: user.type,
    mail: user.mail,
    flags: user.flags,
    mailNotificationFlags: user.notificationFlags,
    currentDevice: user.currentDevice,
    categoryForNotAssignedApps: user.unassignedCategory,
    llc: user.limitLogin?.categoryId ?? null,
    pbd: user.limitLogin?.preBlock ?? null,
    hasPassword: user.secondHash !== '',
  })),
  devices: mapped(state.devices, (device) => ({
    ...device.status,
    name: device.name,
    currentUserId: device.userId,
    isUserKeptSignedIn: device.keptSignedIn,
    defUser: device.defaultUser,
    hasKey: device.hasKey,
    reportUninstall: device.tokenHash === '',
  })),
  categories: mapped(state.categories, (category, id) => ({
    childId: category.childId,
    parentCategoryId: category.parentId,
    extraTime: category.extraTime,
    extraTimeDay: category.extraTimeDay,
    blockedTimes: category.blockedTimes,
    tempBlocked: category.tempBlocked,
    tempBlockTime: category.tempBlockTime,
    blockAllNotifications: category.blocksNotifications,
    timeWarnings: category.timeWarnings,
    atw: category.minutes,
    flags: category.flags,
    sort: category.sort,
    networks: category.networks.toSorted(),
    apps: category.apps.toSorted(),
    times: times(category.counters),
    sessions: mapped(category.sessions, ([duration, lastUsage]) => [duration, lastUsage]),
    rules: of(state.rules, id, ({ categoryId: _, ...rule }) => rule),
    tasks: of(state.tasks, id, (task) => ({
      t: task.title,
      d: task.duration,
      p: task.pending,
      l: task.lastGrant,
    })),
  })),
  u2f: Object.fromEntries(
    Object.values(state.u2f).map(({ userId, keyHandle, publicKey }) => [keyHandle, [userId, publicKey]]),
  ),
  requests: mapped(state.requests, ({ sender, dsn, dataType, deviceId = null, categoryId = null }) => ({
    sender,
    dsn,
    dataType,
    deviceId,
    categoryId,
  })),
})

/** The same out of a device's picture, and the requests that it was told of. */
export const shownByPicture = (
  { fullVersion, users, devices, categories, u2f }: Picture,
  requests: readonly JsonObject[],
): JsonObject => ({
  fullVersion,
  users: mapped(users, (user) => ({
    ...only(
      user,
      'type',
      'mail',
      'flags',
      'mailNotificationFlags',
      'currentDevice',
      'categoryForNotAssignedApps',
    ),
    llc: user['llc'] ?? null,
    pbd: user['pbd'] ?? null,
    hasPassword: user['secondPasswordSalt'] !== '',
  })),
  devices: mapped(devices, ({ pk, ...device }) => ({
    ...without(device, 'model', 'addedAt', 'networkTime', 'showDeviceConnected', 'defUserTimeout'),
    hasKey: pk !== undefined,
  })),
  categories: mapped(categories, ({ base, apps, times: counters, sessions, rules, tasks }) => ({
    ...(isObject(base)
      ? without(base, 'title', 'blockNotificationDelay', 'mblCharging', 'mblMobile', 'dlu')
      : {}),
    networks: isObject(base) && isObject(base['networks']) ? Object.keys(base['networks']).sort() : null,
    apps: apps ?? null,
    times: mapped(objects(counters), ({ time }) => time ?? null),
    sessions: Object.fromEntries(
      Object.entries(objects(sessions)).map(([key, { d, l }]) => [sessionKeyOf(key), [d ?? null, l ?? null]]),
    ),
    rules: rules ?? null,
    tasks: tasks ?? null,
  })),
  u2f: mapped(u2f, ({ u, p }) => [u ?? null, p ?? null]),
  requests: Object.fromEntries(
    requests.map(({ srvSeq, senId, senSeq, type, deviceId = null, categoryId = null }) => [
      asText(srvSeq),
      { sender: senId ?? null, dsn: senSeq ?? null, dataType: type ?? null, deviceId, categoryId },
    ]),
  ),
})

const mapped = <T>(map: Map6<T>, of: (entry: T, id: string) => Json): JsonObject =>
  Object.fromEntries(Object.entries(map).map(([id, entry]) => [id, of(entry, id)]))

const of = <T extends { readonly categoryId: string }>(map: Map6<T>, id: string, show: (entry: T) => Json) =>
  mapped(Object.fromEntries(Object.entries(map).filter(([, { categoryId }]) => categoryId === id)), show)

const times = (counters: FamilyState['categories'][string]['counters']): JsonObject =>
  Object.fromEntries(
    Object.entries(counters).flatMap(([day, slots]) =>
      Object.entries(slots).map(([slot, [used]]) => [`${dayOf(day)}/${slot.replace('-', '/')}`, used]),
    ),
  )

/** From `md/spd/sm/em` to `start-end-max-pause`. */
const sessionKeyOf = (key: string): string => {
  const [max = '', pause = '', start = '', end = ''] = key.split('/')
  return [start, end, max, pause].join('-')
}

const only = (value: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)))
const IGNORED = ['pType', 'pLevel', 'rebootIsManipulation', 'activityLevelBlocking']
const without = (value: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => ![...names, ...IGNORED].includes(name)))
const objects = (value: Json | undefined): Map6<JsonObject> =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, JsonObject] => isObject(entry[1])),
      )
    : {}

export const listAt = (value: JsonObject, name: string): readonly JsonObject[] => {
  const list = value[name]
  return isList(list) ? list.filter(isObject) : []
}
