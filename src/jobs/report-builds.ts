import * as E from 'fp-ts/lib/Either.js'
import type { Engine } from '../commands/engine.ts'
import { buildCommandId, evictOldBuilds, onBuild } from '../commands/report-builds.ts'
import type { Document } from '../documents/port.ts'
import type { Rejection } from '../domain/rejection.ts'
import { BUILDS, UNFINISHED, type BuilderCommand, type BuiltRow } from '../domain/stores/builds.ts'
import { collectionOf } from '../domain/stores/names.ts'
import { isList, isObject, type JsonObject } from '../json.ts'
import { BUILD_OBJECTS_AT_ONCE } from '../limits.ts'
import type { Reader } from '../queries/reader.ts'
import type { Vault } from '../vault/port.ts'
import { startJob, type WakeableJob } from './job.ts'

export type BuildReports = {
  readonly engine: Engine
  readonly reader: Pick<Reader, 'find' | 'count'>
  readonly vault: Vault
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A build that could not go on; the next round tries again. */
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/**
 * Brings the builds of reports to their end (rightech 3.8), one after the other and on one node at a time. What a crash left is gone on with:
 * each step is decided by where the build stands.
 */
export const startBuildingReports = (parts: BuildReports): WakeableJob =>
  startJob({ ...parts, name: JOB, everyMs: parts.everyMs ?? EVERY_MS, leaseMs: LEASE_MS }, (signal) =>
    buildAll(parts, signal),
  )

const JOB = 'build-reports'
/** So long at most waits a build that another node was asked for. */
const EVERY_MS = 1_000
const LEASE_MS = 60_000
/** After that long the round ends, so that the lease is renewed. */
const ROUND_MS_MAX = 20_000

const buildAll = async (parts: BuildReports, signal: AbortSignal): Promise<'more' | undefined> => {
  const until = performance.now() + ROUND_MS_MAX
  const unfinished = parts.reader.find(collectionOf(BUILDS), { status: { $in: UNFINISHED } })
  for await (const page of unfinished) {
    for (const build of page) {
      if (signal.aborted) return undefined
      if (performance.now() > until) return 'more'
      await toEnd(parts, build, signal).catch(parts.onFailure)
    }
  }
  return undefined
}

const toEnd = async (parts: BuildReports, build: Document, signal: AbortSignal): Promise<void> => {
  const { _id: id, group } = build
  const advance = (to: 'queued' | 'processing', progress = 0): Promise<JsonObject | undefined> =>
    step(parts, to === 'queued' ? to : `${to} ${progress}`, {
      type: 'AdvanceBuild',
      id,
      at: parts.now(),
      to,
      progress,
    })
  // Who asked for it may have crashed before he made room for it.
  const refused =
    typeof group === 'string'
      ? await evictOldBuilds(parts, group, { actor: ACTOR, at: parts.now() })
      : undefined
  if (refused !== undefined) throw failed(id, refused)
  await advance('queued')
  let state = await advance('processing')
  const ids = idsOf(build)
  const rows: BuiltRow[] = []
  for (let done = 0; done < ids.length; done += BUILD_OBJECTS_AT_ONCE) {
    if (done > 0) state = await advance('processing', Math.floor((done * 100) / ids.length))
    if (signal.aborted || state?.['status'] !== 'processing') return
    rows.push(...(await rowsOf(parts.reader, build, ids.slice(done, done + BUILD_OBJECTS_AT_ONCE))))
  }
  await step(parts, 'completed', { type: 'CompleteBuild', id, at: parts.now(), rows })
}

const ACTOR = `platform:job:${JOB}`

/** The build after a step; `undefined` if it is gone. */
const step = async (
  { engine, now }: BuildReports,
  name: string,
  command: BuilderCommand,
): Promise<JsonObject | undefined> => {
  const { id } = command
  const done = await engine.execute({
    ...onBuild(id, command),
    commandId: buildCommandId(id, name),
    actor: ACTOR,
    at: now(),
  })()
  if (E.isLeft(done)) throw failed(id, done.left)
  return done.right.state.entity
}

const failed = (id: string, { kind, reason }: Rejection): Error => new Error(`build ${id}: ${kind} ${reason}`)

const idsOf = ({ payload }: Document): readonly string[] =>
  isObject(payload) && isList(payload['objects'])
    ? payload['objects'].filter((id) => typeof id === 'string')
    : []

/** One row an object that is still there, in the order in which they were asked for. */
const rowsOf = async (
  reader: BuildReports['reader'],
  { payload }: Document,
  ids: readonly string[],
): Promise<readonly BuiltRow[]> => {
  const { from = null, to = null } = isObject(payload) ? payload : {}
  const names = new Map<string, string>()
  const objects = reader.find(collectionOf('objects'), { _id: { $in: ids } }, { fields: ['name'] })
  for await (const page of objects) {
    for (const { _id, name } of page) names.set(_id, typeof name === 'string' ? name : '')
  }
  const rows: BuiltRow[] = []
  for (const id of ids) {
    const name = names.get(id)
    if (name === undefined) continue
    rows.push([name, await reader.count('stores_packets', { _oid: id, time: { $gte: from, $lte: to } })])
  }
  return rows
}
