import { setTimeout as pause } from 'node:timers/promises'
import type { Versioned } from '../../documents/port.ts'
import {
  TIMELIMIT_LOOKUP_RETRY_MS,
  TIMELIMIT_LOOKUP_RETRY_MS_MAX,
  TIMELIMIT_LOOKUPS_AT_ONCE,
} from '../../limits.ts'
import type { HubLog } from '../../live/feed.ts'
import type { Reader } from '../../queries/reader.ts'

/**
 * Reads documents for sockets: some at once, and again and again while the store is down, so that no socket is lost to it. Answers
 * `unwanted` if what asked has gone in the meantime.
 */
export type LookUp = (
  collection: string,
  id: string,
  isWanted: () => boolean,
) => Promise<Versioned | undefined | 'unwanted'>

export type LookUpParts = {
  readonly reader: Pick<Reader, 'get'>
  readonly log: HubLog
  readonly retryMs?: number
}

export const createLookUp = ({ reader, log, retryMs = TIMELIMIT_LOOKUP_RETRY_MS }: LookUpParts): LookUp => {
  const lanes = Array.from({ length: TIMELIMIT_LOOKUPS_AT_ONCE }, () => Promise.resolve())
  let turn = 0
  let failing = false

  const inLane = <A>(work: () => Promise<A>): Promise<A> => {
    turn = (turn + 1) % lanes.length
    const done = (lanes[turn] ?? Promise.resolve()).then(work)
    lanes[turn] = done.then(nothing, nothing)
    return done
  }
  const failed = (error: unknown): 'failed' => {
    if (!failing) log.warn({ err: error }, 'look-ups for sockets fail and are tried again')
    failing = true
    return 'failed'
  }

  return async (collection, id, isWanted) => {
    const once = (): ReturnType<LookUp> | 'unwanted' => (isWanted() ? reader.get(collection, id) : 'unwanted')
    for (let ms = retryMs; ; ms = Math.min(ms * 2, TIMELIMIT_LOOKUP_RETRY_MS_MAX)) {
      const found = await inLane(async () => once()).catch(failed)
      if (found !== 'failed') {
        if (found !== 'unwanted') failing = false
        return found
      }
      // Not all at the same moment: they began together when the store went away.
      await pause(ms * (0.5 + Math.random()), undefined, { ref: false })
      if (!isWanted()) return 'unwanted'
    }
  }
}

const nothing = (): void => undefined
