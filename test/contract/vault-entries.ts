/** The part of the vault's contract that speaks of entries. */
import assert from 'node:assert/strict'
import type { JsonObject } from '../../src/json.ts'
import type { Vault } from '../../src/vault/port.ts'
import { inSlices, listAll, type VaultCase } from './vault-cases.ts'

const S = 'stores.sessions'

const versionOf = async (vault: Vault, key: string): Promise<string> => {
  const entry = await vault.get(S, key)
  assert.ok(entry)
  return entry.version
}

export const entryCases: readonly VaultCase[] = [
  {
    name: 'an entry comes back as it was put',
    run: async ({ vault }) => {
      const text = '{"a":[1,null,{"b":"ü€😀"}],"__proto__":{"x":1},"":"","n":-1.5e+300,"t":true}'
      const value = JSON.parse(text) as JsonObject
      await vault.put(S, 'k', value)
      const entry = await vault.get(S, 'k')
      assert.equal(JSON.stringify(entry?.value), text)
      assert.equal(entry?.expiresAt, undefined)
      assert.equal(await vault.get(S, 'K'), undefined)
      assert.equal(await vault.get('stores.session', 'k'), undefined)
    },
  },
  {
    name: 'what is kept is a copy',
    run: async ({ vault }) => {
      const value = { list: [1] }
      await vault.put(S, 'k', value)
      value.list.push(2)
      const first = await vault.get(S, 'k')
      assert.deepEqual(first?.value, { list: [1] })
      first.value.list.push(3)
      assert.deepEqual((await vault.get(S, 'k'))?.value, { list: [1] })
    },
  },
  {
    name: 'put replaces, and each write has a version of its own',
    run: async ({ vault }) => {
      await vault.put(S, 'k', { n: 1 })
      const first = await versionOf(vault, 'k')
      await vault.put(S, 'k', { n: 1 })
      const second = await versionOf(vault, 'k')
      assert.notEqual(first, second)
      await vault.put(S, 'k', { n: 2 })
      assert.deepEqual((await vault.get(S, 'k'))?.value, { n: 2 })
      assert.deepEqual(await listAll(vault, S), ['k'])
    },
  },
  {
    name: 'an expired entry is absent at once for everybody',
    run: async ({ vault, pass }) => {
      for (const key of ['a', 'b', 'c', 'd']) await vault.put(S, key, { key }, { ttlMs: 1_000 })
      pass(999)
      assert.deepEqual(await listAll(vault, S), ['a', 'b', 'c', 'd'])
      const version = await versionOf(vault, 'd')
      assert.equal(typeof (await vault.get(S, 'd'))?.expiresAt, 'number')
      pass(1)
      assert.equal(await vault.get(S, 'a'), undefined)
      assert.equal(await vault.take(S, 'b'), undefined)
      assert.equal(await vault.delete(S, 'c'), false)
      assert.equal(await vault.compareAndSet(S, 'd', version, { value: {} }), false)
      assert.deepEqual(await listAll(vault, S), [])
      assert.equal(await vault.compareAndSet(S, 'd', 'absent', { value: { again: true } }), true)
      assert.deepEqual(await listAll(vault, S), ['d'])
    },
  },
  {
    name: 'a new put forgets the old time to live and the old subject',
    run: async ({ vault, pass }) => {
      await vault.put(S, 'k', { n: 1 }, { ttlMs: 10, subject: 'stores.user-1' })
      await vault.put(S, 'k', { n: 2 })
      await vault.put(S, 'l', { n: 3 }, { ttlMs: 10 })
      await vault.put(S, 'l', { n: 4 }, { ttlMs: 100 })
      pass(50)
      assert.equal(await vault.sweep(), 0)
      await vault.deleteSubject('stores.user-1')
      assert.deepEqual(await listAll(vault, S), ['k', 'l'])
    },
  },
  {
    name: 'sweep deletes what has expired, and only that',
    run: async ({ vault, pass }) => {
      const soon = Array.from({ length: 1_100 }, (_, i) => i)
      await inSlices(soon, (i) => vault.put(S, `soon-${i}`, {}, { ttlMs: 10 + (i % 3) }))
      await vault.put(S, 'late', {}, { ttlMs: 1_000 })
      await vault.put(S, 'never', {})
      pass(9)
      assert.equal(await vault.sweep(), 0)
      pass(3)
      assert.equal(await vault.sweep(), 1_100)
      assert.equal(await vault.sweep(), 0)
      assert.deepEqual(await listAll(vault, S), ['late', 'never'])
    },
  },
  {
    name: 'of many takers exactly one gets it',
    run: async ({ vault }) => {
      await vault.put(S, 'code', { user: 1 })
      const taken = await Promise.all(Array.from({ length: 50 }, () => vault.take(S, 'code')))
      assert.deepEqual(
        taken.filter((entry) => entry !== undefined).map(({ value }) => value),
        [{ user: 1 }],
      )
      assert.equal(await vault.take(S, 'code'), undefined)
    },
  },
  {
    name: 'delete tells whether something was there',
    run: async ({ vault }) => {
      await vault.put(S, 'k', {})
      assert.equal(await vault.delete(S, 'l'), false)
      const deleted = await Promise.all([vault.delete(S, 'k'), vault.delete(S, 'k'), vault.take(S, 'k')])
      assert.deepEqual(deleted, [true, false, undefined])
    },
  },
  {
    name: 'compareAndSet writes only over the version it was given',
    run: async ({ vault }) => {
      const set = (n: number) => ({ value: { n } })
      assert.equal(await vault.compareAndSet(S, 'k', 'no-such-version', set(0)), false)
      assert.equal(await vault.compareAndSet(S, 'k', 'absent', set(1)), true)
      assert.equal(await vault.compareAndSet(S, 'k', 'absent', set(2)), false)
      const version = await versionOf(vault, 'k')
      const won = await Promise.all(
        Array.from({ length: 50 }, (_, i) => vault.compareAndSet(S, 'k', version, set(i + 10))),
      )
      assert.equal(won.filter(Boolean).length, 1)
      assert.deepEqual((await vault.get(S, 'k'))?.value, { n: won.indexOf(true) + 10 })
      assert.equal(await vault.compareAndSet(S, 'k', version, undefined), false)
      assert.equal(await vault.compareAndSet(S, 'k', await versionOf(vault, 'k'), undefined), true)
      assert.equal(await vault.get(S, 'k'), undefined)
    },
  },
  {
    name: 'compareAndSet gives the entry its time to live and its subject',
    run: async ({ vault, pass }) => {
      const options = { ttlMs: 10, subject: 'stores.user-1' }
      await vault.compareAndSet(S, 'k', 'absent', { value: {}, options })
      await vault.compareAndSet(S, 'l', 'absent', { value: {}, options: { ttlMs: 10 } })
      assert.deepEqual(await listAll(vault, S), ['k', 'l'])
      await vault.deleteSubject('stores.user-1')
      assert.deepEqual(await listAll(vault, S), ['l'])
      pass(10)
      assert.equal(await vault.sweep(), 1)
    },
  },
  {
    name: 'list gives the keys with a prefix, page by page, in the order of their UTF-8',
    run: async ({ vault }) => {
      const keys = Array.from({ length: 1_200 }, (_, i) => `a-${String(i).padStart(4, '0')}`)
      const others = ['a', 'a_', 'b', 'ä', '\u{1F600}', '\uFFFD']
      await inSlices([...keys, ...others].reverse(), (key) => vault.put(S, key, { key }))
      await vault.put('stores.sessions2', 'a-x', {})
      await vault.put('stores', 'sessions', {})
      assert.deepEqual(await listAll(vault, S, 'a-'), keys)
      assert.deepEqual(await listAll(vault, S), ['a', ...keys, 'a_', 'b', 'ä', '\uFFFD', '\u{1F600}'])
      assert.deepEqual(await listAll(vault, S, 'a-1199x'), [])
      for await (const page of vault.list(S, 'b')) assert.deepEqual(page[0]?.value, { key: 'b' })
    },
  },
  {
    name: 'deleteSubject deletes every entry of the subject and nothing else',
    run: async ({ vault, pass }) => {
      const subject = 'timelimit.family-1'
      const all = Array.from({ length: 1_100 }, (_, i) => i)
      await inSlices(all, (i) =>
        vault.put(`space-${i % 7}`, `k${i}`, {}, { subject, ttlMs: i % 2 === 0 ? 10 : 1_000 }),
      )
      await vault.put(S, 'other', {}, { subject: 'timelimit.family-10' })
      pass(20)
      await vault.deleteSubject(subject)
      for (let i = 0; i < 7; i += 1) assert.deepEqual(await listAll(vault, `space-${i}`), [])
      assert.deepEqual(await listAll(vault, S), ['other'])
      assert.equal(await vault.sweep(), 0)
    },
  },
  {
    name: 'names that cannot be held are absent, and refused when written',
    run: async ({ vault }) => {
      const long = 'x'.repeat(1_025)
      await vault.put(S, 'x'.repeat(1_024), {})
      await vault.put(S, '', { empty: true })
      assert.equal((await listAll(vault, S)).length, 2)
      assert.deepEqual((await vault.get(S, ''))?.value, { empty: true })
      for (const [space, key] of [
        [S, long],
        [S, '\uD800'],
        ['', 'k'],
        ['a\0b', 'k'],
      ] as const) {
        assert.equal(await vault.get(space, key), undefined)
        assert.equal(await vault.take(space, key), undefined)
        assert.equal(await vault.delete(space, key), false)
        assert.deepEqual(await listAll(vault, space, key), [])
        await assert.rejects(vault.put(space, key, {}), RangeError)
        await assert.rejects(vault.compareAndSet(space, key, 'absent', undefined), RangeError)
      }
      await assert.rejects(vault.put(S, 'k', {}, { ttlMs: Number.NaN }), RangeError)
      await assert.rejects(vault.next(''), RangeError)
    },
  },
]
