/** Merkle proofs as RFC 9162 defines them (2.1.1, 2.1.3.1, 2.1.4.1), recursively and without care for time. */
import { rootOf } from '../../src/verifying/tower.ts'

export const rootOfLeaves = (leaves: readonly Buffer[]): Buffer => rootOf(Buffer.concat(leaves))

export const inclusionOf = (index: number, leaves: readonly Buffer[]): readonly Buffer[] => {
  if (leaves.length <= 1) return []
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...inclusionOf(index, left), rootOfLeaves(right)]
    : [...inclusionOf(index - split, right), rootOfLeaves(left)]
}
export const consistencyOf = (from: number, leaves: readonly Buffer[], isWhole = true): readonly Buffer[] => {
  if (from === leaves.length) return isWhole ? [] : [rootOfLeaves(leaves)]
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return from <= split
    ? [...consistencyOf(from, left, isWhole), rootOfLeaves(right)]
    : [...consistencyOf(from - split, right, false), rootOfLeaves(left)]
}

const splitOf = (size: number): number => 2 ** Math.ceil(Math.log2(size) - 1)
