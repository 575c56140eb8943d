import { setTimeout as pause } from 'node:timers/promises'
import type { Documents } from '../documents/port.ts'
import type { History } from '../history/port.ts'
import { AHEAD_MS_MAX } from '../limits.ts'
import { untilAborted } from './aborting.ts'
import {
  createBuild,
  discard,
  partsOf,
  physicalName,
  prepare,
  sameBuild,
  type Build,
  type BuildId,
  type Stopped,
} from './build.ts'
import { compareBuilds, type Comparison } from './compare.ts'
import { NO_HOLDS, sameHolds, type Holds } from './holds.ts'
import type { Line } from './line.ts'
import type { Projection } from './projection.ts'
import { catchUp, RebuildInterrupted, type CatchUp, type Progress } from './rebuild.ts'
import type { Records, Serving, ServingRecord } from './serving.ts'

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
  readonly records: Records
  readonly serving: Serving
  readonly line: Line
  /** The build of each projection that this process keeps for serving. */
  readonly current: Map<string, Build>
  readonly onStopped: (build: Build) => void
  /** This process cannot go on keeping the documents. */
  readonly onBroken: (error: unknown) => void
  /** Milliseconds for which replaced documents are kept, and kept up: other nodes read them until they have heard. */
  readonly keepMs: number
  /** Builds whose documents stay although they do not serve: replaced ones for that time, a check's copy until it is compared. */
  readonly beside: Set<Build>
  /** Runs beside the caller, until the runner closes. */
  readonly later: (work: () => Promise<void>) => void
  /** The runner closes: what is under way stops between two slices and is resumed at the next start. */
  readonly signal: AbortSignal
}

/** A check gets a generation that no rebuild ever has. */
const CHECK_GENERATION = 1_000_000_000

type Opening = Pick<Builds, 'history' | 'documents' | 'records' | 'serving' | 'keepMs'> & {
  /** Its documents show what the history does not have, and will begin anew unless this rejects. */
  readonly onAhead: ((projection: string) => void | Promise<void>) | undefined
}

/**
 * Finds or makes the build to keep. A version that is not the serving one is built while the old documents go on serving, and holds what they
 * hold; documents that begin anew hold nothing.
 */
export const openBuild = async (opening: Opening, projection: Projection, head: bigint): Promise<Build> => {
  const { records, serving, onAhead } = opening
  const record = await records.read(projection.name)
  const serves = record?.version === projection.version
  const build = createBuild(projection, serves ? record.generation : 0, record?.holds)
  if (await prepareUpTo(opening, build, head, onAhead)) build.holds = NO_HOLDS
  if (record === undefined || serves) {
    const isSaid = record?.holds === build.holds && record.stopped === undefined
    if (!isSaid) await records.change(projection.name, () => servingRecord(build, record))
    serving.serve(build)
  } else {
    serving.serveFrozen(projection, record)
  }
  return build
}

const servingRecord = (
  { version, generation, holds }: Build,
  before: ServingRecord | undefined,
): ServingRecord => ({
  ...{ version, generation, holds },
  ...(before?.building === undefined ? {} : { building: before.building }),
})

/** Brings a build that is behind the line into it, and makes it the serving one. */
export const followUp = async (builds: Builds & Pick<CatchUp, 'onProgress'>, build: Build): Promise<void> => {
  await catchUp(builds, build)
  if (build.stopped !== undefined) return builds.onStopped(build)
  if (!builds.serving.serves(build)) await takeOver(builds, build)
}

/** What an earlier run had not got through: leftovers go, and an unfinished rebuild goes on from its checkpoint. */
export const resume = async (builds: Builds): Promise<void> => {
  for (const build of builds.current.values()) {
    const { name, version } = build.projection
    if (!builds.serving.serves(build)) continue
    const building = (await builds.records.read(name))?.building
    const goesOn = building?.version === version
    if (building !== undefined && !goesOn) {
      await builds.records.change(name, (record) => record && withoutBuilding(record))
    }
    await discardOthers(builds, build.projection)
    if (goesOn) await rebuild(builds, name, {}, building.holds)
  }
}

/** With the holds of the documents that serve, unless others are given. */
export const rebuild = async (
  builds: Builds,
  name: string,
  options: RebuildOptions,
  holds?: Holds,
): Promise<RebuildResult> => {
  const current = currentOf(builds, name)
  const parts = withSignals(builds, options)
  await shownWhole(parts, name)
  return options.check === true
    ? checkAgainstScratch(builds, current, parts)
    : replace(builds, current, { ...parts, holds: holds ?? current.holds })
}

export const currentOf = ({ current }: Builds, name: string): Build => {
  const build = current.get(name)
  if (build === undefined) throw new Error(`There is no projection ${name}`)
  return build
}

/** A build follows the line: what is asked about the history of now has to wait until the line is there. */
export const shownWhole = async ({ history, line, signal }: CatchUp, name: string): Promise<void> => {
  const head = await history.head()
  const isThere = await untilAborted(line.reached(head, Number.POSITIVE_INFINITY), signal)
  if (signal.aborted || isThere !== true) throw new RebuildInterrupted(name)
}

