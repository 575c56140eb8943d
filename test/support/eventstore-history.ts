/** What tests of the history in an EventStoreDB share: a stand-in and an adapter, and appends that are repeated until their outcome is known. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import type { Appended, Expected, History, NewEvent } from '../../src/history/port.ts'
import { startEventStore, type EventStore } from './eventstore.ts'

export type GivenStore = { readonly store: EventStore; readonly history: History }

export const givenStore = async (t: ExecutionContext): Promise<GivenStore> => {
  const store = await startEventStore()
  const history = openEventStoreHistory({ url: store.url })
  t.teardown(async () => {
    await history.close()
    store.thaw()
    await store.cleanUp()
  })
  return { store, history }
}

/** Appends the same ids with the same expectation until the answer is known; `attempts` collects what came before. */
export const appendedAtLast = async (
  history: History,
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
): Promise<{ readonly place: Appended; readonly attempts: readonly string[] }> => {
  const attempts: string[] = []
  for (;;) {
    const answer = await history.append(stream, expected, events)()
    if (answer._tag === 'Right') return { place: answer.right, attempts }
    if (answer.left._tag === 'WrongRevision' || answer.left._tag === 'TooLarge')
      throw new Error(`${stream}: ${answer.left._tag} after ${attempts.join()}`)
    attempts.push(answer.left._tag)
    await sleep(20)
  }
}
