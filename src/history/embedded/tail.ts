import type { StoredEvent } from '../port.ts'

/** The newest events, kept in memory for those who follow closely. Bounded; whoever falls behind reads the disk. */
export type Tail = {
  /** Positions go on by one from the last push; otherwise `clear` comes first. */
  readonly push: (event: StoredEvent, bytes: number) => void
  readonly clear: () => void
  /** At most `limit` events behind `after`; `undefined` if the tail no longer reaches so far back. */
  readonly after: (after: bigint, limit: number) => readonly StoredEvent[] | undefined
}

export const makeTail = (eventsMax = 10_000, bytesMax = 16 * 1024 * 1024): Tail => {
  let events: StoredEvent[] = []
  let sizes: number[] = []
  let start = 0
  let total = 0
  const clear = (): void => {
    events = []
    sizes = []
    start = 0
    total = 0
  }
  const push = (event: StoredEvent, bytes: number): void => {
    events.push(event)
    sizes.push(bytes)
    total += bytes
    while (events.length - start > eventsMax || total > bytesMax) total -= sizes[start++] ?? 0
    if (start > 64 && start * 2 > events.length) {
      events = events.slice(start)
      sizes = sizes.slice(start)
      start = 0
    }
  }
  const after = (position: bigint, limit: number): readonly StoredEvent[] | undefined => {
    const first = events[start]
    if (first === undefined || position < first.position - 1n) return undefined
    const from = start + Number(position - first.position + 1n)
    return events.slice(from, from + limit)
  }
  return { push, clear, after }
}
