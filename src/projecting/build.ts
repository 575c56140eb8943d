import type { Documents, Write } from '../documents/port.ts'
import { isErasure } from '../domain/platform/erasure.ts'
import type { StoredEvent } from '../history/port.ts'
import { untilAll } from './aborting.ts'
import { isHeld, NO_HOLDS, type Holds } from './holds.ts'
import type { Projection } from './projection.ts'

/** Which of a projection's builds; the generation counts rebuilds of the same version. */
export type BuildId = { readonly version: number; readonly generation: number }

/**
 * One projection being kept: its code, and the collections and the checkpoint of its own that it writes. Two builds of the same
 * projection (a rebuild beside the serving one) share nothing.
 */
export type Build = BuildId & {
  readonly projection: Projection
  readonly checkpoint: string
  position: bigint
  stopped: Stopped | undefined
  /** It stopped and goes on: its documents are served as they are while it catches up, as they were before. */
  goesOn: boolean
  holds: Holds
  /** It stood at the end of the history once since it was started. */
  caughtUp: boolean
}

/** A poison event: the handler threw, or the documents `refused` its writes, of which they may have taken a part. */
export type Stopped = {
  readonly position: bigint
  readonly stream: string
  readonly type: string
  readonly error: string
  readonly refused?: true
}

export const createBuild = (projection: Projection, generation: number, holds = NO_HOLDS): Build => ({
  projection,
  version: projection.version,
  generation,
  checkpoint: physicalName(projection.name, projection.version, generation),
  position: 0n,
  stopped: undefined,
  goesOn: false,
  holds,
  caughtUp: false,
})

/** `stores_labels@1`; a rebuild of the same version `stores_labels@1.2`. */
export const physicalName = (name: string, version: number, generation: number): string =>
  generation === 0 ? `${name}@${version}` : `${name}@${version}.${generation}`

/** The reverse: whose it is, by the logical name; `undefined` for what is no projection's. */
export const partsOf = (physical: string): (BuildId & { readonly name: string }) | undefined => {
  const [, name, version, generation = '0'] = /^(.+)@(\d+)(?:\.(\d+))?$/.exec(physical) ?? []
  return name === undefined ? undefined : { name, version: Number(version), generation: Number(generation) }
}

export const sameBuild = (a: BuildId, b: BuildId): boolean =>
  a.version === b.version && a.generation === b.generation

export const physicalOf = (build: Build, collection: string): string =>
  physicalName(collection, build.version, build.generation)

const collectionsOf = (build: Build): readonly string[] =>
  Object.keys(build.projection.collections).map((name) => physicalOf(build, name))

export const prepare = async (documents: Documents, build: Build): Promise<void> => {
  await untilAll(
    Object.entries(build.projection.collections).map(([name, { indexes }]) =>
      documents.ensureIndexes(physicalOf(build, name), indexes),
    ),
  )
  build.position = (await documents.checkpoint(build.checkpoint)) ?? 0n
}

export const discard = async (documents: Documents, build: Build): Promise<void> => {
  await documents.forgetCheckpoint(build.checkpoint)
  for (const name of collectionsOf(build)) await documents.drop(name)
}

/**
 * Appends the build's writes for one event. A handler that throws takes back what it had given, so a poison event leaves no half. An erasure
 * purges whatever is held.
 */
export const projectInto = (writes: Write[], build: Build, event: StoredEvent): void => {
  if (isErasure(event)) purge(writes, build, event)
  const handler = build.projection.on[event.type]
  if (handler === undefined || !reads(build.projection, event.stream) || isHeld(build.holds, event)) return
  for (const write of handler(event)) {
    writes.push({ ...write, collection: physicalOf(build, write.collection), at: event.position })
  }
}

export const reads = (projection: Projection, stream: string): boolean =>
  projection.prefixes.some((prefix) => stream.startsWith(prefix))

/** Documents that show opened values list their subjects in `_s` (decisions 7); unless the projection handles the erasure itself. */
const purge = (writes: Write[], build: Build, event: StoredEvent): void => {
  const { subject } = event.data
  if (typeof subject !== 'string' || build.projection.on[event.type] !== undefined) return
  for (const [name, { indexes }] of Object.entries(build.projection.collections)) {
    if (!indexes.some((index) => index.keys[0] === '_s')) continue
    const collection = physicalOf(build, name)
    writes.push({ collection, where: { _s: subject }, delete: true, at: event.position })
  }
}
