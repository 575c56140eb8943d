/** What a case of the vault's contract is, and what it is run with. */
import assert from 'node:assert/strict'
import type { Vault } from '../../src/vault/port.ts'

export type VaultFixture = {
  readonly vault: Vault
  /** Lets the vault's clock go on. */
  readonly pass: (ms: number) => void
  /** Closes the vault and opens it anew on the same data; `undefined` for an adapter that keeps none. */
  readonly reopen: (() => Promise<Vault>) | undefined
  readonly dispose: () => Promise<void>
}

export type VaultCase = {
  readonly name: string
  /** Needs an adapter whose data outlive it. */
  readonly durable?: true
  readonly run: (fixture: VaultFixture) => Promise<void>
}

/** Runs it for all, as many at once as a slow server answers within its time. */
export const inSlices = async <A>(all: readonly A[], run: (each: A) => Promise<void>): Promise<void> => {
  for (let from = 0; from < all.length; from += 50) await Promise.all(all.slice(from, from + 50).map(run))
}

/** The keys that `list` gives. */
export const listAll = async (vault: Vault, space: string, prefix?: string): Promise<readonly string[]> => {
  const keys: string[] = []
  for await (const page of vault.list(space, prefix)) {
    assert.ok(page.length > 0, 'no page is empty')
    keys.push(...page.map(({ key }) => key))
  }
  return keys
}
