import type { sendUnaryData, ServerReadableStream } from '@grpc/grpc-js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import * as E from 'fp-ts/lib/Either.js'
import { SERVED_APPEND_MS_MAX } from '../../limits.ts'
import {
  isWrongRevision,
  type Appending,
  type Placed,
  type WireExpected,
  type WrongRevision,
} from './appending.ts'
import type { Arrived } from './arrivals.ts'
import { invalidArgument, refusalOf, timedOut } from './refusals.ts'
import type { Served } from './served.ts'
import { proposedOf, revisionOf, streamOf } from './wire.ts'

/** Streams.Append: options, then the events one by one; written when the client has ended its half. */
export const unaryAppend =
  ({ beforeAnswer }: Served, appending: Appending, arrivals: () => Arrived) =>
  (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>): void => {
    const arrived = arrivals()
    let to: { readonly stream: string; readonly expected: WireExpected } | undefined
    let state: 'arriving' | 'running' | 'over' = 'arriving'
    const over = (): void => {
      state = 'over'
      clearTimeout(late)
      arrived.release()
    }
    const fail = (error: unknown): void => {
      if (state !== 'over') answer(refusalOf(error))
      over()
    }
    const late = setTimeout(() => fail(timedOut()), SERVED_APPEND_MS_MAX)
    const finish = async (): Promise<void> => {
      if (to === undefined) throw invalidArgument('an append begins with its options')
      const { stream, expected } = to
      const outcome = await appending(stream, expected, arrived.events)
      const cut = await beforeAnswer?.()
      if (cut !== undefined) throw cut
      if (E.isRight(outcome)) answer(null, success(outcome.right))
      else if (isWrongRevision(outcome.left)) answer(null, wrongRevision(outcome.left, expected))
      else throw outcome.left
      over()
    }
    call.on('data', (request: AppendReq) => {
      if (state !== 'arriving') return
      try {
        const options = request.getOptions()
        const message = request.getProposedMessage()
        if (options !== undefined)
          to = { stream: streamOf(options.getStreamIdentifier()), expected: expectedOf(options) }
        if (message !== undefined) arrived.add(proposedOf(message))
      } catch (error) {
        fail(error)
      }
    })
    call.on('end', () => {
      if (state !== 'arriving' || call.cancelled) return
      state = 'running'
      clearTimeout(late)
      finish().catch(fail)
    })
    // What runs is written, and is let go when that is done.
    const gone = (): void => {
      if (state === 'arriving') over()
    }
    call.on('error', gone)
    call.on('cancelled', gone)
  }

const expectedOf = (options: AppendReq.Options): WireExpected => {
  if (options.hasRevision()) return revisionOf(options.getRevision())
  if (options.hasNoStream()) return 'none'
  return options.hasStreamExists() ? 'exists' : 'any'
}

const success = ({ revision, position }: Placed): AppendResp => {
  const done = new streams.AppendResp.Success()
  if (revision === undefined) done.setNoStream(new shared.Empty())
  else done.setCurrentRevision(revision.toString())
  if (position === undefined) done.setNoPosition(new shared.Empty())
  else {
    const place = new streams.AppendResp.Position()
    place.setCommitPosition(position.toString())
    place.setPreparePosition(position.toString())
    done.setPosition(place)
  }
  const response = new streams.AppendResp()
  response.setSuccess(done)
  return response
}

const wrongRevision = ({ actual }: WrongRevision, expected: WireExpected): AppendResp => {
  const wrong = new streams.AppendResp.WrongExpectedVersion()
  if (actual === 'none') wrong.setCurrentNoStream(new shared.Empty())
  else wrong.setCurrentRevision(actual.toString())
  if (typeof expected === 'bigint') wrong.setExpectedRevision(expected.toString())
  else if (expected === 'none') wrong.setExpectedNoStream(new shared.Empty())
  else if (expected === 'exists') wrong.setExpectedStreamExists(new shared.Empty())
  else wrong.setExpectedAny(new shared.Empty())
  const response = new streams.AppendResp()
  response.setWrongExpectedVersion(wrong)
  return response
}
