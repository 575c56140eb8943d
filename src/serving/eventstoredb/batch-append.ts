import type { ServerDuplexStream } from '@grpc/grpc-js'
import codes from '@eventstore/db-client/generated/code_pb.js'
import type { Code } from '@eventstore/db-client/generated/code_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import statusPb from '@eventstore/db-client/generated/status_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js'
import type { Status } from '@eventstore/db-client/generated/status_pb.js'
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import * as E from 'fp-ts/lib/Either.js'
import anyPb from 'google-protobuf/google/protobuf/any_pb.js'
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js'
import { SERVED_APPENDS_AT_ONCE } from '../../limits.ts'
import {
  isWrongRevision,
  WIRE_APPEND_BYTES_MAX,
  type Appending,
  type Outcome,
  type Placed,
  type WireExpected,
  type WrongRevision,
} from './appending.ts'
import type { Arrived } from './arrivals.ts'
import { exhausted, refusalOf, timedOut, type Refusal } from './refusals.ts'
import type { Proposed, Served } from './served.ts'
import { identifierOf, proposedOf, revisionOf, streamOf, uuidOf } from './wire.ts'

/**
 * Streams.BatchAppend: many appends on one call, each in one or several messages under its correlation id. What cannot be an
 * append ends the call, with whatever else is on it. No more is taken from a client while too many of his appends run, or while he
 * does not take the answers.
 */
