import {
  TIMELIMIT_CATEGORIES_MAX,
  TIMELIMIT_CATEGORY_APPS_MAX,
  TIMELIMIT_CATEGORY_COUNTERS_MAX,
  TIMELIMIT_CATEGORY_SLOTS_A_DAY_MAX,
  TIMELIMIT_KEY_REQUESTS_MAX,
  TIMELIMIT_RULES_MAX,
  TIMELIMIT_TASKS_MAX,
  TIMELIMIT_USERS_MAX,
} from '../../limits.ts'
import { at, type CategoryState, type FamilyState, type Map6 } from './state.ts'

/**
 * Whether a family may grow as an action wants it to. One that a store's document cannot hold any more would stop the projections of all
 * (decisions 24). What does not grow is never refused.
 */
export const hasRoom = (before: FamilyState, after: FamilyState): boolean =>
  fits(before.users, after.users, TIMELIMIT_USERS_MAX) &&
  fits(before.rules, after.rules, TIMELIMIT_RULES_MAX) &&
  fits(before.tasks, after.tasks, TIMELIMIT_TASKS_MAX) &&
  fits(before.requests, after.requests, TIMELIMIT_KEY_REQUESTS_MAX) &&
  haveRoom(before.categories, after.categories)

const haveRoom = (before: FamilyState['categories'], after: FamilyState['categories']): boolean =>
  before === after ||
  (fits(before, after, TIMELIMIT_CATEGORIES_MAX) &&
    Object.entries(after).every(([id, category]) => hasRoomIn(at(before, id), category)))

const hasRoomIn = (before: CategoryState | undefined, after: CategoryState): boolean =>
  before === undefined ||
  before === after ||
  (fits(before.apps, after.apps, TIMELIMIT_CATEGORY_APPS_MAX) && countersFit(before.counters, after.counters))

/** So few days have room for all that a day may have, and need not be counted. */
const DAYS_UNCOUNTED = Math.floor(TIMELIMIT_CATEGORY_COUNTERS_MAX / TIMELIMIT_CATEGORY_SLOTS_A_DAY_MAX)

const countersFit = (before: CategoryState['counters'], after: CategoryState['counters']): boolean => {
  if (before === after || countOf(after) <= DAYS_UNCOUNTED) return true
  const count = countersIn(after)
  return count <= TIMELIMIT_CATEGORY_COUNTERS_MAX || count <= countersIn(before)
}

const countersIn = (counters: CategoryState['counters']): number =>
  Object.values(counters).reduce((sum, slots) => sum + countOf(slots), 0)

const fits = <T>(before: Held<T>, after: Held<T>, max: number): boolean => {
  if (before === after) return true
  const count = countOf(after)
  return count <= max || count <= countOf(before)
}

type Held<T> = Map6<T> | readonly T[]

const countOf = (held: Held<unknown>): number =>
  Array.isArray(held) ? held.length : Object.keys(held).length
