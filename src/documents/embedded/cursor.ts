import type { Direction, Range } from './access.ts'
import { END, valuesEnd } from './keys.ts'
import type { Store } from './store.ts'

/** A key taken apart: what it is sorted by, and the document's id. */
export type Entry = { readonly order: string; readonly id: string }

/** Entries of a range in an order, behind `after`. To be used up or closed within one turn of the event loop. */
export const entriesOf = (
  store: Store,
  range: Range,
  direction: Direction,
  after?: Entry,
): IterableIterator<Entry> => {
  if (!direction.descending) return ascending(store, after ? behind(range, after) : range)
  return direction.idDescending || range.values === 0
    ? descending(store, after ? before(range, after) : range)
    : descendingInRuns(store, range, after)
}

export const compareEntries =
  ({ descending, idDescending }: Direction) =>
  (a: Entry, b: Entry): number => {
    if (a.order !== b.order) return a.order < b.order === descending ? 1 : -1
    return a.id === b.id ? 0 : a.id < b.id === idDescending ? 1 : -1
  }

/** Merges what is sorted already. Closes every source, also when it is left early. */
export function* merge<T>(
  sources: readonly Iterator<T>[],
  compare: (a: T, b: T) => number,
): IterableIterator<T> {
  const heap: Head<T>[] = []
  const byValue = (a: Head<T>, b: Head<T>): number => compare(a.value, b.value)
  try {
    for (const source of sources) {
      const first = source.next()
      if (!first.done) pushHead(heap, { value: first.value, source }, byValue)
    }
    for (let head = heap[0]; head; head = heap[0]) {
      yield head.value
      const next = head.source.next()
      const top = next.done ? heap.pop() : { value: next.value, source: head.source }
      if (heap.length === 0 || !top) return
      heap[0] = top
      sink(heap, byValue)
    }
  } finally {
    for (const source of sources) source.return?.()
  }
}

/** Counts a range, but not further than `limit`. */
export const countUpTo = (store: Store, { table, start, end }: Range, limit: number): number => {
  if (start >= end) return 0
  const isLonger = (offset: number): boolean => keyAt(store, { table, start, end }, offset) !== undefined
  if (limit > 0 && (limit <= SHORT || isLonger(SHORT)) && isLonger(limit)) return limit
  return store[table].getKeysCount({ start, end })
}

/** Keys are skipped one by one, also behind the end: whether a range is short is found out before many are. */
export const SHORT = 64

/** The key that comes `offset` keys behind the first of a range. */
export const keyAt = (
  store: Store,
  { table, start, end }: Pick<Range, 'table' | 'start' | 'end'>,
  offset: number,
): string | undefined => {
  for (const key of store[table].getKeys({ start, end, offset, limit: 1 })) return key
  return undefined
}

const entryOf = (key: string, { lead, values }: Range): Entry => {
  const at = valuesEnd(key, lead, values)
  return { order: key.slice(lead, at), id: key.slice(at) }
}

const behind = (range: Range, { order, id }: Entry): Range => {
  const start = `${range.start.slice(0, range.lead)}${order}${id}\0`
  return start > range.start ? { ...range, start } : range
}

const before = (range: Range, { order, id }: Entry): Range => {
  const end = range.start.slice(0, range.lead) + order + id
  return end < range.end ? { ...range, end } : range
}

function* ascending(store: Store, range: Range): IterableIterator<Entry> {
  const { table, start, end } = range
  if (start >= end) return
  for (const key of store[table].getKeys({ start, end })) yield entryOf(key, range)
}

function* descending(store: Store, range: Range): IterableIterator<Entry> {
  const { table, start, end } = range
  if (start >= end) return
  const keys = store[table].getKeys({ start: end, end: start, reverse: true, inclusiveEnd: true })
  for (const key of keys) if (key < end && key >= start) yield entryOf(key, range)
}

/** Entries with equal values come by id ascending, while the values come descending: read backwards, each run is turned round. */
function* descendingInRuns(store: Store, range: Range, after?: Entry): IterableIterator<Entry> {
  const prefix = range.start.slice(0, range.lead)
  const run = (order: string): Range => ({
    ...range,
    start: prefix + order,
    end: least(range.end, prefix + order + END),
  })
  if (after) yield* ascending(store, behind(run(after.order), after))
  let end: string | undefined = after ? least(range.end, prefix + after.order) : range.end
  while (end !== undefined) {
    const longRun: string | undefined = yield* shortRuns(store, { ...range, end })
    if (longRun !== undefined) yield* ascending(store, run(longRun))
    end = longRun === undefined ? undefined : prefix + longRun
  }
}

/** Turns runs round until one is too long to be held; answers which. */
function* shortRuns(store: Store, range: Range): Generator<Entry, string | undefined> {
  const run: Entry[] = []
  for (const entry of descending(store, range)) {
    if (run[0] && run[0].order !== entry.order) yield* run.splice(0).reverse()
    run.push(entry)
    if (run.length > RUN_MAX) return entry.order
  }
  yield* run.reverse()
  return undefined
}

/** A longer run is read a second time, forwards. */
const RUN_MAX = 256

const least = (a: string, b: string): string => (a < b ? a : b)

type Head<T> = { readonly value: T; readonly source: Iterator<T> }

const pushHead = <T>(heap: T[], item: T, compare: (a: T, b: T) => number): void => {
  let at = heap.length
  heap.push(item)
  for (let up = (at - 1) >> 1; at > 0; at = up, up = (at - 1) >> 1) {
    const parent = heap[up]
    if (parent === undefined || compare(parent, item) <= 0) break
    heap[at] = parent
    heap[up] = item
  }
}

const sink = <T>(heap: T[], compare: (a: T, b: T) => number): void => {
  const [item] = heap
  if (item === undefined) return
  for (let at = 0; ;) {
    const left = 2 * at + 1
    const a = heap[left]
    const b = heap[left + 1]
    if (a === undefined) return
    const isRight = b !== undefined && compare(b, a) < 0
    const child = isRight ? b : a
    if (compare(item, child) <= 0) return
    heap[at] = child
    at = isRight ? left + 1 : left
    heap[at] = item
  }
}
