import * as t from 'io-ts'
import { apps, base, rules, tasks, usedTime } from '../scopes.ts'
import { event, optional, sealed } from './event.ts'

const category = { categoryId: t.string }
const names = t.readonlyArray(t.string)

export const CategoryCreated = t.type({
  ...category,
  childId: t.string,
  sort: t.number,
  sealed: sealed({ title: t.string }),
})
/** With everything in it, and the key requests of these server numbers, which name it (timelimit 4.1). */
export const CategoryDeleted = t.type({
  ...category,
  requests: t.readonlyArray(t.number),
})
export const CategoryRenamed = t.type({ ...category, sealed: sealed({ title: t.string }) })
/** `losing`: categories that gave some of them away; `movedFrom` which. */
export const CategoryAppsAssigned = t.type({
  ...category,
  losing: t.readonlyArray(t.string),
  sealed: sealed({ names, movedFrom: t.record(t.string, names) }),
})
export const CategoryAppsRemoved = t.type({ ...category, sealed: sealed({ names }) })
export const CategoryParentSet = t.type({ ...category, parentCategoryId: t.string })
/** What stands afterwards: milliseconds, and the day that it is bound to, -1 for none. */
const extraTime = { extraTime: t.number, extraTimeDay: t.number }
export const CategoryExtraTimeSet = t.type({ ...category, ...extraTime })
export const CategoryExtraTimeIncremented = t.type({ ...category, added: t.number, ...extraTime })
export const CategoryBlockedTimesChanged = t.type({ ...category, blockedTimes: t.string })
/** `until` 0: without end. */
export const CategoryUntil = t.type({ ...category, until: t.number })
export const CategoryTemporaryBlockLifted = t.type(category)
/** `delay`: milliseconds, if it changes. */
export const CategoryNotificationBlockingChanged = t.intersection([
  t.type({ ...category, blocked: t.boolean }),
  t.partial({ delay: optional(t.number) }),
])
/** Percent, if they change. */
export const CategoryBatteryLimitChanged = t.intersection([
  t.type(category),
  t.partial({ charging: optional(t.number), mobile: optional(t.number) }),
])
export const CategoryFlagsChanged = t.type({ ...category, flags: t.number })
export const CategoriesSorted = t.type({
  items: t.readonlyArray(t.type({ ...category, sort: t.number })),
})
/** What stands afterwards. */
export const CategoryTimeWarningsChanged = t.type({
  ...category,
  timeWarnings: t.number,
  minutes: t.readonlyArray(t.number),
})
export const CategoryNetworkIdAdded = t.type({
  ...category,
  itemId: t.string,
  sealed: sealed({ hashedNetworkId: t.string }),
})
export const CategoryNetworkIdsReset = t.type(category)

const slot = { start: t.number, end: t.number }
const session = { ...slot, max: t.number, pause: t.number }

/**
 * What stands afterwards of the counters and sessions that were touched (timelimit 4.2). Milliseconds; `touched` is the server's clock as
 * rounded for the clean-up of counters and of sessions. `isForeign`: charged by a device of another user.
 */
export const UsedTimeAdded = t.intersection([
  t.type({
    ...category,
    day: t.number,
    added: t.number,
    counters: t.readonlyArray(t.type({ ...slot, used: t.number })),
    sessions: t.readonlyArray(t.type({ ...session, duration: t.number, lastUsage: t.number })),
    touched: t.readonlyArray(t.number),
  }),
  t.partial({ extraTimeSubtracted: t.number, extraTime: t.number, isForeign: t.boolean }),
])
/** What is gone, and when what stays was touched last. */
export const UsedTimesPruned = t.type({
  items: t.readonlyArray(
    t.type({
      ...category,
      counters: t.readonlyArray(t.type({ day: t.number, ...slot })),
      sessions: t.readonlyArray(t.type(session)),
      touched: t.type({ counters: t.readonlyArray(t.number), sessions: t.readonlyArray(t.number) }),
    }),
  ),
})

