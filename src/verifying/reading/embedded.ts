import type { Database } from 'lmdb'
import { openLmdb } from '../../embedded/lmdb.ts'
import type { Fault } from '../faults.ts'
import { after } from '../event-bytes.ts'
import { NOT_HERE } from '../json-bytes.ts'
import { createPart, HEADS_STREAM, type Part, type PartBuilder } from '../parts.ts'
import {
  createRecords,
  LENGTH_BYTES,
  NUMBER_BYTES,
  parseRecord,
  placeOfRecord,
  type Records,
} from '../record.ts'
import { Misshapen } from '../shape.ts'
import { leafFault } from './tiles.ts'

/** The two databases of an embedded history, as they lie in its file: nothing of the server's own reading is used. */
export type Store = {
  readonly events: Database<Buffer, number>
  /** The key is whatever begins with it. */
  readonly streams: Database<number, Buffer>
  readonly records: Records
  readonly close: () => Promise<void>
}

/** Throws if there is none, or if it cannot be opened. */
export const openStore = (path: string): Store => {
  const root = openLmdb(path, 'readOnly')
  const events = root.openDB<Buffer, number>('events', {
    keyEncoder: POSITIONS,
    encoder: BYTES,
  } as object) as Database<Buffer, number> | undefined
  const streams = root.openDB<number, Buffer>('streams', { keyEncoder: KEYS, encoder: PLACES } as object) as
    Database<number, Buffer> | undefined
  if (events === undefined || streams === undefined) throw new Error(`${path} holds no history`)
  return { events, streams, records: createRecords(), close: () => root.close() }
}

/** First and last position; 0 and -1 if it is empty. */
export const boundsOf = ({ events }: Store): { readonly first: number; readonly last: number } => {
  for (const first of events.getKeys({ start: 0, limit: 1 }))
    for (const last of events.getKeys({ reverse: true, limit: 1 })) return { first, last }
  return { first: 0, last: -1 }
}

/**
 * The events at these positions, each of which has to be there: an append leaves none out. `stored`: the leaves that the tree has of them,
 * `covered` of them; what is behind these is only looked at.
 */
export const readRange = (
  store: Store,
  { from, to }: { readonly from: number; readonly to: number },
  { stored, covered }: { readonly stored: Buffer; readonly covered: number },
): Part => {
  const part = createPart(to - from + 1)
  const seen = { store, part, stored, covered }
  let due = from
  for (const { key, value } of store.events.getRange({ start: from, limit: to - from + 2 })) {
    if (key > to || due > to) break
    if (key < due) {
      part.fault({ kind: 'order', position: String(due), detail: `position ${key} comes behind it` })
      break
    }
    if (key > due) missing(part, due, key - 1)
    judge(seen, key, value)
    due = key + 1
  }
  if (due <= to) missing(part, due, to)
  return part.build()
}

const missing = (part: PartBuilder, from: number, to: number): void => {
  const detail = from === to ? 'there is no event' : `there is no event up to position ${to}`
  part.fault({ kind: 'missing', position: String(from), detail })
  part.holes(BigInt(from), to - from + 1)
}

type Judging = {
  readonly store: Store
  readonly part: PartBuilder
  readonly stored: Buffer
  readonly covered: number
}

const judge = (judging: Judging, position: number, record: Buffer): void => {
  const { store, part } = judging
  try {
    const leaf = store.records.leaf(record)
    const fault = part.count() < judging.covered ? leafFault(leaf, judging.stored, part.count()) : undefined
    if (fault !== undefined) part.fault({ ...fault, ...placeOf(record, position) })
    if (begins(record, HEADS_NAME)) {
      const { type, data, revision } = parseRecord(record)
      part.head({ position: String(position), revision, type, data })
    }
    part.add(BigInt(position), leaf)
    // The last, because the store reads into the same bytes.
    if (store.streams.get(record) !== position) {
      const detail = 'the index of streams does not lead to it'
      part.fault({ kind: 'index', detail, ...placeOf(store.events.get(position) ?? NO_BYTES, position) })
    }
  } catch (error) {
    if (!(error instanceof Misshapen)) throw error
    part.fault({ kind: 'shape', detail: error.message, ...placeOf(record, position) })
    part.holes(BigInt(position), 1)
  }
}

const placeIfReadable = (record: Buffer): Pick<Fault, 'stream' | 'revision'> => {
  try {
    return placeOfRecord(record)
  } catch {
    return {}
  }
}

/**
 * The index of streams from its beginning to its end: each stream's revisions count from 0 and its positions grow. That each record has its
 * entry was seen where the record was read; so there is no entry too many if there are as many as records.
 */
