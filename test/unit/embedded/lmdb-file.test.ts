/**
 * Proves that an LMDB file is called damaged when pages that somebody may read are missing at its end, and not when LMDB never wrote them: pages that a
 * transaction took and gave back are only in the list of free pages. Files are what LMDB makes of random work, and cut versions of them.
 */
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { lmdbFault } from '../../../src/embedded/lmdb-file.ts'
import { openLmdb } from '../../../src/embedded/lmdb.ts'

const PAGE_BYTES = 4_096

const directory = mkdtempSync(join(tmpdir(), 'headwater-lmdb-'))
test.after.always(() => rmSync(directory, { recursive: true, force: true }))

const lastPage = (path: string): bigint => {
  const head = Buffer.alloc(2 * PAGE_BYTES)
  const file = openSync(path, 'r')
  readSync(file, head, 0, head.length, 0)
  closeSync(file)
  const metas = [0, PAGE_BYTES].map((page) => head.subarray(page + 24))
  return metas.reduce(
    (most, meta) => (meta.readBigUInt64LE(120) > most ? meta.readBigUInt64LE(120) : most),
    0n,
  )
}

test('pages that were never written are no damage, and others that are missing are', async (t) => {
  let short = 0
  let rounds = 0
  for (; rounds < 20 || (short === 0 && rounds < 300); rounds++) {
    const path = join(directory, `${rounds}.mdb`)
    const root = openLmdb(path, 'lazy')
    const table = root.openDB<Buffer, string>('table', { encoding: 'binary' })
    for (let transaction = 0; transaction < 12; transaction++) {
      root.transactionSync(() => {
        const keys = Array.from(
          { length: 1 + Math.floor(Math.random() * 60) },
          (_, n) => `k${transaction}-${n}`,
        )
        for (const key of keys) void table.put(key, Buffer.alloc(Math.floor(Math.random() * 1_500), 7))
        for (const key of keys) if (Math.random() < 0.8) void table.remove(key)
      })
    }
    await root.close()
    t.is(lmdbFault(path), undefined)
    const { size } = statSync(path)
    if (BigInt(size / PAGE_BYTES) <= lastPage(path)) short += 1
    const again = openLmdb(path, 'lazy')
    const kept = again.openDB<Buffer, string>('table', { encoding: 'binary' })
    for (const { value } of kept.getRange()) t.true(value.every((byte) => byte === 7))
    await again.close()
    const cut = join(directory, 'cut.mdb')
    copyFileSync(path, cut)
    truncateSync(cut, 2 * PAGE_BYTES)
    t.regex(lmdbFault(cut) ?? '', /^its file has \d+ of \d+ bytes$/)
  }
  t.true(short > 0, 'LMDB leaves such files; else this proves nothing')
  t.log(`${short} of ${rounds} were short`)
})
