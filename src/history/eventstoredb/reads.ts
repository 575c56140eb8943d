import { status } from '@grpc/grpc-js'
import { checkStream } from '../checking.ts'
import { HistoryUnavailable, type Appended, type Direction, type History, type Page } from '../port.ts'
import type { Connection, Link, ReadCall } from './connection.ts'
import { ReadFailed, take, type Taken, type TakeOptions } from './reading.ts'
import { wholeRequest, streamRequest } from './wire.ts'

export type Reads = Pick<History, 'read' | 'readAll'> & {
  /** Of the last event in the history that is not the server's own; 0n if there is none. */
  readonly head: (link: Link) => Promise<bigint>
  /** Revision -1n at position 0n for a missing stream. */
  readonly endOf: (stream: string) => Promise<Appended>
  /** As `readAll`, through one link: what a page's last event is behind of was looked at. */
  readonly behind: (
    link: Link,
    after: bigint,
    prefixes: readonly string[] | undefined,
    signal: AbortSignal,
  ) => AsyncIterable<Pick<Taken, 'events' | 'position'>>
}

export const makeReads = (connection: Connection): Reads => ({
  read: (stream, options) => readStream(connection, stream, options),
  readAll: (options) => readWhole(connection, options),
  head,
  endOf: (stream) => endOf(connection, stream),
  behind: (link, after, prefixes, signal) => readBehind(link, after, { limit: Infinity, prefixes, signal }),
})

async function* readStream(
  connection: Connection,
  stream: string,
  { from, direction = 'forwards', limit = Infinity }: NonNullable<Parameters<History['read']>[1]> = {},
): AsyncGenerator<Page, void> {
  checkStream(stream)
  let next = firstOf(from, direction)
  let left = limit
  while (left > 0 && next !== undefined) {
    const link = await connection.link()
    const count = Math.min(left, COUNT_MAX)
    let received = 0
    const call = link.read(streamRequest({ stream, from: next, direction, count }))
    for await (const taken of taking(link, call, () => true)) {
      received += taken.received
      next = nextOf(taken.revision, direction)
      left -= taken.events.length
      if (taken.events.length > 0) yield taken.events
    }
    if (received < count) return
  }
}

const nextOf = (revision: bigint, direction: Direction): bigint | undefined => {
  if (direction === 'forwards') return revision + 1n
  return revision > 0n ? revision - 1n : undefined
}

/** Where to begin; `undefined`: there is nothing. */
const firstOf = (
  from: bigint | 'start' | 'end' | undefined,
  direction: Direction,
): bigint | 'start' | 'end' | undefined => {
  if (from === undefined) return direction === 'forwards' ? 'start' : 'end'
  if (from === 'start') return direction === 'forwards' ? 'start' : 0n
  if (typeof from === 'bigint' && from < 0n) return direction === 'forwards' ? 'start' : undefined
  return from
}

async function* readWhole(
  connection: Connection,
  { after, limit = Infinity, prefixes }: Parameters<History['readAll']>[0],
): AsyncGenerator<Page, void> {
  const link = await connection.link()
  for await (const { events } of readBehind(link, after, { limit, prefixes })) {
    if (events.length > 0) yield events
  }
}

type Selection = {
  readonly limit: number
  readonly prefixes: readonly string[] | undefined
  readonly signal?: AbortSignal
}

async function* readBehind(
  link: Link,
  after: bigint,
  selection: Selection,
): AsyncGenerator<Pick<Taken, 'events' | 'position'>, void> {
  if (selection.prefixes?.length === 0) return
  let hasBegun = false
  try {
    for await (const taken of readFrom(link, { from: after, after }, selection)) {
      hasBegun = true
      yield taken
    }
    return
  } catch (error) {
    if (hasBegun || !isOfNoEvent(error)) throw error
  }
  yield* readFrom(link, { from: await placeBefore(link, after), after }, selection)
}

async function* readFrom(
  link: Link,
  { from, after }: { readonly from: bigint; readonly after: bigint },
  { limit, prefixes, signal }: Selection,
): AsyncGenerator<Pick<Taken, 'events' | 'position'>, void> {
  let at = from
  let left = limit
  while (left > 0) {
    // The server reads from a position on, the event that is there included.
    const count = Math.min(left + 1, COUNT_MAX)
    const request = { from: at > 0n ? at : 'start', direction: 'forwards', count, prefixes } as const
    const behind = at > after ? at : after
    const wanted: TakeOptions['wanted'] = ({ stream, position }) =>
      position > behind && isOfPrefixes(stream, prefixes)
    let received = 0
    for await (const taken of taking(link, link.read(wholeRequest(request)), wanted, signal)) {
      received += taken.received
      at = taken.position
      const events = taken.events.slice(0, left)
      left -= events.length
      yield { events, position: at }
      if (left <= 0) return
    }
    if (received < count || signal?.aborted === true) return
  }
}

/** The server reads only from where a record begins, and answers any other number with one of these. */
const isOfNoEvent = (error: unknown): boolean =>
  error instanceof ReadFailed &&
  (error.code === status.UNKNOWN ||
    error.code === status.INVALID_ARGUMENT ||
    error.code === status.OUT_OF_RANGE)

/** Of the last event at or before a number that is no event's position; 0n if there is none. Looks from the end, at what will be read anyway. */
const placeBefore = async (link: Link, after: bigint): Promise<bigint> => {
  const call = link.read(wholeRequest({ from: 'end', direction: 'backwards', count: COUNT_MAX }))
  for await (const { position } of taking(link, call, () => false)) {
    if (position <= after) return position
  }
  return 0n
}

const isOfPrefixes = (stream: string, prefixes: readonly string[] | undefined): boolean =>
  prefixes === undefined || prefixes.some((prefix) => stream.startsWith(prefix))

const head = async (link: Link): Promise<bigint> => {
  const call = link.read(wholeRequest({ from: 'end', direction: 'backwards', count: 1 }))
  const last = await lastOf(link, call)
  return last?.position ?? 0n
}

const endOf = async (connection: Connection, stream: string): Promise<Appended> => {
  const link = await connection.link()
  const call = link.read(streamRequest({ stream, from: 'end', direction: 'backwards', count: 1 }))
  const last = await lastOf(link, call)
  return { revision: last?.revision ?? -1n, position: last?.position ?? 0n }
}

const lastOf = async (link: Link, call: ReadCall): Promise<Taken | undefined> => {
  const silence = (): Promise<never> =>
    Promise.reject(new HistoryUnavailable('the event store does not answer'))
  const options = { wanted: () => false, alive: silence, most: 1 }
  for await (const taken of watched(link, take(call, options))) return taken
  return undefined
}

const taking = (
  link: Link,
  call: ReadCall,
  wanted: TakeOptions['wanted'],
  signal?: AbortSignal,
): AsyncGenerator<Taken, void> => watched(link, take(call, { wanted, alive: () => head(link), signal }))

/** Tells the link what went wrong: the next read may need another one. */
async function* watched(link: Link, taken: AsyncGenerator<Taken, void>): AsyncGenerator<Taken, void> {
  try {
    yield* taken
  } catch (error) {
    if (!(error instanceof ReadFailed)) link.abandon()
    else if (error.cause instanceof Error) link.failed(error.cause)
    throw error
  }
}

/** What the server counts in 31 bits. */
const COUNT_MAX = 2 ** 31 - 1
