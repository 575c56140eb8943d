import type { NewEvent, StoredEvent } from '../port.ts'

/**
 * How an event lies on the disk, under its position: bytes of the stream's name (2), the name, the revision (6), then
 * `{"id","type","data","meta"}` as JSON. The first three are at the same time its key in the index of streams; and a scan for
 * other streams passes over it without parsing. Numbers are big-endian, so keys sort like numbers.
 */
export const recordOf = (stream: string, revision: number, json: string): Buffer => {
  const nameBytes = Buffer.byteLength(stream)
  const jsonBytes = Buffer.byteLength(json)
  const record = Buffer.allocUnsafe(LENGTH_BYTES + nameBytes + NUMBER_BYTES + jsonBytes)
  writeKey(record, stream, nameBytes, revision)
  record.write(json, LENGTH_BYTES + nameBytes + NUMBER_BYTES)
  return record
}

/** The text of an event as it is stored: the one time that it is encoded. */
export const jsonOf = ({ id, type, data, meta }: NewEvent): string => JSON.stringify({ id, type, data, meta })

export const eventOf = (record: Buffer, position: number): StoredEvent => {
  const nameEnd = LENGTH_BYTES + record.readUInt16BE(0)
  const { id, type, data, meta } = contentOf(record, nameEnd + NUMBER_BYTES)
  return {
    id,
    type,
    data,
    meta,
    stream: record.toString('utf8', LENGTH_BYTES, nameEnd),
    revision: BigInt(record.readUIntBE(nameEnd, NUMBER_BYTES)),
    position: BigInt(position),
  }
}

/** Whether the name of the record's stream begins with one of the prefixes (as UTF-8). */
export const isOfPrefixes = (record: Buffer, prefixes: readonly Buffer[]): boolean => {
  const nameBytes = record.readUInt16BE(0)
  return prefixes.some((prefix) => prefix.length <= nameBytes && beginsWith(record, prefix))
}

/** The key of an event in the index of streams. */
export const streamKey = (stream: string, revision: number): Buffer => {
  const nameBytes = Buffer.byteLength(stream)
  const key = Buffer.allocUnsafe(LENGTH_BYTES + nameBytes + NUMBER_BYTES)
  writeKey(key, stream, nameBytes, revision)
  return key
}

export const REVISION_MAX = 2 ** 48 - 1

/** For LMDB: a key that is a position. */
export const positionKeys = {
  writeKey: (position: number, target: Buffer, start: number): number =>
    target.writeUIntBE(position, start, NUMBER_BYTES),
  readKey: (source: Buffer, start: number): number => source.readUIntBE(start, NUMBER_BYTES),
}

/** For LMDB: a key in the index of streams, given by anything that begins with it; read back as the revision. */
export const streamKeys = {
  writeKey: (record: Buffer, target: Buffer, start: number): number =>
    start + record.copy(target, start, 0, LENGTH_BYTES + record.readUInt16BE(0) + NUMBER_BYTES),
  readKey: (source: Buffer, _start: number, end: number): number =>
    source.readUIntBE(end - NUMBER_BYTES, NUMBER_BYTES),
}

/** For LMDB: a value that is a position. */
export const positionValues = {
  encode: (position: number): Buffer => {
    const value = Buffer.allocUnsafe(NUMBER_BYTES)
    value.writeUIntBE(position, 0, NUMBER_BYTES)
    return value
  },
  decode: (value: Buffer): number => value.readUIntBE(0, NUMBER_BYTES),
}

/** For LMDB: a value that is a record. Read, it is LMDB's own buffer: it holds until the next read. */
export const recordValues = {
  encode: (record: Buffer): Buffer => record,
  decode: (record: Buffer): Buffer => record,
}

const LENGTH_BYTES = 2
const NUMBER_BYTES = 6

const writeKey = (target: Buffer, stream: string, nameBytes: number, revision: number): void => {
  target.writeUInt16BE(nameBytes, 0)
  target.write(stream, LENGTH_BYTES)
  target.writeUIntBE(revision, LENGTH_BYTES + nameBytes, NUMBER_BYTES)
}

const beginsWith = (record: Buffer, prefix: Buffer): boolean => {
  for (let at = 0; at < prefix.length; at++) {
    if (record[LENGTH_BYTES + at] !== prefix[at]) return false
  }
  return true
}

const contentOf = (record: Buffer, start: number): NewEvent =>
  JSON.parse(record.toString('utf8', start, record.length)) as NewEvent
