import type { Collection, Db } from 'mongodb'
import { DOCUMENT_ID_BYTES_MAX } from '../../limits.ts'
import type { JsonObject } from '../../json.ts'
import { orUnavailable, type Mongo } from '../../mongodb/connection.ts'
import { DocumentsUnavailable, type Document } from '../port.ts'
import { uniqueKeys } from '../entries.ts'
import { decodeObject, decodeText, encodeObject, encodeText } from './encoding.ts'

/**
 * A document in MongoDB. What the user's fields are called does not matter to the others, because they are below `v`.
 * `v` has the `_id` too: its place among the fields is part of the document.
 */
export type Stored = {
  /** Encoded as a text. */
  readonly _id: string
  /** Position of the last write. */
  readonly at: bigint
  /** The document; a tombstone has none. */
  readonly v?: JsonObject
  /** Something in it is written in another way (`encoding.ts`). */
  readonly e?: true
  /** What it takes for itself in unique indexes, by their names. */
  readonly u?: { readonly [index: string]: string | readonly string[] }
}

/** A unique index as every write has to know it. */
export type Unique = { readonly name: string; readonly keys: readonly string[] }

/** What has to be known to store a document. */
export type Form = { readonly unique: readonly Unique[]; readonly limited: boolean }

export type Engine = {
  readonly db: Db
  /**
   * Whether the server is a FerretDB 1. It refuses lists within lists, and looks through the whole collection for everything but an
   * `_id` alone; its updates are not atomic with their filters in any case.
   */
  readonly limited: () => Promise<boolean>
  /** Unique indexes by collection, as far as they were asked for. */
  readonly unique: Map<string, Promise<readonly Unique[]>>
}

export const engineOn = ({ db }: Mongo): Engine => {
  let asked: Promise<boolean> | undefined
  return {
    db,
    limited: () => {
      asked ??= ask(() => db.command({ buildInfo: 1 })).then((info) => 'ferretdbVersion' in info)
      asked.catch(() => (asked = undefined))
      return asked
    },
    unique: new Map(),
  }
}

export const collectionOf = ({ db }: Engine, name: string): Collection<Stored> => db.collection<Stored>(name)

/** A call of the server; one that cannot be reached becomes `DocumentsUnavailable`. */
export const ask = <A>(work: () => Promise<A>): Promise<A> => orUnavailable(work, DocumentsUnavailable)

export const storedOf = (
  id: string,
  at: bigint,
  value: JsonObject | undefined,
  { unique, limited }: Form,
): Stored => {
  const _id = encodeText(id)
  if (value === undefined) return { _id, at }
  const v = encodeObject(value, limited)
  const u = takenBy(value, unique)
  return { _id, at, v, ...(v !== value && { e: true as const }), ...(u && { u }) }
}

export const documentIn = ({ v, e }: Pick<Stored, 'v' | 'e'>): Document | undefined =>
  (e === true && v !== undefined ? decodeObject(v) : v) as Document | undefined

export const idOf = ({ _id }: Pick<Stored, '_id'>): string => decodeText(_id)

/** `undefined` for a document that takes nothing, so that a sparse index does not know it. */
export const takenBy = (value: JsonObject, unique: readonly Unique[]): Stored['u'] => {
  const entries = unique.flatMap(({ name, keys }) => {
    const taken = [...uniqueKeys(value, keys)].map(encodeText)
    const [first] = taken
    return first === undefined ? [] : [[name, taken.length === 1 ? first : taken] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** Throws for an id that other adapters could not keep. */
export const checkId = (id: string): void => {
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > DOCUMENT_ID_BYTES_MAX) {
    throw new RangeError(`a document's id takes ${bytes} bytes, 1 to ${DOCUMENT_ID_BYTES_MAX} are allowed`)
  }
}
