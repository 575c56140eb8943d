import { equalJson, isObject, type Json, type JsonObject } from '../../json.ts'

/** What stands for a secret that is set (rightech 1.6, objects). */
export const MASK = '***'

/** PATCH (rightech 1.4): objects merge key by key at every depth, anything else replaces; null is a value. */
export const deepMerge = (base: JsonObject, patch: JsonObject): JsonObject => {
  const merged: { [key: string]: Json } = { ...base }
  for (const key of Object.keys(patch)) {
    const before = ownValue(base, key)
    const value = patch[key] ?? null
    merged[key] = isObject(before) && isObject(value) ? deepMerge(before, value) : value
  }
  return merged
}

export type Difference = {
  readonly set: { readonly [path: string]: Json }
  readonly unset: readonly string[]
}

/**
 * What makes `before` into `after`, as dotted paths, as deep as both are objects. An empty key cannot stand in a path: a change
 * at one is written as a change of the object that has it.
 */
export const difference = (before: JsonObject, after: JsonObject): Difference => {
  const set: { [path: string]: Json } = {}
  const unset: string[] = []
  collect(before, after, '', { set, unset })
  return { set, unset }
}

const collect = (
  before: JsonObject,
  after: JsonObject,
  prefix: string,
  found: { readonly set: { [path: string]: Json }; readonly unset: string[] },
): void => {
  for (const key of Object.keys(after)) {
    const old = ownValue(before, key)
    const value = after[key] ?? null
    if (old === value || equalJson(old, value)) continue
    const path = prefix + key
    if (isObject(old) && isObject(value) && !changesEmptyKey(old, value))
      collect(old, value, `${path}.`, found)
    else found.set[path] = value
  }
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) found.unset.push(prefix + key)
}

const changesEmptyKey = (before: JsonObject, after: JsonObject): boolean =>
  !equalJson(ownValue(before, ''), ownValue(after, ''))

/** `base` with the values of dotted paths set; objects on the way are made where there are none. */
export const applySet = (base: JsonObject, set: JsonObject): JsonObject =>
  Object.keys(set).reduce((changed, path) => withValue(changed, path.split('.'), set[path] ?? null), base)

export const applyUnset = (base: JsonObject, unset: readonly string[]): JsonObject =>
  unset.reduce((changed, path) => without(changed, path), base)

export const valueAt = (base: JsonObject, path: string): Json | undefined =>
  path
    .split('.')
    .reduce<Json | undefined>((value, key) => (isObject(value) ? ownValue(value, key) : undefined), base)

export const withValueAt = (base: JsonObject, path: string, value: Json): JsonObject =>
  withValue(base, path.split('.'), value)

/** `base` without what is at the path; the same object if nothing is there. */
export const without = (base: JsonObject, path: string): JsonObject => {
  const dot = path.indexOf('.')
  const key = dot < 0 ? path : path.slice(0, dot)
  if (!Object.hasOwn(base, key)) return base
  if (dot < 0) {
    const { [key]: _gone, ...rest } = base
    return rest
  }
  const inner = base[key]
  return isObject(inner) ? { ...base, [key]: without(inner, path.slice(dot + 1)) } : base
}

/** An own property: what objects inherit (`toString`) is no field. */
export const ownValue = (base: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(base, key) ? base[key] : undefined

const withValue = (base: JsonObject, keys: readonly string[], value: Json): JsonObject => {
  const [key = '', ...rest] = keys
  if (rest.length === 0) return { ...base, [key]: value }
  const inner = ownValue(base, key)
  return { ...base, [key]: withValue(isObject(inner) ? inner : {}, rest, value) }
}
