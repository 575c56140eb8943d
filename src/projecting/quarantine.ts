import { isErasure } from '../domain/platform/erasure.ts'
import { HELD_STREAMS_MAX } from '../limits.ts'
import type { Build, Stopped } from './build.ts'
import { released, type Hold, type Holds } from './holds.ts'
import type { Progress } from './rebuild.ts'
import type { ServingRecord } from './serving.ts'
import { currentOf, followUp, rebuild, shownWhole, type Builds, type RebuildOptions } from './takeover.ts'

export type HoldResult =
  | { readonly outcome: 'held'; readonly hold: Hold; readonly stopped: Stopped | undefined }
  | { readonly outcome: 'not stopped'; readonly holds: Holds }

export type ReleaseResult =
  | { readonly outcome: 'released'; readonly checkpoint: string; readonly holds: Holds }
  | { readonly outcome: 'stopped'; readonly stopped: Stopped }
  | { readonly outcome: 'not held'; readonly holds: Holds }

/**
 * Holds the event that the projection has stopped in front of with everything behind it in its stream, and lets the projection go on with
 * everything else. The hold is kept before anything moves; `stopped` in the result is where it stops next. What the documents refused they
 * may have taken in part, so then they are made anew under the holds. Throws when the event is an erasure: that is never held.
 */
export const hold = async (
  builds: Builds,
  name: string,
  onProgress?: (progress: Progress) => void,
): Promise<HoldResult> => {
  const build = currentOf(builds, name)
  await shownWhole(builds, name)
  const { stopped } = build
  if (stopped === undefined) return { outcome: 'not stopped', holds: build.holds }
  const made = holdOf(stopped)
  const holds = new Map(build.holds).set(made.stream, made)
  if (holds.size > HELD_STREAMS_MAX)
    throw new Error(`${name} holds ${HELD_STREAMS_MAX} streams already: its code has to be mended`)
  await builds.records.change(name, (record) => record && { ...withoutStopped(record), holds })
  build.holds = holds
  build.stopped = undefined
  build.goesOn = true
  build.caughtUp = false
  await goOn(builds, build, onProgress)
  if (stopped.refused === true && stoppedOf(build) === undefined) await rebuild(builds, name, {})
  return { outcome: 'held', hold: made, stopped: stoppedOf(build) }
}

/**
 * Builds the projection anew without the hold of that stream, or without any, and lets it take over: then it is as if nothing had ever been held.
 * If it meets a poison event again, what serves stays as it is, with its holds.
 */
export const release = async (
  builds: Builds,
  name: string,
  stream: string | undefined,
  options: RebuildOptions,
): Promise<ReleaseResult> => {
  const { holds } = currentOf(builds, name)
  const left = released(holds, stream)
  if (left.size === holds.size) return { outcome: 'not held', holds }
  const result = await rebuild(builds, name, options, left)
  switch (result.outcome) {
    case 'taken over':
      return { outcome: 'released', checkpoint: result.checkpoint, holds: left }
    case 'stopped':
      return result
    case 'compared':
      throw new Error('A release is no check')
  }
}

/** It is neither stopped nor in the line meanwhile: if that cannot be ended, all have to begin again. */
const goOn = async (
  builds: Builds,
  build: Build,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<void> => {
  try {
    await followUp({ ...builds, ...(onProgress === undefined ? {} : { onProgress }) }, build)
  } catch (error) {
    if (!builds.signal.aborted) builds.onBroken(error)
    throw error
  }
}

/** Others have moved it since. */
const stoppedOf = ({ stopped }: Build): Stopped | undefined => stopped

const holdOf = (stopped: Stopped): Hold => {
  if (isErasure(stopped)) throw new Error('An erasure is never held: the code has to be mended')
  const { stream, position, type } = stopped
  return { stream, position, type }
}

const withoutStopped = ({ stopped: _over, ...record }: ServingRecord): ServingRecord => record
