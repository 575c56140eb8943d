import { createFastLeaf, isPlain } from './event-bytes.ts'
import { NOT_HERE } from './json-bytes.ts'
import { contentOf, leafOf, Misshapen, parseText, type Content } from './shape.ts'
import { isObject } from '../json.ts'

/**
 * Reads how the embedded store keeps an event: bytes of the stream's name (2), the name, the revision (6), then
 * `{"id","type","data","meta"}` as JSON. Numbers are big-endian.
 */
export type Records = {
  /** Holds until the next. Throws `Misshapen` at what was never written so. */
  readonly leaf: (record: Buffer) => Buffer
}

export const createRecords = (): Records => {
  const fast = createFastLeaf()
  return {
    leaf: (record) => {
      const nameEnd = nameEndOf(record)
      const jsonFrom = nameEnd + NUMBER_BYTES
      if (record[jsonFrom] === OBJECT && isPlainText(record, LENGTH_BYTES, nameEnd)) {
        const revision = record.readUIntBE(nameEnd, NUMBER_BYTES)
        const end = fast.read(record, jsonFrom + 1, {
          streamFrom: LENGTH_BYTES,
          streamEnd: nameEnd,
          revision,
        })
        if (end !== NOT_HERE && record[end] === OBJECT_END && end + 1 === record.length) return fast.leaf()
      }
      return leafOf(parseRecord(record))
    },
  }
}

/** Throws `Misshapen`. */
export const parseRecord = (record: Buffer): Content => {
  const { text, value } = parseText(record.subarray(nameEndOf(record) + NUMBER_BYTES))
  if (!isObject(value)) throw new Misshapen('it is not an object')
  const content = contentOf({ ...value, ...placeOfRecord(record) })
  // The store writes each value in one way only; a change that leaves the value is a change of the store too.
  if (JSON.stringify(value) !== text || Object.keys(value).join() !== 'id,type,data,meta')
    throw new Misshapen('its bytes are not as an event is written')
  return content
}

/** Throws `Misshapen`. */
export const placeOfRecord = (record: Buffer): { readonly stream: string; readonly revision: string } => {
  const nameEnd = nameEndOf(record)
  const stream = record.toString('utf8', LENGTH_BYTES, nameEnd)
  if (!Buffer.from(stream).equals(record.subarray(LENGTH_BYTES, nameEnd)))
    throw new Misshapen('the name of its stream is not UTF-8')
  return { stream, revision: String(record.readUIntBE(nameEnd, NUMBER_BYTES)) }
}

const nameEndOf = (record: Buffer): number => {
  const nameBytes = record.length < LENGTH_BYTES ? 0 : record.readUInt16BE(0)
  const nameEnd = LENGTH_BYTES + nameBytes
  if (nameBytes === 0 || nameBytes > NAME_BYTES_MAX || record.length < nameEnd + NUMBER_BYTES)
    throw new Misshapen('its record is cut off or has no stream')
  return nameEnd
}

const isPlainText = (bytes: Uint8Array, from: number, end: number): boolean => {
  for (let at = from; at < end; at += 1) if (!isPlain(bytes[at] ?? 0)) return false
  return true
}

export const LENGTH_BYTES = 2
export const NUMBER_BYTES = 6
/** More does not fit into a key of LMDB. */
const NAME_BYTES_MAX = 1_900
const OBJECT = 0x7b
const OBJECT_END = 0x7d
