import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { openEmbeddedDocuments } from '../documents/embedded/documents.ts'
import type { Documents } from '../documents/port.ts'
import { documentsPath } from '../embedded/directory.ts'
import type { History, Page } from '../history/port.ts'
import { applyPage } from '../projecting/apply.ts'
import { createBuild, prepare, type Build, type Stopped } from '../projecting/build.ts'
import type { Projection } from '../projecting/projection.ts'
import {
  compareReplayed,
  notingUnbuilt,
  servingOf,
  type Compared,
  type Difference,
} from './replay-compare.ts'

/** Which events to replay: a whole stream, or everything between two positions, both included; without `to` up to the head. */
export type Selection =
  { readonly stream: string } | { readonly from: bigint; readonly to?: bigint | undefined }

/** Pages of the selected events that are there now; called again, of those that came since. */
export const selectEvents = (history: History, selection: Selection): (() => AsyncIterable<Page>) =>
  'stream' in selection ? streamEvents(history, selection.stream) : eventsBetween(history, selection)

export type ReplayParts = {
  /** Sealed fields opened. */
  readonly history: History
  /** Those that serve; they are read only. */
  readonly documents: Documents
  readonly projection: Projection
  readonly selection: Selection
  readonly onDifference: (difference: Difference) => void
  /** Told after each page how many events were replayed. */
  readonly onProgress?: (events: number) => void
}

export type Replayed = { readonly events: number } & (
  | { readonly outcome: 'nothing' }
  | { readonly outcome: 'stopped'; readonly stopped: Stopped }
  | ({ readonly outcome: 'compared' } & Compared)
)

/**
 * Feeds the events to the projection in documents of its own, which are removed afterwards, and compares every document that they touch with the
 * serving one. Throws if nothing of the projection serves.
 */
export const replay = async (parts: ReplayParts): Promise<Replayed> => {
  const { projection, history, selection } = parts
  const serving = await servingOf(parts.documents, projection.name)
  const failed = new AbortController()
  const scratch = await openScratch((error) => failed.abort(error))
  try {
    const build = createBuild(projection, 0)
    await prepare(scratch.documents, build)
    const target = { documents: notingUnbuilt(scratch.documents), signal: failed.signal }
    const pages = selectEvents(history, selection)
    let events = 0
    const advance = async (): Promise<number> => {
      const before = events
      for await (const page of pages()) {
        await applyPage(target, [build], page, page.at(-1)?.position ?? build.position)
        const stopped = stoppedOf(build)
        events += stopped === undefined ? page.length : countBefore(page, stopped)
        if (stopped !== undefined) break
        parts.onProgress?.(events)
        // Signals are heard between two turns only.
        await breathe()
      }
      return events - before
    }
    await advance()
    if (build.stopped === undefined && events > 0) {
      const compared = await compareReplayed({
        ...parts,
        scratch: scratch.documents,
        build,
        serving,
        advance,
      })
      if (stoppedOf(build) === undefined) return { outcome: 'compared', events, ...compared }
    }
    const stopped = stoppedOf(build)
    return stopped === undefined ? { outcome: 'nothing', events } : { outcome: 'stopped', events, stopped }
  } finally {
    await scratch.close()
  }
}

/** It changes while others work on it. */
const stoppedOf = ({ stopped }: Build): Stopped | undefined => stopped

const countBefore = (page: Page, stopped: Stopped): number =>
  page.filter(({ position }) => position < stopped.position).length

const streamEvents = (history: History, stream: string): (() => AsyncIterable<Page>) => {
  let next = 0n
  return async function* () {
    for await (const page of history.read(stream, { from: next })) {
      next = (page.at(-1)?.revision ?? -1n) + 1n
      yield page
    }
  }
}

const eventsBetween = (
  history: History,
  { from, to }: Exclude<Selection, { readonly stream: string }>,
): (() => AsyncIterable<Page>) => {
  let after = from > 0n ? from - 1n : 0n
  return async function* () {
    // Without a fixed end a busy history would have none.
    const head = await history.head()
    const end = to === undefined || to > head ? head : to
    if (after >= end) return
    for await (const page of history.readAll({ after })) {
      const due = page.filter(({ position }) => position <= end)
      after = due.at(-1)?.position ?? after
      if (due.length > 0) yield due
      if (due.length < page.length || after >= end) return
    }
  }
}

type Scratch = { readonly documents: Documents; readonly close: () => Promise<void> }

/** On disk, so that any number of events fits; gone with the process, unless that is killed. */
const openScratch = async (onFatal: (error: Error) => void): Promise<Scratch> => {
  // At once with what removes it: a signal comes between any two turns.
  const directory = mkdtempSync(join(tmpdir(), 'headwater-replay-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  process.once('exit', remove)
  const gone = (): void => {
    process.off('exit', remove)
    remove()
  }
  try {
    const documents = await openEmbeddedDocuments({ path: documentsPath(directory), onFatal })
    return { documents, close: () => documents.close().finally(gone) }
  } catch (error) {
    gone()
    throw error
  }
}
