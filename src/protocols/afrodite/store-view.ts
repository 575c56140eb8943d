import type { SyncType } from '../../domain/afrodite/sync-types.ts'
import type { Touch } from '../../domain/afrodite/touches.ts'
import type { Feed, Listening } from '../../live/feed.ts'
import type { Hub } from '../../live/hub.ts'
import type { SyncCounts } from '../../queries/afrodite/sync-counts.ts'
import type { Change } from './store-feed.ts'
import type { Rights } from './store-rights.ts'

/** Rights and counts of a linked identity, as one connection knows them. */
export type View = {
  /** Reads what is not known, or not any more. Throws if a store does not answer. */
  readonly look: () => Promise<void>
  readonly isStale: () => boolean
  /** Changes were lost: the counts have to be read again. */
  readonly recount: () => void
  /** What that change makes of the counts of the types that it touches; nothing if they contain it, or it is another scope's. */
  readonly count: (change: Change) => readonly Counted[]
  /** Whose counts are known: a group's or a family's. */
  readonly scope: () => string | undefined
  /** `undefined`: not to be told. */
  readonly countOf: (type: SyncType) => number | undefined
  readonly mayRead: (type: SyncType) => boolean
  readonly stop: () => void
}

export type Counted = { readonly type: number; readonly count: number; readonly ids: readonly string[] }

export type ViewParts = {
  readonly hub: Hub
  readonly feed: Feed<Change>
  /** Who the account is in the other protocol; `undefined`: no identity is linked. */
  readonly identity: () => Promise<string | undefined>
  /** The topic of a change of that. */
  readonly own: string
  readonly rights: (identity: string) => Promise<Rights>
  readonly counts: (scope: string) => Promise<SyncCounts | undefined>
  /** Gets every change that touches the scope or the rights, after `isStale` knows of it. */
  readonly receive: (change: Change) => void
}

export const createView = (parts: ViewParts): View => {
  const counter = createCounter(parts.counts)
  let identity: Promise<string | undefined> | undefined
  let rights: Rights | undefined
  let listening: Listening | undefined
  let topics: readonly string[] = []
  let isStale = true
  let isStopped = false

  const deliver = (change: Change): void => {
    for (const topic of change.topics) {
      if (topic === parts.own) identity = undefined
      if (topic === parts.own || rights?.dependsOn.includes(topic)) isStale = true
    }
    parts.receive(change)
  }
  /** What changed before it was listened to is seen only by looking once more. */
  const follow = (next: readonly string[]): void => {
    if (next.length === topics.length && next.every((topic) => topics.includes(topic))) return
    topics = next
    isStale = true
    if (listening === undefined) {
      identity = undefined
      listening = parts.hub.listen(parts.feed, { topics, deliver })
    } else listening.setTopics(topics)
  }
  const lookOnce = async (): Promise<void> => {
    identity ??= parts.identity()
    const name = await identity
    rights = name === undefined ? undefined : await parts.rights(name)
    // Who is not linked hears of a link when he comes again.
    if (isStopped || (rights === undefined && listening === undefined)) return
    const { scope, dependsOn } = rights ?? NO_RIGHTS
    follow([parts.own, ...dependsOn, ...(scope === undefined ? [] : [scope])])
    if (!isStale) await counter.read(scope)
  }
  return {
    look: async () => {
      while (isStale && !isStopped) {
        isStale = false
        try {
          await lookOnce()
        } catch (error) {
          identity = undefined
          isStale = true
          throw error
        }
      }
    },
    isStale: () => isStale,
    recount: () => {
      counter.forget()
      isStale = true
    },
    count: (change) =>
      counter.count(change).map(({ touch: { type, ids, owner }, count }) => ({
        ...{ type, count },
        ids: rights?.mayName(owner) === true ? ids : [],
      })),
    scope: counter.scope,
    countOf: (type) => (rights?.mayRead(type) === true ? counter.of(type.number) : undefined),
    mayRead: (type) => rights?.mayRead(type) === true,
    stop: () => {
      isStopped = true
      listening?.stop()
    },
  }
}

const NO_RIGHTS: Pick<Rights, 'scope' | 'dependsOn'> = { dependsOn: [] }

type Counter = {
  /** Reads what is not known of that scope; without one nothing is known. */
  readonly read: (scope: string | undefined) => Promise<void>
  readonly forget: () => void
  readonly scope: () => string | undefined
  readonly count: (change: Change) => readonly { readonly touch: Touch; readonly count: number }[]
  readonly of: (type: number) => number | undefined
}

/** The counts' document says up to which position it is; each touching change behind that makes one more, without a read. */
const createCounter = (read: ViewParts['counts']): Counter => {
  let known: { readonly scope: string; readonly at: bigint; readonly counts: Map<number, number> } | undefined
  /** What is read while it is to be forgotten may be from before. */
  let forgotten = 0

  return {
    read: async (scope) => {
      if (known !== undefined && known.scope === scope) return
      const before = forgotten
      const found = scope === undefined ? undefined : await read(scope)
      known =
        scope === undefined || found === undefined || before !== forgotten
          ? undefined
          : { scope, at: found.at, counts: new Map(found.counts) }
    },
    forget: () => {
      forgotten++
      known = undefined
    },
    scope: () => known?.scope,
    count: ({ position, topics, touches }) => {
      if (known === undefined || position <= known.at || !topics.includes(known.scope)) return []
      const { counts } = known
      return touches.map((touch) => {
        const count = (counts.get(touch.type) ?? 0) + 1
        counts.set(touch.type, count)
        return { touch, count }
      })
    },
    of: (type) => known && (known.counts.get(type) ?? 0),
  }
}
