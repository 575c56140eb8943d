import {
  EVENTSTORE_RETRY_MS,
  EVENTSTORE_RETRY_MS_MAX,
  EVENTSTORE_SILENCE_MS,
  EVENTSTORE_TAIL_BYTES_MAX,
  EVENTSTORE_TAIL_EVENTS_MAX,
} from '../../limits.ts'
import { makeSignal } from '../following.ts'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Connection, Link } from './connection.ts'
import type { Reads } from './reads.ts'
import { makeRing, type Ring } from './ring.ts'
import { pause } from './waiting.ts'
import { bytesOf, positionOf, storedOf, subscriptionRequest } from './wire.ts'

export type Log = { readonly warn: (fields: object, message: string) => void }

/**
 * The one subscription that all followers of this process share. It takes whatever comes at once, so that the server seldom finds it
 * too slow, decodes each event once, and goes on behind the last one it received for as long as it is not stopped.
 */
export type Feed = {
  /** Absent until the server was reached for the first time. */
  readonly ring: () => Ring | undefined
  /** It is connected, and has everything that was known to be there. */
  readonly isLive: () => boolean
  /** An event is known to be there. */
  readonly expect: (position: bigint) => void
  /** Answers when anything has changed, or `abort` aborts; throws when the history was closed. */
  readonly changed: (abort: AbortSignal) => Promise<void>
  readonly stop: () => void
  /** Stops, and refuses those who wait. */
  readonly close: () => void
}

export const startFeed = (connection: Connection, reads: Reads, log?: Log): Feed => {
  const stopping = new AbortController()
  const signal = makeSignal()
  let ring: Ring | undefined
  let connected = false
  let known = 0n
  let notifying = false
  let wait = EVENTSTORE_RETRY_MS

  /** Once a turn, so that followers take what came together as one page. */
  const notify = (): void => {
    if (notifying) return
    notifying = true
    setImmediate(() => {
      notifying = false
      signal.notify()
    })
  }
  const expect = (position: bigint): void => {
    if (position > known) known = position
  }
  const received = (answer: ReadResp, into: Ring): void => {
    const recorded = answer.getEvent()?.getEvent()
    if (recorded !== undefined) {
      const position = positionOf(recorded)
      if (position <= into.position()) return
      into.push(position, storedOf(recorded), bytesOf(recorded))
      wait = EVENTSTORE_RETRY_MS
    } else if (answer.hasConfirmation()) connected = true
    else return
    notify()
  }
  const subscribe = async (): Promise<void> => {
    const link = await connection.link()
    const head = await reads.head(link)
    expect(head)
    ring ??= makeRing(head, EVENTSTORE_TAIL_EVENTS_MAX, EVENTSTORE_TAIL_BYTES_MAX)
    await subscription({ link, reads, ring, signal: stopping.signal, received, expect })
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await subscribe()
      } catch (error) {
        if (connected) log?.warn({ err: error }, 'the subscription to the event store has ended')
      }
      connected = false
      notify()
      await pause(wait, stopping.signal)
      wait = Math.min(wait * 2, EVENTSTORE_RETRY_MS_MAX)
    }
  }
  void run()

  return {
    ring: () => ring,
    isLive: () => connected && ring !== undefined && ring.position() >= known,
    expect,
    changed: signal.wait,
    stop: () => stopping.abort(),
    close: () => {
      stopping.abort()
      signal.close()
    },
  }
}

type Subscription = {
  readonly link: Link
  readonly reads: Reads
  readonly ring: Ring
  readonly signal: AbortSignal
  readonly received: (answer: ReadResp, into: Ring) => void
  readonly expect: (position: bigint) => void
}

/** Rejects when the subscription has ended, whatever ended it; resolves when `signal` aborts. */
const subscription = ({ link, reads, ring, signal, received, expect }: Subscription): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return resolve()
    const call = link.read(subscriptionRequest(ring.position()))
    let heard = 0
    let ended = false
    const finish = (): void => {
      ended = true
      signal.removeEventListener('abort', stop)
      clearInterval(watch)
      call.cancel()
    }
    const stop = (): void => {
      finish()
      resolve()
    }
    const fail = (error: Error): void => {
      if (ended) return
      finish()
      link.failed(error)
      reject(error)
    }
    const check = silenceCheck({ head: () => reads.head(link), heard: () => heard, ring, expect })
    const watch = setInterval(() => {
      check().catch((error: unknown) => fail(error instanceof Error ? error : new Error(String(error))))
    }, EVENTSTORE_SILENCE_MS)
    signal.addEventListener('abort', stop)
    call.on('data', (answer: ReadResp) => {
      heard += 1
      if (!ended) received(answer, ring)
    })
    call.on('error', fail)
    call.on('end', () => fail(new Error('the event store ended the subscription')))
  })

type Silence = Pick<Subscription, 'ring' | 'expect'> & {
  readonly head: () => Promise<bigint>
  /** Answers so far. */
  readonly heard: () => number
}

/** Throws if the server has not confirmed the subscription, does not answer, or has had for one look what did not come until the next. */
const silenceCheck = ({ head, heard, ring, expect }: Silence): (() => Promise<void>) => {
  let before = 0
  let missing = 0n
  return async () => {
    if (heard() === 0) throw new Error('the event store does not confirm the subscription')
    const silent = heard() === before
    before = heard()
    if (!silent) {
      missing = 0n
      return
    }
    if (missing > ring.position()) throw new Error('the subscription lags behind the history')
    const there = await head()
    expect(there)
    missing = there
  }
}
