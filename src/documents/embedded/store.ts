import type { Database, RootDatabase } from 'lmdb'
import { openLmdb } from '../../embedded/lmdb.ts'
import type { Document } from '../port.ts'
import type { FastBuffer } from './keys.ts'

/** Four tables of one LMDB environment. Keys are binary strings. */
export type Store = {
  readonly root: RootDatabase<Buffer, Buffer>
  /** collection, id → position and JSON of a live document */
  readonly documents: Database<RawRecord, string>
  /** collection, id → position of a deletion and the id as JSON; apart, so that counting and skipping need no look at the documents */
  readonly tombstones: Database<RawRecord, string>
  /** index, values, id → nothing */
  readonly entries: Database<Buffer, string>
  /** checkpoints, the catalogue */
  readonly meta: Database<Buffer, string>
}

/** A record before its JSON is read: many readers need the position only. */
export type RawRecord = { readonly at: bigint; readonly text: string }

export const openStore = (path: string, readOnly: boolean): Store => {
  const root = openLmdb(path, readOnly ? 'readOnly' : 'lazy', 8)
  const table = <V>(name: string, encoder?: object): Database<V, string> =>
    root.openDB<V, string>(name, {
      encoding: 'binary',
      ...(encoder && { encoder }),
      ...({ keyEncoder: KEY_ENCODER } as object),
    })
  return {
    root,
    documents: table<RawRecord>('documents', RECORD_ENCODER),
    tombstones: table<RawRecord>('tombstones', RECORD_ENCODER),
    entries: table<Buffer>('entries'),
    meta: table<Buffer>('meta'),
  }
}

export const NOTHING = Buffer.alloc(0)

export const parseDocument = (text: string): Document => JSON.parse(text) as Document

/** Lets everything else in the process have its turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const KEY_ENCODER = {
  writeKey: (key: string, target: FastBuffer, start: number): number =>
    start + target.latin1Write(key, start),
  readKey: (source: FastBuffer, start: number, end: number): string => source.latin1Slice(start, end),
}

/** Eight bytes of position, one that tells ASCII from UTF-8, JSON. */
const RECORD_ENCODER = {
  encode: ({ at, text }: RawRecord): Buffer => {
    const bytes = Buffer.byteLength(text)
    if (HEAD_BYTES + bytes > scratch.length) scratch = scratchOf(2 * (HEAD_BYTES + bytes))
    scratch.writeBigInt64BE(at, 0)
    scratch[HEAD_BYTES - 1] = bytes === text.length ? ASCII : UTF8
    if (bytes === text.length) scratch.latin1Write(text, HEAD_BYTES)
    else scratch.utf8Write(text, HEAD_BYTES)
    return scratch.subarray(0, HEAD_BYTES + bytes)
  },
  decode: (record: FastBuffer): RawRecord => {
    // lmdb hands over one buffer again and again: only this property knows the length.
    const { length } = record
    const text =
      record[HEAD_BYTES - 1] === ASCII
        ? record.latin1Slice(HEAD_BYTES, length)
        : record.utf8Slice(HEAD_BYTES, length)
    return { at: record.readBigInt64BE(0), text }
  },
}

const HEAD_BYTES = 9
const ASCII = 1
const UTF8 = 2

const scratchOf = (bytes: number): FastBuffer => Buffer.allocUnsafeSlow(bytes) as FastBuffer

/** Every put is within a synchronous transaction, where LMDB copies the record before the next is encoded. */
let scratch = scratchOf(64 * 1024)
