import type { Fault } from './faults.ts'
import { HASH_BYTES } from './hashing.ts'
import { ReadFailed } from './reading/child.ts'
import type { Description } from './reading/jobs.ts'
import type { Pool } from './reading/pool.ts'
import { TILE_LEAVES } from './tower.ts'
import type { Walk } from './walk.ts'

/**
 * Whether the stored tree is that of its own leaves, which the reading has compared with the events. `isWhole`: these agree; otherwise what
 * stands above them can only differ as well.
 */
export const treeFaults = async (
  pool: Pool,
  walk: Walk,
  { tree, hasTiles }: Description,
  isWhole: boolean,
): Promise<readonly Fault[]> => {
  if (tree === undefined) return []
  const events = walk.size()
  if (tree.size > events) {
    const last = events === 0 ? 0n : await walk.positionOf(events - 1)
    const detail = `the stored tree has ${tree.size} events, up to position ${tree.position}; the history ends ${tree.size - events} before`
    return [{ kind: 'end', position: String(last + 1n), detail }]
  }
  if (tree.size === 0 || !isWhole) return []
  const faults: Fault[] = hasTiles ? [...(await tileFaults(pool, walk, tree.size))] : []
  const position = String(await walk.positionOf(tree.size - 1))
  if (position !== tree.position)
    faults.push({
      kind: 'tree',
      position,
      detail: `the stored tree says that its last event is at position ${tree.position}`,
    })
  if ((await walk.rootAt(tree.size)).toString('base64') !== tree.root)
    faults.push({
      kind: 'tree',
      position,
      detail: `the stored tree names another root for its ${tree.size} events`,
    })
  return faults
}

const tileFaults = async (pool: Pool, walk: Walk, size: number): Promise<readonly Fault[]> => {
  for (let level = 1; TILE_LEAVES ** level <= size; level += 1) {
    const count = Math.floor(size / TILE_LEAVES ** level)
    const computed = walk.tiles(level).subarray(0, count * HASH_BYTES)
    const stored = await pool.run({ kind: 'tiles', level, from: 0, count }).catch((error: unknown) => {
      if (error instanceof ReadFailed && error.isDamage) return error
      throw error
    })
    if (stored instanceof ReadFailed)
      return [{ kind: 'tree', detail: `level ${level} of the stored tree cannot be read: ${stored.message}` }]
    if (stored.equals(computed)) continue
    const differing = firstDifference(stored, computed)
    const first = differing * TILE_LEAVES ** level
    const last = first + TILE_LEAVES ** level - 1
    const detail = `level ${level} of the stored tree has another hash for the events up to position ${await walk.positionOf(last)}`
    return [{ kind: 'tree', position: String(await walk.positionOf(first)), detail }]
  }
  return []
}

const firstDifference = (a: Buffer, b: Buffer): number => {
  let at = 0
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1
  return Math.floor(at / HASH_BYTES)
}
