import { setTimeout as pause } from 'node:timers/promises'
import type { Documents } from '../documents/port.ts'
import type { History, Page } from '../history/port.ts'
import { DOCUMENTS_WAIT_MS_MAX, RECORDS_CHECK_MS } from '../limits.ts'
import { untilAborted, untilAll } from './aborting.ts'
import { sameBuild, type Build, type Stopped } from './build.ts'
import { startLine } from './line.ts'
import { isHeld, NO_HOLDS, STREAM_HELD } from './holds.ts'
import type { Projection } from './projection.ts'
import { hold, release, type HoldResult, type ReleaseResult } from './quarantine.ts'
import type { Progress } from './rebuild.ts'
import { concerns, createReadersOf, type ProjectionStatus, type ReadModels } from './read-models.ts'
import {
  createRecords,
  createServing,
  readRecords,
  type Records,
  type Serving,
  type ServingRecord,
} from './serving.ts'
import {
  followUp,
  openBuild,
  rebuild,
  resume,
  type Builds,
  type RebuildOptions,
  type RebuildResult,
} from './takeover.ts'

/** Keeps all projections: follows the history, builds new versions beside the serving ones, rebuilds on request. */
export type Runner = ReadModels & {
  readonly serving: Serving
  /** One at a time. */
  readonly rebuild: (name: string, options?: RebuildOptions) => Promise<RebuildResult>
  /** In its turn with the rebuilds; goes on to its end whoever waits for it. */
  readonly hold: (name: string, onProgress?: (progress: Progress) => void) => Promise<HoldResult>
  /** The same of a rebuild without the hold of that stream, or without any. */
  readonly release: (name: string, stream?: string, options?: RebuildOptions) => Promise<ReleaseResult>
  readonly close: () => Promise<void>
}

export type RunnerParts = {
  readonly history: History
  readonly documents: Documents
  readonly projections: readonly Projection[]
  /** After the documents show these events and before anybody who waits for them is told. */
  readonly onApplied: (page: Page) => void
  readonly onStopped: (projection: string, stopped: Stopped) => void
  readonly onBroken: (error: unknown) => void
  /** Documents of that projection show what the history does not have, and will begin anew unless this rejects. */
  readonly onAhead?: (projection: string) => void | Promise<void>
  /** Milliseconds for which replaced documents are kept for other nodes that read them; without it nobody else has the documents. */
  readonly keepReplacedMs?: number
}

export const startRunner = async (parts: RunnerParts): Promise<Runner> => {
  const { history, documents } = parts
  const serving = createServing()
  const records = createRecords(documents)
  const keepMs = parts.keepReplacedMs ?? 0
  const opening = { history, documents, records, serving, keepMs, onAhead: parts.onAhead }
  const head = await history.head()
  const opened = await untilAll(parts.projections.map((projection) => openBuild(opening, projection, head)))
  const current = new Map(opened.map((build) => [build.projection.name, build]))

  const onStopped = stopReporter(parts, records, current)
  const all = [...current.values()]
  const ready = all.filter((build) => serving.serves(build))
  const from = ready.length === 0 ? head : foremost(ready)
  const front = ready.filter((build) => build.position === from)
  const closing = new AbortController()
  const { signal } = closing
  const line = startLine({ ...parts, onStopped, signal }, front, from)
  const aside = createAside(signal, parts.onBroken)
  const builds: Builds = {
    ...{ history, documents, records, serving, line, current, onStopped, signal, keepMs },
    onBroken: parts.onBroken,
    beside: new Set(),
    later: aside.run,
  }
  if (keepMs > 0) aside.run(() => untilMoved(builds))
  const behind = all.filter((build) => !front.includes(build))
  const background = Promise.all(behind.map((build) => followUp(builds, build)))
    .then(() => resume(builds))
    .catch((error: unknown) => {
      if (!closing.signal.aborted) parts.onBroken(error)
    })
  let rebuilding: Promise<unknown> = background
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = rebuilding.then(work)
    rebuilding = mine.catch(() => undefined)
    return mine
  }

  return {
    ...readModels(builds, parts.projections),
    serving,
    rebuild: (name, options = {}) => inTurn(() => rebuild(builds, name, options)),
    hold: (name, onProgress) => inTurn(() => hold(builds, name, onProgress)),
    release: (name, stream, options = {}) => inTurn(() => release(builds, name, stream, options)),
    close: async () => {
      closing.abort()
      await background
      await rebuilding.catch(() => undefined)
      await aside.ended()
      await line.ended()
    },
  }
}