export const batchAppend =
  (served: Served, appending: Appending, arrivals: () => Arrived) =>
  (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void => {
    const arriving = new Map<string, Arriving>()
    let running = 0
    let ended = false
    let failed = false
    const stop = (): void => {
      failed = true
      forget?.()
      for (const { arrived } of arriving.values()) arrived.release()
      arriving.clear()
    }
    const fail = (error: unknown): void => {
      if (!failed) call.emit('error', refusalOf(error))
      stop()
    }
    const settle = (): void => {
      if (ended && running === 0 && !failed) call.end()
    }
    const steer = (): void => {
      if (running >= SERVED_APPENDS_AT_ONCE || call.writableNeedDrain) call.pause()
      else if (call.isPaused()) call.resume()
    }
    const answer = async (batch: Arriving, outcome: Promise<Outcome>): Promise<void> => {
      running += 1
      const done = await outcome
      batch.arrived.release()
      const cut = await served.beforeAnswer?.()
      running -= 1
      if (cut !== undefined) fail(cut)
      else if (E.isLeft(done) && !isWrongRevision(done.left) && done.left.kind === 'invalid') fail(done.left)
      else if (!failed && !call.cancelled) call.write(responseOf(batch, done))
      steer()
      settle()
    }
    call.on('data', (request: BatchAppendReq) => {
      if (failed) return
      try {
        const ready = arrive(arriving, request, arrivals)
        if (ready === undefined) return
        const { batch, refused } = ready
        const outcome =
          refused === undefined
            ? appending(batch.stream, batch.expected, batch.arrived.events)
            : Promise.resolve<Outcome>(E.left(refused))
        answer(batch, outcome).catch(fail)
        steer()
      } catch (error) {
        fail(error)
      }
    })
    call.on('drain', steer)
    call.on('end', () => {
      ended = true
      settle()
    })
    call.on('error', stop)
    const forget = served.opened?.('batch', fail)
    call.on('close', stop)
    call.on('cancelled', stop)
  }

type Arriving = {
  readonly correlation: UUID
  readonly stream: string
  readonly expected: WireExpected
  readonly arrived: Arrived
}
/** `refused`: too large, too much altogether, or the time that the client gave has passed. */
type Ready = { readonly batch: Arriving; readonly refused?: Refusal | undefined }

/** Takes one message; answers when an append is complete or refused already. */
const arrive = (
  arriving: Map<string, Arriving>,
  request: BatchAppendReq,
  arrivals: () => Arrived,
): Ready | undefined => {
  const correlation = request.getCorrelationId() ?? new shared.UUID()
  const id = uuidOf(correlation)
  const options = request.getOptions()
  if (options !== undefined) {
    arriving.get(id)?.arrived.release()
    const begun = begin(correlation, options, arrivals())
    if (isLate(options)) return { batch: begun, refused: timedOut() }
    if (arriving.size >= SERVED_APPENDS_AT_ONCE) throw exhausted('too many appends at once')
    arriving.set(id, begun)
  }
  const batch = arriving.get(id)
  if (batch === undefined) return undefined
  const proposed = request.getProposedMessagesList().map(proposedOf)
  const refused = refusalTo(batch, proposed)
  if (refused === undefined && !request.getIsFinal()) return undefined
  arriving.delete(id)
  return { batch, refused }
}

const refusalTo = ({ arrived }: Arriving, proposed: readonly Proposed[]): Refusal | undefined => {
  try {
    proposed.forEach(arrived.add)
    return undefined
  } catch (error) {
    return refusalOf(error)
  }
}

const isLate = (options: BatchAppendReq.Options): boolean =>
  (options.getDeadline()?.toDate().getTime() ?? Infinity) <= Date.now()

const begin = (correlation: UUID, options: BatchAppendReq.Options, arrived: Arrived): Arriving => ({
  correlation,
  stream: streamOf(options.getStreamIdentifier()),
  expected: expectedOf(options),
  arrived,
})

const expectedOf = (options: BatchAppendReq.Options): WireExpected => {
  if (options.hasStreamPosition()) return revisionOf(options.getStreamPosition())
  if (options.hasNoStream()) return 'none'
  return options.hasStreamExists() ? 'exists' : 'any'
}

const responseOf = ({ correlation, stream, expected }: Arriving, outcome: Outcome): BatchAppendResp => {
  const response = new streams.BatchAppendResp()
  response.setCorrelationId(correlation)
  response.setStreamIdentifier(identifierOf(stream))
  if (typeof expected === 'bigint') response.setStreamPosition(expected.toString())
  else if (expected === 'none') response.setNoStream(new emptyPb.Empty())
  else if (expected === 'exists') response.setStreamExists(new emptyPb.Empty())
  else response.setAny(new emptyPb.Empty())
  if (E.isRight(outcome)) response.setSuccess(success(outcome.right))
  else response.setError(errorOf(outcome.left, expected))
  return response
}

const success = ({ revision, position }: Placed): BatchAppendResp.Success => {
  const done = new streams.BatchAppendResp.Success()
  if (revision === undefined) done.setNoStream(new emptyPb.Empty())
  else done.setCurrentRevision(revision.toString())
  if (position === undefined) done.setNoPosition(new emptyPb.Empty())
  else {
    const place = new shared.AllStreamPosition()
    place.setCommitPosition(position.toString())
    place.setPreparePosition(position.toString())
    done.setPosition(place)
  }
  return done
}

const errorOf = (left: WrongRevision | Refusal, expected: WireExpected): Status => {
  if (!isWrongRevision(left)) return statusOf(left.details, detailOf(left))
  const wrong = new shared.WrongExpectedVersion()
  if (left.actual === 'none') wrong.setCurrentNoStream(new emptyPb.Empty())
  else wrong.setCurrentStreamRevision(left.actual.toString())
  if (typeof expected === 'bigint') wrong.setExpectedStreamPosition(expected.toString())
  else if (expected === 'none') wrong.setExpectedNoStream(new emptyPb.Empty())
  else if (expected === 'exists') wrong.setExpectedStreamExists(new emptyPb.Empty())
  else wrong.setExpectedAny(new emptyPb.Empty())
  return statusOf('Wrong expected version', {
    code: codes.Code.UNKNOWN,
    name: 'event_store.client.WrongExpectedVersion',
    message: wrong,
  })
}

const detailOf = ({ kind }: Refusal): Detail => {
  const { Code } = codes
  if (kind === 'timeout')
    return { code: Code.DEADLINE_EXCEEDED, name: 'event_store.client.Timeout', message: new shared.Timeout() }
  if (kind === 'denied')
    return {
      code: Code.PERMISSION_DENIED,
      name: 'event_store.client.AccessDenied',
      message: new shared.AccessDenied(),
    }
  if (kind !== 'too-large')
    return { code: Code.UNAVAILABLE, name: 'google.protobuf.Empty', message: new emptyPb.Empty() }
  const message = new shared.MaximumAppendSizeExceeded()
  message.setMaxappendsize(WIRE_APPEND_BYTES_MAX)
  return { code: Code.INVALID_ARGUMENT, name: 'event_store.client.MaximumAppendSizeExceeded', message }
}

type Detail = {
  readonly code: Code
  readonly name: string
  readonly message: { readonly serializeBinary: () => Uint8Array }
}

const statusOf = (text: string, { code, name, message }: Detail): Status => {
  const any = new anyPb.Any()
  any.pack(message.serializeBinary(), name)
  const error = new statusPb.Status()
  error.setCode(code)
  error.setMessage(text)
  error.setDetails(any)
  return error
}
