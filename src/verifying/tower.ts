import { EMPTY_ROOT, HASH_BYTES, nodeHash, putNodeHash } from './hashing.ts'

/**
 * The tree over all leaves so far, as far as it has to be known to give the root at any earlier size: the roots of its full subtrees of
 * 256 leaves and more. That is a quarter of a byte a leaf; the leaves themselves are not kept.
 */
export type Tower = {
  /** Takes leaf hashes, one behind the other. */
  readonly add: (hashes: Buffer) => void
  readonly size: () => number
  /** The root of the first `size` leaves; `tail` are the leaf hashes behind the last full tile of that size. */
  readonly rootAt: (size: number, tail: Buffer) => Buffer
  /** Of all leaves. */
  readonly root: () => Buffer
  /** The leaf hashes behind the last full tile. */
  readonly tail: () => Buffer
  /** The roots of all full subtrees of `2 ** height` leaves, one behind the other; `height` is 8 or more. */
  readonly level: (height: number) => Buffer
}

export const TILE_LEAVES = 256
const TILE_HEIGHT = 8

export const createTower = (): Tower => {
  const levels: HashList[] = []
  let tail = Buffer.alloc(0)
  let size = 0

  const raise = (tile: Buffer): void => {
    let hash = tile
    for (let level = 0; ; level += 1) {
      const list = (levels[level] ??= createHashList())
      list.push(hash)
      if (list.length() % 2 === 1) return
      hash = nodeHash(list.at(list.length() - 2), hash)
    }
  }
  const rootAt = (count: number, behind: Buffer): Buffer => {
    let root = behind.length === 0 ? undefined : rootOf(behind)
    let tiles = Math.floor(count / TILE_LEAVES)
    for (let level = 0; tiles > 0; level += 1, tiles = Math.floor(tiles / 2)) {
      if (tiles % 2 === 0) continue
      const left = levels[level]?.at(tiles - 1) ?? EMPTY_ROOT
      root = root === undefined ? left : nodeHash(left, root)
    }
    return root ?? EMPTY_ROOT
  }
  return {
    add: (hashes) => {
      size += hashes.length / HASH_BYTES
      const waiting = tail.length === 0 ? hashes : Buffer.concat([tail, hashes])
      let from = 0
      for (; from + TILE_BYTES <= waiting.length; from += TILE_BYTES)
        raise(rootOf(waiting.subarray(from, from + TILE_BYTES)))
      tail = Buffer.from(waiting.subarray(from))
    },
    size: () => size,
    rootAt,
    root: () => rootAt(size, tail),
    tail: () => tail,
    level: (height) => levels[height - TILE_HEIGHT]?.all() ?? Buffer.alloc(0),
  }
}

/**
 * The root over some hashes, one behind the other (RFC 9162, 2.1.1): neighbours in pairs, level by level, and who has none goes up as he is.
 */
export const rootOf = (hashes: Buffer): Buffer => {
  if (hashes.length === 0) return EMPTY_ROOT
  const row = Buffer.from(hashes)
  for (let count = row.length / HASH_BYTES; count > 1; count = Math.ceil(count / 2)) {
    for (let pair = 0; 2 * pair + 1 < count; pair += 1)
      putNodeHash(row, 2 * pair * HASH_BYTES, pair * HASH_BYTES)
    if (count % 2 === 1)
      row.copyWithin(((count - 1) / 2) * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES)
  }
  return Buffer.from(row.subarray(0, HASH_BYTES))
}

const TILE_BYTES = TILE_LEAVES * HASH_BYTES

type HashList = {
  readonly push: (hash: Buffer) => void
  readonly at: (index: number) => Buffer
  readonly length: () => number
  readonly all: () => Buffer
}

const createHashList = (): HashList => {
  let bytes = Buffer.alloc(16 * HASH_BYTES)
  let length = 0
  return {
    push: (hash) => {
      if ((length + 1) * HASH_BYTES > bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)])
      hash.copy(bytes, length * HASH_BYTES)
      length += 1
    },
    at: (index) => bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
    length: () => length,
    all: () => bytes.subarray(0, length * HASH_BYTES),
  }
}
