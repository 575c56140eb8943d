import { PROJECTION_LATE_MS_MAX, PROJECTION_STILL_MS_MAX, PROJECTIONS_LOOK_MS_MAX } from '../limits.ts'

/** Where the projections are at a moment. `at`: milliseconds of a clock that never goes back. */
export type Look = { readonly at: number; readonly head: bigint; readonly marks: readonly Mark[] }

/** `follows`: it has caught up since the start and has not stopped, so it ought to move with the history. */
export type Mark = { readonly name: string; readonly position: bigint; readonly follows: boolean }

/** What the looks so far tell of a projection. */
export type Pace = {
  readonly position: bigint
  /** When it was first seen to follow, and when its mark moved last. */
  readonly followedAt: number
  readonly movedAt: number
  /** Milliseconds for which its mark stands still although there are events behind it. */
  readonly stillMs: number
  /** Milliseconds for which an event has been there that it does not show, at least. */
  readonly lateMs: number
}

export type Paces = {
  readonly at: number
  /** Ends of the history in front of the last projection, each with when it was first seen. */
  readonly heads: readonly Head[]
  readonly of: ReadonlyMap<string, Pace>
}

type Head = { readonly position: bigint; readonly seenAt: number }

export const NO_PACES: Paces = { at: Number.NEGATIVE_INFINITY, heads: [], of: new Map() }

/**
 * After one more look. Time counts only while it is looked: of a process that slept, and of one whose history did not answer, nothing is
 * concluded. Nor of a projection that is being built.
 */
export const paced = (before: Paces, { at, head, marks }: Look): Paces => {
  const known = at - before.at > PROJECTIONS_LOOK_MS_MAX ? NO_PACES : before
  const following = marks.filter(({ follows }) => follows)
  const last = following.reduce((least, { position }) => (position < least ? position : least), head)
  const ends = seen(known.heads, { position: head, seenAt: at })
  const heads = ends.filter(({ position }) => position > last)
  const paces = following.map(
    ({ name, position }) => [name, paceOf(known.of.get(name), { at, heads, position })] as const,
  )
  return { at, heads, of: new Map(paces) }
}

/** Why a projection of that pace is not fit to serve. */
export const slowness = ({ position, stillMs, lateMs }: Pace): string | undefined => {
  if (stillMs >= PROJECTION_STILL_MS_MAX)
    return `stands still at position ${position} for ${seconds(stillMs)} s while the history goes on`
  if (lateMs >= PROJECTION_LATE_MS_MAX) return `shows events ${seconds(lateMs)} s late`
  return undefined
}

const paceOf = (
  before: Pace | undefined,
  {
    at,
    heads,
    position,
  }: { readonly at: number; readonly heads: readonly Head[]; readonly position: bigint },
): Pace => {
  const followedAt = before?.followedAt ?? at
  const movedAt = before?.position === position ? before.movedAt : at
  const due = heads.find((head) => head.position > position)
  const since = due === undefined ? at : Math.max(due.seenAt, followedAt)
  return {
    ...{ position, followedAt, movedAt },
    stillMs: due === undefined ? 0 : at - Math.max(movedAt, since),
    lateMs: at - since,
  }
}

/** Of a share of the time that they tell of, so that they stay some hundred: an event counts as being there from the look behind it. */
const FINENESS = 128

const seen = (heads: readonly Head[], head: Head): readonly Head[] => {
  const [first, last] = [heads[0], heads.at(-1)]
  if (first === undefined || last === undefined) return [head]
  const isApart = (head.seenAt - last.seenAt) * FINENESS >= head.seenAt - first.seenAt
  return isApart && last.position < head.position ? [...heads, head] : heads
}

const seconds = (ms: number): number => Math.floor(ms / 1_000)
