import { partId } from '../../src/domain/timelimit/names.ts'
import { sessionKey, slotOf } from '../../src/domain/timelimit/state.ts'
import type { Json } from '../../src/json.ts'
import type { Update } from '../../src/documents/port.ts'
import type { ProjectedWrite } from '../../src/projecting/projection.ts'
import { below, change, on, type Handlers, type Told } from './row.ts'

export const CATEGORIES = 'timelimit_categories'
export const USED_TIMES = 'timelimit_used_times'

/** A category as devices see it (timelimit 5.4): four parts with a version each, and its used times in a document of their own. */
export const categoryHandlers: Handlers = {
  CategoryCreated: on('CategoryCreated', ({ data, family, version, _s }) => {
    const { categoryId, childId, sort, sealed } = data
    const title = sealed?.title ?? ''
    const parts = {
      base: { ...NEW_CATEGORY, categoryId, childId, title, sort, version },
      apps: { version, list: [] },
      rules: { version, rules: {} },
      tasks: { version, tasks: {} },
    }
    return [
      { collection: CATEGORIES, id: partId(family, categoryId), put: { family, ...parts, _s } },
      {
        collection: USED_TIMES,
        id: partId(family, categoryId),
        put: { family, version, counters: {}, sessions: {}, touched: { counters: [], sessions: [] }, _s },
      },
    ]
  }),
  CategoryDeleted: on('CategoryDeleted', ({ data: { categoryId }, family }) => [
    { collection: CATEGORIES, id: partId(family, categoryId), delete: true },
    { collection: USED_TIMES, id: partId(family, categoryId), delete: true },
  ]),
  CategoryRenamed: on('CategoryRenamed', (told) => baseOf(told, { title: told.data.sealed?.title })),
  CategoryAppsAssigned: on(
    'CategoryAppsAssigned',
    ({ data: { categoryId, losing, sealed }, family, version }) => [
      apps(family, categoryId, { version, $addToSet: sealed?.names ?? [] }),
      ...losing
        .filter((id) => id !== categoryId)
        .map((id) => apps(family, id, { version, $pull: sealed?.movedFrom[id] ?? [] })),
    ],
  ),
  CategoryAppsRemoved: on('CategoryAppsRemoved', ({ data: { categoryId, sealed }, family, version }) => [
    apps(family, categoryId, { version, $pull: sealed?.names ?? [] }),
  ]),
  CategoryParentSet: on('CategoryParentSet', (told) =>
    baseOf(told, { parentCategoryId: told.data.parentCategoryId }),
  ),
  CategoryExtraTimeSet: on('CategoryExtraTimeSet', (told) => extraTimeOf(told)),
  CategoryExtraTimeIncremented: on('CategoryExtraTimeIncremented', (told) => extraTimeOf(told)),
  CategoryBlockedTimesChanged: on('CategoryBlockedTimesChanged', (told) =>
    baseOf(told, { blockedTimes: told.data.blockedTimes }),
  ),
  CategoryTemporarilyBlocked: on('CategoryTemporarilyBlocked', (told) =>
    baseOf(told, { tempBlocked: true, tempBlockTime: told.data.until }),
  ),
  CategoryTemporaryBlockLifted: on('CategoryTemporaryBlockLifted', (told) =>
    baseOf(told, { tempBlocked: false, tempBlockTime: 0 }),
  ),
  CategoryLimitsDisabledUntilSet: on('CategoryLimitsDisabledUntilSet', (told) =>
    baseOf(told, { dlu: told.data.until }),
  ),
  CategoryNotificationBlockingChanged: on('CategoryNotificationBlockingChanged', (told) =>
    baseOf(told, { blockAllNotifications: told.data.blocked, blockNotificationDelay: told.data.delay }),
  ),
  CategoryBatteryLimitChanged: on('CategoryBatteryLimitChanged', (told) =>
    baseOf(told, { mblCharging: told.data.charging, mblMobile: told.data.mobile }),
  ),
  CategoryFlagsChanged: on('CategoryFlagsChanged', (told) => baseOf(told, { flags: told.data.flags })),
  CategoriesSorted: on('CategoriesSorted', ({ data: { items }, family, version }) =>
    items.map(({ categoryId, sort }) =>
      change(CATEGORIES, partId(family, categoryId), { 'base.sort': sort, 'base.version': version }),
    ),
  ),
  CategoryTimeWarningsChanged: on('CategoryTimeWarningsChanged', (told) =>
    baseOf(told, { timeWarnings: told.data.timeWarnings, atw: told.data.minutes }),
  ),
  CategoryNetworkIdAdded: on(
    'CategoryNetworkIdAdded',
    ({ data: { categoryId, itemId, sealed }, family, version }) => [
      {
        collection: CATEGORIES,
        id: partId(family, categoryId),
        update: {
          $set: { 'base.version': version },
          $push: { 'base.networks': { itemId, hashedNetworkId: sealed?.hashedNetworkId ?? '' } },
        },
      },
    ],
  ),
  CategoryNetworkIdsReset: on('CategoryNetworkIdsReset', (told) => baseOf(told, { networks: [] })),
  TimeLimitRuleCreated: on('TimeLimitRuleCreated', (told) => ruleOf(told)),
  TimeLimitRuleUpdated: on('TimeLimitRuleUpdated', (told) => ruleOf(told)),
  TimeLimitRuleDeleted: on('TimeLimitRuleDeleted', ({ data: { ruleId, categoryId }, family, version }) => [
    change(CATEGORIES, partId(family, categoryId), { 'rules.version': version }, [`rules.rules.${ruleId}`]),
  ]),
  ChildTaskCreated: on('ChildTaskCreated', ({ data, family, version }) => {
    const { categoryId, taskId, duration, sealed } = data
    const task = { i: taskId, t: sealed?.title ?? '', d: duration, p: false, l: 0 }
    return [taskChange(family, categoryId, { version, [`tasks.${taskId}`]: task })]
  }),
  ChildTaskUpdated: on('ChildTaskUpdated', ({ data, family, version }) => {
    const { categoryId, from, taskId, duration, pending, lastGrant, sealed } = data
    const task = { i: taskId, t: sealed?.title ?? '', d: duration, p: pending, l: lastGrant }
    const there = taskChange(family, categoryId, { version, [`tasks.${taskId}`]: task })
    return from === categoryId ? [there] : [taskChange(family, from, { version }, taskId), there]
  }),
  ChildTaskDeleted: on('ChildTaskDeleted', ({ data: { categoryId, taskId }, family, version }) => [
    taskChange(family, categoryId, { version }, taskId),
  ]),
  ChildTaskMarkedPending: on(
    'ChildTaskMarkedPending',
    ({ data: { categoryId, taskId }, family, version }) => [
      taskChange(family, categoryId, { version, [`tasks.${taskId}.p`]: true }),
    ],
  ),
  ChildTaskRejected: on('ChildTaskRejected', ({ data: { categoryId, taskId }, family, version }) => [
    taskChange(family, categoryId, { version, [`tasks.${taskId}.p`]: false }),
  ]),
  ChildTaskApproved: on('ChildTaskApproved', ({ data, family, version }) => {
    const { categoryId, taskId, grantedAt, extraTime, extraTimeDay } = data
    const task = below('tasks', { version, [`tasks.${taskId}.p`]: false, [`tasks.${taskId}.l`]: grantedAt })
    const base = below('base', { version, extraTime, extraTimeDay })
    return [change(CATEGORIES, partId(family, categoryId), { ...task, ...base })]
  }),
  UsedTimeAdded: on('UsedTimeAdded', ({ data, family, version }) => {
    const { categoryId, extraTime } = data
    const id = partId(family, categoryId)
    const used = { collection: USED_TIMES, id, update: usedTimeChange(data, version) }
    return extraTime === undefined
      ? [used]
      : [used, change(CATEGORIES, id, below('base', { version, extraTime }))]
  }),
  UsedTimesPruned: on('UsedTimesPruned', ({ data: { items }, family, version }) =>
    items.map(({ categoryId, counters, sessions, touched }) =>
      change(USED_TIMES, partId(family, categoryId), { version, touched }, [
        ...counters.map(({ day, start, end }) => counterPath(day, start, end)),
        ...sessions.map((session) => `sessions.${sessionKey(session)}`),
      ]),
    ),
  ),
}

