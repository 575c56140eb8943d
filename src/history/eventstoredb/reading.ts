import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import {
  EVENTSTORE_LINGER_MS,
  EVENTSTORE_STALL_MS,
  HISTORY_PAGE_BYTES,
  HISTORY_PAGE_EVENTS,
} from '../../limits.ts'
import { HistoryUnavailable, type StoredEvent } from '../port.ts'
import type { ReadCall } from './connection.ts'
import { bytesOf, positionOf, revisionOf, storedOf, type Recorded } from './wire.ts'

/** What a read brought since the last one. */
export type Taken = {
  readonly events: readonly StoredEvent[]
  /** Events that the server sent, also those that are not ours; at least one. */
  readonly received: number
  /** Of the last of them. */
  readonly position: bigint
  readonly revision: bigint
}

export type TakeOptions = {
  /** Whether an event that the server sent is wanted. */
  readonly wanted: (event: StoredEvent) => boolean
  /** Rejects if the server does not answer; asked when nothing has come for `EVENTSTORE_STALL_MS`. */
  readonly alive: () => Promise<unknown>
  /** Events of a page at most. The server looks for one more than it was asked for before it ends a read. */
  readonly most?: number
  /** Ends the read when it aborts. */
  readonly signal?: AbortSignal | undefined
}

/** A read that the server or the network has ended, with gRPC's code. */
export class ReadFailed extends HistoryUnavailable {
  readonly code: number | undefined
  constructor(error: Error) {
    super(`the read failed: ${error.message}`, { cause: error })
    this.code = 'code' in error && typeof error.code === 'number' ? error.code : undefined
  }
}

/**
 * Pages of what a call brings, one ahead of who takes them: the call is paused while a page waits. Leaving the loop cancels the call.
 */
export async function* take(call: ReadCall, options: TakeOptions): AsyncGenerator<Taken, void> {
  const arriving = arrivals(call, options)
  const { signal } = options
  signal?.addEventListener('abort', arriving.leave)
  let heardAt = performance.now()
  try {
    while (signal?.aborted !== true) {
      const taken = arriving.next()
      if (taken !== undefined) {
        yield taken
        heardAt = performance.now()
        continue
      }
      if (arriving.ended()) return
      if (await arriving.news()) heardAt = performance.now()
      else if (performance.now() - heardAt >= EVENTSTORE_STALL_MS) {
        await options.alive()
        heardAt = performance.now()
      }
    }
  } finally {
    signal?.removeEventListener('abort', arriving.leave)
    call.cancel()
  }
}

type Arrivals = {
  /** A full page, or what there is when nothing more comes soon; throws the failure of the call. */
  readonly next: () => Taken | undefined
  readonly ended: () => boolean
  /** Waits for a full page or the end: `true`, unless nothing came within `EVENTSTORE_LINGER_MS`. */
  readonly news: () => Promise<boolean>
  /** Whoever waits need not wait any more. */
  readonly leave: () => void
}

const arrivals = (call: ReadCall, { wanted, most = HISTORY_PAGE_EVENTS }: TakeOptions): Arrivals => {
  const isFull = ({ received, bytes }: OpenPage): boolean =>
    received >= most || received >= HISTORY_PAGE_EVENTS || bytes >= HISTORY_PAGE_BYTES
  let page = emptyPage()
  let lingered = false
  let ended = false
  let failure: ReadFailed | undefined
  let wake: (() => void) | undefined

  call.on('data', (answer: ReadResp) => {
    const recorded = answer.getEvent()?.getEvent()
    if (recorded === undefined) return
    add(page, recorded, wanted)
    if (!isFull(page)) return
    call.pause()
    wake?.()
  })
  call.on('error', (error) => {
    failure ??= new ReadFailed(error)
    wake?.()
  })
  call.on('end', () => {
    ended = true
    wake?.()
  })

  return {
    next: () => {
      if (failure !== undefined) throw failure
      if (!(isFull(page) || ((ended || lingered) && page.received > 0))) return undefined
      lingered = false
      const { events, received, position, revision } = page
      page = emptyPage()
      call.resume()
      return { events, received, position, revision }
    },
    ended: () => ended,
    leave: () => wake?.(),
    news: () =>
      new Promise((resolve) => {
        const before = page.received
        const timer = setTimeout(() => {
          wake = undefined
          lingered = page.received > 0
          resolve(page.received > before)
        }, EVENTSTORE_LINGER_MS)
        wake = () => {
          clearTimeout(timer)
          wake = undefined
          resolve(true)
        }
      }),
  }
}

type OpenPage = {
  readonly events: StoredEvent[]
  received: number
  bytes: number
  position: bigint
  revision: bigint
}

const emptyPage = (): OpenPage => ({ events: [], received: 0, bytes: 0, position: 0n, revision: 0n })

const add = (page: OpenPage, recorded: Recorded, wanted: (event: StoredEvent) => boolean): void => {
  page.received += 1
  page.bytes += bytesOf(recorded)
  page.position = positionOf(recorded)
  page.revision = revisionOf(recorded)
  const event = storedOf(recorded)
  if (event !== undefined && wanted(event)) page.events.push(event)
}
