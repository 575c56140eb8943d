import { DocumentsUnavailable, type Documents } from '../documents/port.ts'
import { WATCH_IDLE_MS, WATCH_STALE_MS_MAX } from '../limits.ts'
import type { StoredEvent } from '../history/port.ts'
import { physicalName, sameBuild } from './build.ts'
import { isHeld, NO_HOLDS, STREAM_HELD } from './holds.ts'
import type { Projection } from './projection.ts'
import { concerns, type ProjectionStatus, type ReadModels } from './read-models.ts'
import { readRecords, type ServingRecord } from './serving.ts'

/** What was last seen of documents that another process may keep. */
export type View = Pick<ReadModels, 'applied' | 'status'> & {
  readonly physical: (collection: string) => string
  /** Whether these documents are still those of a serving build. */
  readonly serves: (physical: string) => boolean
  /**
   * Looks again; tells whether a position moved. Never throws: `trouble` says what went wrong. Documents that show more than has arrived
   * from the history since this node started are not believed to be of it.
   */
  readonly refresh: (
    documents: Pick<Documents, 'find' | 'checkpoints'>,
    arrived: () => bigint | undefined,
  ) => Promise<boolean>
  /** The head of the history when this node started: before the documents got there, they are behind. */
  readonly startedAt: (head: bigint) => void
  readonly position: (projection: string) => bigint
  /** Of these projections (all of them without any), those that did not stop. */
  readonly least: (projections?: readonly string[]) => bigint
  readonly most: () => bigint
  readonly refusal: (projections: readonly string[], stream: string) => string | undefined
  readonly isHeld: (
    projections: readonly string[],
    event: Pick<StoredEvent, 'stream' | 'position'>,
  ) => boolean
  readonly trouble: () => string | undefined
}

/** A projection as it serves, by its record; without one nobody has built it yet. */
type Seen = {
  readonly projection: Projection
  record: ServingRecord | undefined
  position: bigint
  caughtUp: boolean
  /** These documents were served as they were while it was stopped, and are while it goes on. */
  goesOn: boolean
}

export const createView = (projections: readonly Projection[]): View => {
  const seen = new Map<string, Seen>(
    projections.map((projection) => [
      projection.name,
      { projection, record: undefined, position: 0n, caughtUp: false, goesOn: false },
    ]),
  )
  const byCollection = new Map(
    [...seen.values()].flatMap((one) =>
      Object.keys(one.projection.collections).map((name) => [name, one] as const),
    ),
  )
  const all = [...seen.values()]
  const poll = createPoll(all)
  const positionsOf = (names: readonly string[]): readonly Seen[] =>
    names.flatMap((name) => seen.get(name) ?? [])

  return {
    physical: (collection) => {
      const one = byCollection.get(collection)
      if (one === undefined) throw new Error(`No projection declares the collection ${collection}`)
      const reason = poll.trouble()
      if (reason !== undefined) throw new DocumentsUnavailable(reason)
      const { record } = one
      if (record === undefined || !(one.caughtUp || one.goesOn))
        throw new DocumentsUnavailable('catching up with the history')
      return physicalName(collection, record.version, record.generation)
    },
    serves: (physical) =>
      all.some(({ record, projection }) =>
        Object.keys(projection.collections).some(
          (name) =>
            record !== undefined && physicalName(name, record.version, record.generation) === physical,
        ),
      ),
    refresh: poll.refresh,
    startedAt: poll.startedAt,
    applied: (prefixes) =>
      all.reduce(
        (least, { projection, position }) =>
          concerns(projection, prefixes) && position < least ? position : least,
        mostOf(all),
      ),
    position: (name) => seen.get(name)?.position ?? 0n,
    least: (names) => leastOf(names === undefined ? all : positionsOf(names)),
    most: () => mostOf(all),
    refusal: (names, stream) => {
      if (poll.trouble() !== undefined) return 'documents_unavailable'
      for (const { record, caughtUp } of positionsOf(names)) {
        if (record?.stopped !== undefined) return 'projection_stopped'
        if (record?.holds.has(stream) === true) return STREAM_HELD
        if (!caughtUp) return 'documents_behind'
      }
      return undefined
    },
    isHeld: (names, event) =>
      positionsOf(names).some(({ record }) => isHeld(record?.holds ?? NO_HOLDS, event)),
    status: () => all.map(statusOf),
    trouble: poll.trouble,
  }
}

const createPoll = (all: readonly Seen[]): Pick<View, 'refresh' | 'startedAt' | 'trouble'> => {
  let startHead = 0n
  let error = 'they were not looked at yet'
  let lookedAt = Number.NEGATIVE_INFINITY
  let recordsAt = Number.NEGATIVE_INFINITY

  const move = (checkpoints: ReadonlyMap<string, bigint>, arrived: bigint): boolean => {
    let moved = false
    for (const one of all) {
      const position = servingPosition(one, checkpoints)
      moved ||= position !== one.position
      one.position = position
      one.caughtUp ||= one.record !== undefined && position >= startHead && position <= arrived
    }
    return moved
  }
  return {
    startedAt: (head) => {
      startHead = head
    },
    trouble: () => (performance.now() - lookedAt > WATCH_STALE_MS_MAX ? error : undefined),
    refresh: async (documents, arrived) => {
      try {
        const at = performance.now()
        const isDue = at - recordsAt >= WATCH_IDLE_MS
        if (isDue) {
          const records = await readRecords(documents)
          for (const one of all) seeRecord(one, records.get(one.projection.name))
          recordsAt = at
        }
        const moved = move(await documents.checkpoints(), arrived() ?? -1n)
        lookedAt = at
        return moved
      } catch (cause) {
        error = cause instanceof Error ? cause.message : String(cause)
        return false
      }
    },
  }
}

const seeRecord = (one: Seen, record: ServingRecord | undefined): void => {
  const isSame = record !== undefined && one.record !== undefined && sameBuild(record, one.record)
  one.goesOn = record?.stopped !== undefined || (isSame && one.goesOn)
  one.record = record
}

/**
 * Documents that nobody has built show nothing. Those of a projection that stopped move when its record says that it goes on: with what it holds
 * then.
 */
const servingPosition = ({ projection, record }: Seen, checkpoints: ReadonlyMap<string, bigint>): bigint => {
  if (record === undefined) return 0n
  const { version, generation, stopped } = record
  const position = checkpoints.get(physicalName(projection.name, version, generation)) ?? 0n
  return stopped === undefined || position < stopped.position ? position : stopped.position - 1n
}

const mostOf = (all: readonly Seen[]): bigint =>
  all.reduce((most, { position }) => (position > most ? position : most), 0n)

/** Without any to wait for, nothing has to be waited for. */
const leastOf = (all: readonly Seen[]): bigint => {
  const moving = all.filter(({ record }) => record?.stopped === undefined)
  return moving.reduce((least, { position }) => (position < least ? position : least), mostOf(all))
}

const statusOf = ({ projection, record, position, caughtUp }: Seen): ProjectionStatus => ({
  name: projection.name,
  version: record?.version ?? projection.version,
  generation: record?.generation ?? 0,
  position,
  caughtUp,
  holds: record?.holds ?? NO_HOLDS,
  stopped: record?.stopped,
})
