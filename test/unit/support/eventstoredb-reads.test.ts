// Reads of the stand-in and subscriptions to it: the official client sees what EventStoreDB 23.10 would show it, system events,
// gaps between positions, checkpoints and dropped consumers included. One test after the other, as in the tests of appends.
import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  jsonEvent,
  START,
  streamNameFilter,
  TimeoutError,
  UnknownError,
  type Position,
} from '@eventstore/db-client'
import test from 'ava'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { startEventStore, type EventStore } from '../../support/eventstore.ts'
import {
  added,
  allEvents,
  collect,
  ownStore,
  placeOf,
  USERS,
  type Added,
} from '../../support/eventstoredb/client.ts'
import { until } from '../../support/waiting.ts'

let store: EventStore
let client: EventStoreDBClient

test.before(async () => {
  store = await startEventStore()
  client = EventStoreDBClient.connectionString(store.url)
})

test.after.always(async () => {
  await client.dispose()
  await store.cleanUp()
})

test.serial(
  'a stream is read in both directions, from its ends or from a revision, itself included',
  async (t) => {
    const stream = `reads-${randomUUID()}`
    await client.appendToStream(
      stream,
      Array.from({ length: 1_200 }, (_, n) => added(n)),
    )
    const read = async (options: Parameters<EventStoreDBClient['readStream']>[1]) => {
      const found: number[] = []
      for await (const { event } of client.readStream<Added>(stream, options)) found.push(event?.data.n ?? -1)
      return found
    }
    t.deepEqual(
      await read({}),
      Array.from({ length: 1_200 }, (_, n) => n),
    )
    t.deepEqual(await read({ fromRevision: 1_198n }), [1_198, 1_199])
    t.deepEqual(await read({ fromRevision: 1_200n }), [])
    t.deepEqual(await read({ fromRevision: 5n, maxCount: 2 }), [5, 6])
    t.deepEqual(await read({ direction: BACKWARDS, fromRevision: END, maxCount: 2 }), [1_199, 1_198])
    t.deepEqual(await read({ direction: BACKWARDS, fromRevision: 1n }), [1, 0])
    await t.throwsAsync(read({ maxCount: 0 }), { instanceOf: UnknownError })
  },
)

test.serial(
  'everything holds the system events too, in one order with gaps, in both directions',
  async (t) => {
    const { connected } = await ownStore(t)
    for (let n = 0; n < 30; n += 1) await connected.appendToStream(`all-${n % 3}`, added(n))
    const all = await allEvents(connected)
    const users = all.filter(({ type }) => !type.startsWith('$'))
    t.is(users.length, 30)
    t.true(all[0]?.streamId.startsWith('$'))
    t.true(all.filter(({ type }) => type.startsWith('$')).length >= 7)
    const places = all.map(({ position }) => position.commit)
    t.true(places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0n) + 1n))
    t.true(all.every(({ position }) => position.commit === position.prepare))
    t.deepEqual(await allEvents(connected, { direction: BACKWARDS, fromPosition: END }), all.toReversed())
    const [fifth, sixth] = all.slice(5)
    t.deepEqual(await allEvents(connected, { fromPosition: placeOf(fifth), maxCount: 2 }), [
      fifth,
      sixth,
    ] as never)
    const behind = await allEvents(connected, {
      direction: BACKWARDS,
      fromPosition: placeOf(sixth),
      maxCount: 1,
    })
    t.deepEqual(behind, [fifth] as never)
    const made = { commit: placeOf(sixth).commit + 1n, prepare: placeOf(sixth).commit + 1n }
    await t.throwsAsync(allEvents(connected, { fromPosition: made }), { instanceOf: UnknownError })
  },
)

test.serial(
  'a subscription to everything goes on behind its position and tells how far it examined',
  async (t) => {
    const { connected } = await ownStore(t)
    await connected.appendToStream(
      'sub-1',
      Array.from({ length: 200 }, (_, n) => added(n)),
    )
    const all = await allEvents(connected)
    const checkpoints: Position[] = []
    const filter = streamNameFilter({
      prefixes: ['sub-'],
      checkpointInterval: 2,
      checkpointReached: (_, position) => void checkpoints.push(position),
    })
    const subscription = connected.subscribeToAll({ fromPosition: START, filter })
    const seen = collect(subscription)
    await once(subscription, 'caughtUp')
    t.is(seen.length, 200)
    t.deepEqual(
      checkpoints.map(({ commit }) => commit),
      [all[63], all[127], all[191]].map((e) => placeOf(e).commit),
    )
    await connected.appendToStream('sub-2', added(200))
    await connected.appendToStream('other', added(201))
    await until(() => seen.length === 201)
    await subscription.unsubscribe()

    const behind = connected.subscribeToAll({ fromPosition: placeOf(all[100]), filter: USERS })
    const rest = collect(behind)
    await once(behind, 'caughtUp')
    const expected = (await allEvents(connected)).filter(
      ({ type, position }) => !type.startsWith('$') && position.commit > placeOf(all[100]).commit,
    )
    t.deepEqual(
      rest.map(({ id }) => id),
      expected.map(({ id }) => id),
    )
    await behind.unsubscribe()

    const made = connected.subscribeToAll({ fromPosition: { commit: 42n, prepare: 42n } })
    const [error] = (await once(made, 'error')) as [unknown]
    t.true(error instanceof UnknownError)
  },
)

test.serial(
  'a subscription to a stream is exclusive, and one to a missing stream waits for it',
  async (t) => {
    const stream = `one-${randomUUID()}`
    const early = client.subscribeToStream<Added>(stream, { fromRevision: START })
    const fromEarly: number[] = []
    let saidCaughtUp = false
    early.on('data', ({ event }) => void fromEarly.push(event?.data.n ?? -1))
    early.on('caughtUp', () => (saidCaughtUp = true))
    await once(early, 'confirmation')
    await client.appendToStream(stream, [added(0), added(1), added(2)])
    await client.appendToStream(`${stream}-more`, added(99))
    const late = client.subscribeToStream<Added>(stream, { fromRevision: 0n })
    const fromLate: number[] = []
    late.on('data', ({ event }) => void fromLate.push(event?.data.n ?? -1))
    await once(late, 'caughtUp')
    await client.appendToStream(stream, added(3))
    await until(() => fromLate.length === 3 && fromEarly.length === 4)
    t.deepEqual(fromEarly, [0, 1, 2, 3])
    t.deepEqual(fromLate, [1, 2, 3])
    t.false(saidCaughtUp)
    await Promise.all([early.unsubscribe(), late.unsubscribe()])
  },
)

test.serial('a live subscriber that is too slow is dropped, one that catches up is waited for', async (t) => {
  const { connected } = await ownStore(t)
  const large = (count: number) =>
    Array.from({ length: count }, () => jsonEvent({ type: 'large', data: { text: 'x'.repeat(4_000) } }))
  await connected.appendToStream('slow-1', large(200))
  const subscription = connected.subscribeToAll({ fromPosition: START, filter: USERS })
  const failed = once(subscription, 'error')
  let taken = 0
  const live = once(subscription, 'caughtUp')
  subscription.on('data', () => {
    taken += 1
    if (taken % 10 !== 0 || taken >= 200) return
    subscription.pause()
    setTimeout(() => subscription.resume(), 5)
  })
  await live
  await until(() => taken === 200)
  subscription.pause()
  for (let n = 0; n < 10; n += 1) await connected.appendToStream('slow-1', large(60))
  subscription.resume()
  const [error] = (await failed) as [unknown]
  t.true(error instanceof TimeoutError)
  t.regex((error as Error).message, /Consumer too slow/)
})
