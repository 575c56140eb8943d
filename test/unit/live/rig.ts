/** A hub over a history in an array that can be broken off, and documents that can lag. */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { Delivery, StoredEvent } from '../../../src/history/port.ts'
import type { Feed, Listening } from '../../../src/live/feed.ts'
import { startHub, type Hub } from '../../../src/live/hub.ts'

export type Rig = {
  readonly hub: Hub & { readonly close: () => Promise<void> }
  readonly append: (...topics: readonly (readonly string[])[]) => void
  /** The next read of every subscription throws. */
  readonly breakOff: () => void
  readonly lag: (upTo: bigint) => void
  readonly catchUp: () => void
  readonly subscriptions: () => number
  readonly read: () => number
  readonly warnings: string[]
}

export const rig = (t: ExecutionContext, pageEvents = 7): Rig => {
  const events: StoredEvent[] = []
  const warnings: string[] = []
  const waiting = new Set<() => void>()
  let broken = 0
  let subscriptions = 0
  let read = 0
  let shown: bigint | undefined
  const head = (): bigint => BigInt(events.length)
  const wake = (): void => {
    for (const go of waiting) go()
    waiting.clear()
  }
  const moved = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done)
        resolve()
      }
      waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise<void>((resolve) => waiting.add(resolve))
  }
  async function* subscribe(options: { after: bigint; prefixes?: readonly string[]; signal: AbortSignal }) {
    subscriptions++
    const seen = broken
    let after = options.after
    while (!options.signal.aborted) {
      if (broken !== seen) throw new Error('broken off')
      const page = events.slice(Number(after), Number(after) + pageEvents)
      after += BigInt(page.length)
      read += page.length
      const wanted = page.filter((e) => options.prefixes?.some((p) => e.stream.startsWith(p)) ?? true)
      if (page.length > 0)
        yield { events: wanted, upTo: after, caughtUp: after === head() } satisfies Delivery
      else await moved(options.signal)
    }
  }
  const hub = startHub({
    history: { subscribe },
    applied: () => shown ?? head(),
    reached: (position) => until(() => (shown ?? head()) >= position).then(() => true),
    log: { warn: (_details, message) => void warnings.push(message) },
    retryMs: 1,
  })
  t.teardown(() => hub.close())
  return {
    hub,
    warnings,
    append: (...topics) => {
      for (const topic of topics) events.push(event(BigInt(events.length + 1), topic))
      wake()
    },
    breakOff: () => {
      broken++
      wake()
    },
    lag: (upTo) => {
      shown = upTo
      wake()
    },
    catchUp: () => {
      shown = undefined
      wake()
    },
    subscriptions: () => subscriptions,
    read: () => read,
  }
}

export const event = (
  position: bigint,
  topics: readonly string[],
  stream = 'stores.labels-1',
): StoredEvent => ({
  id: `e${position}`,
  type: 'Happened',
  stream,
  revision: position - 1n,
  position,
  data: { topics },
  meta: { at: 0, actor: 'test', commandId: 'c', correlationId: 'c', schema: 1 },
})

export const feed: Feed<number> = {
  prefixes: ['stores.'],
  topics: ({ data }) => (Array.isArray(data.topics) ? data.topics.map(String) : []),
  render: ({ position }) => [Number(position)],
}

export const listen = (
  hub: Hub,
  topics: readonly string[],
  of: Feed<number> = feed,
): Listening & { readonly got: number[] } => {
  const got: number[] = []
  const listening = hub.listen(of, { topics, deliver: (message) => void got.push(message) })
  return { got, ...listening }
}

export const settled = async (condition: () => boolean): Promise<void> => {
  const end = performance.now() + 30_000
  while (!condition() && performance.now() < end) await nextTurn()
  await pause(2)
}
