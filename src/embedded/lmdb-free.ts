import { readSync } from 'node:fs'

/** An LMDB file as its newest meta page describes it. */
export type Snapshot = {
  readonly file: number
  readonly pageBytes: number
  /** Page that the list of free pages begins at. */
  readonly freeRoot: bigint
}

/**
 * Whether all pages of a range, both ends included, are listed as free. LMDB does not write pages that were taken and given back within one
 * transaction, so the last ones may never have been in the file, and nobody will read them.
 */
export const areFree = (snapshot: Snapshot, from: number, to: number): boolean => {
  if (to - from >= MISSING_MAX) return false
  const missing = new Set(Array.from({ length: to - from + 1 }, (_, at) => from + at))
  try {
    for (const [first, length] of freeRanges(snapshot)) {
      const end = Math.min(first + length, to + 1)
      for (let page = Math.max(first, from); page < end; page++) missing.delete(page)
    }
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
  return missing.size === 0
}

/** More than any transaction leaves. */
const MISSING_MAX = 100_000
const DEPTH_MAX = 8
const NO_PAGE = 0xffff_ffff_ffff_ffffn

function* freeRanges(snapshot: Snapshot): Generator<Range> {
  for (const list of listsBelow(snapshot, snapshot.freeRoot, DEPTH_MAX)) yield* rangesIn(list)
}

/** The values of the table of free pages: a tree of pages as all of LMDB's. Throws RangeError if a page of it is not there. */
function* listsBelow(snapshot: Snapshot, page: bigint, depth: number): Generator<Buffer> {
  if (page === NO_PAGE) return
  if (depth === 0) throw new RangeError('the tree is too deep')
  const bytes = bytesAt(snapshot, page, snapshot.pageBytes)
  const isBranch = (bytes.readUInt16LE(18) & BRANCH) !== 0
  const nodes = bytes.readUInt16LE(20) / 2
  for (let n = 0; n < nodes; n++) {
    const { size, flags, value } = nodeAt(bytes, n)
    if (isBranch) yield* listsBelow(snapshot, BigInt(size) + (BigInt(flags) << 32n), depth - 1)
    else if ((flags & OVERFLOW) === 0) yield value.subarray(0, size)
    else yield bytesAt(snapshot, value.readBigUInt64LE(0), HEADER_BYTES + size).subarray(HEADER_BYTES)
  }
}

const nodeAt = (page: Buffer, n: number) => {
  const node = page.subarray(HEADER_BYTES + page.readUInt16LE(HEADER_BYTES + 2 * n))
  return {
    size: node.readUInt16LE(0) + node.readUInt16LE(2) * 0x1_0000,
    flags: node.readUInt16LE(4),
    value: node.subarray(8 + node.readUInt16LE(6)),
  }
}

const HEADER_BYTES = 24
const BRANCH = 1
const OVERFLOW = 1

type Range = readonly [first: number, length: number]

/** How many entries there are, then each: a page, or a negative number of pages and the first of them. */
function* rangesIn(list: Buffer): Generator<Range> {
  const entries = Number(list.readBigInt64LE(0))
  for (let at = 1; at <= entries; at++) {
    const entry = Number(list.readBigInt64LE(8 * at))
    if (entry >= 0) yield [entry, 1]
    else yield [Number(list.readBigInt64LE(8 * ++at)), -entry]
  }
}

const bytesAt = ({ file, pageBytes }: Snapshot, page: bigint, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  const read = readSync(file, bytes, 0, length, Number(page) * pageBytes)
  if (read < length) throw new RangeError('a page is missing')
  return bytes
}
