import * as E from 'fp-ts/lib/Either.js'
import { checkAppend } from '../checking.ts'
import {
  HistoryUnavailable,
  type AppendFailure,
  type Expected,
  type History,
  type NewEvent,
} from '../port.ts'
import { makeAppender } from './appender.ts'
import type { Outcome } from './batch.ts'
import { CLOSED, openConnection } from './connection.ts'
import { startFeed, type Feed, type Log } from './feed.ts'
import { follow } from './follower.ts'
import { makeReads } from './reads.ts'

export type EventStoreHistoryOptions = {
  /** `esdb://` or `esdb+discover://`, with what the client takes behind the question mark. Of a cluster only the leader is used. */
  readonly url: string
  readonly log?: Log
}

/**
 * The history in an EventStoreDB (23.10 or compatible). Throws only for a malformed URL: whether the server is there shows when it is
 * used, and it may come and go. Events of other applications on the same server, and its own, are left out.
 */
export const openEventStoreHistory = ({ url, log }: EventStoreHistoryOptions): History => {
  const connection = openConnection(url)
  const reads = makeReads(connection)
  const appender = makeAppender(connection)
  let feed: Feed | undefined
  let followers = 0
  let closed = false

  const append = async (
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
  ): Promise<Outcome> => {
    checkAppend(stream, expected, events)
    if (events.length === 0) return presentEnd(reads.endOf(stream))
    const outcome = await appender.append(stream, expected, events)
    if (E.isRight(outcome) && !stream.startsWith('$')) feed?.expect(outcome.right.position)
    return outcome
  }

  return {
    read: reads.read,
    readAll: reads.readAll,
    append: (stream, expected, events) => () => append(stream, expected, events),
    subscribe: async function* (options) {
      if (closed) throw new HistoryUnavailable(CLOSED)
      if (options.signal.aborted) return
      followers += 1
      const joined = (feed ??= startFeed(connection, reads, log))
      try {
        yield* follow({ connection, reads, feed: joined, isClosed: () => closed }, options)
      } finally {
        followers -= 1
        if (followers === 0) {
          joined.stop()
          feed = undefined
        }
      }
    },
    head: async () => reads.head(await connection.link()),
    close: () => {
      closed = true
      appender.close()
      feed?.close()
      connection.close()
      return Promise.resolve()
    },
  }
}

const presentEnd = async (end: ReturnType<ReturnType<typeof makeReads>['endOf']>): Promise<Outcome> => {
  try {
    return E.right(await end)
  } catch (error) {
    if (!(error instanceof HistoryUnavailable)) throw error
    const failure: AppendFailure = { _tag: 'Unavailable', reason: error.message }
    return E.left(failure)
  }
}
