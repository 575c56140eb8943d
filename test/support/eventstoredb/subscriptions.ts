import { randomUUID } from 'node:crypto'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { StoredEvent } from '../../../src/history/port.ts'
import { eventBytes } from './event-bytes.ts'
import { makeLiveQueue, type LiveQueue } from './live-queue.ts'
import type { Output } from './output.ts'
import { placeOf, type ReadRequest } from './read-requests.ts'
import type { Positions, Served } from './served.ts'

/** Runs until the client goes, it is too slow in the live phase, or the call is ended from outside. */
export const subscribe = async (served: Served, request: ReadRequest, output: Output): Promise<void> => {
  const stop = new AbortController()
  const forget = served.opened?.('subscription', output.fail)
  output.onClosed(() => {
    stop.abort()
    forget?.()
  })
  const queue = makeLiveQueue(output, served.liveBuffer)
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

type Following = {
  readonly served: Served
  readonly request: ReadRequest
  readonly signal: AbortSignal
  readonly queue: LiveQueue
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
    take: (event) => {
      const sent = filter?.matches(event) === false ? undefined : send(event)
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
  readonly take: (event: StoredEvent) => Promise<void> | undefined
}

/** Waits for the client while it catches up; from then on the queue decides. */
const follow = async (following: Following, { saysCaughtUp, take, ...options }: Follow): Promise<void> => {
  const { served, queue, signal } = following
  let said = false
  for await (const { events, caughtUp } of served.history.subscribe({ ...options, signal })) {
    let waited = false
    for (const event of events) {
      const room = take(event)
      if (room === undefined) continue
      waited = true
      await room
    }
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