/** One that was begun with the same holds goes on. What stops is thrown away: other code will have to make it, from the beginning. */
const replace = async (
  builds: Builds,
  current: Build,
  parts: CatchUp & { readonly holds: Holds },
): Promise<RebuildResult> => {
  const { records, documents } = builds
  const { holds } = parts
  const { projection, version } = current
  const begun = (await records.read(projection.name))?.building
  const other = begun?.version === version ? begun : current
  const goesOn = other === begun && sameHolds(begun.holds, holds)
  const generation = goesOn ? other.generation : other.generation + 1
  const next = createBuild(projection, generation, holds)
  await prepareUpTo(builds, next, await builds.history.head())
  await records.change(
    projection.name,
    (record) => record && { ...record, building: { version, generation, holds } },
  )
  if (!goesOn && other === begun) await discard(documents, createBuild(projection, begun.generation))
  await catchUp(parts, next)
  if (next.stopped !== undefined) {
    await discard(documents, next)
    await records.change(projection.name, (record) => record && withoutBuilding(record))
    return { outcome: 'stopped', stopped: next.stopped }
  }
  await takeOver(builds, next)
  return { outcome: 'taken over', checkpoint: next.checkpoint }
}

/** Documents that are ahead of a history that was put back are of no use: they begin anew. Tells whether they do. */
const prepareUpTo = async (
  parts: Pick<Builds, 'history' | 'documents' | 'keepMs'>,
  build: Build,
  head: bigint,
  onAhead?: Opening['onAhead'],
): Promise<boolean> => {
  const { documents } = parts
  await prepare(documents, build)
  if (build.position <= head || !(await isAhead(parts, build.position))) return false
  await onAhead?.(build.projection.name)
  await discard(documents, build)
  await prepare(documents, build)
  return true
}

/**
 * Asked anew behind the checkpoint: another process that lost its lease may still be bringing the documents forward. Shared stores are given
 * time, because a member of a cluster that lags behind its leader has a lower head for a moment.
 */
const isAhead = async (
  { history, keepMs }: Pick<Builds, 'history' | 'keepMs'>,
  position: bigint,
): Promise<boolean> => {
  const deadline = performance.now() + (keepMs === 0 ? 0 : AHEAD_MS_MAX)
  while ((await history.head()) < position) {
    if (performance.now() >= deadline) return true
    await pause(AHEAD_POLL_MS)
  }
  return false
}

const AHEAD_POLL_MS = 100

/** From here on the new documents serve; until that moment both builds are kept. */
const takeOver = async (builds: Builds, next: Build): Promise<void> => {
  const { version, generation, holds, projection } = next
  await builds.documents.flush()
  await builds.records.change(projection.name, () => ({ version, generation, holds }))
  const before = builds.current.get(projection.name)
  builds.serving.serve(next)
  builds.current.set(projection.name, next)
  if (before === undefined || before === next) return discardOthers(builds, projection)
  if (builds.keepMs === 0) builds.line.leave(before)
  else builds.beside.add(before)
  await discardOthers(builds, projection, before)
}

/**
 * Whatever of a projection is not kept goes, when its last reader is through: replaced builds and versions, copies that a check left. The
 * checkpoint goes first, because one without its documents would be believed by a version that comes back.
 */
const discardOthers = async (builds: Builds, projection: Projection, replaced?: Build): Promise<void> => {
  if (builds.keepMs === 0) return discardNow(builds, projection)
  builds.later(async () => {
    await untilAborted(pause(builds.keepMs, undefined, { ref: false }), builds.signal)
    if (builds.signal.aborted) return
    if (replaced !== undefined) {
      builds.line.leave(replaced)
      builds.beside.delete(replaced)
    }
    await discardNow(builds, projection)
  })
}

const discardNow = async (builds: Builds, projection: Projection): Promise<void> => {
  const { documents, serving, signal } = builds
  for (const collection of await documents.collections()) {
    const id = partsOf(collection)
    if (id === undefined || !Object.hasOwn(projection.collections, id.name)) continue
    if (await isKept(builds, projection.name, id)) continue
    await serving.idle(collection, signal)
    if (signal.aborted) return
    await documents.forgetCheckpoint(physicalName(projection.name, id.version, id.generation))
    await untilAborted(documents.drop(collection), signal)
  }
}

/** What serves, what this process brings forward, and what is being built: asked at the last moment, because all of it moves. */
const isKept = async ({ records, current, beside }: Builds, name: string, id: BuildId): Promise<boolean> => {
  const mine = [current.get(name), ...[...beside].filter(({ projection }) => projection.name === name)]
  if (mine.some((build) => build !== undefined && sameBuild(build, id))) return true
  const record = await records.read(name)
  return [record, record?.building].some((one) => one !== undefined && sameBuild(one, id))
}

const checkAgainstScratch = async (
  builds: Builds,
  current: Build,
  parts: CatchUp,
): Promise<RebuildResult> => {
  const scratch = createBuild(current.projection, CHECK_GENERATION, current.holds)
  builds.beside.add(scratch)
  await discard(builds.documents, scratch)
  await prepare(builds.documents, scratch)
  try {
    await catchUp(parts, scratch)
    if (scratch.stopped !== undefined) return { outcome: 'stopped', stopped: scratch.stopped }
    return { outcome: 'compared', ...(await compareBuilds(parts, current, scratch)) }
  } finally {
    builds.line.leave(scratch)
    builds.beside.delete(scratch)
    // A server that stops does not wait for it: the next start throws it away.
    if (!builds.signal.aborted) await discard(builds.documents, scratch)
  }
}

const withoutBuilding = ({ building: _done, ...record }: ServingRecord): ServingRecord => record

const withSignals = (builds: Builds, { onProgress, signal }: RebuildOptions): CatchUp => ({
  ...builds,
  ...(onProgress === undefined ? {} : { onProgress }),
  signal: signal === undefined ? builds.signal : AbortSignal.any([builds.signal, signal]),
})
