/**
 * Proves, on a server that other applications write to as well, that their events are left out everywhere and passed over; and that a
 * position which is no event's may be asked for.
 */
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client'
import test from 'ava'
import { openEventStoreHistory } from '../../../src/history/eventstoredb/history.ts'
import { HISTORY_PAGE_EVENTS } from '../../../src/limits.ts'
import { startEventStore } from '../../support/eventstore.ts'
import { appended, collect, following, numbered, numbersOf, range } from '../../support/history.ts'

test("others' events are left out and passed over", async (t) => {
  const store = await startEventStore()
  const client = EventStoreDBClient.connectionString(store.url)
  const history = openEventStoreHistory({ url: store.url })
  t.teardown(async () => {
    await history.close()
    await client.dispose()
    await store.cleanUp()
  })
  const foreign = async (stream: string, count: number): Promise<bigint> => {
    const events = range(0, count).map((n) => jsonEvent({ type: 'Foreign', data: { n: -n } }))
    const { position } = await client.appendToStream(stream, events)
    return position?.commit ?? 0n
  }

  const follower = following(history, { after: 0n })
  await appended(history, 'a-1', 'none', numbered(2))
  await foreign('a-1', 3)
  await foreign('shop-1', HISTORY_PAGE_EVENTS + 7)
  const place = await appended(history, 'a-1', 'any', numbered(3, 2))
  t.is(place.revision, 7n)
  const last = await foreign('a-1', 2)

  t.deepEqual(numbersOf(await collect(history.read('a-1'))), range(0, 5))
  t.deepEqual(numbersOf(await collect(history.read('a-1', { limit: 3 }))), [0, 1, 2])
  t.deepEqual(
    numbersOf(await collect(history.read('a-1', { direction: 'backwards', limit: 4 }))),
    [4, 3, 2, 1],
  )
  t.deepEqual(await collect(history.read('shop-1')), [])
  t.deepEqual(numbersOf(await collect(history.readAll({ after: 0n }))), range(0, 5))
  t.deepEqual(numbersOf(await collect(history.readAll({ after: 0n, limit: 4 }))), range(0, 4))
  t.is(await history.head(), last)
  t.is((await appended(history, 'a-1', 'any', [])).revision, 9n)
  await follower.until(() => (follower.deliveries.at(-1)?.upTo ?? 0n) >= last)
  await follower.until(() => follower.deliveries.at(-1)?.caughtUp === true)
  await follower.stop()
  t.deepEqual(numbersOf(follower.events()), range(0, 5))

  const late = following(history, { after: 0n, prefixes: ['shop-'] })
  await late.until(() => late.deliveries.at(-1)?.caughtUp === true)
  t.true((late.deliveries.at(-1)?.upTo ?? 0n) >= last)
  await late.stop()
  t.deepEqual(late.events(), [])
})

test('a position that is no event may be read behind', async (t) => {
  const store = await startEventStore()
  const history = openEventStoreHistory({ url: store.url })
  t.teardown(async () => {
    await history.close()
    await store.cleanUp()
  })
  for (const n of range(0, 20)) await appended(history, `a-${n % 2}`, 'any', numbered(1, n))
  const all = await collect(history.readAll({ after: 0n }))
  for (const [index, { position }] of all.entries()) {
    const before = await collect(history.readAll({ after: position - 1n }))
    t.deepEqual(numbersOf(before), range(index, 20 - index))
    const odd = await collect(history.readAll({ after: position + 1n, prefixes: ['a-1'] }))
    t.deepEqual(
      numbersOf(odd),
      range(index + 1, 19 - index).filter((n) => n % 2 === 1),
    )
  }
  t.deepEqual(await collect(history.readAll({ after: 2n ** 60n })), [])
})
