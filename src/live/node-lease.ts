import { whereabouts } from '../commands/whereabouts.ts'
import { LIVE_CLOSE_MS_MAX } from '../limits.ts'
import type { Vault } from '../vault/port.ts'
import type { HubLog } from './feed.ts'
import { repeat, within } from './repeating.ts'

/** Of the vault. */
export const AFRODITE_NODES = 'afrodite.nodes'

/** Which nodes are alive, by the leases that they keep in the vault (decisions 18): what a dead one had open counts no more. */
export type NodeLease = {
  /** This node. */
  readonly node: string
  /** Resolves while this node's lease stands in the vault, else once it does: nothing may be said to be open here before. */
  readonly ready: () => Promise<void>
  /**
   * This node always is. Another one as of the last look, which is a third of a lease ago; one that was not seen then, or everyone if there was
   * no look for a lease, is asked for in the vault. Rejects when the vault does.
   */
  readonly isAlive: (node: string) => boolean | Promise<boolean>
  /** All of them, this one too, as the vault has them now. Rejects when the vault does. */
  readonly alive: () => Promise<ReadonlySet<string>>
  /** Others see at their next look that this node is gone. */
  readonly close: () => Promise<void>
}

export type NodeLeaseParts = {
  readonly vault: Pick<Vault, 'put' | 'get' | 'delete' | 'list'>
  /** Of the vault, for these leases alone. */
  readonly space: string
  /** This node's name among all, new with every start. */
  readonly node: string
  /** Whether there may be other nodes: else nothing is written or asked. */
  readonly isShared: boolean
  /** How long a node counts that says nothing any more. */
  readonly leaseMs: number
  readonly log: HubLog
}

export const startNodeLease = (parts: NodeLeaseParts): NodeLease =>
  parts.isShared ? keepLease(parts) : aloneWith(parts)

const aloneWith = ({ node }: NodeLeaseParts): NodeLease => ({
  node,
  ready: () => Promise.resolve(),
  isAlive: (other) => other === node,
  alive: () => Promise.resolve(new Set([node])),
  close: () => Promise.resolve(),
})

const keepLease = (parts: NodeLeaseParts): NodeLease => {
  const { vault, space, node, leaseMs, log } = parts
  const ms = leaseMs / 3
  const own = ownLease(parts)
  const others = otherLeases(parts, ms)
  const writing = repeat({
    ms,
    round: own.write,
    trouble: 'other nodes cannot be told that this one is there',
    log,
  })
  const looking = repeat({
    ms,
    round: others.look,
    trouble: 'it cannot be seen which other nodes are there',
    log,
  })
  return {
    node,
    ready: own.ready,
    isAlive: (other) => other === node || others.isAlive(other),
    alive: others.alive,
    close: () =>
      within(
        LIVE_CLOSE_MS_MAX,
        Promise.all([writing.stop(), looking.stop()]).then(() => vault.delete(space, node)),
      ),
  }
}

type Own = { readonly write: () => Promise<void>; readonly ready: () => Promise<void> }

const ownLease = ({ vault, space, node, leaseMs }: NodeLeaseParts): Own => {
  let standsUntil = -Infinity
  const waiting = new Set<() => void>()
  return {
    write: async () => {
      const from = performance.now()
      await vault.put(space, node, whereabouts(), { ttlMs: leaseMs })
      standsUntil = from + leaseMs
      for (const go of waiting) go()
      waiting.clear()
    },
    ready: () =>
      performance.now() < standsUntil
        ? Promise.resolve()
        : new Promise((resolve) => void waiting.add(resolve)),
  }
}

type Others = Pick<NodeLease, 'isAlive' | 'alive'> & { readonly look: () => Promise<void> }
type Asked = { readonly at: number; readonly answer: Promise<boolean> }

const otherLeases = ({ vault, space, node, leaseMs }: NodeLeaseParts, keptMs: number): Others => {
  let seen: ReadonlySet<string> = new Set()
  let seenAt = -Infinity
  const asked = new Map<string, Asked>()

  const alive = async (): Promise<ReadonlySet<string>> => {
    const found = new Set([node])
    for await (const page of vault.list(space)) for (const { key } of page) found.add(key)
    return found
  }
  const ask = (other: string, now: number): Promise<boolean> => {
    const before = asked.get(other)
    if (before !== undefined && now - before.at < keptMs) return before.answer
    const answer = vault.get(space, other).then((lease) => lease !== undefined)
    const asking = { at: now, answer }
    asked.set(other, asking)
    answer.catch(() => {
      if (asked.get(other) === asking) asked.delete(other)
    })
    return answer
  }

  return {
    alive,
    look: async () => {
      const from = performance.now()
      seen = await alive()
      seenAt = from
      asked.clear()
    },
    isAlive: (other) => {
      const now = performance.now()
      return now - seenAt < leaseMs && seen.has(other) ? true : ask(other, now)
    },
  }
}
