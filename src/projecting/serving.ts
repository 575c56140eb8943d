import { DocumentsUnavailable, type Documents, type Write } from '../documents/port.ts'
import { physicalName, type Build, type Stopped } from './build.ts'
import type { Projection } from './projection.ts'

/** What stands about each projection in the documents: which of its builds serves, and which is being built beside it. */
export const RECORDS = 'platform_projections'

export type ServingRecord = {
  readonly version: number
  readonly generation: number
  readonly building?: { readonly version: number; readonly generation: number }
  readonly stopped?: Stopped
}

export const readRecord = async (documents: Documents, name: string): Promise<ServingRecord | undefined> => {
  const found = await documents.get(RECORDS, name)
  // Only `writeRecord` writes here.
  const record = found?.value as StoredRecord | undefined
  if (record === undefined) return undefined
  const { version, generation, building, stopped } = record
  return {
    version,
    generation,
    ...(building === undefined ? {} : { building }),
    ...(stopped === undefined ? {} : { stopped: { ...stopped, position: BigInt(stopped.position) } }),
  }
}

type StoredRecord = Omit<ServingRecord, 'stopped'> & {
  readonly stopped?: Omit<Stopped, 'position'> & { readonly position: string }
}

/** The record counts its own changes, because it follows operators and not the history. */
export const writeRecord = async (
  documents: Documents,
  name: string,
  record: ServingRecord,
): Promise<void> => {
  const found = await documents.get(RECORDS, name)
  const { stopped, ...rest } = record
  const put = {
    ...rest,
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
  readonly hold: (physical: string) => () => void
  readonly idle: (physical: readonly string[]) => Promise<void>
  readonly serve: (build: Build) => void
  readonly serves: (build: Build) => boolean
  readonly serveFrozen: (projection: Projection, record: ServingRecord) => void
}

const IDLE_POLL_MS = 100

export const createServing = (): Serving => {
  const serving = new Map<string, { readonly physical: string; readonly build: Build | undefined }>()
  const holders = new Map<string, number>()
  const isHeld = (names: readonly string[]): boolean => names.some((name) => holders.has(name))
  const serveAll = (projection: Projection, version: number, generation: number, build?: Build): void => {
    for (const name of Object.keys(projection.collections)) {
      serving.set(name, { physical: physicalName(name, version, generation), build })
    }
  }
  return {
    physical: (collection) => {
      const found = serving.get(collection)
      if (found === undefined) throw new Error(`No projection declares the collection ${collection}`)
      if (found.build?.caughtUp === false && found.build.stopped === undefined)
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
    idle: async (names) => {
      while (isHeld(names)) await new Promise((next) => setTimeout(next, IDLE_POLL_MS))
    },
    serve: (build) => serveAll(build.projection, build.version, build.generation, build),
    serves: (build) => [...serving.values()].some((one) => one.build === build),
    serveFrozen: (projection, record) => serveAll(projection, record.version, record.generation),
  }
}
