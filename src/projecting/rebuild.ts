import { setImmediate as breathe } from 'node:timers/promises'
import type { Documents } from '../documents/port.ts'
import type { History, Page } from '../history/port.ts'
import { JOIN_EVENTS_MAX, REBUILD_SLICE_EVENTS } from '../limits.ts'
import { applyPage } from './apply.ts'
import type { Build } from './build.ts'
import type { Line } from './line.ts'

export type Progress = {
  readonly projection: string
  readonly position: bigint
  readonly head: bigint
  readonly eventsPerSecond: number
  readonly secondsLeft: number
}

export type CatchUp = {
  readonly history: History
  readonly documents: Documents
  readonly line: Line
  readonly onProgress?: (progress: Progress) => void
  readonly signal: AbortSignal
}

/** Somebody broke it off. What was built to take over stays, and the next rebuild of the projection goes on from there. */
export class RebuildInterrupted extends Error {
  override readonly name = 'RebuildInterrupted'
  constructor(projection: string) {
    super(`The work on ${projection} was interrupted; a rebuild goes on where it was`)
  }
}

const PROGRESS_MS = 500

/**
 * Brings a build from its checkpoint to the main line and into it, while the line serves. Its checkpoint is stored with every slice, so a
 * killed one goes on where it was. It never gets ahead of the line, so that in the line all builds show the same events. A poison
 * event leaves the build `stopped`, outside the line.
 */
export const catchUp = async (parts: CatchUp, build: Build): Promise<void> => {
  const watch = progressOf(parts, build)
  while ((await catchUpOnce(parts, build, watch)) > JOIN_EVENTS_MAX);
  if (build.stopped !== undefined) return
  await parts.line.exclusive(() => parts.line.join(build))
  watch(0, true)
}

/** To where the line is, or to a poison event; tells how many events that were. */
const catchUpOnce = async (parts: CatchUp, build: Build, watch: Watch): Promise<number> => {
  let seen = 0
  for await (const page of parts.history.readAll({ after: build.position })) {
    const end = parts.line.position()
    const due = page.filter(({ position }) => position <= end)
    if (!(await applySlices(parts, build, due, watch))) return 0
    seen += due.length
    if (due.length < page.length) break
  }
  return seen
}

/** False when the build has stopped. */
const applySlices = async (parts: CatchUp, build: Build, page: Page, watch: Watch): Promise<boolean> => {
  for (let from = 0; from < page.length; from += REBUILD_SLICE_EVENTS) {
    if (parts.signal.aborted) throw new RebuildInterrupted(build.projection.name)
    const slice = page.slice(from, from + REBUILD_SLICE_EVENTS)
    await applyPage(parts, [build], slice, slice.at(-1)?.position ?? build.position)
    if (build.stopped !== undefined) return false
    watch(slice.length)
    await breathe()
  }
  return true
}

type Watch = (events: number, last?: true) => void

const progressOf = (parts: CatchUp, build: Build): Watch => {
  const started = performance.now()
  let told = started
  let done = 0
  return (events, last) => {
    done += events
    const now = performance.now()
    if (parts.onProgress === undefined || (now - told < PROGRESS_MS && last === undefined)) return
    told = now
    const eventsPerSecond = Math.round(done / Math.max((now - started) / 1000, 0.001))
    const head = parts.line.position()
    const left = Number(head > build.position ? head - build.position : 0n)
    parts.onProgress({
      projection: build.projection.name,
      position: build.position,
      head,
      eventsPerSecond,
      secondsLeft: eventsPerSecond === 0 ? 0 : Math.ceil(left / eventsPerSecond),
    })
  }
}
