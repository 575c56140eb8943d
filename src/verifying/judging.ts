import type { Fault, Faults } from './faults.ts'
import { notFollowing, type Part } from './parts.ts'
import type { Walk } from './walk.ts'

/** Judges parts by those that came before them. */
export type Judging = {
  /** Of a part that is in the walk already. */
  readonly take: (part: Part) => void
  readonly firstPosition: () => bigint
  readonly lastPosition: () => bigint
  /** The first leaf that is not the tree's; `Infinity` if there is none. */
  readonly firstChanged: () => number
}

/**
 * `isContiguous`: positions have no gaps, which readers of an embedded history see by themselves. `checksRevisions`: with a map of all
 * streams, about 100 bytes each; an embedded history has an index that is checked instead.
 */
export const createJudging = (
  walk: Walk,
  faults: Faults,
  { checksRevisions, isContiguous }: { readonly checksRevisions: boolean; readonly isContiguous: boolean },
): Judging => {
  const revisions = new Map<string, number>()
  let [firstPosition, lastPosition] = [0n, 0n]
  let firstChanged = Infinity

  const follow = ({ streams }: Part): void => {
    for (const { stream, first, last, position } of streams) {
      const before = revisions.get(stream) ?? -1
      if (first !== before + 1)
        faults.add(notFollowing({ stream, revision: String(first), position }, before))
      revisions.set(stream, last)
    }
  }
  const place = ({ positions }: Part): void => {
    const first = positions.find((position) => position > 0n) ?? 0n
    if (first > 0n && first <= lastPosition)
      faults.add({
        kind: 'order',
        position: String(first),
        detail: `it comes behind position ${lastPosition}`,
      })
    if (isContiguous) gapsIn(positions, lastPosition).forEach(faults.add)
    if (firstPosition === 0n) firstPosition = first
    lastPosition = positions.at(-1) || lastPosition
  }
  return {
    take: (part) => {
      for (const fault of part.faults) faults.add(placed(fault, lastPosition + 1n))
      firstChanged = Math.min(firstChanged, changedLeaf(part, walk.size()))
      place(part)
      if (checksRevisions) follow(part)
    },
    firstPosition: () => firstPosition,
    lastPosition: () => lastPosition,
    firstChanged: () => firstChanged,
  }
}

const gapsIn = (positions: BigUint64Array, last: bigint): readonly Fault[] => {
  const gaps: Fault[] = []
  let due = last === 0n ? (positions[0] ?? 0n) : last + 1n
  for (const position of positions) {
    if (position > due)
      gaps.push({
        kind: 'missing',
        position: String(due),
        detail: `there is no event up to position ${position - 1n}`,
      })
    due = position + 1n
  }
  return gaps
}

/** What a reader that has nothing before it could not place is at the position that is due. */
const placed = (fault: Fault, due: bigint): Fault =>
  fault.position === undefined && fault.kind === 'shape' ? { ...fault, position: String(due) } : fault

const changedLeaf = ({ faults, positions }: Part, size: number): number => {
  const changed = faults.find(({ kind }) => kind === 'leaf')?.position
  return changed === undefined ? Infinity : size - positions.length + positions.indexOf(BigInt(changed))
}
