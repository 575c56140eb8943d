import { setImmediate as nextTurn } from 'node:timers/promises'
import { EVENTSTORE_RETRY_MS_MAX } from '../../limits.ts'
import type { FollowOptions, Looked } from '../following.ts'
import { HistoryUnavailable, type Delivery } from '../port.ts'
import type { Connection, Link } from './connection.ts'
import type { Feed } from './feed.ts'
import type { Reads } from './reads.ts'
import { pause, unless } from './waiting.ts'

export type Followed = {
  readonly connection: Connection
  readonly reads: Reads
  readonly feed: Feed
  readonly isClosed: () => boolean
}

/**
 * `subscribe` of the port. Who keeps up takes pages out of the feed's ring; who is behind it reads the server until he meets it. Nothing
 * is buffered for a follower, and a slow one costs nobody else anything.
 */
export async function* follow(
  followed: Followed,
  { after, prefixes, signal }: FollowOptions,
): AsyncGenerator<Delivery, void> {
  const { feed } = followed
  let at = after
  let toldCaughtUp = false
  while (!signal.aborted) {
    const ring = feed.ring()
    const near = ring?.after(at, prefixes)
    if (ring === undefined) await feed.changed(signal)
    else if (near === undefined) {
      for await (const { events, upTo } of untilMet(followed, { after: at, prefixes, signal })) {
        at = upTo
        toldCaughtUp = false
        yield { events, upTo, caughtUp: false }
      }
    } else {
      const caughtUp = feed.isLive() && near.upTo >= ring.position()
      const hasNews = near.upTo > at || caughtUp !== toldCaughtUp
      at = near.upTo
      toldCaughtUp = caughtUp
      if (!hasNews) await feed.changed(signal)
      else yield { events: near.events, upTo: near.upTo, caughtUp }
      if (!caughtUp) await nextTurn()
    }
  }
}

/** Pages from the server, until what is behind them is in the ring, the server is away or the follower leaves. */
async function* untilMet(followed: Followed, wanted: Wanted): AsyncGenerator<Looked, void> {
  const { after, signal } = wanted
  let at = after
  const isMet = (): boolean => signal.aborted || followed.feed.ring()?.reaches(at) === true
  try {
    for await (const looked of past(followed, wanted)) {
      if (looked.upTo > at) {
        at = looked.upTo
        yield looked
      }
      if (isMet()) return
    }
  } catch (error) {
    if (followed.isClosed() || !(error instanceof HistoryUnavailable)) throw error
  }
  // Nothing came: the server is away, or behind what the feed has seen on another node.
  if (at === after && !isMet()) await pause(EVENTSTORE_RETRY_MS_MAX, signal)
}

async function* past(
  { connection, reads }: Followed,
  { after, prefixes, signal }: Wanted,
): AsyncGenerator<Looked, void> {
  const begun = await unless(signal, begin(connection, reads))
  if (begun === undefined) return
  for await (const { events, position } of reads.behind(begun.link, after, prefixes, signal))
    yield { events, upTo: position }
  if (!signal.aborted) yield { events: [], upTo: begun.head }
}

type Wanted = {
  readonly after: bigint
  readonly prefixes: readonly string[] | undefined
  readonly signal: AbortSignal
}

/** The head is asked for before the read: when that has ended, everything up to there was looked at. */
const begin = async (
  connection: Connection,
  reads: Reads,
): Promise<{ readonly link: Link; readonly head: bigint }> => {
  const link = await connection.link()
  return { link, head: await reads.head(link) }
}
