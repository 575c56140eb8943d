/**
 * What every keyring has to do, as named cases. An adapter mounts them with `mountKeyring`; `keyring.guard.test.ts` proves that an
 * adapter that does nothing fails each of them.
 */
import assert from 'node:assert/strict'
import { KeyConflict, type HeldKey, type Keyring } from '../../src/vault/port.ts'
import { mount, type Mounting } from './mounting.ts'

export type KeyringFixture = {
  readonly keyring: Keyring
  /** Closes the keyring and opens it anew on the same data; `undefined` for an adapter that keeps none. */
  readonly reopen: (() => Promise<Keyring>) | undefined
  readonly dispose: () => Promise<void>
}

export type KeyringCase = {
  readonly name: string
  /** Needs an adapter whose data outlive it. */
  readonly durable?: true
  readonly run: (fixture: KeyringFixture) => Promise<void>
}

export const mountKeyring = (
  adapter: string,
  mounting: Mounting,
  open: () => Promise<KeyringFixture>,
): void => mount(adapter, mounting, keyringCases, open)

const A = 'stores.user-1'
const B = 'stores.user-2'

const keyOf = async (keyring: Keyring, subject: string): Promise<Buffer> => {
  const key = await keyring.obtain(subject)
  assert.ok(key instanceof Uint8Array)
  assert.equal(key.length, 32)
  return Buffer.from(key)
}

const heldIn = async (keyring: Keyring): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>()
  for await (const page of keyring.held())
    for (const { of, name, key } of page)
      found.set(`${of} ${name}`, key === 'destroyed' ? key : Buffer.from(key).toString('hex'))
  return found
}

