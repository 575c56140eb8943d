import type { Json, JsonObject } from '../json.ts'

/**
 * The port of the document store: named collections of JSON documents in MongoDB's query and update language, written by
 * projections only and always together with the position of the event that causes the write.
 *
 * **The guard.** Each document remembers the position of the last write that changed it. A write changes a document only if
 * its own position is greater. So a batch applied twice, or cut at any place and applied again, equals applying it once. A deletion leaves
 * a tombstone (invisible to every read) that keeps the position, so a late older write cannot bring the document back.
 * A projection makes at most one write for one document out of one event.
 */
export type Documents = {
  /**
   * Applies in order, then stores the checkpoints. Durable lazily: after a crash it may be behind, never ahead, never torn. Until it answers
   * others may see a part of it.
   */
  readonly apply: (writes: readonly Write[], checkpoints: readonly Checkpoint[]) => Promise<void>
  readonly get: (collection: string, id: string) => Promise<Versioned | undefined>
  /** Pages of matching documents. Each page is read when it is asked for; nothing holds the whole result. */
  readonly find: (
    collection: string,
    filter: Filter,
    options?: FindOptions,
  ) => AsyncIterable<readonly Document[]>
  readonly count: (collection: string, filter: Filter) => Promise<number>
  /**
   * Everything a collection holds in order of `_id`, tombstones included (`value` is absent): for comparing two builds.
   * `after` resumes behind an id.
   */
  readonly scan: (collection: string, after?: string) => AsyncIterable<readonly Scanned[]>
  /** Declares a collection's indexes and fills them if documents are there. Idempotent. */
  readonly ensureIndexes: (collection: string, indexes: readonly Index[]) => Promise<void>
  /** Forgets a collection with its indexes, in pieces that let others work meanwhile. */
  readonly drop: (collection: string) => Promise<void>
  readonly collections: () => Promise<readonly string[]>
  readonly checkpoint: (name: string) => Promise<bigint | undefined>
  /** All of them by name, as of one moment or a later one each. */
  readonly checkpoints: () => Promise<ReadonlyMap<string, bigint>>
  readonly forgetCheckpoint: (name: string) => Promise<void>
  /** Forces what `apply` wrote to disk. */
  readonly flush: () => Promise<void>
  /**
   * Afterwards nothing that was deleted or replaced before stands in the files any more (decisions 8). Others read and write meanwhile. A
   * server of its own looks after its files itself.
   */
  readonly rewrite: () => Promise<void>
  readonly close: () => Promise<void>
}

export type Document = JsonObject & { readonly _id: string }
/** A document and the position of its last change. */
export type Versioned = { readonly at: bigint; readonly value: Document }
export type Scanned = { readonly id: string; readonly at: bigint; readonly value?: Document }
export type Checkpoint = { readonly name: string; readonly position: bigint }

export type Write = { readonly collection: string; readonly at: bigint } & (
  | { readonly id: string; readonly put: JsonObject }
  /** Changes an existing document; one that is missing stays missing. */
  | { readonly id: string; readonly update: Update }
  | { readonly id: string; readonly delete: true }
  /** Every document that matches, by a declared index (decisions 12). */
  | { readonly where: Filter; readonly update: Update }
  | { readonly where: Filter; readonly delete: true }
)

/** MongoDB's update operators, as far as every MongoDB-compatible server has them. Paths are dotted. */
export type Update = {
  readonly $set?: JsonObject
  readonly $unset?: { readonly [path: string]: '' }
  readonly $inc?: { readonly [path: string]: number }
  readonly $max?: JsonObject
  readonly $min?: JsonObject
  readonly $addToSet?: JsonObject
  readonly $push?: JsonObject
  readonly $pull?: JsonObject
}

/**
 * MongoDB's query language: a field with a value (equality; of an array, any element), or operators `$eq $ne $in $nin $gt $gte $lt
 * $lte $exists $regex $options $elemMatch $size $not`, joined by `$and`, `$or`, `$nor`.
 */
export type Filter = { readonly [pathOrOperator: string]: Json }

export type FindOptions = {
  /** Missing sorts like null: first. Strings by code point. Ties by `_id` ascending. Without it: by `_id` ascending. */
  readonly sort?: readonly SortKey[]
  readonly skip?: number
  readonly limit?: number
  /** Dotted paths to keep; `_id` is always kept. Nesting is kept, a path that is absent is left out. */
  readonly fields?: readonly string[]
}
export type SortKey = readonly [path: string, direction: 1 | -1]

/** Fields of an index, in order. An array in the document makes one entry an element. Every index ends with `_id` by itself. */
export type Index = { readonly keys: readonly string[]; readonly unique?: true }

/** Thrown when the store cannot be reached. */
export class DocumentsUnavailable extends Error {
  override readonly name = 'DocumentsUnavailable'
}
