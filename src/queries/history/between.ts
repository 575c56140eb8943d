import { HISTORY_PAGE_BYTES, HISTORY_PAGE_EVENTS } from '../../limits.ts'
import type { History, Page } from '../../history/port.ts'

/** All events behind `after` up to `upTo`, which is included. */
export type Range = { readonly after: bigint; readonly upTo: bigint }

type Reads = Pick<History, 'readAll'>

/** In order of position; reads no more than `most` events. */
export async function* forwardsBetween(
  history: Reads,
  { after, upTo }: Range,
  most = Infinity,
): AsyncGenerator<Page, void> {
  if (after >= upTo) return
  for await (const page of history.readAll({ after, limit: most })) {
    const isLast = (page.at(-1)?.position ?? upTo) >= upTo
    const within = isLast ? page.filter(({ position }) => position <= upTo) : page
    if (within.length > 0) yield within
    if (isLast) return
  }
}

/** What was read, and the position from which on nothing is left to be read. */
type Stretch = { readonly events: Page; readonly from: bigint }

/**
 * The newest first. The history is read forwards only, so it is taken in stretches as wide as a page has room for: positions say nothing
 * about how many events there are, which shows when a stretch overflows. Its events so far then tell how wide the next one may be.
 */
export async function* backwardsBetween(
  history: Reads,
  { after, upTo }: Range,
  most = Infinity,
): AsyncGenerator<Stretch, void> {
  const room = Math.max(ROOM_MIN, Math.min(most, HISTORY_PAGE_EVENTS))
  let top = upTo
  let width = upTo - after
  while (top > after) {
    const bottom = top - width > after ? top - width : after
    const taken = await stretch(history, { after: bottom, upTo: top }, room)
    if (taken.overflow !== undefined) {
      width = narrower(top - bottom, taken.overflow - bottom)
      continue
    }
    const found = taken.events.length
    yield { events: taken.events.reverse(), from: bottom + 1n }
    top = bottom
    if (found < room / 4) width *= 4n
  }
}

const ROOM_MIN = 16

/** At most half, so that a few tries suffice however unevenly the events lie. */
const narrower = (width: bigint, filled: bigint): bigint => {
  const next = filled - 1n < width / 2n ? filled - 1n : width / 2n
  return next > 1n ? next : 1n
}

type Taken = { readonly events: Page[number][]; readonly overflow: bigint | undefined }

/** `overflow`: there are more events than there is room for, up to this position. */
const stretch = async (history: Reads, range: Range, room: number): Promise<Taken> => {
  const events: Page[number][] = []
  let characters = 0
  for await (const page of forwardsBetween(history, range, room + 1)) {
    for (const event of page) {
      characters += JSON.stringify(event.data).length
      const isFull = events.length > 0 && (events.length >= room || characters > HISTORY_PAGE_BYTES)
      // One position has one event: a stretch of that width never overflows.
      if (isFull) return { events, overflow: event.position }
      events.push(event)
    }
  }
  return { events, overflow: undefined }
}
