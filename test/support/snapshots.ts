import { setTimeout as pause } from 'node:timers/promises'
import { SNAPSHOTS } from '../../src/commands/snapshots.ts'
import type { Document, Documents } from '../../src/documents/port.ts'

/** The snapshot of a stream: it is taken beside the command that makes it due. */
export const snapshotted = async (documents: Pick<Documents, 'get'>, stream: string): Promise<Document> => {
  const until = performance.now() + 30_000
  while (performance.now() < until) {
    const found = await documents.get(SNAPSHOTS, stream)
    if (found !== undefined) return found.value
    await pause(1)
  }
  throw new Error(`there is no snapshot of ${stream}`)
}