type OfCategory = {
  readonly data: { readonly categoryId: string }
  readonly family: string
  readonly version: string
}

const baseOf = (
  { data: { categoryId }, family, version }: OfCategory,
  changes: { readonly [member: string]: Json | undefined },
): readonly ProjectedWrite[] => [
  change(CATEGORIES, partId(family, categoryId), below('base', { version, ...changes })),
]

const extraTimeOf = (
  told: Told<'CategoryExtraTimeSet'> | Told<'CategoryExtraTimeIncremented'>,
): readonly ProjectedWrite[] => {
  const { extraTime, extraTimeDay } = told.data
  return baseOf(told, { extraTime, extraTimeDay })
}

const apps = (family: string, categoryId: string, { version, $addToSet, $pull }: Apps): ProjectedWrite => ({
  collection: CATEGORIES,
  id: partId(family, categoryId),
  update: {
    $set: { 'apps.version': version },
    ...($addToSet === undefined ? {} : { $addToSet: { 'apps.list': { $each: $addToSet } } }),
    ...($pull === undefined ? {} : { $pull: { 'apps.list': { $in: $pull } } }),
  },
})

type Apps = {
  readonly version: string
  readonly $addToSet?: readonly string[]
  readonly $pull?: readonly string[]
}

const ruleOf = (
  told: Told<'TimeLimitRuleCreated'> | Told<'TimeLimitRuleUpdated'>,
): readonly ProjectedWrite[] => {
  const { family, version } = told
  const { ruleId, categoryId, rule } = told.data
  const changes = { version, [`rules.${ruleId}`]: { id: ruleId, ...rule } }
  return [change(CATEGORIES, partId(family, categoryId), below('rules', changes))]
}

