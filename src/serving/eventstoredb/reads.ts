import type { ServerWritableStream } from '@grpc/grpc-js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import type { History, Page, StoredEvent } from '../../history/port.ts'
import { backwards } from './backwards.ts'
import { eventBytes } from './event-bytes.ts'
import { matching } from './filters.ts'
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
      const forget = served.opened?.(request.count === undefined ? 'subscription' : 'read', output.fail)
      output.onClosed(() => forget?.())
      if (request.count === undefined) return subscribe(served, request, output)
      await (request.stream === undefined
        ? readAll({ served, request, output })
        : readStream({ served, request, output }, request.stream))
      output.end()
    }
    run().catch((error: unknown) => output.fail(refusalOf(error)))
  }

type Reading = { readonly served: Served; readonly request: ReadRequest; readonly output: Output }

const readStream = async (reading: Reading, stream: string): Promise<void> => {
  const { served, request, output } = reading
  const { from, direction, count = 0 } = request
  // Forwards from the end there is nothing.
  const limit = from === 'end' && direction === 'forwards' ? 0 : count
  let sent = 0
  for await (const page of served.history.read(stream, { from, direction, limit })) {
    await sendPage(reading, page)
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

const readAll = async (reading: Reading): Promise<void> => {
  const { served, request, output } = reading
  const { direction, from, count = 0, filter } = request
  if (direction === 'backwards') return readAllBackwards(reading)
  if (from === 'end') return
  const place = from === 'start' ? 0n : await placeOf(served, from)
  let left = count
  // From on, itself included.
  const after = place > 0n ? place - 1n : 0n
  for await (const page of served.history.readAll({ after, ...selectionOf(request) })) {
    const found = matching(page, filter)
    await sendPage(reading, found.slice(0, left))
    left -= found.length
    if (left <= 0 || output.closed()) return
  }
}

/** What the history can select by itself. */
const selectionOf = ({
  filter,
  count = 0,
}: ReadRequest): { readonly limit?: number; readonly prefixes?: readonly string[] } => {
  if (filter === undefined) return { limit: count }
  return filter.prefixes === undefined ? {} : { limit: count, prefixes: filter.prefixes }
}

/** What lies before `from`: a position is where an event begins, and reading backwards goes on from there. */
const readAllBackwards = async ({ served, request, output }: Reading): Promise<void> => {
  const { history } = served
  const { from, count = 0, filter } = request
  if (from === 'start') return
  const before = from === 'end' ? (await history.head()) + 1n : await placeOf(served, from)
  const encode = encoderOf(served, request)
  const pages = backwards(history, before, {
    count,
    pick: (page) =>
      matching(page, filter).map((event) => ({ position: event.position, bytes: encode(event) })),
    closed: output.closed,
  })
  let left = count
  for await (const page of pages) {
    for (const bytes of page.slice(0, left)) {
      const room = output.write(bytes)
      if (room !== undefined) await room
      if (output.closed()) return
    }
    left -= page.length
    if (left <= 0) return
  }
}

const encoderOf =
  ({ codec, positions }: Served, { structuredIds }: ReadRequest) =>
  (event: StoredEvent): Buffer =>
    eventBytes(codec.toRecorded(event), { structuredIds, positions })

const sendPage = async ({ served, request, output }: Reading, page: Page): Promise<void> => {
  const encode = encoderOf(served, request)
  for (const event of page) {
    const room = output.write(encode(event))
    if (room !== undefined) await room
    if (output.closed()) return
  }
}

const isMissing = async (history: History, stream: string): Promise<boolean> => {
  for await (const page of history.read(stream, { limit: 1 })) return page.length === 0
  return true
}
