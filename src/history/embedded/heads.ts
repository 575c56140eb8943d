import { LRUCache } from 'lru-cache'
import { STREAM_HEADS_MAX } from '../../limits.ts'
import type { Pending } from './commits.ts'
import { lastRevision, type Databases } from './databases.ts'

/** The last revision of each stream, with what is on its way to the disk; -1: no event yet. */
export type Heads = {
  /** Throws `HistoryUnavailable`. */
  readonly get: (stream: string, guess: number) => number
  readonly advance: (stream: string, revision: number) => void
  readonly flushed: (taken: readonly Pending[]) => void
}

/** Streams with something on its way are held for certain, of the others the most recently used. */
export const makeHeads = (databases: Databases): Heads => {
  const pending = new Map<string, number>()
  const idle = new LRUCache<string, number>({ max: STREAM_HEADS_MAX })
  return {
    get: (stream, guess) => {
      const known = pending.get(stream) ?? idle.get(stream)
      if (known !== undefined) return known
      databases.assertReadable()
      return lastRevision(databases, stream, guess)
    },
    advance: (stream, revision) => void pending.set(stream, revision),
    flushed: (taken) => {
      for (const { stream, firstRevision, events } of taken) {
        const revision = firstRevision + events.length - 1
        if (pending.get(stream) !== revision) continue
        pending.delete(stream)
        idle.set(stream, revision)
      }
    },
  }
}
