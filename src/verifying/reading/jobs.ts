import type { Part } from '../parts.ts'

/** What is to be verified. */
export type Source =
  /** The stores that the environment names; `trees`: with the documents. */
  | { readonly kind: 'stores'; readonly trees: boolean }
  /** An exported history. */
  | { readonly kind: 'file'; readonly path: string }
  /** A running server. */
  | { readonly kind: 'server'; readonly url: string; readonly token: string }

/** What a reader is asked for. Each can be asked again. */
export type Job =
  | { readonly kind: 'describe' }
  /** Positions of an embedded history, both included; the first is leaf `leaf`, of `leaves` that are in the stored tree. */
  | {
      readonly kind: 'range'
      readonly from: number
      readonly to: number
      readonly leaf: number
      readonly leaves: number
    }
  /** The lines that begin within these bytes of a file. */
  | { readonly kind: 'bytes'; readonly offset: number; readonly length: number }
  /** The next events of a history that is read in order. */
  | { readonly kind: 'after'; readonly after: string; readonly leaf: number; readonly leaves: number }
  /** The index of streams of an embedded history, as far as it speaks of these positions. */
  | { readonly kind: 'index'; readonly first: number; readonly last: number }
  /** `count` hashes of a level of the stored tree. */
  | { readonly kind: 'tiles'; readonly level: number; readonly from: number; readonly count: number }

export type TreeState = { readonly size: number; readonly position: string; readonly root: string }

export type Description = {
  readonly reads: 'range' | 'bytes' | 'after'
  readonly what: string
  /** Of an embedded history; 0 and -1 if it is empty. */
  readonly first: number
  readonly last: number
  /** Of a file. */
  readonly bytes: number
  readonly tree?: TreeState
  /** Its hashes can be read too; without them only its root is compared. */
  readonly hasTiles: boolean
  /** Why there is no tree to compare with. */
  readonly noTree?: string
}

/** What the reader answers: for `tiles` as many hashes as are there. */
export type Answers = {
  readonly describe: Description
  readonly range: Part
  readonly bytes: Part
  readonly after: Part
  readonly index: Part
  readonly tiles: Buffer
}

export type PartJob = Extract<Job, { readonly kind: 'range' | 'bytes' | 'after' }>

/** One that reads: in the same process, or in one that may die over what it reads. */
export type Reads = {
  readonly run: <J extends Job>(job: J) => Promise<Answers[J['kind']]>
  readonly close: () => Promise<void>
}

/** Leaves of a part: a whole number of tiles, so that parts and tiles end together. */
export const PART_LEAVES = 4_096
/** Of a file. */
export const PART_BYTES = 2 * 1024 * 1024
