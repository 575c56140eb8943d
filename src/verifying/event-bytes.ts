import { isUtf8 } from 'node:buffer'
import {
  begin,
  canonize,
  copy,
  copyFrom,
  copyNumber,
  createCanonizer,
  wideOf,
  type Canonizer,
} from './canonical-bytes.ts'
import { HASH_BYTES, leafHashInPlace } from './hashing.ts'
import { isDigit, NOT_HERE } from './json-bytes.ts'

/**
 * The leaf of an event out of the text in which it is stored, without objects. Only for text in the one order in which events are written,
 * `"id","type","data","meta"`, and for what is evidently a whole event; for everything else `NOT_HERE`: then it has to be parsed.
 */
export type FastLeaf = {
  /** `from`: where `"id":` begins in the source. Answers where meta ends; then `leaf` is the event's. */
  readonly read: (source: Buffer, from: number, place: Place) => number
  /** Holds until the next. */
  readonly leaf: () => Buffer
}

/** Where its stream stands in the source, in a form in which JSON needs no escapes; and the revision. */
export type Place = { readonly streamFrom: number; readonly streamEnd: number; readonly revision: number }

export const createFastLeaf = (): FastLeaf => {
  const to = createCanonizer()
  const hash = Buffer.alloc(HASH_BYTES)
  return {
    read: (source, from, { streamFrom, streamEnd, revision }) => {
      const parts = beginningOf(source, from)
      if (parts === undefined) return NOT_HERE
      begin(to, source, 1)
      copy(to, OUT_DATA)
      const dataEnd = canonize(to, parts.dataFrom)
      const metaFrom = dataEnd === NOT_HERE ? NOT_HERE : after(source, dataEnd, META)
      if (metaFrom === NOT_HERE) return NOT_HERE
      copy(to, OUT_ID)
      copyFrom(to, parts.idFrom, parts.idFrom + UUID_BYTES)
      copy(to, OUT_META)
      const metaEnd = metaOf(to, metaFrom)
      if (metaEnd === NOT_HERE) return NOT_HERE
      copy(to, OUT_REVISION)
      copyNumber(to, revision)
      copy(to, OUT_STREAM)
      copyFrom(to, streamFrom, streamEnd)
      copy(to, OUT_TYPE)
      copyFrom(to, parts.typeFrom, parts.typeEnd)
      copy(to, OUT_END)
      return wideOf(to) > 0x7f && !isUtf8(source) ? NOT_HERE : metaEnd
    },
    leaf: () => leafHashInPlace(to.out.subarray(0, to.at), hash),
  }
}

type Beginning = {
  readonly idFrom: number
  readonly typeFrom: number
  readonly typeEnd: number
  readonly dataFrom: number
}

/** Up to where the data begin. */
const beginningOf = (source: Buffer, from: number): Beginning | undefined => {
  const idFrom = after(source, from, ID)
  if (idFrom === NOT_HERE || !isUuid(source, idFrom)) return undefined
  const typeFrom = after(source, idFrom + UUID_BYTES, TYPE)
  const typeEnd = typeFrom === NOT_HERE ? NOT_HERE : plainEnd(source, typeFrom)
  const dataFrom = typeEnd === NOT_HERE ? NOT_HERE : after(source, typeEnd, DATA)
  if (dataFrom === NOT_HERE || typeEnd === typeFrom || source[dataFrom] !== OBJECT) return undefined
  return { idFrom, typeFrom, typeEnd, dataFrom }
}

/** Behind `expected`, if it stands there; what is `NOT_HERE` is followed by nothing. */
export const after = (source: Uint8Array, from: number, expected: Uint8Array): number => {
  if (from === NOT_HERE) return NOT_HERE
  for (let n = 0; n < expected.length; n += 1) {
    if (source[from + n] !== expected[n]) return NOT_HERE
  }
  return from + expected.length
}

/** Where the quote is that ends a text of ASCII without escapes. */
export const plainEnd = (source: Uint8Array, from: number): number => {
  for (let at = from; ; at += 1) {
    const byte = source[at] ?? 0
    if (byte === QUOTE) return at
    if (!isPlain(byte)) return NOT_HERE
  }
}

export const isPlain = (byte: number): boolean =>
  byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== 0x5c

/** Canonical, so that what meta has to have stands in one order. */
const metaOf = (to: Canonizer, from: number): number => {
  const start = to.at
  const end = canonize(to, from)
  if (end === NOT_HERE) return NOT_HERE
  let at = textAfter(to.out, start, ACTOR)
  at = numberAfter(to.out, at, AT)
  at = textAfter(to.out, at, COMMAND)
  at = textAfter(to.out, at, CORRELATION)
  return numberAfter(to.out, at, SCHEMA) === NOT_HERE ? NOT_HERE : end
}

const textAfter = (out: Uint8Array, from: number, name: Uint8Array): number => {
  const start = from === NOT_HERE ? NOT_HERE : after(out, from, name)
  const end = start === NOT_HERE ? NOT_HERE : plainEnd(out, start)
  return end === NOT_HERE ? NOT_HERE : end + 1
}

const numberAfter = (out: Uint8Array, from: number, name: Uint8Array): number => {
  const start = from === NOT_HERE ? NOT_HERE : after(out, from, name)
  if (start === NOT_HERE) return NOT_HERE
  let end = start
  while (isDigit(out[end] ?? 0)) end += 1
  return end === start ? NOT_HERE : end
}

const isUuid = (source: Uint8Array, from: number): boolean => {
  for (let n = 0; n < UUID_BYTES; n += 1) {
    const byte = source[from + n] ?? 0
    if (n === 8 || n === 13 || n === 18 || n === 23 ? byte !== HYPHEN : HEX[byte] !== 1) return false
  }
  return true
}

const QUOTE = 0x22
const OBJECT = 0x7b
const HYPHEN = 0x2d
const UUID_BYTES = 36
const HEX = new Uint8Array(256)
for (const byte of Buffer.from('0123456789abcdefABCDEF')) HEX[byte] = 1

const ID = Buffer.from('"id":"')
const TYPE = Buffer.from('","type":"')
const DATA = Buffer.from('","data":')
const META = Buffer.from(',"meta":')
const OUT_DATA = Buffer.from('{"data":')
const OUT_ID = Buffer.from(',"id":"')
const OUT_META = Buffer.from('","meta":')
const OUT_REVISION = Buffer.from(',"revision":"')
const OUT_STREAM = Buffer.from('","stream":"')
const OUT_TYPE = Buffer.from('","type":"')
const OUT_END = Buffer.from('"}')
const ACTOR = Buffer.from('{"actor":"')
const AT = Buffer.from(',"at":')
const COMMAND = Buffer.from(',"commandId":"')
const CORRELATION = Buffer.from(',"correlationId":"')
const SCHEMA = Buffer.from(',"schema":')
