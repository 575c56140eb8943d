import { setTimeout as pause } from 'node:timers/promises'
import type { Documents } from '../documents/port.ts'
import type { History, Page } from '../history/port.ts'
import { DOCUMENTS_WAIT_MS_MAX } from '../limits.ts'
import { reads, type Build, type Stopped } from './build.ts'
import { startLine } from './line.ts'
import type { Projection } from './projection.ts'
import { createRecords, createServing, type Records, type Serving } from './serving.ts'
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
export type Runner = {
  readonly serving: Serving
  /** Whether the documents that show that stream got to the position, within the bounded wait. */
  readonly shown: (stream: string, position: bigint) => Promise<boolean>
  /** Position up to which the documents show all streams with these prefixes. */
  readonly applied: (prefixes: readonly string[]) => bigint
  /** Resolves once they show that position, however long it takes; false when the runner was closed before. */
  readonly reached: (position: bigint, prefixes: readonly string[]) => Promise<boolean>
  /** Why a write to that stream could not be shown at present. */
  readonly refusal: (stream: string) => string | undefined
  readonly status: () => readonly ProjectionStatus[]
  /** One at a time. */
  readonly rebuild: (name: string, options?: RebuildOptions) => Promise<RebuildResult>
  readonly close: () => Promise<void>
}

export type ProjectionStatus = {
  readonly name: string
  readonly version: number
  readonly generation: number
  readonly position: bigint
  readonly caughtUp: boolean
  readonly stopped: Stopped | undefined
}

export type RunnerParts = {
  readonly history: History
  readonly documents: Documents
  readonly projections: readonly Projection[]
  /** After the documents show these events and before anybody who waits for them is told. */
  readonly onApplied: (page: Page) => void
  readonly onStopped: (projection: string, stopped: Stopped) => void
  readonly onBroken: (error: unknown) => void
  /** Documents of that projection showed what the history does not have, and begin anew. */
  readonly onAhead?: (projection: string) => void
}

export const startRunner = async (parts: RunnerParts): Promise<Runner> => {
  const { history, documents } = parts
  const serving = createServing()
  const records = createRecords(documents)
  const current = new Map<string, Build>()
  const head = await history.head()
  for (const projection of parts.projections) {
    current.set(
      projection.name,
      await openBuild({ documents, records, serving, onAhead: parts.onAhead }, projection, head),
    )
  }

  const onStopped = stopReporter(parts, records, current)
  const all = [...current.values()]
  const ready = all.filter((build) => serving.serves(build))
  const from = ready.length === 0 ? head : foremost(ready)
  const front = ready.filter((build) => build.position === from)
  const closing = new AbortController()
  const { signal } = closing
  const line = startLine({ ...parts, onStopped, signal }, front, from)
  const builds: Builds = { history, documents, records, serving, line, current, onStopped, signal }
  const behind = all.filter((build) => !front.includes(build))
  const background = Promise.all(behind.map((build) => followUp(builds, build)))
    .then(() => resume(builds))
    .catch((error: unknown) => {
      if (!closing.signal.aborted) parts.onBroken(error)
    })
  let rebuilding: Promise<unknown> = background

  const readersOf = createReadersOf(parts.projections)
  const applied: Runner['applied'] = (prefixes) =>
    all.reduce((least, { projection }) => {
      const build = current.get(projection.name)
      const concerned = projection.prefixes.some((mine) => prefixes.some((other) => overlap(mine, other)))
      return concerned && build !== undefined && build.position < least ? build.position : least
    }, line.position())
  return {
    serving,
    shown: async (stream, position) => {
      if (!(await line.reached(position, DOCUMENTS_WAIT_MS_MAX))) return false
      return readersOf(stream).every((name) => (current.get(name)?.position ?? position) >= position)
    },
    applied,
    reached: async (position, prefixes) => {
      await line.reached(position, Number.POSITIVE_INFINITY)
      while (applied(prefixes) < position && !closing.signal.aborted) await pause(REACHED_POLL_MS)
      return applied(prefixes) >= position
    },
    refusal: (stream) => {
      for (const name of readersOf(stream)) {
        const build = current.get(name)
        if (build?.stopped !== undefined) return 'projection_stopped'
        if (build !== undefined && !(build.caughtUp && serving.serves(build))) return 'documents_behind'
      }
      return undefined
    },
    status: () => [...current.values()].map(statusOf),
    rebuild: (name, options = {}) => {
      const mine = rebuilding.then(() => rebuild(builds, name, options))
      rebuilding = mine.catch(() => undefined)
      return mine
    },
    close: async () => {
      closing.abort()
      await background
      await rebuilding.catch(() => undefined)
      await line.ended()
    },
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

const overlap = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

/** How often a build outside the line is looked at by those who wait for it. */
const REACHED_POLL_MS = 200

const statusOf = (build: Build): ProjectionStatus => ({
  name: build.projection.name,
  version: build.version,
  generation: build.generation,
  position: build.position,
  caughtUp: build.caughtUp,
  stopped: build.stopped,
})

/** Which projections read a stream, remembered by category: everything up to the first `-`. */
const createReadersOf = (projections: readonly Projection[]): ((stream: string) => readonly string[]) => {
  const known = new Map<string, readonly string[]>()
  return (stream) => {
    const category = stream.slice(0, stream.indexOf('-') + 1)
    const found = known.get(category)
    if (found !== undefined) return found
    const names = projections.filter((projection) => reads(projection, stream)).map(({ name }) => name)
    known.set(category, names)
    return names
  }
}
