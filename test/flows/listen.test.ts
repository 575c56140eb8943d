/**
 * Proves that with EVENTSTORE_LISTEN a running server is an EventStoreDB to the official client: what it stores is read and followed as it
 * lies on the disk, sealed; streams of others are appended and come back byte for byte; what is Headwater's own is refused. And another
 * Headwater reads the very same events there, leaf by leaf.
 */
import {
  AccessDeniedError,
  BACKWARDS,
  binaryEvent,
  END,
  eventTypeFilter,
  jsonEvent,
  MaxAppendSizeExceededError,
  START,
  streamNameFilter,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type EventStoreDBClient,
} from '@eventstore/db-client'
import test from 'ava'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { foreignOf, FOREIGN_TYPE } from '../../src/history/foreign.ts'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import { leafHash } from '../../src/proofs/leaf.ts'
import { PATHS } from '../support/eventstoredb/client.ts'
import { collect } from '../support/history.ts'
import { clientOf, filteredIds, readEverything, startListening, storedIn } from '../support/listen.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { run } from '../support/processes.ts'
import { cleanUp, environment, freshDirectory, type RunningServer } from '../support/server.ts'
import { until } from '../support/waiting.ts'

let server: RunningServer
let client: EventStoreDBClient
let member: Member

test.before(async () => {
  server = await startListening()
  client = clientOf(server)
  member = await newMember(await signInAdmin(server.url))
  await create(member, 'labels')
})
test.after.always(async () => {
  await client.dispose()
  await cleanUp(server)
})

const bytes = new Uint8Array([0, 255, 254, 10, 13])
const foreign = () => [
  jsonEvent({ type: 'EntityCreated', data: { ä: [1, null] }, metadata: { $correlationId: randomUUID() } }),
  binaryEvent({ type: 'binary', data: bytes, metadata: bytes }),
  jsonEvent({ type: 'bare', data: 'text' }),
]

test.serial(
  'everything is read as it is stored, with positions and revisions, forwards and backwards',
  async (t) => {
    const stored = await storedIn(server.dataDir)
    const read = await readEverything(client)
    t.true(stored.length > 10)
    t.deepEqual(
      read.map(({ id, streamId, revision, position, type, data, metadata, isJson }) => ({
        ...{ id, type, data, meta: metadata, stream: streamId, revision, position: position.commit },
        same: position.commit === position.prepare && isJson,
      })),
      stored.map((event) => ({ ...event, same: true })) as never,
    )
    t.true(read.every(({ created }, index) => created.getTime() === stored[index]?.meta.at))
    t.false(JSON.stringify(stored.map(({ data }) => data)).includes(member.login))
    const backwards = []
    for await (const { event } of client.readAll({ direction: BACKWARDS, fromPosition: END }))
      backwards.push(event?.id)
    t.deepEqual(backwards, stored.map(({ id }) => id).toReversed())
    const one = stored.find(({ stream }) => stream.startsWith('stores.labels-'))
    const ofStream = []
    for await (const { event } of client.readStream(one?.stream ?? '', { maxCount: 1 }))
      ofStream.push(event?.id)
    t.deepEqual(ofStream, [one?.id])
  },
)

test.serial('filters select by prefix and by regular expression, on streams and on types', async (t) => {
  const stored = await storedIn(server.dataDir)
  const idsWhere = (isOne: (stream: string, type: string) => boolean) =>
    stored.filter(({ stream, type }) => isOne(stream, type)).map(({ id }) => id)
  const names = { on: 'stream', prefixes: ['stores.users-', 'claim-'] } as const
  const users = idsWhere((stream) => /^(stores\.users-|claim-)/.test(stream))
  t.true(users.length > 2 && users.length < stored.length)
  t.deepEqual(await filteredIds(server, names), users)
  t.deepEqual(await filteredIds(server, { ...names, count: 2 }), users.slice(0, 2))
  t.deepEqual(await filteredIds(server, { ...names, backwards: true }), users.toReversed())
  t.deepEqual(
    await filteredIds(server, { ...names, backwards: true, count: 2 }),
    users.toReversed().slice(0, 2),
  )
  const regex = '^(Entity|Stores)+(Created|Founded).*$'
  const types = idsWhere((_, type) => new RegExp(regex).test(type))
  t.true(types.length > 2 && types.length < stored.length)
  t.deepEqual(await filteredIds(server, { on: 'type', regex }), types)
  t.deepEqual(
    await filteredIds(server, { on: 'type', prefixes: ['Entity'] }),
    idsWhere((_, type) => type.startsWith('Entity')),
  )
  const ofType: string[] = []
  const following = client.subscribeToAll({ fromPosition: START, filter: eventTypeFilter({ regex }) })
  following.on('data', ({ event }) => void ofType.push(event?.id ?? ''))
  await once(following, 'caughtUp')
  t.deepEqual(ofType, types)
  await following.unsubscribe()
})

test.serial('a regular expression without end ends its call and holds up nobody', async (t) => {
  const endless = '^(([a-z.0-9-])+.)+\u00df$'
  const began = performance.now()
  await t.throwsAsync(filteredIds(server, { on: 'stream', regex: endless }), { message: /takes too long/ })
  t.true(performance.now() - began < 60_000)
  await t.throwsAsync(filteredIds(server, { on: 'stream', regex: '(' }), {
    message: /regular expression is none/,
  })
  t.is((await fetch(`${server.url}/live`)).status, 200)
})

