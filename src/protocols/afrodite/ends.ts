import { setTimeout as pause } from 'node:timers/promises'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { CloseCause } from '../../domain/afrodite/events.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { HubLog } from '../../live/feed.ts'
import { AFRODITE_END_RETRIES, AFRODITE_END_RETRY_MS, AFRODITE_ENDS_AT_ONCE } from '../../limits.ts'

/** The record of which connections have ended. */
export type Ends = {
  /** Resolves when it is recorded or could not be: then it is tried again behind the caller's back. Never rejects. */
  readonly record: (aid: string, connectionId: string, cause: CloseCause) => Promise<void>
  /** What is not recorded by now ends with the lease of this node. */
  readonly close: () => void
}

export type EndsParts = {
  readonly sessions: {
    readonly end: (
      aid: string,
      connectionId: string,
      cause: CloseCause,
    ) => Promise<Either<Rejection, unknown>>
  }
  readonly log: HubLog
  /** For tests. */
  readonly retryMs?: number
}

export const createEnds = ({ sessions, log, retryMs = AFRODITE_END_RETRY_MS }: EndsParts): Ends => {
  const lanes = Array.from({ length: AFRODITE_ENDS_AT_ONCE }, () => Promise.resolve(true))
  let turn = 0
  let stopped = false

  /** Whether there is nothing more to do. */
  const attempt: (...end: Parameters<Ends['record']>) => Promise<boolean> = (...end) => {
    turn = (turn + 1) % lanes.length
    const done = (lanes[turn] ?? Promise.resolve())
      .then(() => sessions.end(...end))
      .then((ended) => E.isRight(ended) || ended.left.kind !== 'Unavailable')
      .catch((error: unknown) => {
        log.warn({ err: error, connection: end[1] }, 'the end of a connection could not be recorded')
        return false
      })
    lanes[turn] = done
    return done
  }
  const retry = async (...end: Parameters<Ends['record']>): Promise<void> => {
    for (let tries = 0; tries < AFRODITE_END_RETRIES; tries++) {
      // Not all at the same moment: they failed together when the store went away.
      await pause(retryMs * 2 ** tries * (0.5 + Math.random()), undefined, { ref: false })
      if (stopped || (await attempt(...end))) return
    }
    log.warn({ connection: end[1] }, 'the end of a connection was not recorded')
  }

  return {
    record: async (...end) => {
      if (!(await attempt(...end)) && !stopped) void retry(...end)
    },
    close: () => {
      stopped = true
    },
  }
}
