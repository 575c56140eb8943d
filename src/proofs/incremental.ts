import { joined, nodeHash } from './merkle.ts'

/** The root of a growing tree; in memory are only the hashes of its full subtrees, one for each bit of its size. */
export type Frontier = {
  readonly add: (leafHash: Buffer) => void
  readonly size: () => number
  readonly root: () => Buffer
}

export type FrontierOptions = {
  /** Of a tree that is there already, the largest first. */
  readonly subtrees?: readonly FullSubtree[]
  /** Told of every subtree that became full, leaves (level 0) too. */
  readonly onFull?: (level: number, hash: Buffer) => void
}
export type FullSubtree = { readonly level: number; readonly hash: Buffer }

export const createFrontier = ({ subtrees = [], onFull }: FrontierOptions = {}): Frontier => {
  const full = [...subtrees]
  let size = subtrees.reduce((sum, { level }) => sum + 2 ** level, 0)
  return {
    add: (leafHash) => {
      let level = 0
      let hash = leafHash
      onFull?.(level, hash)
      for (let left = full.at(-1); left?.level === level; left = full.at(-1)) {
        full.pop()
        hash = nodeHash(left.hash, hash)
        level += 1
        onFull?.(level, hash)
      }
      full.push({ level, hash })
      size += 1
    },
    size: () => size,
    root: () => joined(full.map(({ hash }) => hash)),
  }
}
