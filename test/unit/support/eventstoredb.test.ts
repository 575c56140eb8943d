// Appends to the stand-in: the official client is answered as by EventStoreDB 23.10 on both its paths, and a process killed under
// load has whatever it acknowledged. One test after the other: all clients of a process share what is pending on their batch
// calls, so a fault of one would fail the others.
import {
  EventStoreDBClient,
  jsonEvent,
  MaxAppendSizeExceededError,
  START,
  StreamNotFoundError,
  TimeoutError,
  UnavailableError,
  UnknownError,
  WrongExpectedVersionError,
} from '@eventstore/db-client'
import test from 'ava'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEventStore, type EventStore } from '../../support/eventstore.ts'
import { added, allEvents, ownStore, PATHS, streamEvents } from '../../support/eventstoredb/client.ts'
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

for (const [path, how] of Object.entries(PATHS)) {
  test.serial(`${path}: appends get revisions and the position of their last event`, async (t) => {
    const stream = `appends-${randomUUID()}`
    const first = await client.appendToStream(stream, added(0), { expectedRevision: 'no_stream', ...how })
    const second = await client.appendToStream(stream, [added(1), added(2)], { expectedRevision: 0n, ...how })
    t.is(first.nextExpectedRevision, 0n)
    t.is(second.nextExpectedRevision, 2n)
    const events = await streamEvents(client, stream)
    t.deepEqual(
      events.map(({ revision, data, metadata }) => [revision, data.n, metadata.at]),
      [
        [0n, 0, 0],
        [1n, 1, 1],
        [2n, 2, 2],
      ],
    )
    t.deepEqual(events[0]?.position, first.position)
    t.deepEqual(events[2]?.position, second.position)
    t.true(Math.abs((events[0]?.created.getTime() ?? 0) - Date.now()) < 60_000)
  })

  test.serial(`${path}: a wrong revision is refused with both revisions`, async (t) => {
    const stream = `wrong-${randomUUID()}`
    const missing = await t.throwsAsync(
      client.appendToStream(stream, added(0), { expectedRevision: 4n, ...how }),
      { instanceOf: WrongExpectedVersionError },
    )
    t.is(missing.expectedVersion, 4n)
    t.is(missing.actualVersion, 'no_stream')
    await t.throwsAsync(
      client.appendToStream(stream, added(0), { expectedRevision: 'stream_exists', ...how }),
      {
        instanceOf: WrongExpectedVersionError,
      },
    )
    await client.appendToStream(stream, added(0), { expectedRevision: 'no_stream', ...how })
    const there = await t.throwsAsync(
      client.appendToStream(stream, added(1), { expectedRevision: 'no_stream', ...how }),
      { instanceOf: WrongExpectedVersionError },
    )
    t.is(there.actualVersion, 0n)
    const exists = await client.appendToStream(stream, added(1), {
      expectedRevision: 'stream_exists',
      ...how,
    })
    t.is(exists.nextExpectedRevision, 1n)
  })

  test.serial(`${path}: more than 1 MiB is refused, and what is less is written`, async (t) => {
    const stream = `size-${randomUUID()}`
    const ofBytes = (bytes: number) =>
      jsonEvent({ type: 'large', data: { text: 'x'.repeat(bytes - 11) }, metadata: undefined })
    const half = 512 * 1024
    const error = await t.throwsAsync(
      client.appendToStream(stream, [ofBytes(half), ofBytes(half + 1)], {
        expectedRevision: 'no_stream',
        ...how,
      }),
      { instanceOf: MaxAppendSizeExceededError },
    )
    t.is(error.maxAppendSize, 2 * half)
    await client.appendToStream(stream, [ofBytes(half), ofBytes(half)], {
      expectedRevision: 'no_stream',
      ...how,
    })
    t.is((await streamEvents(client, stream)).length, 2)
  })

  test.serial(`${path}: an invalid id is refused`, async (t) => {
    const appending = client.appendToStream(`invalid-${randomUUID()}`, added(0, 'none'), how)
    await t.throwsAsync(appending, { instanceOf: UnknownError })
  })

  test.serial(`${path}: an empty append succeeds and writes nothing`, async (t) => {
    const stream = `empty-${randomUUID()}`
    t.true((await client.appendToStream(stream, [], { expectedRevision: 'no_stream', ...how })).success)
    await t.throwsAsync(streamEvents(client, stream), { instanceOf: StreamNotFoundError })
  })

  test.serial(`${path}: any JSON and bytes come back as they were`, async (t) => {
    const stream = `round-${randomUUID()}`
    const data = { z: [1.5, null, 'ü€𝄞"\\\n'], a: { 2: 'b', 1: 'a' }, '': true }
    await client.appendToStream(
      stream,
      [
        jsonEvent({ type: 'a\nb', data, metadata: { z: 1, a: '\u0000' } }),
        jsonEvent({ type: 'list', data: [1, 2] }),
      ],
      how,
    )
    const events = await streamEvents(client, stream)
    t.is(JSON.stringify(events[0]?.data), JSON.stringify(data))
    t.is(events[0]?.type as string, 'a\nb')
    t.is(JSON.stringify(events[0]?.metadata), JSON.stringify({ z: 1, a: '\u0000' }))
    t.deepEqual(events[1]?.data as unknown, [1, 2])
    t.is(events[1]?.metadata, undefined)
  })
}

