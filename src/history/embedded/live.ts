import { HISTORY_PAGE_EVENTS } from '../../limits.ts'
import { follow, makeSignal } from '../following.ts'
import type { History } from '../port.ts'
import type { Pending } from './commits.ts'
import { lastPosition, type Databases } from './databases.ts'
import { prefixBytes, scanAfter } from './reader.ts'
import { makeTail, type Tail } from './tail.ts'

export type Live = {
  readonly subscribe: History['subscribe']
  /** Takes what was just flushed, up to the position `head`. */
  readonly publish: (taken: readonly Pending[], head: number) => void
  readonly close: () => void
}

/**
 * Subscriptions inside the process that writes. Who keeps up gets the very events that were appended, from memory; who
 * falls behind what is kept there reads the disk until he has caught up.
 */
export const makeLive = (databases: Databases): Live => {
  const signal = makeSignal()
  const tail = makeTail()
  let followers = 0
  let head = lastPosition(databases)

  const pageAfter = (after: bigint, prefixes: readonly string[] | undefined) => {
    databases.assertOpen()
    const recent = tail.after(after, HISTORY_PAGE_EVENTS)
    if (recent === undefined) {
      databases.assertReadable()
      const { events, upTo } = scanAfter(databases, Number(after), HISTORY_PAGE_EVENTS, prefixBytes(prefixes))
      return { events, upTo: BigInt(upTo) }
    }
    const events =
      prefixes === undefined
        ? recent
        : recent.filter(({ stream }) => prefixes.some((p) => stream.startsWith(p)))
    return { events, upTo: recent.at(-1)?.position ?? after }
  }
  const followed = {
    pageAfter,
    head: () => BigInt(head),
    behind: (after: bigint, abort: AbortSignal) =>
      BigInt(head) > after ? Promise.resolve() : signal.wait(abort),
  }

  return {
    subscribe: async function* (options) {
      followers += 1
      try {
        yield* follow(followed, options)
      } finally {
        followers -= 1
      }
    },
    publish: (taken, upTo) => {
      head = upTo
      if (followers === 0) tail.clear()
      else for (const pending of taken) remember(tail, pending)
      signal.notify()
    },
    close: signal.close,
  }
}

const remember = (tail: Tail, { stream, events, records, firstRevision, firstPosition }: Pending): void => {
  for (const [index, { id, type, data, meta }] of events.entries()) {
    const revision = BigInt(firstRevision + index)
    const position = BigInt(firstPosition + index)
    tail.push({ id, type, data, meta, stream, revision, position }, records[index]?.length ?? 0)
  }
}
