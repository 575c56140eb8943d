import { isObject, type Json, type JsonObject } from '../json.ts'

/** A dotted path, split. */
export type Path = readonly string[]

export const pathOf = (dotted: string): Path => dotted.split('.')

/** A document's own field: `constructor`, `toString` and `__proto__` are names like any other. */
export const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

/** Sets an own field whatever its name; assigning to `__proto__` would change the object's prototype. */
export const setOwn = (object: Record<string, Json>, key: string, value: Json): void => {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

/**
 * Visits what stands at a path, as MongoDB walks it: an array on the way stands for each object in it (and for its element,
 * if the next step is a number); a field that is missing is visited as `undefined`; an array without objects on the
 * way has nothing to visit. An array at the end is visited whole. Answers whether an array was on the way.
 */
export const reach = (
  value: Json | undefined,
  path: Path,
  visit: (found: Json | undefined) => void,
): boolean => step(value, path, 0, visit)

/** Whether a step of a path counts elements. */
export const isArrayIndex = (part: string): boolean => /^(0|[1-9][0-9]{0,8})$/.test(part)

/** The values that a condition is compared with: what stands at the path and, of an array there, its elements. */
export const candidates = (document: JsonObject, path: Path): readonly (Json | undefined)[] => {
  const [only = ''] = path
  if (path.length === 1) {
    const value = own(document, only)
    return Array.isArray(value) ? [value, ...(value as readonly Json[])] : [value]
  }
  const found: (Json | undefined)[] = []
  reach(document, path, (value) => {
    found.push(value)
    if (Array.isArray(value)) for (const item of value as readonly Json[]) found.push(item)
  })
  return found
}

const step = (
  value: Json | undefined,
  path: Path,
  at: number,
  visit: (found: Json | undefined) => void,
): boolean => {
  const key = path[at]
  if (key === undefined) {
    visit(value)
    return false
  }
  if (Array.isArray(value)) {
    throughArray(value as readonly Json[], path, at, visit)
    return true
  }
  if (isObject(value)) return step(own(value, key), path, at + 1, visit)
  visit(undefined)
  return false
}

const throughArray = (
  array: readonly Json[],
  path: Path,
  at: number,
  visit: (found: Json | undefined) => void,
): void => {
  for (const item of array) if (isObject(item)) step(item, path, at, visit)
  const part = path[at] ?? ''
  if (isArrayIndex(part) && Number(part) < array.length) step(array[Number(part)], path, at + 1, visit)
}
