import type { Fault, Faults } from './faults.ts'
import { claimedIn, createHeadReader, type Claimed, type SignedHead } from './heads.ts'
import type { VerifierKey } from './notes.ts'
import type { Part, SeenHead } from './parts.ts'
import type { Walk } from './walk.ts'

/** What came of the signed heads. */
export type HeadsVerdict = {
  readonly count: number
  /** Events before the newest head that holds: these nobody without the key can have changed. */
  readonly covered: number
  readonly notCovered: number
  /** What they were verified with, and whether that was named by who verifies. */
  readonly key?: string
  readonly isPinned: boolean
  readonly newest?: SignedHead
  /** The last one, whether it holds or not. */
  readonly last?: Claimed
}

/** Holds the signed heads in a history against the events before them. */
export type HeadsJudging = {
  /** Of a part that is in the walk already. `firstChanged`: the first leaf that is not the tree's. */
  readonly take: (part: Part, firstChanged: number) => Promise<void>
  readonly verdict: () => HeadsVerdict
  readonly notes: () => readonly string[]
}

export const createHeadsJudging = (
  walk: Walk,
  faults: Faults,
  pinned: VerifierKey | undefined,
): HeadsJudging => {
  const reader = createHeadReader(pinned)
  let note: string | undefined
  let count = 0
  let newest: SignedHead | undefined
  let last: Claimed | undefined
  const covered = (): number => newest?.note.size ?? 0

  const judge = async (seen: SeenHead, leaf: number, firstChanged: number): Promise<void> => {
    const head = reader.read(seen)
    if (head === undefined) return
    count += 1
    last = claimedIn(seen) ?? last
    if ('kind' in head) return faults.add(head)
    const { size, root } = head.note
    if (size <= leaf && (await walk.rootAt(size)).equals(root)) {
      if (size > firstChanged)
        note ??= `The signed head at position ${head.position} agrees with the events: the stored tree was changed, not they.`
      if (size >= covered()) newest = head
      return
    }
    // What was changed is named already, and this follows from it.
    if (faults.isWhole()) faults.add(await disagreement(walk, head, { leaf, covered: covered() }))
  }
  return {
    take: async (part, firstChanged) => {
      const start = walk.size() - part.positions.length
      for (const seen of part.heads) await judge(seen, start + seen.offset, firstChanged)
    },
    notes: () => (note === undefined ? [] : [note]),
    verdict: () => {
      const key = reader.key()?.text
      return {
        ...{ count, covered: covered(), notCovered: walk.size() - covered(), isPinned: pinned !== undefined },
        ...(key === undefined ? {} : { key }),
        ...(newest === undefined ? {} : { newest }),
        ...(last === undefined ? {} : { last }),
      }
    },
  }
}

/** Somewhere behind the last head that holds. */
const disagreement = async (
  walk: Walk,
  { note, position }: SignedHead,
  { leaf, covered }: { readonly leaf: number; readonly covered: number },
): Promise<Fault> => {
  const from = await walk.positionOf(Math.min(covered, leaf))
  const to = await walk.positionOf(Math.max(0, Math.min(note.size, leaf) - 1))
  const others = note.size > leaf ? `${note.size} events, of which ${leaf} are before it` : 'other events'
  const detail = `the signed head at position ${position} commits to ${others}: something between positions ${from} and ${to} is not what it was`
  return { kind: 'head', position: String(from), detail }
}
