/**
 * Looks through JSON text as `JSON.stringify` writes it, without making objects of it. That text is canonical (RFC 8785) but for the order of keys,
 * so all that has to be noted are the objects in it, and of those whose keys are not in order which member goes where. Whatever is not
 * evidently of that form is not judged here: `NOT_HERE`, and the caller parses. So it is fast for what is whole and never says more than the
 * exact way would.
 *
 * Bytes above 0x7f are passed over: the caller has to see to it that they are UTF-8 (`wide`).
 */
export type Scan = {
  source: Buffer
  /** Above 0x7f if such a byte was passed. */
  wide: number
  /** The objects that were met, in order of where they begin. */
  objects: number
  /** For each of these, `OBJECT_FIELDS`. */
  readonly places: Int32Array
  /** The members of those that are out of order, each in its place: `MEMBER_FIELDS`. */
  readonly ordered: Int32Array
  orderedEnd: number
  depth: number
  /** The members so far of the objects that are open: `OPEN_FIELDS`. */
  readonly open: Int32Array
  /** How their keys begin, as a number that sorts like it. */
  readonly beginnings: Float64Array
  opened: number
  readonly order: Int32Array
}

export const NOT_HERE = -1

/** Where the object begins and ends, and its members in `ordered`, if they are out of order: from, and the end of them. */
export const OBJECT_FIELDS = 4
/** Where the member begins and ends, and the number of the first object that may be in it. */
export const MEMBER_FIELDS = 3

export const createScan = (): Scan => ({
  ...{ source: Buffer.alloc(0), wide: 0, objects: 0, orderedEnd: 0, depth: 0, opened: 0 },
  places: new Int32Array(OBJECTS_MAX * OBJECT_FIELDS),
  ordered: new Int32Array(MEMBERS_MAX * MEMBER_FIELDS),
  open: new Int32Array(MEMBERS_MAX * OPEN_FIELDS),
  beginnings: new Float64Array(MEMBERS_MAX),
  order: new Int32Array(SORTED_MAX),
})

export const restart = (scan: Scan, source: Buffer): void => {
  scan.source = source
  scan.wide = 0
  scan.depth = 0
  forget(scan)
}

/** Of the objects that were met. */
export const forget = (scan: Scan): void => {
  scan.objects = 0
  scan.orderedEnd = 0
  scan.opened = 0
}

/** Where the value ends that starts at `from`, or `NOT_HERE`. */
export const endOfValue = (scan: Scan, from: number): number => {
  const byte = scan.source[from]
  if (byte === QUOTE) return endOfText(scan, from)
  if (byte === OBJECT || byte === ARRAY) return nested(scan, from, byte)
  if (byte === 0x74) return endOfWord(scan, from, TRUE)
  if (byte === 0x66) return endOfWord(scan, from, FALSE)
  if (byte === 0x6e) return endOfWord(scan, from, NULL)
  return endOfNumber(scan, from)
}

const nested = (scan: Scan, from: number, byte: number): number => {
  if (scan.depth === DEPTH_MAX) return NOT_HERE
  scan.depth += 1
  const end = byte === OBJECT ? endOfObject(scan, from) : endOfArray(scan, from)
  scan.depth -= 1
  return end
}

const endOfText = (scan: Scan, from: number): number => {
  const { source } = scan
  let wide = 0
  for (let next = from + 1; ; next += 1) {
    const byte = source[next] ?? 0
    wide |= byte
    if (byte === QUOTE) {
      scan.wide |= wide
      return next + 1
    }
    // Controls are never written as they are; and behind the end of the source there is nothing.
    if (byte < 0x20) return NOT_HERE
    if (byte === BACKSLASH) {
      next += 1
      if (ESCAPABLE[source[next] ?? 0] !== 1) return NOT_HERE
    }
  }
}

const endOfWord = ({ source }: Scan, from: number, letters: Uint8Array): number => {
  for (let n = 0; n < letters.length; n += 1) if (source[from + n] !== letters[n]) return NOT_HERE
  return from + letters.length
}

const endOfNumber = ({ source }: Scan, from: number): number => {
  let end = from
  while (isDigit(source[end] ?? 0)) end += 1
  if (NUMBER[source[end] ?? 0] !== 1 && isExact(source, from, end)) return end
  while (NUMBER[source[end] ?? 0] === 1) end += 1
  return isAsWritten(source.toString('latin1', from, end)) ? end : NOT_HERE
}

/** Digits alone, few enough to stand for a number in only one way. */
export const isExact = (source: Uint8Array, from: number, end: number): boolean =>
  end > from && end - from <= 15 && (source[from] !== ZERO || end - from === 1)

const endOfArray = (scan: Scan, from: number): number => {
  const { source } = scan
  if (source[from + 1] === ARRAY_END) return from + 2
  let next = from
  do next = endOfValue(scan, next + 1)
  while (next !== NOT_HERE && source[next] === COMMA)
  return next !== NOT_HERE && source[next] === ARRAY_END ? next + 1 : NOT_HERE
}

