import { setTimeout as pause } from 'node:timers/promises'
import type { History, Page } from '../history/port.ts'
import { DOCUMENTS_WAIT_MS_MAX, WATCH_UNSHOWN_EVENTS_MAX } from '../limits.ts'

/** Events that have arrived at this node and that the documents may not show yet. */
export type Unshown = {
  /** Follows the history from its head of now until the signal aborts, through every failure. */
  readonly follow: (onHead: (head: bigint) => void, signal: AbortSignal) => Promise<void>
  readonly shownUpTo: (position: bigint) => void
  /** The documents show all that has arrived, and what they show has arrived. */
  readonly isEmptyAt: (position: bigint) => boolean
  /** The documents stand still although there is something to show. */
  readonly isLate: () => boolean
}

export type UnshownParts = {
  readonly history: Pick<History, 'head' | 'subscribe'>
  readonly onPage: (page: Page) => void
  readonly onGap: () => void
}

type Arrived = { events: Page; readonly upTo: bigint; readonly at: number }

export const createUnshown = ({ history, onPage, onGap }: UnshownParts): Unshown => {
  const waiting: Arrived[] = []
  let events = 0
  let seen: bigint | undefined
  let hasGap = false

  const arrived = (page: Page, upTo: bigint): void => {
    seen = upTo
    if (page.length === 0) return
    onPage(page)
    waiting.push({ events: page, upTo, at: performance.now() })
    events += page.length
    if (events > WATCH_UNSHOWN_EVENTS_MAX) forget()
  }
  /** Of what is too much only the place is kept. */
  const forget = (): void => {
    hasGap = true
    events = 0
    const last = waiting.at(-1)
    const first = waiting[0]
    if (first === undefined || last === undefined) return
    waiting.splice(0, waiting.length, { events: [], upTo: last.upTo, at: first.at })
  }
  const followFrom = async (after: bigint, signal: AbortSignal): Promise<void> => {
    for await (const delivery of history.subscribe({ after, signal })) arrived(delivery.events, delivery.upTo)
  }
  return {
    follow: async (onHead, signal) => {
      while (!signal.aborted) {
        try {
          if (seen === undefined) {
            seen = await history.head()
            onHead(seen)
          }
          await followFrom(seen, signal)
        } catch {
          await pause(RETRY_MS, undefined, { signal }).catch(() => undefined)
        }
      }
    },
    shownUpTo: (position) => {
      for (let first = waiting[0]; first !== undefined && first.upTo <= position; first = waiting[0]) {
        waiting.shift()
        events -= first.events.length
        onPage(first.events)
      }
      if (!hasGap || waiting.length > 0) return
      hasGap = false
      onGap()
    },
    isEmptyAt: (position) => waiting.length === 0 && seen !== undefined && seen >= position,
    isLate: () => {
      const first = waiting[0]
      return first !== undefined && performance.now() - first.at > DOCUMENTS_WAIT_MS_MAX
    },
  }
}

/** Between two tries to follow a history that was closed or cannot be read. */
const RETRY_MS = 500
