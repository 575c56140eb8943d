/**
 * Proves that sealing takes nothing from the history's contract: the decorator over the history in memory passes every case, with keys
 * that have to be waited for and with keys in memory. The number of each event is a sealed field.
 */
import test from 'ava'
import { memoryHistory } from '../../src/history/memory/memory.ts'
import { sealedHistory, type SealTable } from '../../src/history/sealing.ts'
import { memoryKeyring } from '../../src/vault/memory/keyring.ts'
import { slowKeyring } from '../support/sealing.ts'
import { historyContract } from './history.ts'

const table: SealTable = { Tested: { fields: ['n'], subject: (_, stream) => stream } }

historyContract(test, 'sealed', () => {
  const history = sealedHistory(memoryHistory(), memoryKeyring(), table)
  return Promise.resolve({ history, close: history.close })
})

historyContract(test, 'sealed, keys far away', () => {
  const history = sealedHistory(memoryHistory(), slowKeyring(memoryKeyring()), table)
  return Promise.resolve({ history, close: history.close })
})
