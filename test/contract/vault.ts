/**
 * What every vault has to do, as named cases. An adapter mounts them with `mountVault`; `vault.guard.test.ts` proves that an adapter that
 * does nothing fails each of them.
 */
import assert from 'node:assert/strict'
import { mount, type Mounting } from './mounting.ts'
import { blobCases } from './vault-blobs.ts'
import { listAll, type VaultCase, type VaultFixture } from './vault-cases.ts'
import { entryCases } from './vault-entries.ts'
import { holdingCases } from './vault-holding.ts'
import { modelCase } from './vault-model.ts'

export const mountVault = (adapter: string, mounting: Mounting, open: () => Promise<VaultFixture>): void =>
  mount(adapter, mounting, vaultCases, open)

const S = 'stores.sessions'

const counterCases: readonly VaultCase[] = [
  {
    name: 'a counter begins with 1 and never gives a number twice',
    run: async ({ vault }) => {
      assert.equal(await vault.next('cc.users-1'), 1n)
      const numbers = await Promise.all(Array.from({ length: 200 }, () => vault.next('cc.users-1')))
      assert.deepEqual(
        [...numbers].sort((a, b) => Number(a - b)),
        Array.from({ length: 200 }, (_, i) => BigInt(i + 2)),
      )
      assert.equal(await vault.next('cc.users-2'), 1n)
    },
  },
  {
    name: 'a raised counter goes on behind the number, and never back',
    run: async ({ vault }) => {
      await vault.raise('c', 41n)
      assert.equal(await vault.next('c'), 42n)
      await vault.raise('c', 7n)
      assert.equal(await vault.next('c'), 43n)
      await vault.raise('c', 10n ** 20n)
      assert.equal(await vault.next('c'), 10n ** 20n + 1n)
    },
  },
]

const lifeCases: readonly VaultCase[] = [
  {
    name: 'a rewrite changes nothing that can be seen',
    run: async ({ vault, pass }) => {
      await vault.put(S, 'k', { n: 1 }, { ttlMs: 100, subject: 's' })
      await vault.put(S, 'l', { n: 2 }, { subject: 's' })
      await vault.delete(S, 'l')
      await vault.raise('c', 5n)
      const before = await vault.get(S, 'k')
      await Promise.all([vault.rewrite(), vault.put(S, 'm', { n: 3 }), vault.rewrite()])
      assert.deepEqual(await vault.get(S, 'k'), before)
      assert.deepEqual(before?.value, { n: 1 })
      assert.deepEqual(await listAll(vault, S), ['k', 'm'])
      assert.equal(await vault.next('c'), 6n)
      pass(100)
      assert.equal(await vault.sweep(), 1)
    },
  },
  {
    name: 'everything answered is there after closing and opening',
    durable: true,
    run: async ({ vault, pass, reopen }) => {
      await vault.put(S, 'k', { n: 1 })
      await vault.put(S, 'ttl', { n: 2 }, { ttlMs: 100 })
      await vault.put(S, 'gone', { n: 3 }, { subject: 's' })
      await vault.take(S, 'gone')
      await vault.put(S, 'subject', {}, { subject: 's' })
      assert.equal(await vault.next('c'), 1n)
      const entry = await vault.get(S, 'k')
      const again = await reopen?.()
      assert.ok(again)
      assert.deepEqual(entry?.value, { n: 1 })
      assert.deepEqual(await again.get(S, 'k'), entry)
      assert.deepEqual(await listAll(again, S), ['k', 'subject', 'ttl'])
      await again.deleteSubject('s')
      pass(100)
      assert.deepEqual(await listAll(again, S), ['k'])
      assert.equal(await again.sweep(), 1)
      assert.equal(await again.next('c'), 2n)
    },
  },
]

export const vaultCases: readonly VaultCase[] = [
  ...entryCases,
  ...counterCases,
  ...blobCases,
  ...lifeCases,
  ...holdingCases,
  modelCase,
]
