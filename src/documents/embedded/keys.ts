import type { Json } from '../../json.ts'
import { DOCUMENT_ID_BYTES_MAX } from '../../limits.ts'
import { EMPTY, type SortValue } from '../order.ts'

/**
 * Keys are written as binary strings (a character is a byte), because JavaScript joins, cuts and compares those fastest and
 * their order is the order of the bytes. An entry of an index is its number, its values and the document's id.
 *
 * A value is a tag and a payload, in the order of `compareValues`: empty array, null, number, string, object, array inside
 * an array, boolean. Tags stay below 0xff, so `prefix + END` is behind everything that begins with `prefix`.
 */
export const END = '\xff'

/** So many values and an id fit into LMDB's 1,978 bytes a key. */
export const INDEX_KEYS_MAX = 6
/** A longer string is cut in the index; such an entry says only that the document may match. */
const TEXT_BYTES_MAX = 200

export const NULL = '\x08'
const NUMBER = '\x10'
const TEXT = '\x20'
const OBJECT = '\x30'
const ARRAY = '\x40'
const BOOLEAN = '\x50'
const FIXED_BYTES: Readonly<Record<string, number>> = { [NUMBER]: 9, [BOOLEAN]: 2 }
const CUT = '\x01\x03\0'

/** Behind every value of the same type. */
export const behindType = (encoded: string): string => String.fromCharCode(encoded.charCodeAt(0) + 1)

/** Whether the entry stands for several values, so that the document has to be looked at. */
export const isVague = (encoded: string): boolean =>
  encoded === OBJECT || encoded === ARRAY || encoded.endsWith(CUT)

export const encodeValue = (value: SortValue): string => {
  if (value === undefined || value === null) return NULL
  if (typeof value === 'string') return encodeText(value)
  if (typeof value === 'number') return NUMBER + encodeNumber(value)
  if (typeof value === 'boolean') return value ? `${BOOLEAN}\x01` : `${BOOLEAN}\0`
  if (value === EMPTY) return '\x04'
  return Array.isArray(value) ? ARRAY : OBJECT
}

/** Where the value that begins at `from` ends. */
const valueEnd = (key: string, from: number): number => {
  const tag = key.charAt(from)
  return tag === TEXT ? key.indexOf('\0', from) + 1 : from + (FIXED_BYTES[tag] ?? 1)
}

/** Where `count` values that begin at `from` end. */
export const valuesEnd = (key: string, from: number, count: number): number => {
  let end = from
  for (let i = 0; i < count; i++) end = valueEnd(key, end)
  return end
}

/** Whether a value among those of an entry was cut or is an object, so that entries alike may still differ in order. */
export const hasCut = (values: string): boolean => values.includes(CUT)

/** A document's id as bytes: UTF-8, so ids sort by code point. Throws if it is empty or too long. */
export const encodeId = (id: string): string => {
  const bytes = toBytes(id)
  if (bytes === '' || bytes.length > DOCUMENT_ID_BYTES_MAX) {
    throw new RangeError(
      `a document's id takes ${bytes.length} bytes, 1 to ${DOCUMENT_ID_BYTES_MAX} are allowed`,
    )
  }
  return bytes
}

/** The same for reading: nothing is stored under an id that cannot be. */
export const encodeIfPossible = (id: unknown): string | undefined =>
  typeof id === 'string' && id !== '' && Buffer.byteLength(id) <= DOCUMENT_ID_BYTES_MAX
    ? encodeId(id)
    : undefined

/** A number as four bytes: collections and indexes in keys. */
export const encodeNumeral = (numeral: number): string => {
  scratch.writeUInt32BE(numeral, 0)
  return scratch.latin1Slice(0, 4)
}

/** Whether a value in a filter can be looked up in an index at all. */
export const isIndexable = (value: Json): boolean => value === null || typeof value !== 'object'

const encodeText = (text: string): string => {
  if (text.length <= TEXT_BYTES_MAX && PLAIN.test(text)) return `${TEXT}${text}\0`
  const bytes = toBytes(text)
  let escaped = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charAt(i)
    const unit = byte === '\0' ? '\x01\x01' : byte === '\x01' ? '\x01\x02' : byte
    if (escaped.length + unit.length > TEXT_BYTES_MAX) return TEXT + escaped + CUT
    escaped += unit
  }
  return `${TEXT}${escaped}\0`
}

/** No byte to escape and none to encode. */
const PLAIN = /^[\x02-\x7f]*$/
const ASCII = /^[\0-\x7f]*$/

/** A double with its bits turned so that bytes sort like numbers. */
const encodeNumber = (value: number): string => {
  scratch.writeDoubleBE(value === 0 ? 0 : value, 0)
  const high = scratch.readInt32BE(0)
  const low = scratch.readInt32BE(4)
  scratch.writeInt32BE(high < 0 ? ~high : high ^ -0x80000000, 0)
  scratch.writeInt32BE(high < 0 ? ~low : low, 4)
  return scratch.latin1Slice(0, 8)
}

/** UTF-8, and half a surrogate pair as the three bytes of its number: nothing else would keep two such texts apart. */
const toBytes = (text: string): string => {
  if (ASCII.test(text)) return text
  if (!LONE_SURROGATE.test(text)) return utf8(text)
  return Array.from(text, (character) => {
    const point = character.codePointAt(0) ?? 0
    if (point < 0xd800 || point > 0xdfff) return utf8(character)
    return String.fromCharCode(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63))
  }).join('')
}

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

const LONE_SURROGATE = /\p{Surrogate}/u

const scratch = Buffer.alloc(8) as FastBuffer

/** Node's own fast paths, which its types leave out. */
export type FastBuffer = Buffer & {
  latin1Slice: (start?: number, end?: number) => string
  utf8Slice: (start?: number, end?: number) => string
  latin1Write: (text: string, offset: number) => number
  utf8Write: (text: string, offset: number) => number
}
