import {
  createScan,
  endOfValue,
  forget,
  MEMBER_FIELDS,
  NOT_HERE,
  OBJECT_FIELDS,
  restart,
  type Scan,
} from './json-bytes.ts'

/** Puts together canonical JSON (RFC 8785) out of pieces of JSON text. */
export type Canonizer = {
  readonly scan: Scan
  /** Where it is put, and how far. */
  out: Buffer
  at: number
}

export const createCanonizer = (): Canonizer => ({ scan: createScan(), out: Buffer.alloc(0), at: 0 })

/** Makes room for all of the source and `ROOM_BYTES` beside it, and starts at `at` in `out`. */
export const begin = (to: Canonizer, source: Buffer, at: number): void => {
  const needed = at + source.length + ROOM_BYTES
  if (needed > to.out.length) to.out = Buffer.allocUnsafeSlow(2 * needed)
  restart(to.scan, source)
  to.at = at
}

/** Above 0x7f if such a byte was put, as it was. */
export const wideOf = ({ scan }: Canonizer): number => scan.wide

/** Copies bytes as they are. */
export const copy = (to: Canonizer, bytes: Uint8Array): void => {
  const { out } = to
  let { at } = to
  for (let n = 0; n < bytes.length; n += 1) out[at++] = bytes[n] ?? 0
  to.at = at
}

/** The same for a piece of the source. */
export const copyFrom = (to: Canonizer, from: number, end: number): void => {
  const { out } = to
  const { source } = to.scan
  let { at } = to
  if (end - from > COPIED_BY_HAND) at += source.copy(out, at, from, end)
  else for (let n = from; n < end; n += 1) out[at++] = source[n] ?? 0
  to.at = at
}

/** A whole number that is not negative, in digits. */
export const copyNumber = (to: Canonizer, number: number): void => {
  let digits = 1
  for (let rest = number; rest >= 10; rest = Math.floor(rest / 10)) digits += 1
  let rest = number
  for (let at = to.at + digits - 1; at >= to.at; at -= 1) {
    const higher = Math.floor(rest / 10)
    to.out[at] = ZERO + (rest - higher * 10)
    rest = higher
  }
  to.at += digits
}

/** The value that starts at `from`, with the keys of its objects in order: answers where it ends in the source, or `NOT_HERE`. */
export const canonize = (to: Canonizer, from: number): number => {
  const { scan } = to
  forget(scan)
  const end = endOfValue(scan, from)
  if (end === NOT_HERE) return NOT_HERE
  if (scan.orderedEnd === 0) copyFrom(to, from, end)
  else piece(to, from, end, 0)
  return end
}

/** A piece of the source: `object` is the first that may be in it. */
const piece = (to: Canonizer, from: number, end: number, object: number): void => {
  const { objects, places } = to.scan
  let at = from
  for (let place = object * OBJECT_FIELDS; place < objects * OBJECT_FIELDS; place += OBJECT_FIELDS) {
    const begins = places[place] ?? 0
    if (begins >= end) break
    // What was in the last one is done, and one in order is copied with what is around it.
    if (begins < at || places[place + 2] === places[place + 3]) continue
    copyFrom(to, at, begins)
    members(to, place)
    at = places[place + 1] ?? 0
  }
  copyFrom(to, at, end)
}

const members = (to: Canonizer, place: number): void => {
  const { places, ordered } = to.scan
  const [from, end] = [places[place + 2] ?? 0, places[place + 3] ?? 0]
  for (let member = from; member < end; member += MEMBER_FIELDS) {
    to.out[to.at++] = member === from ? OBJECT : COMMA
    piece(to, ordered[member] ?? 0, ordered[member + 1] ?? 0, ordered[member + 2] ?? 0)
  }
  to.out[to.at++] = OBJECT_END
}

/** For what `copy` adds beside the source: a stream's name and a revision. */
const ROOM_BYTES = 4_096
const COPIED_BY_HAND = 192

const COMMA = 0x2c
const OBJECT = 0x7b
const OBJECT_END = 0x7d
const ZERO = 0x30
