/** Proves that no case of the keyring's contract can be passed by doing nothing: each is run against keyrings that only answer. */
import assert from 'node:assert/strict'
import test from 'ava'
import type { Keyring } from '../../src/vault/port.ts'
import { keyringCases } from './keyring.ts'

const idle: Keyring = {
  obtain: () => Promise.resolve(new Uint8Array(32)),
  find: () => undefined,
  destroy: () => Promise.resolve(),
  installation: () => Promise.resolve(new Uint8Array(32)),
  findInstallation: () => Promise.resolve(undefined),
  rewrite: () => Promise.resolve(),
  held: async function* () {},
  putBack: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
const forgetful: Keyring = { ...idle, obtain: () => Promise.resolve('destroyed') }

for (const [way, keyring] of Object.entries({ idle, forgetful })) {
  for (const { name, run } of keyringCases) {
    test(`${way}, so it fails: ${name}`, async (t) => {
      const fixture = { keyring, reopen: () => Promise.resolve(keyring), dispose: () => Promise.resolve() }
      await t.throwsAsync(run(fixture), { instanceOf: assert.AssertionError })
    })
  }
}
