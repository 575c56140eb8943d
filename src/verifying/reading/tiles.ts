import type { Documents } from '../../documents/port.ts'
import type { JsonObject } from '../../json.ts'
import type { Fault } from '../faults.ts'
import { HASH_BYTES } from '../hashing.ts'
import { TILE_LEAVES } from '../tower.ts'
import type { TreeState } from './jobs.ts'

/** The tree as documents hold it. */
export type Tiles = {
  readonly state: () => Promise<TreeState | undefined>
  /** As many hashes of a level from `from` on as are there, at most `count`. */
  readonly hashes: (level: number, from: number, count: number) => Promise<Buffer>
}

export const createTiles = (documents: Pick<Documents, 'get'>): Tiles => {
  const get = async (id: string): Promise<JsonObject> => (await documents.get(TREE, id))?.value ?? {}
  return {
    state: async () => {
      const { size, position, root } = await get('state')
      const isState = typeof size === 'number' && typeof position === 'string' && typeof root === 'string'
      return isState && Number.isSafeInteger(size) && size >= 0 ? { size, position, root } : undefined
    },
    hashes: async (level, from, count) => {
      const found: Buffer[] = []
      for (let at = from; at < from + count;) {
        const index = Math.floor(at / TILE_LEAVES)
        const id = `${level}/${String(index).padStart(INDEX_DIGITS, '0')}`
        const { hashes } = await get(id)
        const bytes = Buffer.from(typeof hashes === 'string' ? hashes : '', 'base64')
        const [start, end] = [at % TILE_LEAVES, Math.min(TILE_LEAVES, from + count - index * TILE_LEAVES)]
        found.push(bytes.subarray(start * HASH_BYTES, end * HASH_BYTES))
        // What is behind a tile that is not whole has no place any more.
        if (bytes.length < end * HASH_BYTES) break
        at = index * TILE_LEAVES + end
      }
      return Buffer.concat(found)
    },
  }
}

/** Whether a leaf is the one that the tree holds in its place. */
export const leafFault = (
  leaf: Buffer,
  stored: Buffer,
  at: number,
): Pick<Fault, 'kind' | 'detail'> | undefined => {
  const from = at * HASH_BYTES
  if (stored.length < from + HASH_BYTES)
    return { kind: 'tree', detail: 'the stored tree has no leaf in its place' }
  return leaf.compare(stored, from, from + HASH_BYTES) === 0
    ? undefined
    : { kind: 'leaf', detail: 'it is not the event that the tree has in its place' }
}

const TREE = 'platform_tree'
const INDEX_DIGITS = 12
