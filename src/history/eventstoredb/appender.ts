import * as E from 'fp-ts/lib/Either.js'
import { EVENTSTORE_PENDING_APPENDS_MAX, EVENTSTORE_PENDING_BYTES_MAX } from '../../limits.ts'
import { tooLarge } from '../checking.ts'
import type { AppendFailure, Expected, NewEvent } from '../port.ts'
import { openBatch, type Batch, type Outcome, type Waiting } from './batch.ts'
import { CLOSED, type Connection } from './connection.ts'
import { encodedEvent } from './wire.ts'

/**
 * Appends through one long call, in the order in which `append` is called. What was handed to the call and not answered is of unknown
 * outcome when the call ends or `EVENTSTORE_APPEND_MS` have passed, what was not is `Unavailable`; nothing is sent a second time.
 */
export type Appender = {
  /** `events` is not empty. */
  readonly append: (stream: string, expected: Expected, events: readonly NewEvent[]) => Promise<Outcome>
  readonly close: () => void
}

export const makeAppender = (connection: Connection): Appender => {
  const budget = makeBudget()
  let batch: Batch | undefined
  let waiting: Waiting[] = []
  let opening = false
  let closed = false

  const flush = (): void => {
    let sent = 0
    for (const entry of waiting) {
      if (batch?.isFull() !== false) break
      batch.send(entry)
      sent += 1
    }
    waiting = waiting.slice(sent)
  }
  const giveUp = (reason: string): void => {
    const entries = waiting
    waiting = []
    for (const entry of entries) entry.settle(E.left({ _tag: 'Unavailable', reason }))
  }
  const open = async (): Promise<void> => {
    opening = true
    try {
      const opened = openBatch(await connection.link(), {
        onRoom: flush,
        onEnded: (reason) => {
          if (batch === opened) batch = undefined
          giveUp(reason)
        },
      })
      batch = opened
      flush()
    } catch (error) {
      giveUp(error instanceof Error ? error.message : String(error))
    } finally {
      opening = false
    }
  }
  const enter = (entry: Waiting): void => {
    if (batch !== undefined && waiting.length === 0 && !batch.isFull()) return batch.send(entry)
    waiting.push(entry)
    if (batch === undefined && !opening) void open()
  }

  return {
    append: (stream, expected, events) =>
      new Promise((resolve) => {
        const encoded = events.map(encodedEvent)
        const texts = encoded.map(({ text }) => text)
        const failure = tooLarge(events, texts) ?? (closed ? unavailable(CLOSED) : budget.refusal())
        if (failure !== undefined) return resolve(E.left(failure))
        const size = texts.reduce((sum, text) => sum + text.length, 0)
        const give = budget.take(size)
        const settle = (outcome: Outcome): void => {
          give()
          resolve(outcome)
        }
        enter({ stream, expected, encoded, size, settle })
      }),
    close: () => {
      closed = true
      batch?.end(CLOSED)
      giveUp(CLOSED)
    },
  }
}

const unavailable = (reason: string): AppendFailure => ({ _tag: 'Unavailable', reason })

/** Of appends that are not answered yet. */
type Budget = {
  readonly refusal: () => AppendFailure | undefined
  /** Answers how to give it back. */
  readonly take: (size: number) => () => void
}

const makeBudget = (): Budget => {
  let count = 0
  let bytes = 0
  return {
    refusal: () =>
      count >= EVENTSTORE_PENDING_APPENDS_MAX || bytes >= EVENTSTORE_PENDING_BYTES_MAX
        ? unavailable('too many appends wait for the event store')
        : undefined,
    take: (size) => {
      count += 1
      bytes += size
      return () => {
        count -= 1
        bytes -= size
      }
    },
  }
}
