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
  /** Up to where the history has arrived; `undefined` before its head of now is known. */
  readonly arrived: () => bigint | undefined
  /** What the documents should show by now: it arrived before the time that a write waits for them. */
  readonly due: () => bigint
}

export type UnshownParts = {
  readonly history: Pick<History, 'head' | 'subscribe'>
  readonly onPage: (page: Page) => void
  readonly onGap: () => void
}

type Arrived = { readonly events: Page; readonly upTo: bigint }

export const createUnshown = ({ history, onPage, onGap }: UnshownParts): Unshown => {
  const waiting: Arrived[] = []
  let events = 0
  let seen: bigint | undefined
  let hasGap = false

  const deadlines = createDeadlines()
  const arrived = (page: Page, upTo: bigint): void => {
    seen = upTo
    if (page.length === 0) return
    onPage(page)
    deadlines.add(upTo)
    waiting.push({ events: page, upTo })
    events += page.length
    if (events > WATCH_UNSHOWN_EVENTS_MAX) forget()
  }
  /** Of what is too much only the place is kept. */
  const forget = (): void => {
    hasGap = true
    events = 0
    const last = waiting.at(-1)
    if (last !== undefined) waiting.splice(0, waiting.length, { events: [], upTo: last.upTo })
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
    arrived: () => seen,
    due: deadlines.due,
  }
}

/** By when positions should be shown, to some milliseconds: however many events there are, it remembers few. */
const createDeadlines = (): { readonly add: (position: bigint) => void; readonly due: () => bigint } => {
  const coming: { upTo: bigint; readonly at: number }[] = []
  let due = 0n
  const pass = (now: number): void => {
    for (let first = coming[0]; first !== undefined && first.at < now; first = coming[0]) {
      due = first.upTo
      coming.shift()
    }
  }
  return {
    add: (upTo) => {
      const at = performance.now() + DOCUMENTS_WAIT_MS_MAX
      pass(performance.now())
      const last = coming.at(-1)
      if (last !== undefined && at - last.at < DEADLINE_GRAIN_MS) last.upTo = upTo
      else coming.push({ upTo, at })
    },
    due: () => {
      pass(performance.now())
      return due
    },
  }
}

const DEADLINE_GRAIN_MS = 50

/** Between two tries to follow a history that was closed or cannot be read. */
const RETRY_MS = 500