export const keyringCases: readonly KeyringCase[] = [
  {
    name: 'a key is made once, 32 random bytes a subject',
    run: async ({ keyring }) => {
      const key = await keyOf(keyring, A)
      assert.ok((await keyOf(keyring, A)).equals(key))
      assert.ok(!(await keyOf(keyring, B)).equals(key))
      assert.ok(new Set(key).size > 8)
    },
  },
  {
    name: 'many who ask at once get the same key',
    run: async ({ keyring }) => {
      const keys = await Promise.all(Array.from({ length: 50 }, () => keyOf(keyring, A)))
      assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1)
      assert.notDeepEqual(keys[0], await keyOf(keyring, B))
    },
  },
  {
    name: 'find makes nothing, and finds what was made',
    run: async ({ keyring }) => {
      assert.equal(await keyring.find(A), undefined)
      const key = await keyOf(keyring, A)
      assert.deepEqual(Buffer.from((await keyring.find(A)) ?? []), key)
      assert.equal(await keyring.find(B), undefined)
      assert.equal(await keyring.find(`${A}1`), undefined)
    },
  },
  {
    name: 'a destroyed key is gone for good, and only that',
    run: async ({ keyring }) => {
      await keyOf(keyring, A)
      const other = await keyOf(keyring, B)
      await keyring.destroy(A)
      assert.equal(await keyring.find(A), undefined)
      assert.equal(await keyring.obtain(A), 'destroyed')
      await keyring.destroy(A)
      assert.equal(await keyring.obtain(A), 'destroyed')
      assert.deepEqual(await keyOf(keyring, B), other)
    },
  },
  {
    name: 'a key destroyed before it was made is never made',
    run: async ({ keyring }) => {
      await keyring.destroy(A)
      assert.equal(await keyring.obtain(A), 'destroyed')
      assert.equal(await keyring.find(A), undefined)
      await keyOf(keyring, B)
    },
  },
  {
    name: 'a key asked for while it is destroyed does not come back',
    run: async ({ keyring }) => {
      for (let i = 0; i < 30; i += 1) {
        const subject = `stores.user-${i}`
        const asked = [keyring.obtain(subject), keyring.destroy(subject), keyring.obtain(subject)]
        await Promise.all([...asked, keyring.find(subject)])
        assert.equal(await keyring.find(subject), undefined)
        assert.equal(await keyring.obtain(subject), 'destroyed')
      }
      await keyOf(keyring, 'stores.user-other')
    },
  },
  {
    name: 'keys of the installation are made once and are nobody else’s',
    run: async ({ keyring }) => {
      const claim = Buffer.from(await keyring.installation('claim'))
      assert.equal(claim.length, 32)
      assert.deepEqual(Buffer.from(await keyring.installation('claim')), claim)
      assert.notDeepEqual(Buffer.from(await keyring.installation('heads')), claim)
      assert.notDeepEqual(await keyOf(keyring, 'claim'), claim)
      await keyring.destroy('claim')
      assert.deepEqual(Buffer.from(await keyring.installation('claim')), claim)
    },
  },
  {
    name: 'a key of the installation is found once it was made, and looking for it makes none',
    run: async ({ keyring }) => {
      assert.equal(await keyring.findInstallation('claim'), undefined)
      assert.equal(await keyring.findInstallation('claim'), undefined)
      await keyOf(keyring, 'claim')
      assert.equal(await keyring.findInstallation('claim'), undefined)
      const claim = Buffer.from(await keyring.installation('claim'))
      assert.deepEqual(Buffer.from((await keyring.findInstallation('claim')) ?? []), claim)
      assert.equal(await keyring.findInstallation('heads'), undefined)
    },
  },
  {
    name: 'a rewrite keeps the keys and what is known of the destroyed ones',
    run: async ({ keyring }) => {
      const key = await keyOf(keyring, A)
      const claim = Buffer.from(await keyring.installation('claim'))
      await keyOf(keyring, B)
      await keyring.destroy(B)
      await Promise.all([keyring.rewrite(), keyring.obtain('stores.user-3'), keyring.rewrite()])
      assert.deepEqual(await keyOf(keyring, A), key)
      assert.deepEqual(Buffer.from(await keyring.installation('claim')), claim)
      assert.equal(await keyring.obtain(B), 'destroyed')
    },
  },
  {
    name: 'every key and every mark of a destroyed one is given',
    run: async ({ keyring }) => {
      const subjects = Array.from({ length: 620 }, (_, i) => `ü:\\0.user-${i}`)
      const keys = subjects.map((name, i) => ({ of: 'subject', name, key: Buffer.alloc(32, i) }) as const)
      for (let from = 0; from < keys.length; from += 100) await keyring.putBack(keys.slice(from, from + 100))
      await keyring.destroy(B)
      const claim = Buffer.from(await keyring.installation('claim'))
      await keyOf(keyring, A)
      await keyring.destroy(A)
      assert.deepEqual(
        await heldIn(keyring),
        new Map([
          ...subjects.map((subject, i) => [`subject ${subject}`, keys[i]?.key.toString('hex')] as const),
          [`subject ${A}`, 'destroyed'],
          [`subject ${B}`, 'destroyed'],
          ['installation claim', claim.toString('hex')],
        ]),
      )
    },
  },
  {
    name: 'keys that are put back are the ones that are used, and a destroyed one is never made',
    run: async ({ keyring }) => {
      const keys: readonly HeldKey[] = [
        { of: 'subject', name: A, key: Buffer.alloc(32, 1) },
        { of: 'subject', name: B, key: 'destroyed' },
        { of: 'installation', name: 'claim', key: Buffer.alloc(32, 2) },
      ]
      await keyring.putBack(keys)
      await keyring.putBack(keys)
      assert.deepEqual(await keyOf(keyring, A), Buffer.alloc(32, 1))
      assert.deepEqual(Buffer.from((await keyring.find(A)) ?? []), Buffer.alloc(32, 1))
      assert.equal(await keyring.obtain(B), 'destroyed')
      assert.deepEqual(Buffer.from(await keyring.installation('claim')), Buffer.alloc(32, 2))
      assert.equal((await heldIn(keyring)).size, 3)
    },
  },
  {
    name: 'nothing that is there is replaced by what is put back',
    run: async ({ keyring }) => {
      const key = await keyOf(keyring, A)
      await keyring.destroy(B)
      const claim = Buffer.from(await keyring.installation('claim'))
      for (const other of [
        { of: 'subject', name: A, key: Buffer.alloc(32, 1) },
        { of: 'subject', name: A, key: 'destroyed' },
        { of: 'subject', name: B, key: Buffer.alloc(32, 1) },
        { of: 'installation', name: 'claim', key: Buffer.alloc(32, 1) },
      ] as const)
        await assert.rejects(keyring.putBack([other]), KeyConflict)
      assert.deepEqual(await keyOf(keyring, A), key)
      assert.equal(await keyring.obtain(B), 'destroyed')
      assert.deepEqual(Buffer.from(await keyring.installation('claim')), claim)
    },
  },
  {
    name: 'keys, and what is known of destroyed ones, outlive closing and opening',
    durable: true,
    run: async ({ keyring, reopen }) => {
      const key = await keyOf(keyring, A)
      const claim = Buffer.from(await keyring.installation('claim'))
      await keyOf(keyring, B)
      await keyring.destroy(B)
      const again = await reopen?.()
      assert.ok(again)
      assert.deepEqual(Buffer.from((await again.find(A)) ?? []), key)
      assert.deepEqual(Buffer.from(await again.installation('claim')), claim)
      assert.equal(await again.obtain(B), 'destroyed')
    },
  },
]
