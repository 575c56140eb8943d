import { isObject, type Json } from '../json.ts'
import { after, createFastLeaf, plainEnd } from './event-bytes.ts'
import { isDigit, isExact, NOT_HERE } from './json-bytes.ts'
import { contentOf, DIGITS, leafOf, Misshapen, parseText } from './shape.ts'

/** A line of an exported or served history. */
export type Line = {
  readonly position: bigint
  readonly stream: string
  readonly revision: string
  /** Holds until the next line. */
  readonly leaf: Buffer
  /** What the line itself says that its leaf is. */
  readonly said: string | undefined
}

/** The last line of an export. */
export type EndLine = { readonly events: number; readonly lastPosition: string; readonly root: string }

export type Lines = {
  /** Throws `Misshapen` at a line that is neither. */
  readonly read: (line: Buffer) => Line | { readonly end: EndLine }
}

export const createLines = (): Lines => {
  const fast = createFastLeaf()
  const evident = (line: Buffer): Line | undefined => {
    const positionFrom = after(line, 0, POSITION)
    const positionEnd = digitsEnd(line, positionFrom)
    const streamFrom = after(line, positionEnd, STREAM)
    const streamEnd = streamFrom === NOT_HERE ? NOT_HERE : plainEnd(line, streamFrom)
    const revisionFrom = streamEnd === streamFrom ? NOT_HERE : after(line, streamEnd, REVISION)
    const revisionEnd = digitsEnd(line, revisionFrom)
    const idFrom = after(line, revisionEnd, COMMA)
    if (idFrom === NOT_HERE) return undefined
    const revision = numberAt(line, revisionFrom, revisionEnd)
    const end = fast.read(line, idFrom, { streamFrom, streamEnd, revision })
    const said = end === NOT_HERE ? undefined : saidAt(line, end)
    if (said === undefined) return undefined
    return {
      position: BigInt(numberAt(line, positionFrom, positionEnd)),
      stream: line.toString('latin1', streamFrom, streamEnd),
      revision: String(revision),
      leaf: fast.leaf(),
      said: said === NOTHING ? undefined : said,
    }
  }
  return { read: (line) => evident(line) ?? parseLine(line) }
}

/** Throws `Misshapen`. */
export const parseLine = (line: Buffer): Line | { readonly end: EndLine } => {
  const { value } = parseText(line)
  if (!isObject(value)) throw new Misshapen('it is not an object')
  if (isEnd(value)) return { end: value.end }
  const { position, leaf } = value
  if (typeof position !== 'string' || !DIGITS.test(position)) throw new Misshapen('it has no position')
  if (leaf !== undefined && typeof leaf !== 'string') throw new Misshapen('its leaf is not text')
  const content = contentOf(value)
  const { stream, revision } = content
  return { position: BigInt(position), stream, revision, leaf: leafOf(content), said: leaf }
}

const isEnd = (value: Json): value is { readonly end: EndLine } => {
  if (!isObject(value) || !isObject(value.end ?? null) || Object.keys(value).length !== 1) return false
  const end = value.end
  return (
    isObject(end) &&
    Number.isSafeInteger(end.events) &&
    typeof end.lastPosition === 'string' &&
    typeof end.root === 'string'
  )
}

/** Where a number ends that is exact and without needless zeros. */
const digitsEnd = (line: Buffer, from: number): number => {
  if (from === NOT_HERE) return NOT_HERE
  let end = from
  while (isDigit(line[end] ?? 0)) end += 1
  return isExact(line, from, end) ? end : NOT_HERE
}

const numberAt = (line: Buffer, from: number, end: number): number => {
  let number = 0
  for (let at = from; at < end; at += 1) number = number * 10 + (line[at] ?? 0) - 0x30
  return number
}

const saidAt = (line: Buffer, end: number): string | undefined => {
  if (line[end] === OBJECT_END && end + 1 === line.length) return NOTHING
  const from = after(line, end, LEAF)
  if (from === NOT_HERE || after(line, from + LEAF_CHARACTERS, LEAF_END) !== line.length) return undefined
  return line.toString('latin1', from, from + LEAF_CHARACTERS)
}

/** The line says no leaf. */
const NOTHING = ''
const OBJECT_END = 0x7d
const LEAF_CHARACTERS = 44
const POSITION = Buffer.from('{"position":"')
const STREAM = Buffer.from('","stream":"')
const REVISION = Buffer.from('","revision":"')
const COMMA = Buffer.from('",')
const LEAF = Buffer.from(',"leaf":"')
const LEAF_END = Buffer.from('"}')