export const readIndex = (store: Store, bounds: Bounds, progress: () => void): Part => {
  const part = createPart(0)
  const before: Before = { key: Buffer.alloc(0), position: 0 }
  let entries = 0
  let looked = 0
  for (const { key, value: position } of store.streams.getRange({ start: FIRST_KEY })) {
    if (looked++ % PROGRESS_ENTRIES === 0) progress()
    if (key.compare(before.key) <= 0) {
      part.fault({ kind: 'index', detail: 'the index of streams is not in order', ...placeOf(key, position) })
      break
    }
    const fault = position > bounds.last ? undefined : entryFault(key, position, before)
    if (fault !== undefined) part.fault(fault)
    // What was appended since is not counted.
    if (position <= bounds.last) entries += 1
    before.key = key
    before.position = position
  }
  if (entries !== bounds.last - bounds.first + 1) countFaults(store, bounds, entries).forEach(part.fault)
  return part.build()
}

type Bounds = { readonly first: number; readonly last: number }
type Before = { key: Buffer; position: number }

/** The entries that no record stands behind. */
const countFaults = (
  { events, streams }: Store,
  { first, last }: Bounds,
  entries: number,
): readonly Fault[] => {
  const faults: Fault[] = []
  let looked = 0
  for (const { key, value: position } of streams.getRange({ start: FIRST_KEY })) {
    // A damaged file may lead round in a circle.
    if (looked++ > last) break
    if (position < first || position > last) continue
    const record = events.get(position)
    if (record !== undefined && begins(record, key)) continue
    const detail = 'the index of streams has it there, the records have not'
    faults.push({ kind: 'index', detail, ...placeOf(key, position) })
  }
  const detail = `the index of streams has ${entries} entries for ${last - first + 1} positions`
  return faults.length > 0 ? faults : [{ kind: 'index', detail }]
}

const entryFault = (key: Buffer, position: number, before: Before): Fault | undefined => {
  const place = (): ReturnType<typeof placeOf> => placeOf(key, position)
  if (position < 1 || key.length !== keyBytes(key))
    return { kind: 'index', detail: 'an entry of the index of streams is none', ...place() }
  const isSame = isSameStream(before.key, key)
  const due = isSame ? revisionOf(before.key) + 1 : 0
  if (revisionOf(key) !== due)
    return { kind: 'revision', detail: `revision ${revisionOf(key)} stands where ${due} was due`, ...place() }
  if (!isSame || position > before.position) return undefined
  return { kind: 'index', detail: `the revision before it is at position ${before.position}`, ...place() }
}

const placeOf = (key: Buffer, position: number): Pick<Fault, 'position' | 'stream' | 'revision'> => ({
  position: String(position),
  ...placeIfReadable(key),
})

const begins = (bytes: Buffer, beginning: Buffer): boolean => after(bytes, 0, beginning) !== NOT_HERE

const isSameStream = (before: Buffer, key: Buffer): boolean =>
  before.length === key.length &&
  before.length > NUMBER_BYTES &&
  before.compare(key, 0, key.length - NUMBER_BYTES, 0, before.length - NUMBER_BYTES) === 0

const revisionOf = (key: Buffer): number => key.readUIntBE(key.length - NUMBER_BYTES, NUMBER_BYTES)
const keyBytes = (key: Buffer): number =>
  key.length < LENGTH_BYTES + NUMBER_BYTES ? -1 : LENGTH_BYTES + key.readUInt16BE(0) + NUMBER_BYTES

const NO_BYTES = Buffer.alloc(0)
/** Not after every key: without one the library begins at a key of its own. */
const FIRST_KEY = Buffer.from([0])
const PROGRESS_ENTRIES = 50_000

/** How a record of the stream of signed heads begins. */
const HEADS_NAME = Buffer.concat([Buffer.from([0, HEADS_STREAM.length]), Buffer.from(HEADS_STREAM)])

const POSITIONS = {
  writeKey: (position: number, target: Buffer, start: number): number =>
    target.writeUIntBE(position, start, NUMBER_BYTES),
  readKey: (source: Buffer, start: number): number => source.readUIntBE(start, NUMBER_BYTES),
}
const KEYS = {
  // By hand: that many bytes take the library's copy three times as long.
  writeKey: (key: Buffer, target: Buffer, start: number): number => {
    const bytes = Math.min(key.length, Math.max(1, keyBytes(key)))
    for (let n = 0; n < bytes; n += 1) target[start + n] = key[n] ?? 0
    return start + bytes
  },
  readKey: (source: Buffer, start: number, end: number): Buffer => Buffer.from(source.subarray(start, end)),
}
/** -1 is none. */
const PLACES = {
  encode: (): Buffer => NO_BYTES,
  decode: (bytes: Buffer): number => (bytes.length === NUMBER_BYTES ? bytes.readUIntBE(0, NUMBER_BYTES) : -1),
}
/** Holds until the next read. The library's own buffer only seems to be as long as the value. */
const BYTES = {
  encode: (bytes: Buffer): Buffer => bytes,
  decode: (bytes: Buffer): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
}
