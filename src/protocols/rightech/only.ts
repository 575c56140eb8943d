import type { Json, JsonObject } from '../../json.ts'
import { isObject } from '../../json.ts'
import { FORBIDDEN } from './where.ts'

/**
 * The paths of `only` (rightech 2.3): comma lists, joined. A path that no entity can have is left out, as is one below another that is
 * kept anyway. `undefined`: the parameter is absent.
 */
export const fieldPaths = (lists: readonly string[]): readonly string[] | undefined => {
  if (lists.length === 0) return undefined
  const paths = new Set(
    lists
      .flatMap((list) => list.split(','))
      .map((path) => path.trim())
      .filter(canExist),
  )
  return [...paths].filter((path) => !prefixes(path).some((prefix) => paths.has(prefix)))
}

/** Keeps `_id` and the paths, with their nesting, as a list's `only` does; what is absent is left out. */
export const pick = (entity: JsonObject, paths: readonly string[]): JsonObject => {
  const tree = new Map<string, Tree>([['_id', KEEP]])
  for (const path of paths) plant(tree, path.split('.'))
  return pickTree(entity, tree)
}

type Tree = Map<string, Tree>
const KEEP: Tree = new Map()

const PATH_SEGMENTS_MAX = 100

const canExist = (path: string): boolean => {
  const segments = path.split('.')
  return (
    segments.length <= PATH_SEGMENTS_MAX &&
    segments.every(
      (segment) =>
        segment !== '' && !segment.startsWith('$') && !segment.includes('\0') && !FORBIDDEN.has(segment),
    )
  )
}

const prefixes = (path: string): readonly string[] =>
  path
    .split('.')
    .slice(0, -1)
    .map((_, index, segments) => segments.slice(0, index + 1).join('.'))

const plant = (tree: Tree, [segment, ...rest]: readonly string[]): void => {
  if (segment === undefined) return
  if (rest.length === 0) {
    tree.set(segment, KEEP)
    return
  }
  const below = tree.get(segment) ?? new Map<string, Tree>()
  if (below === KEEP) return
  tree.set(segment, below)
  plant(below, rest)
}

const pickTree = (object: JsonObject, tree: Tree): JsonObject => {
  const picked: Record<string, Json> = {}
  for (const [key, value] of Object.entries(object)) {
    const below = tree.get(key)
    if (below === undefined) continue
    const kept = below === KEEP ? value : pickBelow(value, below)
    if (kept !== undefined) picked[key] = kept
  }
  return picked
}

/** Lists are looked through, as MongoDB's projection does; a value that has nothing below it is left out. */
const pickBelow = (value: Json, tree: Tree): Json | undefined => {
  if (isObject(value)) return pickTree(value, tree)
  if (!Array.isArray(value)) return undefined
  return (value as readonly Json[]).flatMap((item) => {
    const kept = pickBelow(item, tree)
    return kept === undefined ? [] : [kept]
  })
}
