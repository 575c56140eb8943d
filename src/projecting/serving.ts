import { setTimeout as pause } from 'node:timers/promises'
import { DocumentsUnavailable, type Document, type Documents, type Write } from '../documents/port.ts'
import type { Json } from '../json.ts'
import { untilAborted } from './aborting.ts'
import { physicalName, type Build, type BuildId, type Stopped } from './build.ts'
import { holdsJson, holdsOf, type Holds } from './holds.ts'
import type { Projection } from './projection.ts'

/** What stands about each projection in the documents: which of its builds serves, and which is being built beside it. */
export const RECORDS = 'platform_projections'

export type ServingRecord = BuildId & {
  /** Of the documents that serve, and of those of another version that are about to. */
  readonly holds: Holds
  readonly building?: BuildId & { readonly holds: Holds }
  readonly stopped?: Stopped
}

export const readRecord = async (documents: Documents, name: string): Promise<ServingRecord | undefined> => {
  const found = await documents.get(RECORDS, name)
  return found && recordOf(found.value)
}

/** Those of all projections, by name. */
export const readRecords = async (
  documents: Pick<Documents, 'find'>,
): Promise<ReadonlyMap<string, ServingRecord>> => {
  const records = new Map<string, ServingRecord>()
  for await (const page of documents.find(RECORDS, {}))
    for (const document of page) records.set(document._id, recordOf(document))
  return records
}

const recordOf = (document: Document): ServingRecord => {
  // Only `writeRecord` writes there.
  const { version, generation, holds, building, stopped } = document as unknown as StoredRecord
  return {
    version,
    generation,
    holds: holdsOf(holds),
    ...(building === undefined ? {} : { building: { ...building, holds: holdsOf(building.holds) } }),
    ...(stopped === undefined ? {} : { stopped: { ...stopped, position: BigInt(stopped.position) } }),
  }
}

type StoredRecord = BuildId & {
  readonly holds?: Json
  readonly building?: BuildId & { readonly holds?: Json }
  readonly stopped?: Omit<Stopped, 'position'> & { readonly position: string }
}

export type Records = {
  readonly read: (name: string) => Promise<ServingRecord | undefined>
  /** Of one record one change after the other, each on what the last one left; flushed when it resolves. `undefined` leaves it alone. */
  readonly change: (
    name: string,
    change: (record: ServingRecord | undefined) => ServingRecord | undefined,
  ) => Promise<void>
}

export const createRecords = (documents: Documents): Records => {
  const turns = new Map<string, Promise<unknown>>()
  return {
    read: (name) => readRecord(documents, name),
    change: (name, change) => {
      const mine = (turns.get(name) ?? Promise.resolve()).then(async () => {
        const next = change(await readRecord(documents, name))
        if (next !== undefined) await writeRecord(documents, name, next)
      })
      turns.set(
        name,
        mine.catch(() => undefined),
      )
      return mine
    },
  }
}

/** The record counts its own changes, because it follows operators and not the history. */
const writeRecord = async (documents: Documents, name: string, record: ServingRecord): Promise<void> => {
  const found = await documents.get(RECORDS, name)
  const { version, generation, holds, building, stopped } = record
  const put = {
    ...{ version, generation, holds: holdsJson(holds) },
    ...(building === undefined ? {} : { building: { ...building, holds: holdsJson(building.holds) } }),
    ...(stopped === undefined ? {} : { stopped: { ...stopped, position: String(stopped.position) } }),
  }
  const write: Write = { collection: RECORDS, id: name, at: (found?.at ?? 0n) + 1n, put }
  await documents.apply([write], [])
  await documents.flush()
}

/**
 * Which collection serves a logical name at this moment. A reader holds what it reads, so that a build that was replaced is dropped only when
 * the last of its readers is through.
 */
export type Serving = {
  /** Throws `DocumentsUnavailable` while the build has not caught up since the start; a stopped one goes on serving what it has. */
  readonly physical: (collection: string) => string
  /** What it answers throws `DocumentsUnavailable` if the documents may have gone while they were held. */
  readonly hold: (physical: string) => () => void
  /** Resolves when nobody reads it any more, or the signal aborts. */
  readonly idle: (physical: string, signal: AbortSignal) => Promise<void>
  readonly serve: (build: Build) => void
  /** A build of this process, not one that an earlier version left. */
  readonly serves: (build: Build) => boolean
  readonly serveFrozen: (projection: Projection, record: ServingRecord) => void
}

const IDLE_POLL_MS = 100

const mayShow = ({ caughtUp, stopped, goesOn }: Build): boolean => caughtUp || stopped !== undefined || goesOn

export const createServing = (): Serving => {
  const serving = new Map<string, { readonly physical: string; readonly build: Build | undefined }>()
  const served = new Map<string, Build>()
  const holders = new Map<string, number>()
  const serveAll = (projection: Projection, { version, generation }: BuildId, build?: Build): void => {
    for (const name of Object.keys(projection.collections)) {
      serving.set(name, { physical: physicalName(name, version, generation), build })
    }
    if (build === undefined) served.delete(projection.name)
    else served.set(projection.name, build)
  }
  return {
    physical: (collection) => {
      const found = serving.get(collection)
      if (found === undefined) throw new Error(`No projection declares the collection ${collection}`)
      if (found.build !== undefined && !mayShow(found.build))
        throw new DocumentsUnavailable('catching up with the history')
      return found.physical
    },
    hold: (physical) => {
      holders.set(physical, (holders.get(physical) ?? 0) + 1)
      return () => {
        const left = (holders.get(physical) ?? 1) - 1
        if (left === 0) holders.delete(physical)
        else holders.set(physical, left)
      }
    },
    idle: async (name, signal) => {
      while (holders.has(name) && !signal.aborted) await untilAborted(pause(IDLE_POLL_MS), signal)
    },
    serve: (build) => serveAll(build.projection, build, build),
    serves: (build) => served.get(build.projection.name) === build,
    serveFrozen: (projection, record) => serveAll(projection, record),
  }
}
