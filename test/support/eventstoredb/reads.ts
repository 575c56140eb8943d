import type { ServerWritableStream } from '@grpc/grpc-js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import type { History, Page, StoredEvent } from '../../../src/history/port.ts'
import { eventBytes } from './event-bytes.ts'
import { makeOutput, type Output, type Response } from './output.ts'
import { placeOf, readRequestOf, type ReadRequest } from './read-requests.ts'
import { refusalOf } from './refusals.ts'
import type { Served } from './served.ts'
import { subscribe } from './subscriptions.ts'
import { identifierOf } from './wire.ts'

/** Streams.Read: a part of a stream or of everything, or a subscription to either. */
export const read =
  (served: Served) =>
  (call: ServerWritableStream<ReadReq, Response>): void => {
    const output = makeOutput(call)
    const run = async (): Promise<void> => {
      const request = readRequestOf(call.request, served.codec)
      if (request.count === undefined) return subscribe(served, request, output)
      await (request.stream === undefined
        ? readAll(served, request, output)
        : readStream(served, request, output))
      output.end()
    }
    run().catch((error: unknown) => output.fail(refusalOf(error)))
  }

const readStream = async (served: Served, request: ReadRequest, output: Output): Promise<void> => {
  const { stream = '', from, direction, count = 0 } = request
  // Forwards from the end there is nothing.
  const limit = from === 'end' && direction === 'forwards' ? 0 : count
  let sent = 0
  for await (const page of served.history.read(stream, { from, direction, limit })) {
    await sendPage(served, request, page, output)
    sent += page.length
    if (output.closed()) return
  }
  if (sent === 0 && (await isMissing(served.history, stream))) {
    const missing = new streams.ReadResp.StreamNotFound()
    missing.setStreamIdentifier(identifierOf(stream))
    const response = new streams.ReadResp()
    response.setStreamNotFound(missing)
    await output.write(response)
  }
}

const readAll = async (served: Served, request: ReadRequest, output: Output): Promise<void> => {
  const { direction, count = 0, filter } = request
  let left = count
  const pages = direction === 'forwards' ? forwards(served, request) : backwards(served, request)
  for await (const page of pages) {
    const found = filter === undefined ? page : page.filter(filter.matches)
    await sendPage(served, request, found.slice(0, left), output)
    left -= found.length
    if (left <= 0 || output.closed()) return
  }
}

const forwards = async function* (
  served: Served,
  { from, count, filter }: ReadRequest,
): AsyncGenerator<Page> {
  if (from === 'end') return
  const place = from === 'start' ? 0n : await placeOf(served, from)
  // From on, itself included.
  const after = place > 0n ? place - 1n : 0n
  yield* served.history.readAll(
    filter === undefined && count !== undefined ? { after, limit: count } : { after },
  )
}

/** What lies before `from`: a position is where an event begins, and reading backwards goes on from there. */
const backwards = async function* (served: Served, { from }: ReadRequest): AsyncGenerator<Page> {
  const { history } = served
  if (from === 'start') return
  let before = from === 'end' ? (await history.head()) + 1n : await placeOf(served, from)
  let window = WINDOW_POSITIONS
  while (before > 1n) {
    const after = before > window ? before - window - 1n : 0n
    const found = await between(history, after, before)
    yield found.toReversed()
    before = after + 1n
    if (found.length === 0) window *= 2n
  }
}

const between = async (history: History, after: bigint, before: bigint): Promise<Page> => {
  const found: StoredEvent[] = []
  for await (const page of history.readAll({ after })) {
    found.push(...page.filter(({ position }) => position < before))
    if ((page.at(-1)?.position ?? 0n) + 1n >= before) break
  }
  return found
}

const sendPage = async (
  { codec, positions }: Served,
  { structuredIds }: ReadRequest,
  page: Page,
  output: Output,
): Promise<void> => {
  for (const event of page) {
    const room = output.write(eventBytes(codec.toRecorded(event), { structuredIds, positions }))
    if (room !== undefined) await room
    if (output.closed()) return
  }
}

const isMissing = async (history: History, stream: string): Promise<boolean> => {
  for await (const page of history.read(stream, { limit: 1 })) return page.length === 0
  return true
}

/** Looked at together on the way backwards. */
const WINDOW_POSITIONS = 500n
