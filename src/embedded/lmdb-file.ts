import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/**
 * What is wrong with an LMDB file, as far as its first pages and its length tell; `undefined` if nothing is. LMDB itself would end the
 * process without a word, at once or when it reads behind the end, and would take an empty file for a new one. Throws if there is no file.
 */
export const lmdbFault = (path: string): string | undefined => {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(2 * PAGE_BYTES_MAX)
    const bytes = readSync(file, head, 0, head.length, 0)
    if (bytes === 0) return EMPTY
    const first = metaAt(head.subarray(0, bytes), 0)
    const second = first && metaAt(head.subarray(0, bytes), first.pageBytes)
    if (!first || !second) return 'it is not an LMDB file'
    const pages = Math.max(first.lastPage, second.lastPage) + 1
    const { size } = fstatSync(file)
    return size < pages * first.pageBytes
      ? `its file has ${size} of ${pages * first.pageBytes} bytes`
      : undefined
  } finally {
    closeSync(file)
  }
}

/** Also what a process leaves that is killed while it makes the file. */
export const EMPTY = 'its file is empty'

type Meta = { readonly pageBytes: number; readonly lastPage: number }

/** LMDB's meta page: behind a header the magic number, then what is needed here at fixed places. */
const metaAt = (head: Buffer, page: number): Meta | undefined => {
  const at = page + PAGE_HEADER_BYTES
  if (head.length < at + META_BYTES || head.readUInt32LE(at) !== MAGIC) return undefined
  const pageBytes = head.readUInt32LE(at + 24)
  if (pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) return undefined
  return { pageBytes, lastPage: Number(head.readBigUInt64LE(at + 120)) }
}

const MAGIC = 0xbeefc0de
const PAGE_HEADER_BYTES = 24
const META_BYTES = 136
const PAGE_BYTES_MIN = 512
const PAGE_BYTES_MAX = 65_536
