import { setImmediate as nextTurn } from 'node:timers/promises'
import { HISTORY_PAGE_BYTES, HISTORY_PAGE_EVENTS } from '../../limits.ts'
import { checkStream } from '../checking.ts'
import type { Direction, History, Page, StoredEvent } from '../port.ts'
import { lastRevision, type Databases } from './databases.ts'
import { eventOf, isOfPrefixes, REVISION_MAX, streamKey } from './record.ts'

export const makeReads = (databases: Databases): Pick<History, 'read' | 'readAll'> => ({
  read: (stream, options) => readStream(databases, stream, options),
  readAll: (options) => readWhole(databases, options),
})

async function* readWhole(
  databases: Databases,
  { after, limit = Infinity, prefixes }: Parameters<History['readAll']>[0],
): AsyncGenerator<Page, void> {
  const wanted = prefixBytes(prefixes)
  let from = Number(after)
  let left = limit
  while (left > 0) {
    databases.assertReadable()
    const { events, upTo, ended } = scanAfter(databases, from, left, wanted)
    if (events.length > 0) yield events
    if (ended) return
    from = upTo
    left -= events.length
    await nextTurn()
  }
}

async function* readStream(
  databases: Databases,
  stream: string,
  { from, direction = 'forwards', limit = Infinity }: NonNullable<Parameters<History['read']>[1]> = {},
): AsyncGenerator<Page, void> {
  checkStream(stream)
  databases.assertReadable()
  const step = direction === 'forwards' ? 1 : -1
  let next = firstOf(databases, stream, from ?? (step > 0 ? 'start' : 'end'), step)
  let left = limit
  while (left > 0 && next >= 0) {
    databases.assertReadable()
    const page = streamPage(databases, stream, next, { direction, limit: left })
    if (page.length === 0) return
    yield page
    next += step * page.length
    left -= page.length
    await nextTurn()
  }
}

const firstOf = (
  databases: Databases,
  stream: string,
  from: bigint | 'start' | 'end',
  step: 1 | -1,
): number => {
  if (from === 'start') return 0
  if (from === 'end') return lastRevision(databases, stream, -1)
  if (from < 0n) return step > 0 ? 0 : -1
  return Number(from < REVISION_MAX ? from : REVISION_MAX)
}

/** What one look at the whole history gave. */
type Scanned = {
  readonly events: readonly StoredEvent[]
  /** How far it looked. */
  readonly upTo: number
  /** Nothing is behind `upTo`. */
  readonly ended: boolean
}

/**
 * A page of the whole history behind `after`, from one snapshot, read at once: bounded in events, in bytes and in what it passes
 * over, so that neither memory nor the event loop pays for a long history. Events of other streams are not parsed.
 */
export const scanAfter = (
  { events }: Databases,
  after: number,
  limit: number,
  prefixes: readonly Buffer[] | undefined,
): Scanned => {
  const found: StoredEvent[] = []
  let bytes = 0
  let upTo = after
  let looked = 0
  for (const { key, value } of events.getRange({ start: after + 1, limit: SCAN_EVENTS_MAX })) {
    looked += 1
    upTo = key
    if (prefixes !== undefined && !isOfPrefixes(value, prefixes)) continue
    bytes += value.length
    found.push(eventOf(value, key))
    if (isFull(found.length, bytes, limit)) return { events: found, upTo, ended: false }
  }
  return { events: found, upTo, ended: looked < SCAN_EVENTS_MAX }
}

export const prefixBytes = (prefixes: readonly string[] | undefined): readonly Buffer[] | undefined =>
  prefixes?.map((prefix) => Buffer.from(prefix))

/** A page of a stream from `from` on, `from` included. */
const streamPage = (
  { events, streams }: Databases,
  stream: string,
  from: number,
  { direction, limit }: { readonly direction: Direction; readonly limit: number },
): readonly StoredEvent[] => {
  const found: StoredEvent[] = []
  let bytes = 0
  for (const position of positionsOf(streams, stream, from, { direction, limit })) {
    const record = events.get(position)
    if (record === undefined) throw new Error(`the event at position ${position} is missing`)
    bytes += record.length
    found.push(eventOf(record, position))
    if (isFull(found.length, bytes, limit)) break
  }
  return found
}

const positionsOf = (
  streams: Databases['streams'],
  stream: string,
  from: number,
  { direction, limit }: { readonly direction: Direction; readonly limit: number },
): readonly number[] => {
  const forwards = direction === 'forwards'
  const range = streams.getRange({
    start: streamKey(stream, from),
    end: streamKey(stream, forwards ? REVISION_MAX : 0),
    inclusiveEnd: true,
    reverse: !forwards,
    limit: Math.min(limit, HISTORY_PAGE_EVENTS),
  })
  return Array.from(range, ({ value }) => value)
}

/** Events that one look passes over at most. */
const SCAN_EVENTS_MAX = 5_000

const isFull = (count: number, bytes: number, limit: number): boolean =>
  count >= limit || count >= HISTORY_PAGE_EVENTS || bytes >= HISTORY_PAGE_BYTES
