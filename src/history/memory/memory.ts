import * as E from 'fp-ts/lib/Either.js'
import { HISTORY_PAGE_EVENTS } from '../../limits.ts'
import { checkAppend, checkStream, tooLarge } from '../checking.ts'
import { follow, makeSignal, type Followed, type Looked } from '../following.ts'
import {
  HistoryUnavailable,
  type Appended,
  type AppendFailure,
  type Expected,
  type History,
  type NewEvent,
  type Page,
  type StoredEvent,
} from '../port.ts'

/** A history in arrays, for tests: nothing outlives the process. */
export const memoryHistory = (): History => {
  const all: StoredEvent[] = []
  const streams = new Map<string, StoredEvent[]>()
  const signal = makeSignal()
  let closed = false
  const head = (): bigint => BigInt(all.length)
  const assertOpen = (): void => {
    if (closed) throw new HistoryUnavailable('the history was closed')
  }

  const append = (stream: string, expected: Expected, events: readonly NewEvent[]): Answer => {
    checkAppend(stream, expected, events)
    if (closed) return E.left({ _tag: 'Unavailable', reason: 'the history was closed' })
    const texts = events.map(({ id, type, data, meta }) => JSON.stringify({ id, type, data, meta }))
    const failure = tooLarge(events, texts)
    if (failure !== undefined) return E.left(failure)
    const before = streams.get(stream) ?? []
    const first = expected === 'any' ? before.length : expected === 'none' ? 0 : Number(expected) + 1
    if (events.length === 0) return E.right(endOf(before))
    if (first !== before.length) return repeated(before, first, events)
    const stored = texts.map((text, index) => ({
      ...(JSON.parse(text) as NewEvent),
      stream,
      revision: BigInt(first + index),
      position: BigInt(all.length + 1 + index),
    }))
    all.push(...stored)
    streams.set(stream, [...before, ...stored])
    signal.notify()
    return E.right(endOf(stored))
  }

  const pageAfter = (after: bigint, prefixes: readonly string[] | undefined): Looked => {
    assertOpen()
    const looked = all.slice(Number(after), Number(after) + HISTORY_PAGE_EVENTS)
    return { events: looked.filter(isOf(prefixes)), upTo: looked.at(-1)?.position ?? after }
  }
  const followed: Followed = {
    pageAfter,
    head,
    behind: (after, abort) => (head() > after ? Promise.resolve() : signal.wait(abort)),
  }

  return {
    append: (stream, expected, events) => () =>
      Promise.resolve().then(() => append(stream, expected, events)),
    read: (stream, { from, direction = 'forwards', limit = Infinity } = {}) =>
      pagesOf(assertOpen, () => {
        checkStream(stream)
        const events = streams.get(stream) ?? []
        if (direction === 'forwards') {
          const start =
            from === 'end' ? events.length - 1 : from === undefined || from === 'start' ? 0 : Number(from)
          return events.slice(Math.max(start, 0)).slice(0, limit)
        }
        const start =
          from === undefined || from === 'end' ? events.length - 1 : from === 'start' ? 0 : Number(from)
        return events
          .slice(0, Math.max(start + 1, 0))
          .reverse()
          .slice(0, limit)
      }),
    readAll: ({ after, limit = Infinity, prefixes }) =>
      pagesOf(assertOpen, () => all.slice(Number(after)).filter(isOf(prefixes)).slice(0, limit)),
    subscribe: (options) => follow(followed, options),
    head: () => Promise.resolve().then(assertOpen).then(head),
    close: () => {
      closed = true
      signal.close()
      return Promise.resolve()
    },
  }
}

type Answer = E.Either<AppendFailure, Appended>

async function* pagesOf(assertOpen: () => void, select: () => Page): AsyncGenerator<Page, void> {
  assertOpen()
  const events = select()
  for (let start = 0; start < events.length; start += HISTORY_PAGE_EVENTS) {
    await Promise.resolve().then(assertOpen)
    yield events.slice(start, start + HISTORY_PAGE_EVENTS)
  }
}

const isOf =
  (prefixes: readonly string[] | undefined) =>
  ({ stream }: StoredEvent): boolean =>
    prefixes === undefined || prefixes.some((prefix) => stream.startsWith(prefix))

/** Revision -1 at position 0 for a missing stream. */
const endOf = (events: Page): Appended => {
  const last = events.at(-1)
  return { revision: last?.revision ?? -1n, position: last?.position ?? 0n }
}

/** Not the expected revision: either these very events are there already, or others are. */
const repeated = (there: Page, first: number, events: readonly NewEvent[]): Answer => {
  const same = there.slice(first, first + events.length)
  if (same.length === events.length && same.every(({ id }, index) => id === events[index]?.id))
    return E.right(endOf(same))
  return E.left({ _tag: 'WrongRevision', actual: there.at(-1)?.revision ?? 'none' })
}