test.serial(
  'the same ids at the same revision are answered with their first place, after a restart too',
  async (t) => {
    const { own, connected } = await ownStore(t)
    const [a, b, c, d] = [added(0), added(1), added(2), added(3)]
    const first = await connected.appendToStream('once-1', [a, b], { expectedRevision: 'no_stream' })
    const second = await connected.appendToStream('once-1', c, { expectedRevision: 1n })
    const anyOf = await connected.appendToStream('any-1', d)
    t.deepEqual((await connected.appendToStream('any-1', d)).position, anyOf.position)
    const before = await allEvents(connected)
    await own.restart()
    const again = EventStoreDBClient.connectionString(own.url)
    t.teardown(() => again.dispose())
    t.deepEqual(await allEvents(again), before)
    const repeated = await again.appendToStream('once-1', [a, b], { expectedRevision: 'no_stream' })
    t.deepEqual([repeated.nextExpectedRevision, repeated.position], [1n, first.position])
    const later = await again.appendToStream('once-1', c, { expectedRevision: 1n })
    t.deepEqual([later.nextExpectedRevision, later.position], [2n, second.position])
    await t.throwsAsync(again.appendToStream('once-1', [c, d], { expectedRevision: 1n }), {
      instanceOf: WrongExpectedVersionError,
    })
    t.is((await again.appendToStream('once-1', c, { expectedRevision: 2n })).nextExpectedRevision, 3n)
    t.is((await again.appendToStream('any-1', d)).nextExpectedRevision, 1n)
  },
)

test.serial(
  'faults: answers are lost or late, appends refused, subscriptions and batches ended',
  async (t) => {
    const { own, connected } = await ownStore(t)
    const stream = 'faulty-1'
    const event = added(0)
    const options = { expectedRevision: 'no_stream', ...PATHS.unary } as const
    await own.faults.refuseNext(1, 'timeout')
    await t.throwsAsync(connected.appendToStream(stream, event, options), { instanceOf: TimeoutError })
    await t.throwsAsync(streamEvents(connected, stream), { instanceOf: StreamNotFoundError })
    await own.faults.dropNextAnswers(1)
    await t.throwsAsync(connected.appendToStream(stream, event, options), { instanceOf: UnavailableError })
    t.is((await streamEvents(connected, stream)).length, 1)
    t.is((await connected.appendToStream(stream, event, options)).nextExpectedRevision, 0n)

    await own.faults.delayAnswers(30_000)
    const began = Date.now()
    const delayed = connected.appendToStream(stream, added(1), { expectedRevision: 0n })
    const failed = t.throwsAsync(delayed, { instanceOf: UnknownError })
    while ((await streamEvents(connected, stream)).length < 2) await sleep(10)
    await own.faults.failBatch()
    await failed
    t.true(Date.now() - began < 30_000)
    await own.faults.delayAnswers(0)

    const subscription = connected.subscribeToAll({ fromPosition: START })
    subscription.resume()
    await once(subscription, 'caughtUp')
    const dropped = once(subscription, 'error')
    await own.faults.dropSubscriptions()
    t.true(((await dropped) as unknown[])[0] instanceof TimeoutError)
  },
)

test.serial(
  'after SIGTERM subscriptions hang and then end with code 13; a frozen server answers when it thaws',
  async (t) => {
    const { own, connected } = await ownStore(t, { hangMs: 300 })
    own.freeze()
    const late = connected.appendToStream('frozen-1', added(0), { deadline: 60_000, ...PATHS.unary })
    t.is(await Promise.race([late.then(() => 'answered'), sleep(300, 'silent')]), 'silent')
    own.thaw()
    t.true((await late).success)
    const subscription = connected.subscribeToAll({ fromPosition: START })
    subscription.resume()
    await once(subscription, 'caughtUp')
    const failed = once(subscription, 'error')
    const began = Date.now()
    const stopped = own.stop()
    const [error] = (await failed) as [{ readonly code: number }]
    t.is(error.code, 13)
    t.true(Date.now() - began >= 250)
    await stopped
  },
)

test.serial('killed under load it has everything that it acknowledged, once and in order', async (t) => {
  const { own, connected } = await ownStore(t)
  const acknowledged = new Map<string, number>()
  const appendTo = async (stream: string): Promise<void> => {
    for (let n = 0; ; n += 1) {
      const expectedRevision = n === 0 ? 'no_stream' : BigInt(n - 1)
      await connected.appendToStream(stream, added(n), { expectedRevision, ...PATHS.unary })
      acknowledged.set(stream, n)
    }
  }
  const loads = Array.from({ length: 16 }, (_, index) => appendTo(`load-${index}`).catch(() => undefined))
  await sleep(1_000)
  await until(() => acknowledged.size === 16)
  await own.kill()
  await Promise.all(loads)
  await own.restart()
  const again = EventStoreDBClient.connectionString(own.url)
  t.teardown(() => again.dispose())
  t.is(acknowledged.size, 16)
  for (const [stream, last] of acknowledged) {
    const numbers = (await streamEvents(again, stream)).map(({ data }) => data.n)
    t.deepEqual(numbers, Array.from(numbers.keys()))
    t.true(numbers.length > last)
  }
})
