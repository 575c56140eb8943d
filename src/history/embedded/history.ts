import * as TE from 'fp-ts/lib/TaskEither.js'
import { setTimeout as sleep } from 'node:timers/promises'
import { HISTORY_PAGE_EVENTS, HISTORY_POLL_MS } from '../../limits.ts'
import { follow, type Followed } from '../following.ts'
import type { History } from '../port.ts'
import { lastPosition, openDatabases } from './databases.ts'
import { makeLive } from './live.ts'
import { makeReads, prefixBytes, scanAfter } from './reader.ts'
import { openWriter } from './writer.ts'

export type EmbeddedHistoryOptions = {
  /** The LMDB file; created if it is missing. */
  readonly path: string
  /**
   * Beside a server that has it open: appends are refused, subscriptions look for news every `HISTORY_POLL_MS`. Throws
   * `HistoryUnavailable` if there is no history in the file.
   */
  readonly readOnly?: boolean
  /** Told once when the disk has refused a write. Nothing is written from then on: the process has to end (code 75). */
  readonly onFatal?: (error: Error) => void
  /** Position of the first event of an empty history (decisions 14). */
  readonly firstPosition?: bigint
  /** Of one flush. Who waits for nobody takes more at once: the pages of the index of streams are written with each. */
  readonly commitEventsMax?: number
}

/**
 * The history in an LMDB file of which this process is the only writer. Opening takes the same time whatever its length.
 * An append starts when its task is run.
 */
export const openEmbeddedHistory = (options: EmbeddedHistoryOptions): History =>
  options.readOnly === true ? openBeside(options.path) : openAlone(options)

const openAlone = ({
  path,
  onFatal,
  firstPosition = 1n,
  commitEventsMax,
}: EmbeddedHistoryOptions): History => {
  const databases = openDatabases(path, false)
  const live = makeLive(databases)
  const writer = openWriter(databases, {
    firstPosition: Number(firstPosition),
    onFlushed: live.publish,
    onFatal: onFatal ?? (() => undefined),
    commitEventsMax,
  })
  return {
    ...makeReads(databases),
    append: writer.append,
    subscribe: live.subscribe,
    head: () =>
      Promise.resolve()
        .then(databases.assertOpen)
        .then(() => BigInt(writer.head())),
    close: once(async () => {
      await writer.close()
      live.close()
      await databases.close()
    }),
  }
}

const openBeside = (path: string): History => {
  const databases = openDatabases(path, true)
  const head = (): bigint => {
    databases.assertOpen()
    databases.refresh()
    return BigInt(lastPosition(databases))
  }
  const followed: Followed = {
    pageAfter: (after, prefixes) => {
      databases.assertOpen()
      databases.refresh()
      const { events, upTo } = scanAfter(databases, Number(after), HISTORY_PAGE_EVENTS, prefixBytes(prefixes))
      return { events, upTo: BigInt(upTo) }
    },
    head,
    behind: async (after, signal) => {
      while (!signal.aborted && head() <= after) {
        await sleep(HISTORY_POLL_MS, undefined, { signal }).catch(() => undefined)
      }
    },
  }
  return {
    ...makeReads(databases),
    append: () => TE.left({ _tag: 'Unavailable', reason: 'the history was opened read-only' }),
    subscribe: (options) => follow(followed, options),
    head: () => Promise.resolve().then(head),
    close: once(databases.close),
  }
}

const once = (close: () => Promise<void>): (() => Promise<void>) => {
  let closing: Promise<void> | undefined
  return () => (closing ??= close())
}
