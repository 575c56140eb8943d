/**
 * Proves that the history in an EventStoreDB keeps the contract: on the server that `EVENTSTORE_URL` names, otherwise on the stand-in. All
 * cases share one history, each has an adapter of its own. They run one after another: every subscription hears of everybody's events.
 */
import test, { type TestFn } from 'ava'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import type { History } from '../../src/history/port.ts'
import { eventStoreUrl, startEventStore, type EventStore } from '../support/eventstore.ts'
import { historyContract } from './history.ts'

let store: EventStore | undefined
let url = eventStoreUrl()

test.before(async () => {
  if (url !== undefined) return
  store = await startEventStore()
  url = store.url
})
test.after.always(() => store?.cleanUp())

historyContract(test.serial as TestFn, 'EventStoreDB', () => {
  const open = (): History => openEventStoreHistory({ url: url ?? '' })
  let history = open()
  const reopen = async (): Promise<History> => {
    await history.close()
    return (history = open())
  }
  return Promise.resolve({ history, reopen, close: () => history.close() })
})
