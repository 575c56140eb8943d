import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { StoredEvent } from '../history/port.ts'
import type { Audience } from './audience.ts'
import type { Feed, HubParts } from './feed.ts'

/** One feed's way along the history. */
export type Follower = {
  /** Begins to follow if it does not: called after a listener has joined. */
  readonly wake: () => void
  /** Resolves when it has ended, after the signal. */
  readonly stopped: () => Promise<void>
}

/** Work at a stretch before others get their turn: sockets drain only between turns, and their buffers are bounded. */
const STRETCH_MS = 5
const STRETCH_EVENTS = 100
const RETRY_MS = 100
const RETRY_GROWTH_MAX = 50

export const createFollower = <Message>(
  feed: Feed<Message>,
  audience: Audience<Message>,
  parts: HubParts,
  signal: AbortSignal,
): Follower => {
  /** Everything up to here was released, or had nobody to go to. */
  let position = 0n
  let awake = false
  let ended: Promise<void> = Promise.resolve()
  const firstRetryMs = parts.retryMs ?? RETRY_MS
  let retryMs = firstRetryMs

  const release = async (event: StoredEvent): Promise<void> => {
    try {
      const topics = feed.topics(event)
      if (audience.wants(topics) && parts.isHeld?.(event) !== true) {
        const since = performance.now()
        const messages = await feed.render(event)
        if (!signal.aborted) audience.deliver({ topics, messages, position: event.position })
        parts.delivered?.(event, since)
      }
    } catch (error) {
      const details = { err: error, event: event.id, stream: event.stream, type: event.type }
      parts.log.warn(details, 'an event could not be rendered for live delivery')
    }
    position = event.position
  }

  /** Until the signal aborts, the subscription fails, or an event finds nobody listening. */
  const follow = async (): Promise<Outcome> => {
    for await (const delivery of parts.history.subscribe({
      after: position,
      prefixes: feed.prefixes,
      signal,
    })) {
      if (audience.isEmpty()) {
        awake = false
        return 'asleep'
      }
      const last = delivery.events.at(-1)
      if (last !== undefined) {
        const shown = await orAborted(parts.reached(last.position, feed.prefixes), signal)
        if (!shown) throw new Error('the documents are not followed')
        await eachInTurns(delivery.events, signal, release)
      }
      if (signal.aborted) break
      position = delivery.upTo
      retryMs = firstRetryMs
    }
    return 'ended'
  }

  const run = async (): Promise<void> => {
    for (;;) {
      const outcome = await follow().catch((error: unknown) => ({ err: error }))
      if (outcome === 'asleep' || signal.aborted) return
      const details = outcome === 'ended' ? {} : outcome
      parts.log.warn({ ...details, after: String(position), retryMs }, 'a live feed lost the history')
      await pause(retryMs, undefined, { signal }).catch(() => undefined)
      retryMs = Math.min(retryMs * 2, firstRetryMs * RETRY_GROWTH_MAX)
    }
  }

  return {
    wake: () => {
      if (awake || signal.aborted) return
      awake = true
      const applied = parts.applied(feed.prefixes)
      if (applied > position) position = applied
      const before = ended
      ended = run().then(() => before)
    },
    stopped: () => ended,
  }
}

/** Says by its own value that it fell asleep: `awake` may be true again, of the next run, before this one is over. */
type Outcome = 'asleep' | 'ended'

const eachInTurns = async (
  events: readonly StoredEvent[],
  signal: AbortSignal,
  handle: (event: StoredEvent) => Promise<void>,
): Promise<void> => {
  let since = performance.now()
  for (const [index, event] of events.entries()) {
    if (signal.aborted) return
    await handle(event)
    if ((index + 1) % STRETCH_EVENTS !== 0 && performance.now() - since < STRETCH_MS) continue
    await nextTurn()
    since = performance.now()
  }
}

/** Rejects when the signal aborts: the documents may never get there. */
const orAborted = <A>(promise: Promise<A>, signal: AbortSignal): Promise<A> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new Error('aborted'))
    }
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    void promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort)
    })
  })
