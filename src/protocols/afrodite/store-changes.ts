import type { AccountState } from '../../domain/afrodite/account.ts'
import type { LinkedProtocol } from '../../domain/afrodite/events.ts'
import type { SyncType } from '../../domain/afrodite/sync-types.ts'
import { byteOf } from '../../domain/afrodite/sync-versions.ts'
import { AFRODITE_CHANGED_IDS_MAX } from '../../limits.ts'
import type { HubLog } from '../../live/feed.ts'
import type { Hub } from '../../live/hub.ts'
import { syncCounts } from '../../queries/afrodite/sync-counts.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import { accountTopic, storeFeed } from './store-feed.ts'
import { openRemembered, type Remembered } from './store-remembered.ts'
import { deviceRights, userRights, type Rights } from './store-rights.ts'
import { openScope, type StoreScope } from './store-scope.ts'

/** The extension types (afrodite 9) of one connection. It costs nothing until an item names one of them. */
export type StoreSync = {
  /** Of a type with a source `stores` or `timelimit`; one after the other, as listed. Throws if a store does not answer. */
  readonly item: (type: SyncType, clientVersion: number) => Promise<void>
  /** The list was handled: what has changed since may be told, and whatever comes. */
  readonly start: () => void
  /** Nothing is sent any more. Resolves when the counts are kept for the login's next connection. */
  readonly close: () => Promise<void>
}

export type StoreChanges = {
  readonly open: (
    who: { readonly aid: string; readonly loginId: string },
    send: (frame: string) => void,
  ) => StoreSync
}

export type StoreChangesParts = {
  readonly hub: Hub
  readonly reader: Pick<Reader, 'get'>
  readonly accounts: { readonly load: (aid: string) => Promise<Pick<AccountState, 'life' | 'links'>> }
  readonly vault: Pick<Vault, 'get' | 'put'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly log: HubLog
  /** First pause before what could not be read is read again. */
  readonly retryMs?: number
}

export const createStoreChanges = (parts: StoreChangesParts): StoreChanges => {
  const feed = storeFeed()
  return {
    open: (who, send) => {
      const scopes = new Map<Source, StoreScope>()
      let remembered: Remembered | undefined
      let isClosed = false

      const isOpen = (): boolean => !isClosed
      const tell = (type: number, count: number, ids: readonly string[]): void => {
        if (isOpen()) send(storeChanged(type, count, ids))
      }
      const scopeOf = (source: Source, known: Remembered): StoreScope => {
        const there = scopes.get(source)
        if (there !== undefined) return there
        const scope = openScope({
          ...{ ...parts, feed, remembered: known, tell },
          identity: () => identityOf(parts, who.aid, source),
          own: accountTopic(who.aid),
          rights: (identity) => IDENTITIES[source].rights(parts.reader, identity),
          counts: (of) => syncCounts(parts.reader, of),
        })
        scopes.set(source, scope)
        return scope
      }
      const save = async (): Promise<void> => {
        await remembered?.save().catch((error: unknown) => {
          parts.log.warn({ err: error }, 'the counts of a login could not be kept')
        })
      }
      return {
        item: async (type, clientVersion) => {
          const of = type.source?.of
          if (of === undefined || of === 'account' || !isOpen()) return
          remembered ??= await openRemembered(parts, who)
          // It may have ended meanwhile, and nobody would stop what is opened now.
          if (isOpen()) await scopeOf(of, remembered).sync(type, clientVersion)
        },
        start: () => {
          for (const scope of scopes.values()) scope.start()
          void save()
        },
        close: () => {
          isClosed = true
          for (const scope of scopes.values()) scope.stop()
          return save()
        },
      }
    },
  }
}

type Source = 'stores' | 'timelimit'
const IDENTITIES: {
  readonly [source in Source]: {
    readonly protocol: LinkedProtocol
    readonly rights: (reader: Pick<Reader, 'get'>, user: string) => Promise<Rights>
  }
} = {
  stores: { protocol: 'rightech', rights: userRights },
  timelimit: { protocol: 'timelimit', rights: deviceRights },
}

const identityOf = async (
  { accounts }: StoreChangesParts,
  aid: string,
  source: Source,
): Promise<string | undefined> => {
  const { life, links } = await accounts.load(aid)
  return life === 'there' ? links[IDENTITIES[source].protocol] : undefined
}

/** The members in the order that clients know (afrodite 9.3). */
const storeChanged = (type: number, count: number, ids: readonly string[]): string =>
  JSON.stringify({
    event: 'StoreChanged',
    account_state: null,
    capabilities: null,
    visibility: null,
    account_sync_version: null,
    latest_viewed_message_changed: null,
    content_processing_state_changed: null,
    store_changed: {
      ...{ type, version: byteOf(count), count },
      ...(ids.length === 0 || ids.length > AFRODITE_CHANGED_IDS_MAX ? {} : { ids }),
    },
  })
