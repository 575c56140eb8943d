/** The tree as RFC 9162 defines it, leaf by leaf and with everything in memory, and its algorithms for verifying: what the tiles have to agree with. */
import { createHash } from 'node:crypto'

export const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const ZERO = Buffer.from([0])
const ONE = Buffer.from([1])

export const leafOf = (data: Buffer | string): Buffer => sha256(ZERO, data)
export const nodeOf = (left: Buffer, right: Buffer): Buffer => sha256(ONE, left, right)

/** RFC 9162, 2.1.1, over hashes of leaves. */
export const rootOf = (leaves: readonly Buffer[]): Buffer => {
  const [first, ...others] = leaves
  if (first === undefined) return sha256('')
  if (others.length === 0) return first
  const middle = 2 ** Math.ceil(Math.log2(leaves.length) - 1)
  return nodeOf(rootOf(leaves.slice(0, middle)), rootOf(leaves.slice(middle)))
}

/** RFC 9162, 2.1.3.2: the root that the proof leads to; `undefined` if it is no proof. */
export const rootByInclusion = (
  leaf: Buffer,
  { index, size }: { readonly index: number; readonly size: number },
  path: readonly Buffer[],
): Buffer | undefined => {
  if (index >= size) return undefined
  let [fn, sn, root] = [BigInt(index), BigInt(size - 1), leaf]
  for (const hash of path) {
    if (sn === 0n) return undefined
    if ((fn & 1n) === 1n || fn === sn) {
      root = nodeOf(hash, root)
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n]
    } else root = nodeOf(root, hash)
    ;[fn, sn] = [fn >> 1n, sn >> 1n]
  }
  return sn === 0n ? root : undefined
}

/** RFC 9162, 2.1.4.2. */
export const isConsistent = (
  from: { readonly size: number; readonly root: Buffer },
  to: { readonly size: number; readonly root: Buffer },
  proof: readonly Buffer[],
): boolean => {
  if (from.size === to.size) return proof.length === 0 && from.root.equals(to.root)
  const isPower = Number.isInteger(Math.log2(from.size))
  const [first, ...rest] = isPower ? [from.root, ...proof] : proof
  if (first === undefined) return false
  let [fn, sn] = [BigInt(from.size - 1), BigInt(to.size - 1)]
  while ((fn & 1n) === 1n) [fn, sn] = [fn >> 1n, sn >> 1n]
  const roots = followed({ fn, sn }, first, rest)
  return roots !== undefined && roots.fr.equals(from.root) && roots.sr.equals(to.root)
}

type Walk = { readonly fn: bigint; readonly sn: bigint }

const followed = (
  { fn, sn }: Walk,
  first: Buffer,
  rest: readonly Buffer[],
): { readonly fr: Buffer; readonly sr: Buffer } | undefined => {
  let [fr, sr] = [first, first]
  for (const hash of rest) {
    if (sn === 0n) return undefined
    if ((fn & 1n) === 1n || fn === sn) {
      ;[fr, sr] = [nodeOf(hash, fr), nodeOf(hash, sr)]
      while ((fn & 1n) === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n]
    } else sr = nodeOf(sr, hash)
    ;[fn, sn] = [fn >> 1n, sn >> 1n]
  }
  return sn === 0n ? { fr, sr } : undefined
}
