/** The part of the vault's contract that speaks of file contents. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { BlobTooLarge, type Vault } from '../../src/vault/port.ts'
import type { VaultCase } from './vault-cases.ts'

const MAX = 10_000_000
const put = (vault: Vault, subject: string, ...parts: readonly (Buffer | string)[]) =>
  vault.putBlob(subject, Readable.from(parts), MAX)
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const read = async (
  vault: Vault,
  subject: string,
  hash: string,
  range?: { readonly from: number; readonly to: number },
): Promise<Buffer | undefined> => {
  const stream = await vault.readBlob(subject, hash, range)
  return stream && buffer(stream)
}

export const blobCases: readonly VaultCase[] = [
  {
    name: 'a blob is found by its SHA-256 and comes back byte for byte',
    run: async ({ vault }) => {
      const parts = Array.from({ length: 40 }, () => randomBytes(70_001))
      const whole = Buffer.concat(parts)
      const blob = await put(vault, 's', ...parts)
      assert.deepEqual(blob, { sha256: sha256(whole), bytes: whole.length })
      assert.ok((await read(vault, 's', blob.sha256))?.equals(whole))
      const empty = await put(vault, 's')
      assert.deepEqual(empty, { sha256: sha256(Buffer.alloc(0)), bytes: 0 })
      assert.equal((await read(vault, 's', empty.sha256))?.length, 0)
    },
  },
  {
    name: 'the same bytes of two subjects are two blobs',
    run: async ({ vault }) => {
      const { sha256: hash } = await put(vault, 'timelimit.family-1', 'content')
      await put(vault, 'timelimit.family-1', 'con', 'tent')
      assert.equal(await vault.readBlob('timelimit.family-2', hash), undefined)
      await put(vault, 'timelimit.family-2', 'content')
      assert.equal(await vault.deleteBlob('timelimit.family-1', hash), true)
      assert.equal(await vault.deleteBlob('timelimit.family-1', hash), false)
      assert.equal(await vault.readBlob('timelimit.family-1', hash), undefined)
      assert.equal(String(await read(vault, 'timelimit.family-2', hash)), 'content')
    },
  },
  {
    name: 'a range of a blob has both its ends',
    run: async ({ vault }) => {
      const { sha256: hash } = await put(vault, 's', '0123456789')
      const range = async (from: number, to: number) => String(await read(vault, 's', hash, { from, to }))
      assert.equal(await range(0, 0), '0')
      assert.equal(await range(3, 5), '345')
      assert.equal(await range(8, 100), '89')
      assert.equal(await range(10, 11), '')
      assert.equal(await range(5, 4), '')
    },
  },
  {
    name: 'a blob that is too large is refused and leaves nothing',
    run: async ({ vault }) => {
      const exact = Buffer.alloc(1_000, 1)
      assert.equal((await vault.putBlob('s', Readable.from([exact]), 1_000)).bytes, 1_000)
      const content = Readable.from([exact, Buffer.from('x')])
      await assert.rejects(vault.putBlob('s', content, 1_000), BlobTooLarge)
      assert.equal(content.destroyed, true)
      const whole = Buffer.concat([exact, Buffer.from('x')])
      assert.equal(await vault.readBlob('s', sha256(whole)), undefined)
      assert.equal(await vault.readBlob('s', sha256(Buffer.from('x'))), undefined)
    },
  },
  {
    name: 'a stream that breaks is rejected with its own error and leaves nothing',
    run: async ({ vault }) => {
      const broken = new Error('the client went away')
      const content = Readable.from(
        (function* () {
          yield Buffer.from('begin')
          throw broken
        })(),
      )
      await assert.rejects(vault.putBlob('s', content, MAX), broken)
      assert.equal(await vault.readBlob('s', sha256(Buffer.from('begin'))), undefined)
    },
  },
  {
    name: 'deleteSubject deletes its blobs, and it can have new ones at once',
    run: async ({ vault }) => {
      const blobs = await Promise.all(['a', 'b', 'c'].map((text) => put(vault, 's', text)))
      const other = await put(vault, 't', 'a')
      await vault.deleteSubject('s')
      for (const blob of blobs) assert.equal(await vault.readBlob('s', blob.sha256), undefined)
      assert.equal(String(await read(vault, 't', other.sha256)), 'a')
      await Promise.all([vault.deleteSubject('s'), put(vault, 's', 'd'), vault.deleteSubject('s')])
      const again = await put(vault, 's', 'e')
      assert.equal(String(await read(vault, 's', again.sha256)), 'e')
    },
  },
  {
    name: 'what is no SHA-256 is not there, and subjects may be called anything',
    run: async ({ vault }) => {
      const subject = '../../etc/' + 'x'.repeat(500) + '/ü'
      const { sha256: hash } = await put(vault, subject, 'content')
      assert.equal(String(await read(vault, subject, hash)), 'content')
      for (const name of ['..', `../${hash}`, hash.toUpperCase(), hash.slice(1), '']) {
        assert.equal(await vault.readBlob(subject, name), undefined)
        assert.equal(await vault.deleteBlob(subject, name), false)
      }
    },
  },
  {
    name: 'blobs are there after closing and opening',
    durable: true,
    run: async ({ vault, reopen }) => {
      const { sha256: hash } = await put(vault, 's', 'content')
      const again = await reopen?.()
      assert.ok(again)
      assert.equal(String(await read(again, 's', hash)), 'content')
    },
  },
]
