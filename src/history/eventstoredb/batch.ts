import * as E from 'fp-ts/lib/Either.js'
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import { EVENTSTORE_APPEND_MS } from '../../limits.ts'
import type { Appended, AppendFailure, Expected } from '../port.ts'
import type { Link } from './connection.ts'
import { appendRequest, correlationOfAnswer, outcomeOf, type EncodedEvent } from './wire.ts'

export type Outcome = E.Either<AppendFailure, Appended>

/** An append that is not answered yet. */
export type Waiting = {
  readonly stream: string
  readonly expected: Expected
  readonly encoded: readonly EncodedEvent[]
  readonly size: number
  readonly settle: (outcome: Outcome) => void
}

/** One call, with a table of its own of what was sent through it. */
export type Batch = {
  readonly send: (entry: Waiting) => void
  /** What is sent now would only wait in this process. */
  readonly isFull: () => boolean
  /** Everything that is not answered is of unknown outcome. */
  readonly end: (reason: string) => void
}

export type BatchListener = {
  /** More may be sent. */
  readonly onRoom: () => void
  readonly onEnded: (reason: string) => void
}

/** `heard`: answers of any append that had come before. */
type Sent = { readonly entry: Waiting; readonly at: number; readonly heard: number }

export const openBatch = (link: Link, { onRoom, onEnded }: BatchListener): Batch => {
  const call = link.batchAppend()
  const sent = new Map<bigint, Sent>()
  let correlation = 0n
  let timer: NodeJS.Timeout | undefined
  let answers = 0
  let ended = false

  const end = (reason: string): void => {
    if (ended) return
    ended = true
    clearTimeout(timer)
    for (const { entry } of sent.values()) entry.settle(E.left({ _tag: 'Unknown', reason }))
    sent.clear()
    call.cancel()
    onEnded(reason)
  }
  const expire = (): void => {
    const now = performance.now()
    for (const [number, { entry, at, heard }] of sent) {
      if (at + EVENTSTORE_APPEND_MS > now) break
      if (heard === answers) {
        link.abandon()
        return end(LATE)
      }
      sent.delete(number)
      entry.settle(E.left({ _tag: 'Unknown', reason: LATE }))
    }
    watch()
  }
  const watch = (): void => {
    const [first] = sent.values()
    timer = first && setTimeout(expire, Math.max(first.at + EVENTSTORE_APPEND_MS - performance.now(), 1))
  }
  const answered = (answer: BatchAppendResp): void => {
    answers += 1
    const number = correlationOfAnswer(answer) ?? 0n
    const entry = sent.get(number)?.entry
    // An answer that comes too late is nobody's.
    if (entry === undefined) return
    sent.delete(number)
    entry.settle(outcomeOf(answer, entry.size))
  }

  call.on('data', answered)
  call.on('drain', onRoom)
  call.on('error', (error) => {
    if (!ended) link.failed(error)
    end(error.message)
  })
  call.on('end', () => end('the event store ended the call'))
  return {
    send: (entry) => {
      correlation += 1n
      sent.set(correlation, { entry, at: performance.now(), heard: answers })
      if (timer === undefined) watch()
      call.write(appendRequest(correlation, entry.stream, entry.expected, entry.encoded))
    },
    isFull: () => call.writableNeedDrain && call.writableLength >= WRITES_AHEAD_MAX,
    end,
  }
}

const LATE = `the event store did not answer within ${EVENTSTORE_APPEND_MS} ms`

/** Requests that wait in this process for the network. */
const WRITES_AHEAD_MAX = 256