/** As the line and the builds outside it stand at this moment. */
const readModels = (
  { line, current, serving, signal }: Builds,
  projections: readonly Projection[],
): Omit<ReadModels, 'serving'> => {
  const readersOf = createReadersOf(projections)
  const applied: Runner['applied'] = (prefixes) =>
    projections.reduce((least, projection) => {
      const build = current.get(projection.name)
      return concerns(projection, prefixes) && build !== undefined && build.position < least
        ? build.position
        : least
    }, line.position())
  const held: Runner['isHeld'] = (event) =>
    readersOf(event.stream).some((name) => isHeld(current.get(name)?.holds ?? NO_HOLDS, event))
  return {
    shown: async (stream, position) => {
      if (!(await line.reached(position, DOCUMENTS_WAIT_MS_MAX))) return false
      return (
        readersOf(stream).every((name) => (current.get(name)?.position ?? position) >= position) &&
        !held({ stream, position })
      )
    },
    applied,
    reached: async (position, prefixes) => {
      await line.reached(position, Number.POSITIVE_INFINITY)
      while (applied(prefixes) < position && !signal.aborted) await pause(REACHED_POLL_MS)
      return applied(prefixes) >= position
    },
    refusal: (stream) => {
      for (const name of readersOf(stream)) {
        const build = current.get(name)
        if (build?.stopped !== undefined) return 'projection_stopped'
        if (build?.holds.has(stream) === true) return STREAM_HELD
        if (build !== undefined && !(build.caughtUp && serving.serves(build))) return 'documents_behind'
      }
      return undefined
    },
    isHeld: held,
    status: () => [...current.values()].map(statusOf),
  }
}

/**
 * A process that does not know yet that it lost its lease may let another build serve. Throws when the records say so twice: once may be a
 * take-over of our own that is not through.
 */
const untilMoved = async ({ documents, serving, current, signal }: Builds): Promise<void> => {
  const isMoved = (records: ReadonlyMap<string, ServingRecord>): boolean =>
    [...current].some(([name, build]) => {
      const record = records.get(name)
      return serving.serves(build) && (record === undefined || !sameBuild(record, build))
    })
  for (let times = 0; times < 2;) {
    await untilAborted(pause(RECORDS_CHECK_MS, undefined, { ref: false }), signal)
    if (signal.aborted) return
    const records = await readRecords(documents).catch(() => undefined)
    times = records !== undefined && isMoved(records) ? times + 1 : 0
  }
  throw new Error('another process lets other documents serve')
}

/** Work beside the line, which ends with the signal. */
const createAside = (
  signal: AbortSignal,
  onBroken: (error: unknown) => void,
): { readonly run: Builds['later']; readonly ended: () => Promise<void> } => {
  const running = new Set<Promise<void>>()
  return {
    run: (work) => {
      const one: Promise<void> = work()
        .catch((error: unknown) => {
          if (!signal.aborted) onBroken(error)
        })
        .finally(() => void running.delete(one))
      running.add(one)
    },
    ended: () => Promise.all(running).then(() => undefined),
  }
}

const stopReporter =
  (parts: RunnerParts, records: Records, current: ReadonlyMap<string, Build>) =>
  (build: Build): void => {
    const { projection, stopped } = build
    if (stopped === undefined) return
    parts.onStopped(projection.name, stopped)
    // For who looks at the documents from outside; whoever asks this process is told without.
    if (current.get(projection.name) === build)
      records.change(projection.name, (record) => record && { ...record, stopped }).catch(() => undefined)
  }

const foremost = (builds: readonly Build[]): bigint =>
  builds.reduce((most, { position }) => (position > most ? position : most), 0n)

/** How often a build outside the line is looked at by those who wait for it. */
const REACHED_POLL_MS = 200

const statusOf = (build: Build): ProjectionStatus => ({
  name: build.projection.name,
  version: build.version,
  generation: build.generation,
  position: build.position,
  caughtUp: build.caughtUp,
  holds: build.holds,
  stopped: build.stopped,
})
