/** The part of the vault's contract that speaks of copying all it holds, and of putting it back. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { HeldEntry } from '../../src/vault/port.ts'
import { listAll, type VaultCase } from './vault-cases.ts'

const digest = (subject: string): string => createHash('sha256').update(subject).digest('hex')

const all = async <A>(pages: AsyncIterable<readonly A[]>): Promise<readonly A[]> => {
  const found: A[] = []
  for await (const page of pages) {
    assert.ok(page.length > 0, 'no page is empty')
    found.push(...page)
  }
  return found
}

const NOW = 1_000_000

export const holdingCases: readonly VaultCase[] = [
  {
    name: 'all that is held is given, live entries with their end and the digest of their subject',
    run: async ({ vault, pass }) => {
      const value = { $set: { 'a.b': [1, null, 'ü€😀'] } }
      await vault.put('b', 'k', value, { ttlMs: 1_000, subject: 'stores.user-1' })
      await vault.put('a', 'ü\0x', {})
      await vault.put('a', 'soon', {}, { ttlMs: 10 })
      await vault.put('b', '', { n: 1 }, { subject: 'stores.user-2' })
      pass(10)
      assert.deepEqual(await all(vault.holding.entries()), [
        { space: 'a', key: 'ü\0x', value: {} },
        { space: 'b', key: '', value: { n: 1 }, subject: digest('stores.user-2') },
        { space: 'b', key: 'k', value, expiresAt: NOW + 1_000, subject: digest('stores.user-1') },
      ])
    },
  },
  {
    name: 'more than fits into a page is held and put back',
    run: async ({ vault }) => {
      const entries = Array.from({ length: 620 }, (_, i): HeldEntry => ({
        space: `s${i % 3}`,
        key: String(i).padStart(4, '0'),
        value: { i },
        subject: digest('s'),
      }))
      for (let from = 0; from < entries.length; from += 100)
        await vault.holding.putEntries(entries.slice(from, from + 100))
      const sorted = [...entries].sort((a, b) => (a.space + a.key < b.space + b.key ? -1 : 1))
      assert.deepEqual(await all(vault.holding.entries()), sorted)
    },
  },
  {
    name: 'what was put back lives as long as before, and goes with its subject',
    run: async ({ vault, pass }) => {
      const value = { text: 'secret' }
      await vault.put('s', 'old', { n: 1 }, { ttlMs: 1_000 })
      await vault.holding.putEntries([
        { space: 's', key: 'old', value },
        { space: 's', key: 'k', value, expiresAt: NOW + 100 },
        { space: 's', key: 'gone', value, expiresAt: NOW },
        { space: 's', key: 'of', value, subject: digest('stores.user-1') },
        { space: 's', key: 'other', value, subject: digest('stores.user-2') },
      ])
      assert.deepEqual(await listAll(vault, 's'), ['k', 'of', 'old', 'other'])
      assert.equal((await vault.get('s', 'k'))?.expiresAt, NOW + 100)
      const entry = await vault.get('s', 'old')
      assert.deepEqual(entry?.value, value)
      assert.equal(await vault.compareAndSet('s', 'old', entry.version, { value: {} }), true)
      await vault.deleteSubject('stores.user-1')
      assert.deepEqual(await listAll(vault, 's'), ['k', 'old', 'other'])
      pass(100)
      assert.deepEqual(await listAll(vault, 's'), ['old', 'other'])
      assert.equal(await vault.sweep(), 1)
      assert.deepEqual(await vault.get('s', 'k'), undefined)
      pass(2_000)
      assert.deepEqual(await listAll(vault, 's'), ['old', 'other'])
    },
  },
  {
    name: 'counters are given with their last number',
    run: async ({ vault }) => {
      await vault.next('cc.users-1')
      await vault.next('cc.users-1')
      await vault.raise('ü', 10n ** 20n)
      await vault.next('ü')
      const counters = await all(vault.holding.counters())
      assert.deepEqual(
        new Map(counters.map(({ name, last }) => [name, last])),
        new Map([
          ['cc.users-1', 2n],
          ['ü', 10n ** 20n + 1n],
        ]),
      )
    },
  },
  {
    name: 'blobs are given by the digest of their subject, and found by its name when they are put back',
    run: async ({ vault }) => {
      const subject = 'timelimit.family-1'
      const { sha256 } = await vault.putBlob(subject, Readable.from(['content']), 100)
      const other = await vault.putBlob('../x', Readable.from([]), 100)
      const held = { subject: digest(subject), sha256 }
      const blobs = await all(vault.holding.blobs())
      assert.deepEqual(
        new Set(blobs.map((blob) => `${blob.subject}/${blob.sha256}`)),
        new Set([`${held.subject}/${sha256}`, `${digest('../x')}/${other.sha256}`]),
      )
      const content = await vault.holding.readBlob(held.subject, sha256)
      assert.equal(content && (await text(content)), 'content')
      await vault.deleteSubject(subject)
      assert.equal(await vault.holding.readBlob(held.subject, sha256), undefined)
      assert.equal((await vault.holding.putBlob(held.subject, Readable.from(['con', 'tent']))).sha256, sha256)
      const again = await vault.readBlob(subject, sha256)
      assert.equal(again && (await text(again)), 'content')
      assert.equal(await vault.deleteBlob(subject, sha256), true)
      assert.deepEqual(await all(vault.holding.blobs()), [{ subject: digest('../x'), sha256: other.sha256 }])
    },
  },
]
