/** Proves that the memory keyring keeps the keyring's contract. */
import { memoryKeyring } from '../../src/vault/memory/keyring.ts'
import { mountKeyring } from './keyring.ts'

mountKeyring('memory', 'volatile', () =>
  Promise.resolve({ keyring: memoryKeyring(), reopen: undefined, dispose: () => Promise.resolve() }),
)