export const ChildTaskCreated = t.type({
  ...category,
  taskId: t.string,
  duration: t.number,
  sealed: sealed({ title: t.string }),
})
/** `from`: the category where it was. `pending` and `lastGrant` stay as they are; they move with it. */
export const ChildTaskUpdated = t.type({
  ...category,
  taskId: t.string,
  from: t.string,
  duration: t.number,
  pending: t.boolean,
  lastGrant: t.number,
  sealed: sealed({ title: t.string }),
})
export const ChildTask = t.type({ ...category, taskId: t.string })
export const ChildTaskApproved = t.type({ ...category, taskId: t.string, grantedAt: t.number, ...extraTime })

type OfCategory = { readonly categoryId: string }
const B = ({ categoryId }: OfCategory) => [base(categoryId)]
const T = ({ categoryId }: OfCategory) => [tasks(categoryId)]

export const CATEGORY_EVENTS = {
  CategoryCreated: event(
    CategoryCreated,
    ({ categoryId: c }) => [base(c), apps(c), rules(c), usedTime(c), tasks(c)],
    1,
  ),
  CategoryDeleted: event(CategoryDeleted, () => [], 2),
  CategoryRenamed: event(CategoryRenamed, B, 2),
  CategoryAppsAssigned: event(
    CategoryAppsAssigned,
    ({ categoryId, losing }) => [apps(categoryId), ...losing.map(apps)],
    2,
  ),
  CategoryAppsRemoved: event(CategoryAppsRemoved, ({ categoryId }) => [apps(categoryId)], 2),
  CategoryParentSet: event(CategoryParentSet, B, 2),
  CategoryExtraTimeSet: event(CategoryExtraTimeSet, B, 2),
  CategoryExtraTimeIncremented: event(CategoryExtraTimeIncremented, B, 2),
  CategoryBlockedTimesChanged: event(CategoryBlockedTimesChanged, B, 2),
  CategoryTemporarilyBlocked: event(CategoryUntil, B, 2),
  CategoryTemporaryBlockLifted: event(CategoryTemporaryBlockLifted, B, 2),
  CategoryLimitsDisabledUntilSet: event(CategoryUntil, B, 2),
  CategoryNotificationBlockingChanged: event(CategoryNotificationBlockingChanged, B, 2),
  CategoryBatteryLimitChanged: event(CategoryBatteryLimitChanged, B, 2),
  CategoryFlagsChanged: event(CategoryFlagsChanged, B, 2),
  CategoriesSorted: event(
    CategoriesSorted,
    ({ items }) => items.map(({ categoryId }) => base(categoryId)),
    1,
  ),
  CategoryTimeWarningsChanged: event(CategoryTimeWarningsChanged, B, 2),
  CategoryNetworkIdAdded: event(CategoryNetworkIdAdded, B, 2),
  CategoryNetworkIdsReset: event(CategoryNetworkIdsReset, B, 2),
  UsedTimeAdded: event(
    UsedTimeAdded,
    ({ categoryId, extraTime: left }) =>
      left === undefined ? [usedTime(categoryId)] : [usedTime(categoryId), base(categoryId)],
    ({ isForeign }) => (isForeign === true ? 2 : 1),
  ),
  UsedTimesPruned: event(
    UsedTimesPruned,
    ({ items }) => items.map(({ categoryId }) => usedTime(categoryId)),
    0,
  ),
  ChildTaskCreated: event(ChildTaskCreated, T, 0),
  ChildTaskUpdated: event(
    ChildTaskUpdated,
    ({ categoryId, from }) => (from === categoryId ? [tasks(from)] : [tasks(from), tasks(categoryId)]),
    1,
  ),
  ChildTaskDeleted: event(ChildTask, T, 1),
  ChildTaskMarkedPending: event(ChildTask, T, 1),
  ChildTaskApproved: event(ChildTaskApproved, ({ categoryId }) => [tasks(categoryId), base(categoryId)], 2),
  ChildTaskRejected: event(ChildTask, T, 1),
} as const
