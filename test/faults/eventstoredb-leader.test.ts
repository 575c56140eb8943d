/**
 * Proves that the history leaves a node that is not the leader any more, whatever it is asked. The old leader is a bare gRPC server that
 * answers calls for a leader as EventStoreDB does, with the new leader's address, and others with nothing; the new one is the stand-in.
 */
import test from 'ava'
import { Metadata, Server, ServerCredentials, status, type ServerDuplexStream } from '@grpc/grpc-js'
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import type { History } from '../../src/history/port.ts'
import { startEventStore, type EventStore } from '../support/eventstore.ts'
import { appended, collect, newEvent, numbersOf, numbered } from '../support/history.ts'

type Call = ServerDuplexStream<unknown, unknown>

const startOldLeader = async (
  leaderPort: number,
): Promise<{ readonly port: number; readonly stop: () => void }> => {
  const server = new Server()
  const refuse = (call: Call): void => {
    if (call.metadata.get('requires-leader')[0] !== 'true') return void call.end()
    const metadata = Metadata.fromHttp2Headers({
      exception: 'not-leader',
      'leader-endpoint-host': '127.0.0.1',
      'leader-endpoint-port': String(leaderPort),
    })
    call.emit('error', { code: status.NOT_FOUND, details: 'Leader info available', metadata })
  }
  const other = (call: Call): void => void call.end()
  server.addService(streamsGrpc.StreamsService, {
    read: refuse,
    batchAppend: refuse,
    append: other,
    delete: other,
    tombstone: other,
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  return { port, stop: () => server.forceShutdown() }
}

let leader: EventStore

test.before(async () => {
  leader = await startEventStore()
  const history = openEventStoreHistory({ url: leader.url })
  await appended(history, 'led-1', 'none', numbered(3))
  await history.close()
})
test.after.always(() => leader.cleanUp())

const asked: readonly (readonly [string, (history: History) => Promise<boolean>])[] = [
  ['a read', async (history) => numbersOf(await collect(history.read('led-1'))).length === 3],
  ['the head', async (history) => (await history.head()) > 0n],
  ['an append', async (history) => (await history.append('led-2', 'none', [newEvent()])())._tag === 'Right'],
]
for (const [name, ask] of asked) {
  test(`${name} finds the new leader at the second try`, async (t) => {
    const old = await startOldLeader(leader.port)
    t.teardown(old.stop)
    const history = openEventStoreHistory({ url: `esdb://127.0.0.1:${old.port}?tls=false` })
    t.teardown(() => history.close())
    t.false(await ask(history).catch(() => false))
    t.true(await ask(history))
  })
}

test('a subscription finds the new leader by itself', async (t) => {
  const old = await startOldLeader(leader.port)
  t.teardown(old.stop)
  const history = openEventStoreHistory({ url: `esdb://127.0.0.1:${old.port}?tls=false` })
  t.teardown(() => history.close())
  const leaving = new AbortController()
  let seen = 0
  for await (const { events } of history.subscribe({
    after: 0n,
    prefixes: ['led-1'],
    signal: leaving.signal,
  })) {
    seen += events.length
    if (seen === 3) leaving.abort()
  }
  t.is(seen, 3)
})
