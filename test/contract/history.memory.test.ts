/** Proves that the history in memory keeps the contract, and that two of them have nothing in common. */
import test from 'ava'
import { memoryHistory } from '../../src/history/memory/memory.ts'
import { HistoryUnavailable } from '../../src/history/port.ts'
import { appended, collect, following, numbered, refused } from '../support/history.ts'
import { historyContract } from './history.ts'

historyContract(test, 'memory', () => {
  const history = memoryHistory()
  return Promise.resolve({ history, close: history.close })
})

test('two histories in memory have nothing in common', async (t) => {
  const [one, two] = [memoryHistory(), memoryHistory()]
  await appended(one, 's-1', 'none', numbered(1))
  t.deepEqual(await collect(two.readAll({ after: 0n })), [])
})

test('a closed history refuses appends, reads and subscriptions', async (t) => {
  const history = memoryHistory()
  const subscription = following(history, { after: 0n })
  await subscription.until(() => subscription.deliveries.length === 1)
  const waiting = subscription.count(1)
  await history.close()
  await t.throwsAsync(waiting, { instanceOf: HistoryUnavailable })
  t.is((await refused(history, 's-1', 'any', numbered(1)))._tag, 'Unavailable')
  await t.throwsAsync(collect(history.read('s-1')), { instanceOf: HistoryUnavailable })
  await t.throwsAsync(history.head(), { instanceOf: HistoryUnavailable })
})