test.serial('subscriptions give what was there and then what comes, with checkpoints', async (t) => {
  const before = (await storedIn(server.dataDir)).length
  const reached: bigint[] = []
  const all = client.subscribeToAll({
    fromPosition: START,
    filter: streamNameFilter({
      regex: '.',
      checkpointInterval: 1,
      checkpointReached: (_, { commit }) => void reached.push(commit),
    }),
  })
  const seen: string[] = []
  all.on('data', ({ event }) => void seen.push(event?.id ?? ''))
  await once(all, 'caughtUp')
  t.is(seen.length, before)
  const label = await create(member, 'labels')
  const stream = `stores.labels-${label.entity._id}`
  const one = client.subscribeToStream(stream, { fromRevision: START })
  const revisions: bigint[] = []
  one.on('data', ({ event }) => void revisions.push(event?.revision ?? -1n))
  await once(one, 'caughtUp')
  await member.patch(`/labels/${label.entity._id}`, { name: 'changed' })
  await until(() => revisions.length === 2)
  t.deepEqual(revisions, [0n, 1n])
  const stored = (await storedIn(server.dataDir)).map(({ id }) => id)
  await until(() => seen.length === stored.length)
  t.deepEqual(seen, stored)
  t.deepEqual(reached, stored.length >= 32 ? [32n] : [])
  await Promise.all([all.unsubscribe(), one.unsubscribe()])
})

for (const [path, how] of Object.entries(PATHS)) {
  test.serial(`${path}: streams of others are appended and read back as they were sent`, async (t) => {
    const stream = `mine-${randomUUID()}`
    const events = foreign()
    const { nextExpectedRevision, position } = await client.appendToStream(stream, events, {
      expectedRevision: 'no_stream',
      ...how,
    })
    t.is(nextExpectedRevision, 2n)
    const back = []
    for await (const { event } of client.readStream(stream)) back.push(event)
    t.deepEqual(
      back.map((event) => [event?.id, event?.type, event?.data, event?.metadata, event?.isJson]),
      [
        [events[0]?.id, 'EntityCreated', events[0]?.data, events[0]?.metadata, true],
        [events[1]?.id, 'binary', bytes, bytes, false],
        [events[2]?.id, 'bare', 'text', undefined, true],
      ] as never,
    )
    t.deepEqual(back[2]?.position, position)
    // The same ids again find their place; other ones are told the revision.
    const again = await client.appendToStream(stream, events, { expectedRevision: 'no_stream', ...how })
    t.deepEqual(again.position, position)
    const wrong = await t.throwsAsync(
      client.appendToStream(stream, foreign(), { expectedRevision: 0n, ...how }),
      { instanceOf: WrongExpectedVersionError },
    )
    t.is(wrong.actualVersion, 2n)
    // They are one kind of event to ours, whatever they call themselves.
    const kept = (await storedIn(server.dataDir)).filter((event) => event.stream === stream)
    t.deepEqual(
      kept.map(({ type, data }) => [type, foreignOf({ type, data })?.type]),
      [
        [FOREIGN_TYPE, 'EntityCreated'],
        [FOREIGN_TYPE, 'binary'],
        [FOREIGN_TYPE, 'bare'],
      ],
    )
    const correlation = events[0]?.metadata as { readonly $correlationId: string }
    t.is(kept[0]?.meta.correlationId, correlation.$correlationId)
    const large = jsonEvent({ type: 'large', data: 'x'.repeat(1024 * 1024) })
    await t.throwsAsync(client.appendToStream(stream, large, how), { instanceOf: MaxAppendSizeExceededError })
    t.is((await fetch(`${server.url}/ready`)).status, 200)
  })

  test.serial(`${path}: what is Headwater's own, or the server's, is refused and not written`, async (t) => {
    const before = (await storedIn(server.dataDir)).length
    const streams = ['stores.', 'timelimit.', 'afrodite.', 'cc.', 'platform.'].map((name) => `${name}x-1`)
    for (const stream of [...streams, 'claim-login-1', '$settings', '$$mine-1'])
      await t.throwsAsync(
        client.appendToStream(stream, foreign(), how),
        { instanceOf: AccessDeniedError },
        stream,
      )
    const linking = jsonEvent({ type: '$>', data: '0@stores.x-1' })
    await t.throwsAsync(client.appendToStream('mine-1', linking, how), { instanceOf: AccessDeniedError })
    t.is((await storedIn(server.dataDir)).length, before)
  })
}

test.serial('a stream is not deleted, and what is not there is not found', async (t) => {
  await t.throwsAsync(client.deleteStream('mine-1'))
  await t.throwsAsync(client.tombstoneStream('mine-1'))
  const reading = async () => {
    for await (const _ of client.readStream('nobody-1')) t.fail()
  }
  await t.throwsAsync(reading(), { instanceOf: StreamNotFoundError })
})

test.serial(
  'another Headwater reads the same events: ids, places and leaves, those of others too',
  async (t) => {
    await client.appendToStream(`mine-${randomUUID()}`, foreign())
    const stored = await storedIn(server.dataDir)
    t.true(stored.some(({ type }) => type === FOREIGN_TYPE))
    const history = openEventStoreHistory({ url: server.urlOf('eventstore') })
    const read = await collect(history.readAll({ after: 0n }))
    t.deepEqual(read, stored)
    t.deepEqual(read.map(leafHash), stored.map(leafHash))
    t.is(await history.head(), stored.at(-1)?.position ?? 0n)
    const answer = await history.append('stores.x-1', 'none', stored.slice(0, 1))()
    t.is(answer._tag === 'Left' ? answer.left._tag : '', 'Unavailable')
    await history.close()
    const [first] = stored.filter(({ stream }) => stream.startsWith('stores.labels-'))
    const env = { ...environment(await freshDirectory()), EVENTSTORE_URL: server.urlOf('eventstore') }
    const { code, output } = await run('history', [first?.stream ?? '', '--json'], env).exited
    t.is(code, 0)
    t.true(output.includes(first?.id ?? 'none'))
  },
)
