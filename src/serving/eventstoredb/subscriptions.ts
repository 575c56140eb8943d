import { randomUUID } from 'node:crypto'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Page, StoredEvent } from '../../history/port.ts'
import { eventBytes } from './event-bytes.ts'
import type { Output } from './output.ts'
import { placeOf, type ReadRequest } from './read-requests.ts'
import type { Positions, Served, Subscriber } from './served.ts'

/**
 * Runs until the client goes or the call is ended from outside. Nothing is kept for a slow client: the next page is read when he has taken
 * the last one.
 */
export const subscribe = async (served: Served, request: ReadRequest, output: Output): Promise<void> => {
  const stop = new AbortController()
  output.onClosed(() => stop.abort())
  const queue = served.subscriber?.(output) ?? waitedFor(output)
  const form = { structuredIds: request.structuredIds, positions: served.positions }
  const following: Following = {
    served,
    request,
    signal: stop.signal,
    queue,
    send: (event) => queue.push(eventBytes(served.codec.toRecorded(event), form)),
  }
  const { stream } = request
  await (stream === undefined ? followAll(following) : followStream(following, stream))
}

const waitedFor = ({ write }: Output): Subscriber => ({ push: write, goLive: () => undefined })

type Following = {
  readonly served: Served
  readonly request: ReadRequest
  readonly signal: AbortSignal
  readonly queue: Subscriber
  readonly send: (event: StoredEvent) => Promise<void> | undefined
}

const followAll = async (following: Following): Promise<void> => {
  const { served, request, queue, send } = following
  const { from, filter } = request
  const head = await served.history.head()
  const after = typeof from === 'bigint' ? await placeOf(served, from) : from === 'start' ? 0n : head
  void queue.push(confirmation())
  let examined = 0
  await follow(following, {
    after,
    saysCaughtUp: () => after <= head,
    wanted: (page) => filter?.matches(page),
    take: (event, isWanted) => {
      const sent = isWanted ? send(event) : undefined
      examined += 1
      if (filter === undefined || examined % filter.checkpointEvents !== 0) return sent
      return queue.push(checkpoint(served.positions, event)) ?? sent
    },
  })
}

const followStream = async (following: Following, stream: string): Promise<void> => {
  const { served, request, queue, send } = following
  const { history } = served
  let after = await history.head()
  let last = await lastRevision(following, stream)
  const start = request.from === 'end' ? last : request.from === 'start' ? -1n : request.from
  void queue.push(confirmation())
  let next = start + 1n
  for await (const page of history.read(stream, { from: next })) {
    for (const event of page) {
      const room = send(event)
      if (room !== undefined) await room
      next = event.revision + 1n
      if (event.position > after) after = event.position
    }
    if (following.signal.aborted) return
  }
  if (next - 1n > last) last = next - 1n
  await follow(following, {
    after,
    prefixes: [stream],
    saysCaughtUp: () => last >= 0n && start <= last,
    take: (event) => (event.stream === stream && event.revision >= next ? send(event) : undefined),
  })
}

type Follow = {
  readonly after: bigint
  readonly prefixes?: readonly string[]
  readonly saysCaughtUp: () => boolean
  /** Event by event; `undefined`: all. */
  readonly wanted?: (page: Page) => readonly boolean[] | undefined
  readonly take: (event: StoredEvent, isWanted: boolean) => Promise<void> | undefined
}

const follow = async (
  following: Following,
  { saysCaughtUp, take, wanted, ...options }: Follow,
): Promise<void> => {
  const { served, queue, signal } = following
  let said = false
  /** Whether he had to be waited for. */
  const handOver = async (events: Page): Promise<boolean> => {
    const wants = wanted?.(events)
    let waited = false
    for (const [index, event] of events.entries()) {
      const room = take(event, wants?.[index] ?? true)
      if (room === undefined) continue
      waited = true
      await room
      if (signal.aborted) break
    }
    return waited
  }
  for await (const { events, caughtUp } of served.history.subscribe({ ...options, signal })) {
    const waited = await handOver(events)
    if (signal.aborted) return
    if (!caughtUp) continue
    if (!said && saysCaughtUp()) void queue.push(nowCaughtUp())
    said = true
    // After a wait much may have come: that is caught up with first.
    if (!waited) queue.goLive()
  }
}

const lastRevision = async ({ served }: Following, stream: string): Promise<bigint> => {
  for await (const page of served.history.read(stream, { direction: 'backwards', limit: 1 }))
    return page[0]?.revision ?? -1n
  return -1n
}

const confirmation = (): ReadResp => {
  const confirmed = new streams.ReadResp.SubscriptionConfirmation()
  confirmed.setSubscriptionId(randomUUID())
  const response = new streams.ReadResp()
  response.setConfirmation(confirmed)
  return response
}

const checkpoint = (positions: Positions, { position }: StoredEvent): ReadResp => {
  const place = positions.toWire(position).toString()
  const reached = new streams.ReadResp.Checkpoint()
  reached.setCommitPosition(place)
  reached.setPreparePosition(place)
  const response = new streams.ReadResp()
  response.setCheckpoint(reached)
  return response
}

const nowCaughtUp = (): ReadResp => {
  const response = new streams.ReadResp()
  response.setCaughtUp(new streams.ReadResp.CaughtUp())
  return response
}
