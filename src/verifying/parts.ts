import type { Fault } from './faults.ts'
import { HASH_BYTES } from './hashing.ts'
import type { JsonObject } from '../json.ts'

/** What a reader found in one stretch of the history: all that is needed to judge it together with the others. */
export type Part = {
  /** Leaf hashes, one behind the other. What cannot be read counts as a hash of zeros, so that those behind it keep their place. */
  readonly hashes: Buffer
  /** Of each leaf. */
  readonly positions: BigUint64Array
  readonly faults: readonly Fault[]
  readonly heads: readonly SeenHead[]
  /** What came of each stream, if the reader cannot check revisions by itself. */
  readonly streams: readonly SeenStream[]
  /** What ended the history by its own word. */
  readonly end?: { readonly events: number; readonly lastPosition: string; readonly root: string }
  /** Bytes of a file are behind the end that it names. */
  readonly more?: number
  /** Nothing is behind this part, as far as the reader can tell. */
  readonly isLast?: boolean
}

/** An event of the stream of signed heads. */
export type SeenHead = {
  /** Which leaf of the part it is. */
  readonly offset: number
  readonly position: string
  readonly revision: string
  readonly type: string
  readonly data: JsonObject
}

/** The events of one stream in a part: their revisions follow each other. */
export type SeenStream = {
  readonly stream: string
  readonly first: number
  readonly last: number
  /** Of the event with revision `first`. */
  readonly position: string
}

export const HEADS_STREAM = 'platform.job-heads'

export type PartBuilder = {
  readonly add: (position: bigint, leaf: Buffer) => void
  /** Leaves that are not there. */
  readonly holes: (position: bigint, count: number) => void
  readonly fault: (fault: Fault) => void
  readonly head: (head: Omit<SeenHead, 'offset'>) => void
  /** Notes an event of a stream; a fault if it does not follow the one before. */
  readonly follow: (stream: string, revision: string, position: bigint) => void
  readonly count: () => number
  readonly build: (more?: Pick<Part, 'end' | 'more' | 'isLast'>) => Part
}

export const createPart = (capacity: number): PartBuilder => {
  let hashes = Buffer.alloc(capacity * HASH_BYTES)
  let positions = new BigUint64Array(capacity)
  let count = 0
  const faults: Fault[] = []
  const heads: SeenHead[] = []
  const streams = new Map<string, Mutable<SeenStream>>()

  const reserve = (more: number): void => {
    if (count + more <= positions.length) return
    const grown = new BigUint64Array(2 * (count + more))
    grown.set(positions)
    positions = grown
    hashes = Buffer.concat([hashes], grown.length * HASH_BYTES)
  }
  return {
    add: (position, leaf) => {
      reserve(1)
      positions[count] = position
      leaf.copy(hashes, count * HASH_BYTES)
      count += 1
    },
    holes: (position, number) => {
      reserve(number)
      for (let n = 0; n < number; n += 1) positions[count + n] = position + BigInt(n)
      count += number
    },
    fault: (fault) => void faults.push(fault),
    head: (head) => void heads.push({ ...head, offset: count }),
    follow: (stream, text, position) => {
      const revision = Number(text)
      const known = streams.get(stream)
      if (known === undefined)
        streams.set(stream, { stream, first: revision, last: revision, position: String(position) })
      else {
        if (revision !== known.last + 1)
          faults.push(notFollowing({ stream, revision: text, position }, known.last))
        known.last = revision
      }
    },
    count: () => count,
    build: (more) => ({
      hashes: hashes.subarray(0, count * HASH_BYTES),
      positions: positions.slice(0, count),
      faults,
      heads,
      streams: [...streams.values()],
      ...more,
    }),
  }
}

export const notFollowing = (
  event: { readonly stream: string; readonly revision: string; readonly position: bigint | string },
  last: number,
): Fault => ({
  kind: 'revision',
  ...{ stream: event.stream, revision: event.revision, position: String(event.position) },
  detail: `revision ${event.revision} follows ${last < 0 ? 'nothing' : last}: ${last + 1} was due`,
})

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
