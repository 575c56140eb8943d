import type { Json } from '../json.ts'
import {
  LIVE_CLOSE_MS_MAX,
  NODES_POLL_MS,
  PRESENCE_ENTRY_MS,
  PRESENCE_LEASE_MS,
  PRESENCE_RENEW_MS,
} from '../limits.ts'
import type { Vault } from '../vault/port.ts'
import type { HubLog } from './feed.ts'
import { repeat, within } from './repeating.ts'

/**
 * What nodes tell each other about who is connected, in the vault: `nodes/<node>` is the node's lease, with one number a bucket that grows
 * with every change in it; `at/<node>/<bucket>/<group>` are the members. So a poll is one list of the leases, and one of each bucket that
 * changed.
 */
export type Board = {
  /** The group's members here changed. */
  readonly touch: (group: string) => void
  /** The group's members on other nodes. */
  readonly elsewhere: (group: string) => readonly string[]
  readonly others: () => Promise<readonly string[]>
  /** Other nodes see within a poll that this one is gone. */
  readonly close: () => Promise<void>
}

export type BoardTimes = { readonly pollMs: number; readonly renewMs: number; readonly leaseMs: number }

export type PresenceParts = {
  readonly vault: Pick<Vault, 'put' | 'delete' | 'list'>
  /** Of the vault, for this presence alone. */
  readonly space: string
  /** This node's name among all, new with every start, without `/`. */
  readonly node: string
  /** Whether there may be other nodes: else nothing is written or asked. */
  readonly isShared: boolean
  /** Whom a group's entry speaks of. */
  readonly subjectOf: (group: string) => string
  readonly log: HubLog
  readonly times?: Partial<BoardTimes>
}

export type BoardParts = PresenceParts & {
  readonly membersOf: (group: string) => readonly string[]
  /** A group's members on other nodes changed. */
  readonly onChange: (group: string) => void
}

export const openBoard = (parts: BoardParts): Board => {
  const { vault, space, node, log } = parts
  const times = { ...TIMES, ...parts.times }
  const notice = createNotice(parts, times)
  const mirrors = new Map<string, Mirror>()

  const leases = async (): Promise<ReadonlyMap<string, readonly number[]>> => {
    const found = new Map<string, readonly number[]>()
    for await (const page of vault.list(space, LEASES)) {
      for (const { key, value } of page) found.set(key.slice(LEASES.length), numbers(value.buckets))
    }
    found.delete(node)
    return found
  }
  const look = async (): Promise<void> => {
    const alive = await leases()
    for (const [gone, mirror] of mirrors) {
      if (alive.has(gone)) continue
      mirrors.delete(gone)
      for (const groups of mirror.buckets.values()) for (const group of groups.keys()) parts.onChange(group)
    }
    for (const [other, versions] of alive) {
      const mirror = mirrors.get(other) ?? { versions: [], buckets: new Map() }
      mirrors.set(other, mirror)
      await follow(parts, other, mirror, versions)
    }
  }
  const writing = repeat({
    ms: times.renewMs,
    round: notice.write,
    trouble: 'other nodes cannot be told who is connected here',
    log,
  })
  const looking = repeat({
    ms: times.pollMs,
    round: look,
    trouble: 'it cannot be seen who is connected to other nodes',
    log,
  })

  return {
    touch: (group) => {
      notice.touch(group)
      writing.wake()
    },
    elsewhere: (group) => {
      const bucket = bucketOf(group)
      return [...mirrors.values()].flatMap(({ buckets }) => buckets.get(bucket)?.get(group) ?? [])
    },
    others: async () => [...(await leases()).keys()],
    close: () =>
      within(
        LIVE_CLOSE_MS_MAX,
        Promise.all([writing.stop(), looking.stop()]).then(() => vault.delete(space, LEASES + node)),
      ),
  }
}

const TIMES: BoardTimes = {
  pollMs: NODES_POLL_MS,
  renewMs: PRESENCE_RENEW_MS,
  leaseMs: PRESENCE_LEASE_MS,
}
const LEASES = 'nodes/'
const BUCKETS = 256
/** From so many changed buckets on a node is read as a whole. */
const BUCKETS_ONE_BY_ONE_MAX = 32
const WRITES_AT_ONCE = 16

