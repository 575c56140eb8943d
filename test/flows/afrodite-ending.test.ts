/** Proves the ends that come from the server's side (afrodite 3.6, 3.12; 1.3): it stops and starts again, and a client that does not take what it asked for. */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { apiStatus, newAccount, setVisibility, startAfrodite } from '../support/afrodite.ts'
import { four } from '../support/afrodite-events.ts'
import { assertAnswersOthers, assertKept } from '../support/afrodite-flows.ts'
import { binary, rawHandshake, rawOpen, type Raw } from '../support/afrodite-raw.ts'
import { connect, handshake, open, WEB } from '../support/afrodite-sockets.ts'
import { cleanUp, freshDirectory, type RunningServer } from '../support/server.ts'
import { until } from '../support/steady-load.ts'

const servers: RunningServer[] = []
const started = async (dataDir?: string): Promise<RunningServer> => {
  const server = await startAfrodite({}, dataDir === undefined ? {} : { dataDir })
  servers.push(server)
  return server
}
test.after.always(() => cleanUp(...servers))

test('the server stops: 1001 for everybody, and every pair is good afterwards', async (t) => {
  const dataDir = await freshDirectory()
  const server = await started(dataDir)
  const connected = []
  for (let count = 0; count < 20; count += 1) {
    const { pair } = await newAccount(server)
    connected.push(await connect(t, server.url, pair, { list: [0, 255] }))
  }
  const { pair: waiting } = await newAccount(server)
  const silent = await open(t, server.url, waiting.access)
  const { pair: half } = await newAccount(server)
  const informed = await open(t, server.url, half.access)
  informed.send(WEB)
  const { pair: unsynced } = await newAccount(server)
  const exchanged = await open(t, server.url, unsynced.access)
  const exchangedPair = await handshake(exchanged, unsynced)
  for (const { until, pair } of connected) {
    await until(4)
    await setVisibility(server, pair.access, true)
  }
  const { code } = await server.stop('SIGTERM')
  t.is(code, 0)
  for (const socket of [...connected.map((each) => each.socket), silent, informed, exchanged])
    t.is((await socket.ending()).code, 1001)
  const next = await started(dataDir)
  for (const pair of [...connected.map((each) => each.pair), waiting, half, exchangedPair]) {
    t.is(await apiStatus(next, pair.access), 401, 'not connected')
    await assertKept(t, next, pair)
  }
  for (const { pair } of connected) t.is(await apiStatus(next, pair.access), 401)
})

/** As many items as a message can hold, each of which is answered with four messages: 27 MB for 64 KiB. */
const GREEDY = Buffer.from(Array.from({ length: 32_768 }, () => [0, 3]).flat())
const TAKERS = 10

test('a client that does not take its events: 1013, and little memory', async (t) => {
  const server = await started()
  const before = await residentBytes(server)
  const raws: Raw[] = []
  for (let count = 0; count < TAKERS; count += 1) {
    const { pair } = await newAccount(server)
    const raw = await rawOpen(server.url, pair.access)
    t.teardown(() => raw.tcp.destroy())
    const next = await rawHandshake(raw, pair)
    raw.tcp.pause()
    raw.write(binary(GREEDY))
    raws.push(raw)
    for (let left = 4_000; (await apiStatus(server, next.access)) !== 401 && left > 0; left -= 1)
      await pause(5)
    t.is(await apiStatus(server, next.access), 401, 'its connection is withdrawn')
    t.true((await assertAnswersOthers(t, server)) < 15_000)
  }
  const grown = (await residentBytes(server)) - before
  t.true(grown < 100_000_000, `${grown} bytes more`)
  for (const raw of raws) raw.tcp.resume()
  // Those that answered no close in time were cut off: what they get ends anywhere.
  for (const raw of raws) await raw.ended
})

test('one that begins to take them again finds the close with 1013 behind what was on the way', async (t) => {
  const server = await started()
  const { pair } = await newAccount(server)
  const raw = await rawOpen(server.url, pair.access)
  t.teardown(() => raw.tcp.destroy())
  const next = await rawHandshake(raw, pair)
  raw.tcp.pause()
  raw.write(binary(GREEDY))
  for (let left = 4_000; (await apiStatus(server, next.access)) !== 401 && left > 0; left -= 1) await pause(5)
  raw.tcp.resume()
  const received = await raw.ended
  t.is(received.subarray(-4).toString('hex'), '880203f5')
  t.true(received.length < GREEDY.length * 2 * 205, 'not everything')
  await assertKept(t, server, next)
})

const residentBytes = async ({ pid }: RunningServer): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024
}

test('a client that asks for much and reads: it gets all, or 1013', async (t) => {
  const server = await started()
  const { pair } = await newAccount(server)
  const { socket, events } = await connect(t, server.url, pair, { list: [...GREEDY] })
  const isOver = (): boolean => socket.ws.readyState === socket.ws.CLOSED
  await until(() => isOver() || events().length >= 4 * 32_768, 'all of it, or the end', 100_000)
  if (isOver()) t.is((await socket.ending()).code, 1013)
  else t.deepEqual(events().slice(-4), four(0))
  t.log(`${events().length} messages`)
  await assertAnswersOthers(t, server)
})
