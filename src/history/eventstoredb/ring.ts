import { HISTORY_PAGE_BYTES, HISTORY_PAGE_EVENTS } from '../../limits.ts'
import type { Looked } from '../following.ts'
import type { StoredEvent } from '../port.ts'

/** The newest events of the history, in order of position; positions have gaps. Bounded in events and in bytes. */
export type Ring = {
  /** `event` is absent for what is not ours: only the position moves. */
  readonly push: (position: bigint, event: StoredEvent | undefined, bytes: number) => void
  /** Position of the last event that was pushed. */
  readonly position: () => bigint
  /** Whether every event behind `after` is here. */
  readonly reaches: (after: bigint) => boolean
  /** A page of the events behind `after`; `undefined` if it is not reached. */
  readonly after: (after: bigint, prefixes: readonly string[] | undefined) => Looked | undefined
}

/** Everything behind `start` will be pushed. */
export const makeRing = (start: bigint, eventsMax: number, bytesMax: number): Ring => {
  let events: StoredEvent[] = []
  let sizes: number[] = []
  let first = 0
  let total = 0
  let base = start
  let last = start

  const forgetFirst = (): void => {
    base = events[first]?.position ?? base
    total -= sizes[first] ?? 0
    first += 1
  }
  const push: Ring['push'] = (position, event, bytes) => {
    last = position
    if (event === undefined) return
    events.push(event)
    sizes.push(bytes)
    total += bytes
    while (events.length - first > eventsMax || total > bytesMax) forgetFirst()
    if (first > 64 && first * 2 > events.length) {
      events = events.slice(first)
      sizes = sizes.slice(first)
      first = 0
    }
  }
  const after: Ring['after'] = (position, prefixes) => {
    if (position < base) return undefined
    const found: StoredEvent[] = []
    let bytes = 0
    for (let index = indexBehind(events, first, position); index < events.length; index++) {
      const event = events[index]
      if (event === undefined || !isOf(event, prefixes)) continue
      found.push(event)
      bytes += sizes[index] ?? 0
      if (found.length >= HISTORY_PAGE_EVENTS || bytes >= HISTORY_PAGE_BYTES)
        return { events: found, upTo: event.position }
    }
    return { events: found, upTo: last > position ? last : position }
  }
  return { push, position: () => last, reaches: (position) => position >= base, after }
}

/** Of the first event behind `position`, by halves. */
const indexBehind = (events: readonly StoredEvent[], first: number, position: bigint): number => {
  let [low, high] = [first, events.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((events[middle]?.position ?? 0n) > position) high = middle
    else low = middle + 1
  }
  return low
}

const isOf = ({ stream }: StoredEvent, prefixes: readonly string[] | undefined): boolean =>
  prefixes === undefined || prefixes.some((prefix) => stream.startsWith(prefix))
