import { nodeHash } from './hashing.ts'

/** Whether the leaf is the `index`th (from 0) of the tree with that size and root (RFC 9162, 2.1.3.2). */
export const holdsInclusion = (
  leaf: Buffer,
  { index, size }: { readonly index: number; readonly size: number },
  hashes: readonly Buffer[],
  root: Buffer,
): boolean => {
  if (index < 0 || index >= size) return false
  let hash = leaf
  const isAtRoot = climb([index, size - 1], hashes, (sibling, isLeft) => {
    hash = isLeft ? nodeHash(sibling, hash) : nodeHash(hash, sibling)
  })
  return isAtRoot && hash.equals(root)
}

/** A tree by its size and root. */
export type Head = { readonly size: number; readonly root: Buffer }

/** Whether the later tree begins with all of the earlier one (RFC 9162, 2.1.4.2). */
export const holdsConsistency = (earlier: Head, later: Head, hashes: readonly Buffer[]): boolean => {
  if (earlier.size > later.size) return false
  if (earlier.size === later.size) return hashes.length === 0 && earlier.root.equals(later.root)
  if (earlier.size === 0) return hashes.length === 0
  let [node, last] = [earlier.size - 1, later.size - 1]
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  const [first, ...rest] = isPowerOfTwo(earlier.size) ? [earlier.root, ...hashes] : hashes
  if (first === undefined) return false
  let [was, is] = [first, first]
  const isAtRoot = climb([node, last], rest, (sibling, isLeft) => {
    if (isLeft) was = nodeHash(sibling, was)
    is = isLeft ? nodeHash(sibling, is) : nodeHash(is, sibling)
  })
  return isAtRoot && was.equals(earlier.root) && is.equals(later.root)
}

/** From a node up, with a sibling at each step; whether they lead to the root. */
const climb = (
  [from, end]: readonly [node: number, last: number],
  siblings: readonly Buffer[],
  step: (sibling: Buffer, isLeft: boolean) => void,
): boolean => {
  let [node, last] = [from, end]
  for (const sibling of siblings) {
    if (last === 0) return false
    const isLeft = node % 2 === 1 || node === last
    step(sibling, isLeft)
    // A node without a sibling of its own goes up as it is.
    if (isLeft) while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0
}

const half = (number: number): number => Math.floor(number / 2)
const isPowerOfTwo = (number: number): boolean => Number.isInteger(Math.log2(number))
