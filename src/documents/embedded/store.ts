import type { Database, RootDatabase } from 'lmdb'
import { openLmdb } from '../../embedded/lmdb.ts'
import type { Document } from '../port.ts'
import type { FastBuffer } from './keys.ts'

/** Four tables of one LMDB environment. Keys are binary strings. */
export type Store = Tables & {
  readonly root: StoreFile['root']
  /** The one behind the tables at this moment. */
  readonly file: () => StoreFile
  /** Whoever reads goes on in the other file: so nothing may be open on a table between two turns of the event loop. */
  readonly replaceFile: (next: StoreFile) => void
  /** Has every key told before it is written, until it is called with `undefined`. */
  readonly watchWrites: (onWrite: OnWrite | undefined) => void
}

export type Tables = {
  /** collection, id → position and JSON of a live document */
  readonly documents: Table<RawRecord>
  /** collection, id → position of a deletion and the id as JSON; apart, so that counting and skipping need no look at the documents */
  readonly tombstones: Table<RawRecord>
  /** index, values, id → nothing */
  readonly entries: Table<Buffer>
  /** checkpoints, the catalogue */
  readonly meta: Table<Buffer>
}

/** What the store needs of a table of LMDB. */
export type Table<V> = Pick<Database<V, string>, 'getRange' | 'getKeys' | 'getKeysCount'> & {
  readonly get: (key: string) => V | undefined
  readonly put: (key: string, value: V) => unknown
  readonly remove: (key: string) => unknown
}
export type TableName = keyof Tables
export type OnWrite = (table: TableName, key: string) => void

export type StoreFile = Tables & {
  readonly root: RootDatabase<Buffer, Buffer>
  /** A table as it is in the file. */
  readonly raw: (name: TableName) => Database<Buffer, string>
}

/** A record before its JSON is read: many readers need the position only. */
export type RawRecord = { readonly at: bigint; readonly text: string }

export const openStoreFile = (path: string, readOnly: boolean): StoreFile => {
  const root = openLmdb(path, readOnly ? 'readOnly' : 'lazy', 8)
  const opened = <V>(name: TableName, encoder?: object): Database<V, string> =>
    root.openDB<V, string>(name, {
      encoding: 'binary',
      ...(encoder && { encoder }),
      ...({ keyEncoder: KEY_ENCODER } as object),
    })
  return {
    root,
    documents: opened<RawRecord>('documents', RECORD_ENCODER),
    tombstones: opened<RawRecord>('tombstones', RECORD_ENCODER),
    entries: opened<Buffer>('entries'),
    meta: opened<Buffer>('meta'),
    raw: (name) => opened<Buffer>(name),
  }
}

export const storeOn = (first: StoreFile): Store => {
  let file = first
  let onWrite: OnWrite | undefined
  const table = <V>(name: TableName, of: (file: Tables) => Table<V>): Table<V> => ({
    get: (key) => of(file).get(key),
    getRange: (options) => of(file).getRange(options),
    getKeys: (options) => of(file).getKeys(options),
    getKeysCount: (options) => of(file).getKeysCount(options),
    put: (key, value) => {
      onWrite?.(name, key)
      return of(file).put(key, value)
    },
    remove: (key) => {
      onWrite?.(name, key)
      return of(file).remove(key)
    },
  })
  return {
    get root() {
      return file.root
    },
    documents: table('documents', ({ documents }) => documents),
    tombstones: table('tombstones', ({ tombstones }) => tombstones),
    entries: table('entries', ({ entries }) => entries),
    meta: table('meta', ({ meta }) => meta),
    file: () => file,
    replaceFile: (next) => void (file = next),
    watchWrites: (watcher) => void (onWrite = watcher),
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
