/** Proves that the memory vault keeps the vault's contract. */
import { memoryVault } from '../../src/vault/memory/vault.ts'
import { mountVault } from './vault.ts'

mountVault('memory', 'volatile', () => {
  let now = 1_000_000
  return Promise.resolve({
    vault: memoryVault({ now: () => now }),
    pass: (ms: number) => void (now += ms),
    reopen: undefined,
    dispose: () => Promise.resolve(),
  })
})
