/**
 * Proves who may talk to a history that is served, and how it begins and ends: with a token set nobody reads or writes without it, over TLS
 * by a proxy or plainly; a port in use ends the start with a clear message; the server stops in time and nothing that it acknowledged is
 * lost when it is killed.
 */
import {
  AccessDeniedError,
  EventStoreDBClient,
  jsonEvent,
  START,
  UnavailableError,
} from '@eventstore/db-client'
import test from 'ava'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import { PATHS } from '../support/eventstoredb/client.ts'
import { clientOf, readEverything, startListening, storedIn, urlWith } from '../support/listen.ts'
import { EXIT_MS_MAX, run } from '../support/processes.ts'
import { cleanUp, environment, freshDirectory, type RunningServer } from '../support/server.ts'
import { startTlsProxy, TLS_CERTIFICATE } from '../support/tls-proxy.ts'
import { until } from '../support/waiting.ts'

const running: RunningServer[] = []
const started = async (...parameters: Parameters<typeof startListening>): Promise<RunningServer> => {
  const server = await startListening(...parameters)
  running.push(server)
  return server
}
test.after.always(() => cleanUp(...running))

const TOKEN = 'a token: with a colon'
const event = () => jsonEvent({ type: 'noted', data: { n: 1 } })

test('without the token nothing is read or written, with it everything, by our adapter and over TLS', async (t) => {
  const server = await started({ EVENTSTORE_LISTEN_TOKEN: TOKEN })
  const port = Number(new URL(server.urlOf('eventstore').replace('esdb:', 'http:')).port)
  const proxy = await startTlsProxy(port)
  const certificate = join(await freshDirectory(), 'ca.pem')
  await writeFile(certificate, TLS_CERTIFICATE)
  const secured = (password: string): EventStoreDBClient =>
    EventStoreDBClient.connectionString(
      `esdb://anybody:${encodeURIComponent(password)}@localhost:${proxy.port}?tls=true&tlsCAFile=${certificate}`,
    )
  // The official client sends no credentials without TLS.
  const plain = clientOf(server)
  const wrong = secured(`${TOKEN}!`)
  const right = secured(TOKEN)
  t.teardown(async () => {
    await Promise.all([plain, wrong, right].map((client) => client.dispose()))
    proxy.close()
  })
  for (const client of [plain, wrong]) {
    await t.throwsAsync(readEverything(client), { instanceOf: AccessDeniedError })
    for (const how of Object.values(PATHS)) {
      const options = client === plain ? how : {}
      await t.throwsAsync(client.appendToStream('mine-1', event(), options), {
        instanceOf: AccessDeniedError,
      })
    }
    const subscription = client.subscribeToAll({ fromPosition: START })
    const [error] = (await once(subscription, 'error')) as [unknown]
    t.true(error instanceof AccessDeniedError)
  }
  t.is((await storedIn(server.dataDir)).filter(({ stream }) => stream === 'mine-1').length, 0)
  await right.appendToStream('mine-1', event())
  const stored = await storedIn(server.dataDir)
  t.deepEqual(
    (await readEverything(right)).map(({ id }) => id),
    stored.map(({ id }) => id),
  )
  const known = openEventStoreHistory({ url: urlWith(server, TOKEN) })
  const unknown = openEventStoreHistory({ url: urlWith(server, 'guess') })
  t.is(await known.head(), stored.at(-1)?.position ?? 0n)
  await t.throwsAsync(unknown.head(), { name: 'HistoryUnavailable' })
  await Promise.all([known.close(), unknown.close()])
  t.false(server.output().includes(TOKEN))
})

test('a port in use ends the start with code 1 and says so; settings that are unsafe end it with 2', async (t) => {
  const blocking = createServer().listen(0, '127.0.0.1')
  await once(blocking, 'listening')
  t.teardown(() => blocking.close())
  const { port } = blocking.address() as AddressInfo
  const start = async (env: { readonly [name: string]: string }) =>
    run('main', [], { ...environment(await freshDirectory()), ...env }).exited
  const taken = await start({ EVENTSTORE_LISTEN: `127.0.0.1:${port}` })
  t.is(taken.code, 1)
  t.regex(taken.output, new RegExp(`could not start: EVENTSTORE_LISTEN: .*EADDRINUSE.*:${port}`))
  const open = await start({ EVENTSTORE_LISTEN: '0.0.0.0:0' })
  t.is(open.code, 2)
  t.regex(open.output, /EVENTSTORE_LISTEN_TOKEN/)
})

test('asked to stop, it tells subscribers that it is away, answers what it took and ends in time', async (t) => {
  const server = await started()
  const client = clientOf(server)
  t.teardown(() => client.dispose())
  const subscription = client.subscribeToAll({ fromPosition: START })
  subscription.on('data', () => undefined)
  await once(subscription, 'caughtUp')
  const acknowledged = new Set<string>()
  const write = async (lane: number): Promise<void> => {
    for (;;) {
      const one = event()
      await client.appendToStream(`load-${lane}`, one, { expectedRevision: 'any', ...PATHS.unary })
      acknowledged.add(one.id)
    }
  }
  const writing = Promise.allSettled([0, 1, 2, 3].map(write))
  const ended = once(subscription, 'error')
  while (acknowledged.size === 0) await sleep(20)
  const { code, ms } = await server.stop('SIGTERM')
  t.is(code, 0)
  t.true(ms < EXIT_MS_MAX)
  t.true(((await ended) as unknown[])[0] instanceof UnavailableError)
  await writing
  t.true(acknowledged.size > 0)
  const stored = new Set((await storedIn(server.dataDir)).map(({ id }) => id))
  t.true([...acknowledged].every((id) => stored.has(id)))
})

test('killed under load it has everything that it acknowledged, once and in order, and starts again', async (t) => {
  const server = await started()
  const client = clientOf(server)
  t.teardown(() => client.dispose())
  const acknowledged = new Map<string, number>()
  const write = async (stream: string): Promise<void> => {
    for (let n = 0; ; n += 1) {
      const expectedRevision = n === 0 ? 'no_stream' : BigInt(n - 1)
      const one = jsonEvent({ type: 'numbered', data: { n } })
      await client.appendToStream(stream, one, { expectedRevision, ...PATHS.unary })
      acknowledged.set(stream, n)
    }
  }
  const writing = Promise.allSettled(Array.from({ length: 16 }, (_, index) => write(`load-${index}`)))
  await until(() => acknowledged.size === 16)
  await server.kill()
  await writing
  const again = await started({}, server.dataDir)
  const reader = clientOf(again)
  t.teardown(() => reader.dispose())
  for (const [stream, last] of acknowledged) {
    const numbers: number[] = []
    for await (const { event: one } of reader.readStream(stream))
      numbers.push((one?.data as { readonly n: number }).n)
    t.deepEqual(numbers, Array.from(numbers.keys()))
    t.true(numbers.length > last)
  }
})
