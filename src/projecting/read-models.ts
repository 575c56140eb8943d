import type { StoredEvent } from '../history/port.ts'
import type { Build, Stopped } from './build.ts'
import { reads } from './build.ts'
import type { Projection } from './projection.ts'
import type { Serving } from './serving.ts'

/** What everybody but the runner needs of the documents: where they stand, and which of them serve. */
export type ReadModels = {
  readonly serving: Pick<Serving, 'physical' | 'hold'>
  /** Whether the documents that show that stream got to the position, within the bounded wait. */
  readonly shown: (stream: string, position: bigint) => Promise<boolean>
  /** Position up to which the documents show all streams with these prefixes. */
  readonly applied: (prefixes: readonly string[]) => bigint
  /** Resolves once they show that position, however long it takes; false when this was closed before. */
  readonly reached: (position: bigint, prefixes: readonly string[]) => Promise<boolean>
  /** Why a write to that stream could not be shown at present. */
  readonly refusal: (stream: string) => string | undefined
  /** Whether a projection that reads its stream holds this event: nobody is told of it. */
  readonly isHeld: (event: Pick<StoredEvent, 'stream' | 'position'>) => boolean
  readonly status: () => readonly ProjectionStatus[]
}

export type ProjectionStatus = Pick<Build, 'version' | 'generation' | 'position' | 'caughtUp' | 'holds'> & {
  readonly name: string
  readonly stopped: Stopped | undefined
}

/** Which projections read a stream, remembered by category: everything up to the first `-`. */
export const createReadersOf = (
  projections: readonly Projection[],
): ((stream: string) => readonly string[]) => {
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

/** Whether a projection shows any stream with one of these prefixes. */
export const concerns = (projection: Projection, prefixes: readonly string[]): boolean =>
  projection.prefixes.some((mine) => prefixes.some((other) => overlap(mine, other)))

const overlap = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)
