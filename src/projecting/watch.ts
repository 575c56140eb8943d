import { setTimeout as pause } from 'node:timers/promises'
import { DocumentsUnavailable, type Documents } from '../documents/port.ts'
import type { History, Page } from '../history/port.ts'
import {
  DOCUMENTS_WAIT_MS_MAX,
  REPLACED_KEEP_MS,
  WATCH_BUSY_MS,
  WATCH_IDLE_MS,
  WATCH_STALE_MS_MAX,
} from '../limits.ts'
import type { Projection } from './projection.ts'
import { createReadersOf, type ReadModels } from './read-models.ts'
import { createUnshown } from './unshown.ts'
import { createView, type View } from './view.ts'
import { createWaiters, type Waiters } from './waiters.ts'

/**
 * The read models of a node that another process may keep: where they stand is polled in the shared documents, often while somebody waits
 * (decisions 18: no change streams, no broker).
 */
export type Watch = ReadModels & {
  /**
   * This node hears of events, and the documents show all that it has heard of. While it is false, nothing that an event may end can be
   * remembered (decisions 10).
   */
  readonly isCurrent: () => boolean
  /** Why the documents cannot be believed at present, or do not follow the history. */
  readonly trouble: () => string | undefined
  /** Looks at once: a projector in this process has just moved. */
  readonly look: () => void
  readonly close: () => Promise<void>
}

export type WatchParts = {
  readonly history: Pick<History, 'head' | 'subscribe'>
  readonly documents: Pick<Documents, 'find' | 'checkpoints'>
  readonly projections: readonly Projection[]
  /** Twice for each event: when it arrives, and when the documents show it. */
  readonly onPage: (page: Page) => void
  /** Events were missed that should have been announced: whatever was remembered may be from before them. */
  readonly onGap: () => void
}

export const startWatch = (parts: WatchParts): Watch => {
  const closing = new AbortController()
  const { signal } = closing
  const view = createView(parts.projections)
  const unshown = createUnshown(parts)
  const readersOf = createReadersOf(parts.projections)
  const shown = createMarks((category) => view.least(readersOf(category)))
  const applied = createMarks((prefixes) => view.applied(prefixes.split(SEPARATOR)))
  let gapMs: number = WATCH_BUSY_MS
  let sleep = new AbortController()
  // Composed signals would be remembered by the one that lives as long as the node, one for each look.
  signal.addEventListener('abort', () => sleep.abort())

  const look = (): void => {
    gapMs = WATCH_BUSY_MS
    sleep.abort()
  }
  const poll = async (): Promise<void> => {
    for (;;) {
      if (await view.refresh(parts.documents, unshown.arrived)) gapMs = WATCH_BUSY_MS
      shown.moved()
      applied.moved()
      unshown.shownUpTo(view.least())
      if (signal.aborted) return
      sleep = new AbortController()
      await pause(gapMs, undefined, { signal: sleep.signal }).catch(() => undefined)
      gapMs = Math.min(gapMs * 2, WATCH_IDLE_MS)
    }
  }
  const ended = Promise.all([poll(), unshown.follow(view.startedAt, signal)])

  /** Whoever finds it there already need not look. */
  const until = (waiters: Waiters, position: bigint, ms: number): Promise<boolean> => {
    const answer = waiters.until(position, ms)
    look()
    return answer
  }
  return {
    serving: { physical: view.physical, hold: holdOn(view) },
    shown: async (stream, position) => {
      const readers = readersOf(stream)
      if (readers.length > 0 && view.least(readers) < position)
        await until(shown.of(categoryOf(stream)), position, DOCUMENTS_WAIT_MS_MAX)
      return (
        readers.every((name) => view.position(name) >= position) &&
        !view.isHeld(readers, { stream, position })
      )
    },
    applied: view.applied,
    reached: async (position, prefixes) =>
      view.applied(prefixes) >= position ||
      until(applied.of(prefixes.join(SEPARATOR)), position, Number.POSITIVE_INFINITY),
    refusal: (stream) => {
      const readers = readersOf(stream)
      const isLate = readers.length > 0 && view.least(readers) < unshown.due()
      return view.refusal(readers, stream) ?? (isLate ? 'documents_behind' : undefined)
    },
    isHeld: (event) => view.isHeld(readersOf(event.stream), event),
    status: view.status,
    isCurrent: () => view.trouble() === undefined && unshown.isEmptyAt(view.most()),
    trouble: () =>
      view.trouble() ?? (view.least() < unshown.due() ? 'nobody brings them forward' : undefined),
    look,
    close: async () => {
      closing.abort()
      await ended
      shown.close()
      applied.close()
    },
  }
}

/** Nobody who drops replaced documents is told of readers here: one that takes longer than they are kept has to find out by itself. */
const holdOn =
  (view: View): Watch['serving']['hold'] =>
  (physical) => {
    const since = performance.now()
    return () => {
      if (performance.now() - since > REPLACED_KEEP_MS - WATCH_STALE_MS_MAX && !view.serves(physical))
        throw new DocumentsUnavailable('they were replaced while they were read')
    }
  }

/** In no prefix. */
const SEPARATOR = '\n'

/** Streams of one category are read by the same projections. */
const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-') + 1) || stream

/** Waits for marks that are computed from a key. */
const createMarks = (
  markOf: (key: string) => bigint,
): { readonly of: (key: string) => Waiters; readonly moved: () => void; readonly close: () => void } => {
  const known = new Map<string, Waiters>()
  return {
    of: (key) => {
      const found = known.get(key)
      if (found !== undefined) return found
      const waiters = createWaiters(markOf(key))
      known.set(key, waiters)
      return waiters
    },
    moved: () => {
      for (const [key, waiters] of known) waiters.moved(markOf(key))
    },
    close: () => {
      for (const waiters of known.values()) waiters.close()
    },
  }
}
