import { DocumentsUnavailable, type Documents } from '../documents/port.ts'
import {
  AUDIT,
  auditId,
  auditTileIn,
  hashesIn,
  STATE_ID,
  stateIn,
  TREE,
  tileId,
  type AuditTile,
  type TreeState,
} from './collections.ts'
import {
  check,
  consistencyRanges,
  inclusionRanges,
  rangeHash,
  TILE_HASHES,
  tilesOf,
  type Range,
  type Tiles,
} from './merkle.ts'

/**
 * The tree as the keeper has written it, with proofs out of a few tiles each, whatever its size. What is beyond the tree's size, or no number of a leaf,
 * is refused with a `RangeError`; tiles that are not there, because they are made anew, with `DocumentsUnavailable`.
 */
export type Tree = {
  /** `undefined` before the first leaf. */
  readonly state: () => Promise<TreeState | undefined>
  /** Of the first `size` leaves. */
  readonly rootAt: (size: number) => Promise<Buffer>
  /** Proves that a leaf is in the tree of that size, from the leaf upwards. */
  readonly inclusion: (index: number, size: number) => Promise<readonly Buffer[]>
  /** Proves that the tree of size `to` continues that of size `from`. */
  readonly consistency: (from: number, to: number) => Promise<readonly Buffer[]>
  /** Which leaf the event at that position is; `undefined` if the tree has none of it. */
  readonly indexOf: (position: bigint) => Promise<number | undefined>
  /** Of a leaf's event; `undefined` if there is no such leaf. */
  readonly positionOf: (index: number) => Promise<bigint | undefined>
  /** Its hash; `undefined` if there is no such leaf. */
  readonly leaf: (index: number) => Promise<Buffer | undefined>
}

export const createTree = (documents: Pick<Documents, 'get' | 'find'>): Tree => {
  const state = async (): Promise<TreeState | undefined> =>
    stateIn((await documents.get(TREE, STATE_ID))?.value)
  const checkSize = async (size: number): Promise<void> => check(size, 0, (await state())?.size ?? 0)
  const isLeaf = async (index: number): Promise<boolean> =>
    Number.isSafeInteger(index) && index >= 0 && index < ((await state())?.size ?? 0)
  const hashes = async (ranges: readonly Range[]): Promise<readonly Buffer[]> => {
    const tiles = await tilesFor(documents, ranges)
    return ranges.map((range) => rangeHash(range, tiles))
  }
  return {
    state,
    rootAt: async (size) => {
      await checkSize(size)
      const range = { from: 0, to: size }
      return rangeHash(range, await tilesFor(documents, [range]))
    },
    inclusion: async (index, size) => {
      await checkSize(size)
      return hashes(inclusionRanges(index, size))
    },
    consistency: async (from, to) => {
      await checkSize(to)
      return hashes(consistencyRanges(from, to))
    },
    indexOf: async (position) => {
      const standing = await state()
      if (standing === undefined || position > standing.position) return undefined
      const tile = await auditTileAt(documents, Number(position))
      if (tile === undefined) return undefined
      const at = tile.positions.indexOf(Number(position) - tile.first)
      return at < 0 ? undefined : tile.index * TILE_HASHES + at
    },
    positionOf: async (index) => {
      if (!(await isLeaf(index))) return undefined
      const id = auditId(Math.floor(index / TILE_HASHES))
      const tile = auditTileIn((await documents.get(AUDIT, id))?.value)
      const distance = tile?.positions[index % TILE_HASHES]
      if (tile === undefined || distance === undefined) throw missing(`audit tile ${id}`)
      return BigInt(tile.first + distance)
    },
    leaf: async (index) => {
      if (!(await isLeaf(index))) return undefined
      const [hash] = await hashes([{ from: index, to: index + 1 }])
      return hash
    },
  }
}

const tilesFor = async (documents: Pick<Documents, 'get'>, ranges: readonly Range[]): Promise<Tiles> => {
  const ids = tilesOf(ranges).map(tileId)
  const found = await Promise.all(ids.map((id) => documents.get(TREE, id)))
  const values = new Map(ids.map((id, at) => [id, found[at]?.value]))
  return (tile, count) => {
    const hashes = hashesIn(values.get(tileId(tile)), count)
    if (hashes === undefined) throw missing(`tile ${tileId(tile)}`)
    return hashes
  }
}

/** The one whose positions may have that one among them. */
const auditTileAt = async (
  documents: Pick<Documents, 'find'>,
  position: number,
): Promise<AuditTile | undefined> => {
  const behind = documents.find(AUDIT, { first: { $lte: position } }, { sort: [['first', -1]], limit: 1 })
  for await (const [document] of behind) return auditTileIn(document)
  return undefined
}

const missing = (what: string): DocumentsUnavailable =>
  new DocumentsUnavailable(`${what} of the tree is not there: it is being made anew`)
