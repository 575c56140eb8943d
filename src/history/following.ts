import { setImmediate as nextTurn } from 'node:timers/promises'
import { HistoryUnavailable, type Delivery, type StoredEvent } from './port.ts'

/** What an adapter inside this process gives to those who follow it. */
export type Followed = {
  /** Events behind `after`: at most a page of them, and how far was looked. */
  readonly pageAfter: (after: bigint, prefixes: readonly string[] | undefined) => Looked
  /** Position of the last event that may be delivered. */
  readonly head: () => bigint
  /** Answers when there is an event behind `after`, or `signal` aborts. */
  readonly behind: (after: bigint, signal: AbortSignal) => Promise<void>
}
export type Looked = { readonly events: readonly StoredEvent[]; readonly upTo: bigint }

export type FollowOptions = {
  readonly after: bigint
  readonly prefixes?: readonly string[]
  readonly signal: AbortSignal
}

/** `subscribe` of the port. Nothing is buffered for a follower: it reads when it is asked for more. */
export async function* follow(followed: Followed, options: FollowOptions): AsyncGenerator<Delivery, void> {
  const { prefixes, signal } = options
  let after = options.after
  let toldCaughtUp = false
  while (!signal.aborted) {
    const { events, upTo } = followed.pageAfter(after, prefixes)
    const caughtUp = upTo >= followed.head()
    if (upTo > after || caughtUp !== toldCaughtUp) yield { events, upTo, caughtUp }
    after = upTo
    toldCaughtUp = caughtUp
    if (caughtUp) await followed.behind(after, signal)
    else await nextTurn()
  }
}

/** Lets many wait for the next commit. */
export type Signal = {
  readonly wait: (abort: AbortSignal) => Promise<void>
  readonly notify: () => void
  /** Everybody who waits, and whoever comes later, is refused. */
  readonly close: () => void
}

export const makeSignal = (): Signal => {
  const waiting = new Set<() => void>()
  let closed = false
  const notify = (): void => {
    for (const wake of waiting) wake()
  }
  const wait = async (abort: AbortSignal): Promise<void> => {
    if (!closed && !abort.aborted) await woken(waiting, abort)
    if (closed && !abort.aborted) throw new HistoryUnavailable('the history was closed')
  }
  return {
    wait,
    notify,
    close: () => {
      closed = true
      notify()
    },
  }
}

const woken = (waiting: Set<() => void>, abort: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      waiting.delete(wake)
      abort.removeEventListener('abort', wake)
      resolve()
    }
    waiting.add(wake)
    abort.addEventListener('abort', wake)
  })
