import type { History, StoredEvent } from '../history/port.ts'
import type { TreeState } from './collections.ts'
import { leafHash } from './leaf.ts'
import type { Tree } from './reading.ts'

/**
 * Whether the tree's last leaf is what the history has there. The event is looked for behind the one before it, so one that was put in or taken away
 * there shows too. `unseen`: a member of a cluster that lags behind does not have it yet.
 */
export const fitOf = async (
  tree: Tree,
  history: Pick<History, 'readAll'>,
  { size, position }: TreeState,
): Promise<'fits' | 'differs' | 'unseen'> => {
  const before = size > 1 ? await tree.positionOf(size - 2) : 0n
  const event = await firstBehind(history, before ?? 0n)
  if (event === undefined) return 'unseen'
  const leaf = await tree.leaf(size - 1)
  const isIt = event.position === position && leaf !== undefined && leafHash(event).equals(leaf)
  return isIt ? 'fits' : 'differs'
}

const firstBehind = async (
  history: Pick<History, 'readAll'>,
  after: bigint,
): Promise<StoredEvent | undefined> => {
  for await (const [event] of history.readAll({ after, limit: 1 })) if (event !== undefined) return event
  return undefined
}