/** FNV-1a: the same on every node. */
const bucketOf = (group: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < group.length; index++) {
    hash = Math.imul(hash ^ group.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0) % BUCKETS
}

const placesOf = (node: string): string => `at/${node}/`
const bucketPlaces = (node: string, bucket: number): string => `${placesOf(node)}${bucket}/`

type Notice = { readonly touch: (group: string) => void; readonly write: () => Promise<void> }

/** What this node writes: what changed, and its lease behind it, so that nobody looks before there is something to see. */
const createNotice = (
  { vault, space, node, subjectOf, membersOf }: BoardParts,
  times: BoardTimes,
): Notice => {
  const versions = Array.from({ length: BUCKETS }, () => 0)
  const touched = new Set<string>()
  /** When each group's entry was written, the oldest first. */
  const written = new Map<string, number>()

  const touchOld = (): void => {
    const before = performance.now() - PRESENCE_ENTRY_MS / 2
    for (const [group, at] of written) {
      if (at > before) return
      touched.add(group)
    }
  }
  const writeOne = async (group: string): Promise<void> => {
    const key = bucketPlaces(node, bucketOf(group)) + group
    const members = membersOf(group)
    written.delete(group)
    if (members.length === 0) await vault.delete(space, key)
    else {
      await vault.put(space, key, { members }, { ttlMs: PRESENCE_ENTRY_MS, subject: subjectOf(group) })
      written.set(group, performance.now())
    }
  }

  return {
    touch: (group) => void touched.add(group),
    write: async () => {
      touchOld()
      const groups = [...touched]
      touched.clear()
      const work = groups.values()
      const worker = async (): Promise<void> => {
        for (const group of work) await writeOne(group)
      }
      try {
        const workers = Array.from({ length: WRITES_AT_ONCE }, worker)
        await Promise.allSettled(workers)
        await Promise.all(workers)
      } catch (error) {
        for (const group of groups) touched.add(group)
        throw error
      } finally {
        for (const bucket of new Set(groups.map(bucketOf))) versions[bucket] = (versions[bucket] ?? 0) + 1
      }
      await vault.put(space, LEASES + node, { buckets: versions }, { ttlMs: times.leaseMs })
    },
  }
}

/** What is known of another node. */
type Mirror = { versions: readonly number[]; readonly buckets: Map<number, Groups> }
type Groups = ReadonlyMap<string, readonly string[]>

const NOTHING: Groups = new Map()

const follow = async (
  parts: BoardParts,
  node: string,
  mirror: Mirror,
  versions: readonly number[],
): Promise<void> => {
  const moved = versions.flatMap((version, bucket) => (version === mirror.versions[bucket] ? [] : [bucket]))
  if (moved.length === 0) return
  const found = await readBuckets(parts, node, moved)
  // Behind the reads: a round that failed is made up for.
  mirror.versions = versions
  for (const bucket of moved) {
    const before = mirror.buckets.get(bucket) ?? NOTHING
    const after = found.get(bucket) ?? NOTHING
    mirror.buckets.set(bucket, after)
    for (const group of new Set([...before.keys(), ...after.keys()])) {
      if (String(before.get(group)) !== String(after.get(group))) parts.onChange(group)
    }
  }
}

const readBuckets = async (
  { vault, space }: BoardParts,
  node: string,
  moved: readonly number[],
): Promise<ReadonlyMap<number, Groups>> => {
  const found = new Map<number, Map<string, readonly string[]>>()
  const all = placesOf(node)
  const prefixes =
    moved.length > BUCKETS_ONE_BY_ONE_MAX ? [all] : moved.map((bucket) => bucketPlaces(node, bucket))
  for (const prefix of prefixes) {
    for await (const page of vault.list(space, prefix)) {
      for (const { key, value } of page) {
        const place = key.slice(all.length)
        const slash = place.indexOf('/')
        const bucket = Number(place.slice(0, slash))
        const groups = found.get(bucket) ?? new Map<string, readonly string[]>()
        found.set(bucket, groups.set(place.slice(slash + 1), texts(value.members)))
      }
    }
  }
  return found
}

const numbers = (value: Json | undefined): readonly number[] =>
  value instanceof Array ? value.filter((item) => typeof item === 'number') : []
const texts = (value: Json | undefined): readonly string[] =>
  value instanceof Array ? value.filter((item) => typeof item === 'string').sort() : []