const taskChange = (
  family: string,
  categoryId: string,
  changes: { readonly [path: string]: Json },
  gone?: string,
): ProjectedWrite =>
  change(
    CATEGORIES,
    partId(family, categoryId),
    below('tasks', changes),
    gone === undefined ? [] : [`tasks.tasks.${gone}`],
  )

const counterPath = (day: number, start: number, end: number): string =>
  `counters.${day}-${slotOf(start, end)}`

const usedTimeChange = (
  { day, counters, sessions, touched }: Told<'UsedTimeAdded'>['data'],
  version: string,
): Update => {
  const changes: Record<string, Json> = { version }
  for (const { start, end, used } of counters) changes[counterPath(day, start, end)] = used
  for (const session of sessions)
    changes[`sessions.${sessionKey(session)}`] = [session.duration, session.lastUsage]
  const [counted, held] = touched
  const seen = {
    ...(counters.length === 0 || counted === undefined ? {} : { 'touched.counters': counted }),
    ...(sessions.length === 0 || held === undefined ? {} : { 'touched.sessions': held }),
  }
  return Object.keys(seen).length === 0 ? { $set: changes } : { $set: changes, $addToSet: seen }
}

/** timelimit 4.0.4 */
const NEW_CATEGORY = {
  blockedTimes: '',
  extraTime: 0,
  extraTimeDay: -1,
  tempBlocked: false,
  tempBlockTime: 0,
  parentCategoryId: '',
  blockAllNotifications: false,
  blockNotificationDelay: 0,
  timeWarnings: 0,
  atw: [],
  mblCharging: 0,
  mblMobile: 0,
  networks: [],
  dlu: 0,
  flags: 0,
} as const
