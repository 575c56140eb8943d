import { setTimeout as pause } from 'node:timers/promises'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { CloseCause } from '../../domain/afrodite/events.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { HubLog } from '../../live/feed.ts'
import { AFRODITE_END_RETRY_MS, AFRODITE_END_RETRY_MS_MAX, AFRODITE_ENDS_AT_ONCE } from '../../limits.ts'

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
  const lanes = Array.from({ length: AFRODITE_ENDS_AT_ONCE }, (): Promise<unknown> => Promise.resolve())
  let turn = 0
  let stopped = false

  /** Why it failed; undefined: there is nothing more to do. */
  const attempt: (...end: Parameters<Ends['record']>) => Promise<unknown> = (...end) => {
    turn = (turn + 1) % lanes.length
    const done = (lanes[turn] ?? Promise.resolve())
      .then(async () => {
        if (stopped) return undefined
        const ended = await sessions.end(...end)
        return E.isLeft(ended) && ended.left.kind === 'Unavailable' ? ended.left : undefined
      })
      .catch((error: unknown) => error)
    lanes[turn] = done
    return done
  }
  /** However long it takes: until then the API takes the connection for the account's current one. */
  const retry = async (...end: Parameters<Ends['record']>): Promise<void> => {
    for (let ms = retryMs; !stopped; ms = Math.min(2 * ms, AFRODITE_END_RETRY_MS_MAX)) {
      // Not all at the same moment: they failed together when the store went away.
      await pause(ms * (0.5 + Math.random()), undefined, { ref: false })
      if ((await attempt(...end)) === undefined) return
    }
  }

  return {
    record: async (...end) => {
      const failure = await attempt(...end)
      if (failure === undefined || stopped) return
      log.warn({ err: failure, connection: end[1] }, 'the end of a connection could not be recorded yet')
      void retry(...end)
    },
    close: () => {
      stopped = true
    },
  }
}
