/** Proves that no case of the vault's contract can be passed by doing nothing: each is run against a vault that only answers. */
import assert from 'node:assert/strict'
import test from 'ava'
import { Readable } from 'node:stream'
import type { Vault } from '../../src/vault/port.ts'
import { vaultCases } from './vault.ts'

const idle: Vault = {
  put: () => Promise.resolve(),
  get: () => Promise.resolve(undefined),
  take: () => Promise.resolve(undefined),
  delete: () => Promise.resolve(false),
  compareAndSet: () => Promise.resolve(false),
  list: async function* () {},
  next: () => Promise.resolve(0n),
  raise: () => Promise.resolve(),
  putBlob: (_subject, content) => {
    content.on('error', () => undefined).resume()
    return Promise.resolve({ sha256: '', bytes: 0 })
  },
  readBlob: () => Promise.resolve(Readable.from([])),
  deleteBlob: () => Promise.resolve(false),
  deleteSubject: () => Promise.resolve(),
  sweep: () => Promise.resolve(0),
  rewrite: () => Promise.resolve(),
  holding: {
    entries: async function* () {},
    counters: async function* () {},
    blobs: async function* () {},
    readBlob: () => Promise.resolve(undefined),
    putEntries: () => Promise.resolve(),
    putBlob: () => Promise.resolve({ sha256: '', bytes: 0 }),
  },
  close: () => Promise.resolve(),
}

const fixture = {
  vault: idle,
  pass: () => undefined,
  reopen: () => Promise.resolve(idle),
  dispose: () => Promise.resolve(),
}

for (const { name, run } of vaultCases) {
  test(`does nothing, so it fails: ${name}`, async (t) => {
    const error = await t.throwsAsync(run(fixture), { any: true })
    t.true(error instanceof assert.AssertionError || /Property failed/.test(String(error)))
  })
}
