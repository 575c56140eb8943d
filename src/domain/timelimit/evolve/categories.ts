import type { DataOf } from '../events.ts'
import type { CATEGORY_EVENTS } from '../events/categories.ts'
import { without, type CategoryState, type FamilyState, type Map6 } from '../state.ts'
import { changed, inCategory, keysOf, unchanged, withCategory, type Rows } from './rows.ts'
import { TASK_ROWS } from './tasks.ts'
import { USED_TIME_ROWS } from './used-time.ts'

export const CATEGORY_ROWS: Rows<keyof typeof CATEGORY_EVENTS> = {
  CategoryCreated: (state, { categoryId, childId, sort }) => ({
    ...state,
    categories: { ...state.categories, [categoryId]: { ...NEW_CATEGORY, childId, sort } },
  }),
  CategoryDeleted: deleted,
  CategoryRenamed: unchanged,
  CategoryAppsAssigned: (state, { categoryId, sealed }) => {
    if (sealed === null) return state
    const { names, movedFrom } = sealed
    const left = Object.entries(movedFrom).reduce(
      (categories, [id, gone]) => changed(categories, id, (category) => withoutApps(category, gone)),
      state.categories,
    )
    const taken = (category: CategoryState): CategoryState => ({
      ...category,
      apps: [...withoutApps(category, names).apps, ...names],
    })
    return { ...state, categories: changed(left, categoryId, taken) }
  },
  CategoryAppsRemoved: (state, { categoryId, sealed }) =>
    sealed === null
      ? state
      : withCategory(state, categoryId, (category) => withoutApps(category, sealed.names)),
  CategoryParentSet: (state, { categoryId, parentCategoryId }) =>
    inCategory(state, categoryId, { parentId: parentCategoryId }),
  CategoryExtraTimeSet: (state, { categoryId, extraTime, extraTimeDay }) =>
    inCategory(state, categoryId, { extraTime, extraTimeDay }),
  CategoryExtraTimeIncremented: (state, { categoryId, extraTime, extraTimeDay }) =>
    inCategory(state, categoryId, { extraTime, extraTimeDay }),
  CategoryBlockedTimesChanged: (state, { categoryId, blockedTimes }) =>
    inCategory(state, categoryId, { blockedTimes }),
  CategoryTemporarilyBlocked: (state, { categoryId, until }) =>
    inCategory(state, categoryId, { tempBlocked: true, tempBlockTime: until }),
  CategoryTemporaryBlockLifted: (state, { categoryId }) =>
    inCategory(state, categoryId, { tempBlocked: false, tempBlockTime: 0 }),
  CategoryLimitsDisabledUntilSet: unchanged,
  CategoryNotificationBlockingChanged: (state, { categoryId, blocked }) =>
    inCategory(state, categoryId, { blocksNotifications: blocked }),
  CategoryBatteryLimitChanged: unchanged,
  CategoryFlagsChanged: (state, { categoryId, flags }) => inCategory(state, categoryId, { flags }),
  CategoriesSorted: (state, { items }) => ({ ...state, categories: sorted(state.categories, items) }),
  CategoryTimeWarningsChanged: (state, { categoryId, timeWarnings, minutes }) =>
    inCategory(state, categoryId, { timeWarnings, minutes }),
  CategoryNetworkIdAdded: (state, { categoryId, itemId }) =>
    withCategory(state, categoryId, (category) => ({
      ...category,
      networks: [...category.networks, itemId],
    })),
  CategoryNetworkIdsReset: (state, { categoryId }) => inCategory(state, categoryId, { networks: [] }),
  ...USED_TIME_ROWS,
  ...TASK_ROWS,
}

/** Timelimit 4.0.4. */
const NEW_CATEGORY: CategoryState = {
  childId: '',
  parentId: '',
  extraTime: 0,
  extraTimeDay: -1,
  blockedTimes: '',
  tempBlocked: false,
  tempBlockTime: 0,
  blocksNotifications: false,
  timeWarnings: 0,
  minutes: [],
  flags: 0,
  sort: 0,
  networks: [],
  apps: [],
  counters: {},
  sessions: {},
}

/**
 * With everything in it and who asked for its key. Other categories keep it as their parent, though it dangles (timelimit 4.1); what users
 * have of it has events of its own.
 */
function deleted(state: FamilyState, { categoryId, requests }: DataOf<'CategoryDeleted'>): FamilyState {
  const isOfIt = (one: { readonly categoryId: string }): boolean => one.categoryId === categoryId
  const { categories, rules, tasks } = state
  return {
    ...state,
    categories: without(categories, [categoryId]),
    rules: without(rules, keysOf(rules, isOfIt)),
    tasks: without(tasks, keysOf(tasks, isOfIt)),
    requests: without(state.requests, requests.map(String)),
  }
}

/** The order is that of the assignments. */
function withoutApps(category: CategoryState, names: readonly string[]): CategoryState {
  const gone = new Set(names)
  return { ...category, apps: category.apps.filter((name) => !gone.has(name)) }
}

function sorted(
  categories: Map6<CategoryState>,
  items: readonly { readonly categoryId: string; readonly sort: number }[],
): Map6<CategoryState> {
  const order = new Map(items.map(({ categoryId, sort }) => [categoryId, sort]))
  return Object.fromEntries(
    Object.entries(categories).map(([id, category]) => [
      id,
      { ...category, sort: order.get(id) ?? category.sort },
    ]),
  )
}