const endOfObject = (scan: Scan, from: number): number => {
  const { source, places } = scan
  if (source[from + 1] === OBJECT_END) return from + 2
  if (scan.objects === OBJECTS_MAX) return NOT_HERE
  const place = scan.objects * OBJECT_FIELDS
  scan.objects += 1
  const first = scan.opened
  let isSorted = true
  let next = from
  do {
    next = endOfMember(scan, next + 1)
    if (next === NOT_HERE) return NOT_HERE
    const last = scan.opened - 1
    isSorted &&= last === first || keyOrder(scan, last - 1, last) < 0
  } while (source[next] === COMMA)
  if (source[next] !== OBJECT_END) return NOT_HERE
  places[place] = from
  places[place + 1] = next + 1
  places[place + 2] = scan.orderedEnd
  if (!isSorted && !putInOrder(scan, first)) return NOT_HERE
  places[place + 3] = scan.orderedEnd
  scan.opened = first
  return next + 1
}

const endOfMember = (scan: Scan, from: number): number => {
  const { source, open, opened } = scan
  if (opened === MEMBERS_MAX) return NOT_HERE
  const keyEnd = endOfKey(scan, from, opened)
  if (keyEnd === NOT_HERE || source[keyEnd] !== COLON) return NOT_HERE
  const at = opened * OPEN_FIELDS
  open[at] = from
  open[at + 1] = keyEnd
  open[at + 2] = scan.objects
  scan.opened = opened + 1
  const end = endOfValue(scan, keyEnd + 1)
  open[at + 3] = end
  return end
}

/** A key of ASCII without escapes: its bytes sort like its UTF-16 units. */
const endOfKey = ({ source, beginnings }: Scan, from: number, member: number): number => {
  if (source[from] !== QUOTE) return NOT_HERE
  let beginning = 0
  for (let next = from + 1; ; next += 1) {
    const byte = source[next] ?? 0
    if (byte === QUOTE) {
      for (let n = next - from - 1; n < BEGINNING_BYTES; n += 1) beginning *= 256
      beginnings[member] = beginning
      return next + 1
    }
    if (byte < 0x20 || byte > 0x7f || byte === BACKSLASH) return NOT_HERE
    if (next - from <= BEGINNING_BYTES) beginning = beginning * 256 + byte
  }
}

const keyOrder = ({ source, open, beginnings }: Scan, a: number, b: number): number => {
  const difference = (beginnings[a] ?? 0) - (beginnings[b] ?? 0)
  return difference === 0 ? restOrder(source, open, a * OPEN_FIELDS, b * OPEN_FIELDS) : difference
}

/** Of keys that begin alike. The quotes are left out: they are not the least of what a key may hold. */
const restOrder = (source: Buffer, open: Int32Array, a: number, b: number): number => {
  const aFrom = (open[a] ?? 0) + 1
  const bFrom = (open[b] ?? 0) + 1
  const aBytes = (open[a + 1] ?? 0) - 1 - aFrom
  const bBytes = (open[b + 1] ?? 0) - 1 - bFrom
  for (let n = BEGINNING_BYTES; n < aBytes && n < bBytes; n += 1) {
    const difference = (source[aFrom + n] ?? 0) - (source[bFrom + n] ?? 0)
    if (difference !== 0) return difference
  }
  return aBytes - bBytes
}

/** The members from `first` on; false if a key comes twice or there are too many for this way of sorting. */
const putInOrder = (scan: Scan, first: number): boolean => {
  const { order, ordered, open, opened } = scan
  const count = opened - first
  if (count > SORTED_MAX || scan.orderedEnd + count * MEMBER_FIELDS > ordered.length) return false
  for (let n = 0; n < count; n += 1) if (!insert(scan, n, first + n)) return false
  let to = scan.orderedEnd
  for (let n = 0; n < count; n += 1, to += MEMBER_FIELDS) {
    const from = (order[n] ?? 0) * OPEN_FIELDS
    ordered[to] = open[from] ?? 0
    ordered[to + 1] = open[from + 3] ?? 0
    ordered[to + 2] = open[from + 2] ?? 0
  }
  scan.orderedEnd = to
  return true
}

const insert = (scan: Scan, end: number, member: number): boolean => {
  const { order } = scan
  let at = end
  for (; at > 0; at -= 1) {
    const before = order[at - 1] ?? 0
    const compared = keyOrder(scan, before, member)
    if (compared === 0) return false
    if (compared < 0) break
    order[at] = before
  }
  order[at] = member
  return true
}

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE

const isAsWritten = (digits: string): boolean => {
  const value = Number(digits)
  return digits !== '' && Number.isFinite(value) && String(value) === digits
}

/** Where a member begins, where its key ends, the number of the first object in it, where it ends. */
const OPEN_FIELDS = 4
const OBJECTS_MAX = 4_096
const MEMBERS_MAX = 4_096
const SORTED_MAX = 64
const DEPTH_MAX = 64
/** So many are a number that is exact. */
const BEGINNING_BYTES = 6

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const OBJECT = 0x7b
const OBJECT_END = 0x7d
const ARRAY = 0x5b
const ARRAY_END = 0x5d
const ZERO = 0x30
const NINE = 0x39
const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

const tableOf = (characters: string): Uint8Array => {
  const table = new Uint8Array(256)
  for (const byte of Buffer.from(characters)) table[byte] = 1
  return table
}
/** The short escapes; `\u…` is left to the exact way. */
const ESCAPABLE = tableOf('"\\bfnrt')
const NUMBER = tableOf('0123456789+-.eE')
