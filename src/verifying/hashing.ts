import { hash } from 'node:crypto'

/** The hashes of RFC 9162, 2.1: leaves and nodes are told apart by their first byte. */
export const HASH_BYTES = 32

/** The root of a tree without leaves. */
export const EMPTY_ROOT: Buffer = hash('sha256', '', 'buffer')

/** Of bytes before which there is room for the one that makes a leaf: `bytes[0]` is overwritten. Answers `target`, with the hash in it. */
export const leafHashInPlace = (bytes: Buffer, target: Buffer): Buffer => {
  bytes[0] = LEAF
  put(bytes, target, 0)
  return target
}

export const leafHash = (bytes: Uint8Array): Buffer => {
  const whole = Buffer.allocUnsafe(1 + bytes.length)
  whole.set(bytes, 1)
  return leafHashInPlace(whole, Buffer.allocUnsafe(HASH_BYTES))
}

export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => {
  NODE_BYTES.set(left, 1)
  NODE_BYTES.set(right, 1 + HASH_BYTES)
  const target = Buffer.allocUnsafe(HASH_BYTES)
  put(NODE_BYTES, target, 0)
  return target
}

/** Of two hashes that stand behind each other at `from`; put to `at`, which may be there too. */
export const putNodeHash = (hashes: Buffer, from: number, at: number): void => {
  for (let n = 0; n < 2 * HASH_BYTES; n += 1) NODE_BYTES[1 + n] = hashes[from + n] ?? 0
  put(NODE_BYTES, hashes, at)
}

/** As text it takes half the time: then the library makes no buffer. */
const put = (bytes: Buffer, target: Buffer, at: number): void =>
  void target.write(hash('sha256', bytes, 'binary'), at, 'binary')

const LEAF = 0
const NODE_BYTES = Buffer.alloc(1 + 2 * HASH_BYTES, 1)
