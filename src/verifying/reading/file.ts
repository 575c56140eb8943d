import { open, type FileHandle } from 'node:fs/promises'
import { createLines, type Line, type Lines } from '../line.ts'
import { createPart, HEADS_STREAM, type Part, type PartBuilder } from '../parts.ts'
import { Misshapen, parseText } from '../shape.ts'
import { isObject, type JsonObject } from '../../json.ts'

/** An exported history: an event a line. */
export type ExportFile = {
  readonly bytes: () => Promise<number>
  /** The lines that begin within these bytes. */
  readonly read: (offset: number, length: number) => Promise<Part>
  readonly close: () => Promise<void>
}

export const openExport = async (path: string): Promise<ExportFile> => {
  const file = await open(path, 'r')
  const lines = createLines()
  const bytes = async (): Promise<number> => (await file.stat()).size
  return {
    bytes,
    read: async (offset, length) => {
      const size = await bytes()
      const block = await blockOf(file, { offset, length, size })
      return readLines(lines, block.bytes, { isLast: offset + length >= size, isCut: block.isCut })
    },
    close: () => file.close(),
  }
}

type Block = { readonly bytes: Buffer; readonly isCut: boolean }

/** From the first line that begins at `offset` or behind it, to the end of the last that begins before `offset + length`. */
const blockOf = async (
  file: FileHandle,
  { offset, length, size }: { readonly offset: number; readonly length: number; readonly size: number },
): Promise<Block> => {
  // One byte earlier: whether a line ends there tells whether one begins at `offset`.
  const start = Math.max(0, offset - 1)
  const wanted = Math.min(size, offset + length)
  let bytes = await bytesAt(file, start, wanted - start)
  const from = offset === 0 ? 0 : bytes.indexOf(NEW_LINE) + 1
  if (offset > 0 && from === 0) return { bytes: Buffer.alloc(0), isCut: false }
  let end = start + bytes.length
  while (end < size && bytes[bytes.length - 1] !== NEW_LINE) {
    const more = await bytesAt(file, end, Math.min(MORE_BYTES, size - end))
    const lineEnd = more.indexOf(NEW_LINE)
    bytes = Buffer.concat([bytes, lineEnd < 0 ? more : more.subarray(0, lineEnd + 1)])
    end = start + bytes.length
    if (more.length === 0) break
  }
  return { bytes: bytes.subarray(from), isCut: bytes.length > from && bytes[bytes.length - 1] !== NEW_LINE }
}

const bytesAt = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  return bytes.subarray(0, bytesRead)
}

/** `isCut`: the last line does not end. */
export const readLines = (
  lines: Lines,
  block: Buffer,
  { isLast, isCut }: { readonly isLast: boolean; readonly isCut: boolean },
): Part => {
  const part = createPart(PART_LINES)
  let last = 0n
  let from = 0
  while (from < block.length) {
    const found = block.indexOf(NEW_LINE, from)
    const to = found < 0 ? block.length : found
    const bytes = block.subarray(from, to)
    from = to + 1
    const line = judge(part, bytes, () => lines.read(bytes), last)
    if (line !== undefined && 'end' in line)
      return part.build({ isLast, end: line.end, more: Math.max(0, block.length - from) })
    last = line?.position ?? last
  }
  if (isCut) part.fault({ kind: 'end', detail: 'the last line is cut off' })
  return part.build({ isLast })
}

type Read = () => Line | { readonly end: NonNullable<Part['end']> }

/** `undefined` if it could not be read. `last`: the position before it, as far as it was readable. */
const judge = (part: PartBuilder, bytes: Buffer, read: Read, last: bigint): ReturnType<Read> | undefined => {
  try {
    const line = read()
    if (!('end' in line)) take(part, bytes, line, last)
    return line
  } catch (error) {
    if (!(error instanceof Misshapen)) throw error
    // Its own position is not to be believed, so it has the one that is due.
    const place = last > 0n ? { position: String(last + 1n) } : {}
    part.fault({ kind: 'shape', ...place, detail: error.message })
    part.holes(last > 0n ? last + 1n : 0n, 1)
    return undefined
  }
}

const take = (part: PartBuilder, bytes: Buffer, line: Line, last: bigint): void => {
  const { position, stream, revision, leaf, said } = line
  const place = { position: String(position), stream, revision }
  if (last > 0n && position <= last)
    part.fault({ kind: 'order', ...place, detail: `it comes behind position ${last}` })
  if (said !== undefined && leaf.toString('base64') !== said)
    part.fault({ kind: 'leaf', ...place, detail: 'it is not the event whose leaf its line names' })
  part.follow(stream, revision, position)
  if (stream === HEADS_STREAM) {
    const { type, data } = headOf(bytes)
    part.head({ position: place.position, revision, type, data })
  }
  part.add(position, leaf)
}

const headOf = (bytes: Buffer): { readonly type: string; readonly data: JsonObject } => {
  const { value } = parseText(bytes)
  if (!isObject(value) || typeof value.type !== 'string' || !isObject(value.data))
    throw new Misshapen('no event')
  return { type: value.type, data: value.data }
}

const NEW_LINE = 0x0a
const MORE_BYTES = 64 * 1024
const PART_LINES = 4_096
