import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { areFree } from './lmdb-free.ts'

/** A file that LMDB must not even be given. */
export class LmdbDamaged extends Error {
  override readonly name = 'LmdbDamaged'
}

/**
 * What is wrong with an LMDB file, as far as its first pages and its length tell; `undefined` if nothing is. LMDB itself would end the
 * process without a word, at once or when it reads behind the end, and would take an empty file for a new one. Throws if there is no file.
 */
export const lmdbFault = (path: string): string | undefined => {
  const file = openSync(path, 'r')
  try {
    const head = headOf(file)
    if (isBlank(head)) return EMPTY
    const first = metaAt(head, 0)
    const second = first && metaAt(head, first.pageBytes)
    if (!first || !second) return 'it is not an LMDB file'
    const { pageBytes } = first
    const { lastPage, freeRoot } = second.transaction > first.transaction ? second : first
    const { size } = fstatSync(file)
    const whole = Math.floor(size / pageBytes)
    return whole > lastPage || areFree({ file, pageBytes, freeRoot }, whole, lastPage)
      ? undefined
      : `its file has ${size} of ${(lastPage + 1) * pageBytes} bytes`
  } finally {
    closeSync(file)
  }
}

/** Also what a process leaves that is killed while it makes the file; zeros are what a loss of power makes of it. */
export const EMPTY = 'its file is empty'

/** Whether there is no file, or nothing in it. */
export const isBlankFile = (path: string): boolean => {
  if (!existsSync(path)) return true
  const file = openSync(path, 'r')
  try {
    return isBlank(headOf(file))
  } finally {
    closeSync(file)
  }
}

const headOf = (file: number): Buffer => {
  const head = Buffer.alloc(2 * PAGE_BYTES_MAX)
  return head.subarray(0, readSync(file, head, 0, head.length, 0))
}

/** A file that is larger was not just being made, whatever is in it. */
const isBlank = (head: Buffer): boolean =>
  head.length < 2 * PAGE_BYTES_MAX && head.every((byte) => byte === 0)

type Meta = {
  readonly pageBytes: number
  readonly lastPage: number
  readonly freeRoot: bigint
  readonly transaction: bigint
}

/** LMDB's meta page: behind a header the magic number, then what is needed here at fixed places. */
const metaAt = (head: Buffer, page: number): Meta | undefined => {
  const at = page + PAGE_HEADER_BYTES
  if (head.length < at + META_BYTES || head.readUInt32LE(at) !== MAGIC) return undefined
  const pageBytes = head.readUInt32LE(at + 24)
  if (pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) return undefined
  return {
    pageBytes,
    lastPage: Number(head.readBigUInt64LE(at + 120)),
    freeRoot: head.readBigUInt64LE(at + 64),
    transaction: head.readBigUInt64LE(at + 128),
  }
}

const MAGIC = 0xbeefc0de
const PAGE_HEADER_BYTES = 24
const META_BYTES = 136
const PAGE_BYTES_MIN = 512
const PAGE_BYTES_MAX = 65_536
