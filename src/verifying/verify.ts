import { createEnds, type Expected } from './ends.ts'
import { createFaults, type Fault, type FaultGroup } from './faults.ts'
import { createHeadsJudging, type HeadsVerdict } from './judging-heads.ts'
import { createJudging } from './judging.ts'
import type { VerifierKey } from './notes.ts'
import { ReadFailed } from './reading/child.ts'
import type { Description } from './reading/jobs.ts'
import type { Pool } from './reading/pool.ts'
import { treeFaults } from './trees.ts'
import { createWalk, type Walk } from './walk.ts'

export type Verdict = {
  readonly what: string
  readonly events: number
  readonly firstPosition: string
  readonly lastPosition: string
  /** Of the tree over all events, base64. */
  readonly root: string
  /** The stored tree, or why there is none. */
  readonly tree: { readonly size: number; readonly notCovered: number } | { readonly none: string }
  readonly heads: HeadsVerdict
  /** The first of each kind, in order of position. */
  readonly faults: readonly FaultGroup[]
  readonly notes: readonly string[]
  /** Of the sizes that were asked for, as far as there are so many events. */
  readonly roots: ReadonlyMap<number, Buffer>
}

export type VerifyOptions = {
  /** Heads have to be of this key. */
  readonly key?: VerifierKey | undefined
  /** What something beside the history says of it. */
  readonly expected?: Expected
  /** Sizes of which the root is wanted. */
  readonly rootsAt?: readonly number[]
  readonly onProgress?: (events: number) => void
  /** What was found out before. */
  readonly faults?: readonly Fault[]
}

/** Reads the whole history and judges it. Throws `ReadFailed` if it cannot be reached. */
export const verifyHistory = async (
  pool: Pool,
  description: Description,
  options: VerifyOptions,
): Promise<Verdict> => {
  const walk = createWalk(pool, description)
  const faults = createFaults()
  const events = createJudging(walk, faults, {
    checksRevisions: description.reads !== 'range',
    isContiguous: options.expected?.isContiguous === true,
  })
  const heads = createHeadsJudging(walk, faults, options.key)
  const ends = createEnds(description)
  const indexed = description.reads === 'range' ? readIndex(pool, description) : Promise.resolve([])
  // Met when its turn comes.
  indexed.catch(() => undefined)
  for await (const part of walk.parts()) {
    ends.take(part)
    events.take(part)
    await heads.take(part, events.firstChanged())
    options.onProgress?.(walk.size())
  }
  for (const found of [
    options.faults ?? [],
    await indexed,
    await ends.faults(walk, options.expected, faults.isWhole()),
    await treeFaults(pool, walk, description, faults.isWhole()),
    pinnedFaults(options, heads.verdict()),
  ])
    found.forEach(faults.add)
  return {
    ...{
      what: description.what,
      events: walk.size(),
      root: (await walk.rootAt(walk.size())).toString('base64'),
    },
    ...{ firstPosition: String(events.firstPosition()), lastPosition: String(events.lastPosition()) },
    ...{ tree: treeOf(description, walk), heads: heads.verdict(), notes: heads.notes() },
    ...{ faults: faults.groups(), roots: await rootsAt(walk, options.rootsAt ?? []) },
  }
}

const readIndex = (pool: Pool, { first, last }: Description): Promise<readonly Fault[]> =>
  pool.run({ kind: 'index', first, last }).then(
    ({ faults }) => faults,
    (error: unknown) => {
      if (!(error instanceof ReadFailed && error.isDamage)) throw error
      return [
        { kind: 'unreadable', detail: `the index of streams cannot be read: ${error.message}` } as const,
      ]
    },
  )

const pinnedFaults = ({ key }: VerifyOptions, { newest }: HeadsVerdict): readonly Fault[] =>
  key === undefined || newest !== undefined
    ? []
    : [{ kind: 'head', detail: 'there is no head signed with the pinned key' }]

const treeOf = ({ tree, noTree = 'there is none' }: Description, walk: Walk): Verdict['tree'] =>
  tree === undefined
    ? { none: noTree }
    : { size: tree.size, notCovered: Math.max(0, walk.size() - tree.size) }

const rootsAt = async (walk: Walk, sizes: readonly number[]): Promise<ReadonlyMap<number, Buffer>> => {
  const roots = new Map<number, Buffer>()
  for (const size of sizes) if (size <= walk.size()) roots.set(size, await walk.rootAt(size))
  return roots
}
