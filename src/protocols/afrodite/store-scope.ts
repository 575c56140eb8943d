import { setTimeout as pause } from 'node:timers/promises'
import type { SyncType } from '../../domain/afrodite/sync-types.ts'
import { isInStep } from '../../domain/afrodite/sync-versions.ts'
import {
  AFRODITE_CHANGED_IDS_MAX,
  AFRODITE_RIGHTS_RETRY_MS,
  AFRODITE_RIGHTS_RETRY_MS_MAX,
  AFRODITE_WAITING_CHANGES_MAX,
} from '../../limits.ts'
import type { HubLog } from '../../live/feed.ts'
import type { Change } from './store-feed.ts'
import type { Remembered } from './store-remembered.ts'
import { createView, type Counted, type ViewParts } from './store-view.ts'

/** What one connection is told of the types of one source. */
export type StoreScope = {
  /** An item of the sync list (afrodite 9.2). Throws if a store does not answer. */
  readonly sync: (type: SyncType, clientByte: number) => Promise<void>
  /** What happened since may be told. */
  readonly start: () => void
  readonly stop: () => void
}

export type ScopeParts = Omit<ViewParts, 'receive'> & {
  readonly remembered: Remembered
  readonly tell: (type: number, count: number, ids: readonly string[]) => void
  readonly log: HubLog
  readonly retryMs?: number
}

/** Whatever changes rights holds everything behind it up until they were looked at again. */
export const openScope = (parts: ScopeParts): StoreScope => {
  const named = new Map<number, SyncType>()
  const told = createTold(parts.remembered, () => view.scope())
  let waiting: Change[] = []
  let isLive = false
  let isLooking = false
  let isStopped = false

  const tell = (type: number, count: number, ids: readonly string[] = []): void => {
    // The one before may have been too much for the client.
    if (isStopped) return
    told.note(type, count)
    parts.tell(type, count, ids)
  }
  const receive = (change: Change): void => {
    if (waiting.length >= AFRODITE_WAITING_CHANGES_MAX) {
      waiting = []
      view.recount()
    }
    waiting.push(change)
    if (isLive) goOn()
  }
  const view = createView({ ...parts, receive })

  const goOn = (): void => {
    if (isLooking || isStopped) return
    if (view.isStale()) return lookAgain()
    const changes = waiting
    waiting = []
    for (const { type, count, ids } of merged(changes.flatMap(view.count))) {
      const sync = named.get(type)
      if (sync !== undefined && view.mayRead(sync)) tell(type, count, ids)
    }
  }
  const lookAgain = (): void => {
    isLooking = true
    void patiently(view.look, () => !isStopped, parts).then(() => {
      isLooking = false
      if (!view.isStale()) tellMissed()
      goOn()
    })
  }
  /** What no single change told, because there was no right to it or there were too many. */
  const tellMissed = (): void => {
    for (const type of named.values()) {
      const count = view.countOf(type)
      if (count !== undefined && !told.is(type.number, count)) tell(type.number, count)
    }
  }

  return {
    sync: async (type, clientByte) => {
      await view.look()
      if (isStopped) return
      named.set(type.number, type)
      const [scope, count] = [view.scope(), view.countOf(type)]
      if (scope === undefined || count === undefined) return
      if (isInStep(clientByte, count, parts.remembered.get(scope, type.number))) told.note(type.number, count)
      else tell(type.number, count)
    },
    start: () => {
      isLive = true
      goOn()
      // Since an item was handled, rights and counts may have been read anew for the next one.
      if (!view.isStale()) tellMissed()
    },
    stop: () => {
      isStopped = true
      waiting = []
      view.stop()
    },
  }
}

/** What this connection was told last, or had, and whose count that was. */
const createTold = (remembered: Remembered, scopeNow: () => string | undefined) => {
  const last = new Map<number, { readonly scope: string; readonly count: number }>()
  return {
    note: (type: number, count: number): void => {
      const scope = scopeNow()
      if (scope === undefined) return
      last.set(type, { scope, count })
      remembered.set(scope, type, count)
    },
    is: (type: number, count: number): boolean => {
      const known = last.get(type)
      return known?.count === count && known.scope === scopeNow()
    },
  }
}

/** What waited is told at once, a type by its newest count, so that it fits into what may wait for a client. Without ids if any are unknown. */
const merged = (counted: readonly Counted[]): Iterable<Counted> => {
  const types = new Map<number, Counted>()
  for (const { type, count, ids } of counted) {
    const before = types.get(type)?.ids ?? ids
    types.delete(type)
    const all = before.length === 0 || ids.length === 0 ? [] : [...new Set([...before, ...ids])]
    // They would be left out at the end, and to gather a thousand takes long.
    types.set(type, { type, count, ids: all.length > AFRODITE_CHANGED_IDS_MAX ? [] : all })
  }
  return types.values()
}

/** Again and again while it fails, so that no connection is lost to a store that is away for a while. */
const patiently = async (
  work: () => Promise<void>,
  isWanted: () => boolean,
  { log, retryMs = AFRODITE_RIGHTS_RETRY_MS }: Pick<ScopeParts, 'log' | 'retryMs'>,
): Promise<void> => {
  for (let ms = retryMs; isWanted(); ms = Math.min(ms * 2, AFRODITE_RIGHTS_RETRY_MS_MAX)) {
    try {
      return await work()
    } catch (error) {
      if (ms === retryMs) log.warn({ err: error }, 'rights of a linked identity are read again')
      // Not all at the same moment: they began together when the store went away.
      await pause(ms * (0.5 + Math.random()), undefined, { ref: false })
    }
  }
}
