import { hash } from 'node:crypto'

/**
 * The hash tree of RFC 6962 and 9162, out of tiles as in C2SP's tlog-tiles: a tile has 256 neighbouring hashes of one of the levels 0, 8, 16, …;
 * those between are computed. Sizes and indexes are numbers; up to 2^53 they are exact.
 */
export const HASH_BYTES = 32
export const TILE_HASHES = 256
/** Levels of the tree between two levels of tiles. */
export const TILE_LEVELS = 8

/** Of the tree without leaves. */
export const EMPTY_ROOT: Buffer = hash('sha256', '', 'buffer')

export const nodeHash = (left: Buffer, right: Buffer): Buffer => {
  left.copy(node, 1)
  right.copy(node, 1 + HASH_BYTES)
  return sha256(node)
}

/** As text first it takes half the time: then the library makes no buffer. */
export const sha256 = (content: string | Buffer): Buffer =>
  Buffer.from(hash('sha256', content, 'binary'), 'binary')

/** Used again and again: a hash is computed before anybody else has a turn. */
const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1)

/** The leaves from `from` up to, not with, `to`, that one hash of a proof or a root covers. */
export type Range = { readonly from: number; readonly to: number }
/** A full binary tree: the `index`-th of those with `2 ** level` leaves. */
export type Subtree = { readonly level: number; readonly index: number }
/** Its hashes are the roots of subtrees of `256 ** level` leaves. */
export type TileId = { readonly level: number; readonly index: number }
/** The hashes of a tile, one behind the other; throws if they are not there. */
export type Tiles = (tile: TileId, hashes: number) => Buffer

/** The full subtrees that a range consists of, the largest first. */
export const subtreesOf = ({ from, to }: Range): readonly Subtree[] => {
  const all: Subtree[] = []
  for (let at = from; at < to;) {
    let [level, leaves] = [0, 1]
    while (at % (2 * leaves) === 0 && at + 2 * leaves <= to) [level, leaves] = [level + 1, 2 * leaves]
    all.push({ level, index: at / leaves })
    at += leaves
  }
  return all
}

/** Every tile that the hashes of these ranges are computed from, once. */
export const tilesOf = (ranges: readonly Range[]): readonly TileId[] => {
  const all = new Map<string, TileId>()
  for (const range of ranges)
    for (const subtree of subtreesOf(range)) {
      const { tile } = placeOf(subtree)
      all.set(`${tile.level}/${tile.index}`, tile)
    }
  return [...all.values()]
}

export const rangeHash = (range: Range, tiles: Tiles): Buffer =>
  joined(subtreesOf(range).map((subtree) => subtreeHash(subtree, tiles)))

export const subtreeHash = (subtree: Subtree, tiles: Tiles): Buffer => {
  const { tile, offset, hashes } = placeOf(subtree)
  const bytes = tiles(tile, offset + hashes)
  let row = Array.from({ length: hashes }, (_, at) => hashAt(bytes, offset + at))
  while (row.length > 1) row = pairs(row)
  return row[0] ?? EMPTY_ROOT
}

/** Of neighbouring subtrees, the largest first, the hash of what they cover together. */
export const joined = (subtrees: readonly Buffer[]): Buffer =>
  subtrees.length === 0 ? EMPTY_ROOT : subtrees.reduceRight((right, left) => nodeHash(left, right))

export const hashAt = (hashes: Buffer, index: number): Buffer =>
  hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)

/** Which hashes prove that leaf `index` is in the tree of that size, from the leaf upwards (RFC 9162, 2.1.3.1). Throws `RangeError`. */
export const inclusionRanges = (index: number, size: number): readonly Range[] => {
  check(index, 0, size - 1)
  const above: Range[] = []
  let [from, to] = [0, size]
  while (to - from > 1) {
    const middle = from + leftLeaves(to - from)
    above.push(index < middle ? { from: middle, to } : { from, to: middle })
    if (index < middle) to = middle
    else from = middle
  }
  return above.reverse()
}

/** Which hashes prove that the tree of size `size` continues that of size `before` (RFC 9162, 2.1.4.1). Throws `RangeError`. */
export const consistencyRanges = (before: number, size: number): readonly Range[] => {
  check(before, 0, size)
  if (before === 0 || before === size) return []
  const above: Range[] = []
  let [from, to] = [0, size]
  while (to !== before) {
    const middle = from + leftLeaves(to - from)
    above.push(before <= middle ? { from: middle, to } : { from, to: middle })
    if (before <= middle) to = middle
    else from = middle
  }
  // The verifier has the whole earlier tree's hash already.
  if (from > 0) above.push({ from, to })
  return above.reverse()
}

/** Throws `RangeError` for what is not a whole number between these. */
export const check = (value: number, least: number, most: number): void => {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw new RangeError(`${value} is not between ${least} and ${most}`)
}

/** The largest power of two below a number above 1. */
const leftLeaves = (leaves: number): number => {
  let left = 1
  while (2 * left < leaves) left *= 2
  return left
}

type Place = { readonly tile: TileId; readonly offset: number; readonly hashes: number }

const placeOf = ({ level, index }: Subtree): Place => {
  const hashes = 2 ** (level % TILE_LEVELS)
  const first = index * hashes
  const tile = { level: Math.floor(level / TILE_LEVELS), index: Math.floor(first / TILE_HASHES) }
  return { tile, offset: first % TILE_HASHES, hashes }
}

const pairs = (row: readonly Buffer[]): Buffer[] =>
  Array.from({ length: row.length / 2 }, (_, at) =>
    nodeHash(row[2 * at] ?? EMPTY_ROOT, row[2 * at + 1] ?? EMPTY_ROOT),
  )
