import type { DataOf, FamilyEventType } from '../events.ts'
import {
  at,
  type CategoryState,
  type DeviceState,
  type FamilyState,
  type Map6,
  type UserState,
} from '../state.ts'

/** What the events of a table do to a family: one row for each, so that none is forgotten. */
export type Rows<T extends FamilyEventType> = {
  readonly [K in T]: (state: FamilyState, data: DataOf<K>) => FamilyState
}

/** Nothing that decisions are made by. */
export const unchanged = (state: FamilyState): FamilyState => state

/** A map with another entry in place of one that is there; the same map if there is none. */
export const changed = <T>(map: Map6<T>, id: string, change: (entry: T) => T): Map6<T> => {
  const entry = at(map, id)
  return entry === undefined ? map : { ...map, [id]: change(entry) }
}

export const inUser = (state: FamilyState, userId: string, set: Partial<UserState>): FamilyState => ({
  ...state,
  users: changed(state.users, userId, (user) => ({ ...user, ...set })),
})

export const inDevice = (state: FamilyState, deviceId: string, set: Partial<DeviceState>): FamilyState => ({
  ...state,
  devices: changed(state.devices, deviceId, (device) => ({ ...device, ...set })),
})

export const inCategory = (
  state: FamilyState,
  categoryId: string,
  set: Partial<CategoryState>,
): FamilyState => withCategory(state, categoryId, (category) => ({ ...category, ...set }))

export const withCategory = (
  state: FamilyState,
  categoryId: string,
  change: (category: CategoryState) => CategoryState,
): FamilyState => ({ ...state, categories: changed(state.categories, categoryId, change) })

/** The keys of the entries that something is true of. */
export const keysOf = <T>(map: Map6<T>, isOne: (entry: T) => boolean): readonly string[] =>
  Object.entries(map).flatMap(([key, entry]) => (isOne(entry) ? [key] : []))
