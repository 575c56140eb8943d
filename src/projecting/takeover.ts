import type { Documents } from '../documents/port.ts'
import type { History } from '../history/port.ts'
import {
  collectionsOf,
  createBuild,
  discard,
  physicalName,
  prepare,
  type Build,
  type Stopped,
} from './build.ts'
import { compareBuilds, type Comparison } from './compare.ts'
import type { Line } from './line.ts'
import type { Projection } from './projection.ts'
import { catchUp, type CatchUp, type Progress } from './rebuild.ts'
import { readRecord, writeRecord, type Serving } from './serving.ts'

export type RebuildOptions = {
  /** Compare with the serving build and forget the copy, instead of taking over. */
  readonly check?: boolean
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

export type RebuildResult =
  | { readonly outcome: 'taken over'; readonly checkpoint: string }
  | ({ readonly outcome: 'compared' } & Comparison)
  | { readonly outcome: 'stopped'; readonly stopped: Stopped }

export type Builds = {
  readonly history: History
  readonly documents: Documents
  readonly serving: Serving
  readonly line: Line
  /** The build of each projection that this process keeps for serving. */
  readonly current: Map<string, Build>
  readonly onStopped: (build: Build) => void
  /** The runner closes: what is under way stops between two slices and is resumed at the next start. */
  readonly signal: AbortSignal
}

/** A check gets a generation that no rebuild ever has. */
const CHECK_GENERATION = 1_000_000_000

/** Finds or makes the build to keep. A version that is not the serving one is built while the old documents go on serving. */
export const openBuild = async (
  documents: Documents,
  serving: Serving,
  projection: Projection,
  head: bigint,
): Promise<Build> => {
  const record = await readRecord(documents, projection.name)
  const serves = record?.version === projection.version
  const build = createBuild(projection, serves ? record.generation : 0)
  await prepare(documents, build)
  if (build.position > head) {
    await discard(documents, build)
    await prepare(documents, build)
  }
  if (record === undefined || serves) {
    const { version, generation } = build
    const building = record?.building === undefined ? {} : { building: record.building }
    await writeRecord(documents, projection.name, { version, generation, ...building })
    serving.serve(build)
  } else {
    serving.serveFrozen(projection, record)
  }
  return build
}

/** Brings a build that is behind the line into it, and makes it the serving one. */
export const followUp = async (builds: Builds, build: Build, options: RebuildOptions = {}): Promise<void> => {
  await catchUp(withSignals(builds, options), build)
  if (build.stopped !== undefined) return builds.onStopped(build)
  const record = await readRecord(builds.documents, build.projection.name)
  if (record?.version === build.version && record.generation === build.generation) return
  await takeOver(builds, build, record === undefined ? [] : collectionsOfRecord(build.projection, record))
}

/** An unfinished rebuild of an earlier run goes on from its checkpoint. */
export const resumeRebuilds = async (builds: Builds): Promise<void> => {
  for (const { projection } of builds.current.values()) {
    const record = await readRecord(builds.documents, projection.name)
    if (record?.building === undefined) continue
    if (record.building.version === projection.version) await rebuild(builds, projection.name, {})
    else
      await discard(builds.documents, {
        ...createBuild(projection, record.building.generation),
        ...record.building,
      })
  }
}

export const rebuild = async (
  builds: Builds,
  name: string,
  options: RebuildOptions,
): Promise<RebuildResult> => {
  const current = builds.current.get(name)
  if (current === undefined) throw new Error(`There is no projection ${name}`)
  return options.check === true
    ? checkAgainstScratch(builds, current, options)
    : replace(builds, current, options)
}

const replace = async (builds: Builds, current: Build, options: RebuildOptions): Promise<RebuildResult> => {
  const { documents } = builds
  const { projection } = current
  const record = await readRecord(documents, projection.name)
  const generation = record?.building?.generation ?? current.generation + 1
  const next = createBuild(projection, generation)
  await prepare(documents, next)
  const building = { version: next.version, generation }
  await writeRecord(documents, projection.name, {
    version: current.version,
    generation: current.generation,
    building,
  })
  await catchUp(withSignals(builds, options), next)
  if (next.stopped !== undefined) return { outcome: 'stopped', stopped: next.stopped }
  builds.line.leave(current)
  await takeOver(builds, next, collectionsOf(current))
  await documents.forgetCheckpoint(current.checkpoint)
  return { outcome: 'taken over', checkpoint: next.checkpoint }
}

/** From here on the new documents serve; the old ones go when their last reader is through. */
const takeOver = async (builds: Builds, next: Build, old: readonly string[]): Promise<void> => {
  const { name } = next.projection
  await builds.documents.flush()
  await writeRecord(builds.documents, name, { version: next.version, generation: next.generation })
  builds.serving.serve(next)
  builds.current.set(name, next)
  await builds.serving.idle(old)
  for (const collection of old) await builds.documents.drop(collection)
}

const checkAgainstScratch = async (
  builds: Builds,
  current: Build,
  options: RebuildOptions,
): Promise<RebuildResult> => {
  const scratch = createBuild(current.projection, CHECK_GENERATION)
  await discard(builds.documents, scratch)
  await prepare(builds.documents, scratch)
  try {
    await catchUp(withSignals(builds, options), scratch)
    if (scratch.stopped !== undefined) return { outcome: 'stopped', stopped: scratch.stopped }
    const comparison = await compareBuilds(builds.documents, builds.line, current, scratch)
    return { outcome: 'compared', ...comparison }
  } finally {
    builds.line.leave(scratch)
    await discard(builds.documents, scratch)
  }
}

const collectionsOfRecord = (
  projection: Projection,
  record: { readonly version: number; readonly generation: number },
): readonly string[] =>
  Object.keys(projection.collections).map((name) => physicalName(name, record.version, record.generation))

const withSignals = (builds: Builds, options: RebuildOptions): CatchUp => ({
  ...builds,
  ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  signal: options.signal === undefined ? builds.signal : AbortSignal.any([builds.signal, options.signal]),
})
