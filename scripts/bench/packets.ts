import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import autocannon from 'autocannon'
import { cpuSeconds } from './children.ts'
import type { Loaded } from './http-load.ts'
import type { Floor, Server } from './server.ts'
import { heading, loadRow, percentile, row } from './table.ts'

const OBJECTS = 1_000
const CLIENTS = 64
const SMALL = 1_000
/** The share that comes from one object alone. */
const LOUD_SHARE = 0.1
const REQUESTS = 300

export type PacketsLoad = {
  readonly start: () => Promise<Server>
  readonly floor: Floor
  readonly packets: number
}

/** Packets of a thousand objects, one a request, and what reading them costs when there are few and when there are many. */
export const measurePackets = async ({ start, floor, packets }: PacketsLoad): Promise<void> => {
  heading(
    `${packets.toLocaleString('en')} packets of ${OBJECTS.toLocaleString('en')} objects, ${CLIENTS} clients`,
  )
  const server = await start()
  const loud = await measureAll(server, floor, packets).finally(() => server.child.stop())
  // Whose memory shows nothing of the load before.
  const fresh = await start()
  await showStream(fresh, loud).finally(() => fresh.child.stop())
}

/** Answers the object that has most of them. */
const measureAll = async (server: Server, floor: Floor, packets: number): Promise<string> => {
  const urls = [`${floor.url}/packets`]
  const bare = await send({ pid: floor.child.pid, urls, amount: 20_000, body: LABEL })
  loadRow('floor: Koa, parse, decode, durable put', bare)
  const [loud = '', ...others] = await createObjects(server)
  const packetsTo = (ids: readonly string[], amount: number): Promise<Loaded> =>
    send({
      ...{ pid: server.child.pid, amount, body: PACKET },
      headers: { authorization: `Bearer ${server.token}` },
      urls: ids.map((id) => `${server.url}/api/v1/objects/${id}/packets`),
    })

  await packetsTo([loud], SMALL)
  const before = await latencies(server, loud)
  loadRow('packets of all objects', await packetsTo(others, Math.ceil(packets * (1 - LOUD_SHARE))), bare)
  loadRow('packets of one object', await packetsTo([loud], Math.ceil(packets * LOUD_SHARE)), bare)
  for (const [name, ms] of await latencies(server, loud)) {
    const was = before.get(name) ?? Number.NaN
    row(name, `${ms.toFixed(2)} ms`, `${was.toFixed(2)} ms with ${SMALL.toLocaleString('en')} packets`)
  }
  return loud
}

const PACKET = JSON.stringify({ temperature: 21.5, pressure: 1013, mode: 'auto', valves: [1, 0, 1] })
const LABEL = JSON.stringify({ name: 'a label', color: '#cc0000' })

const createObjects = async ({ url, token }: Server): Promise<readonly string[]> => {
  const create = async (store: string, body: object): Promise<string> => {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${url}/api/v1/${store}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return ((await answer.json()) as { readonly _id: string })._id
  }
  const model = await create('models', { base: 'mqtt', name: 'Pump' })
  const ids: string[] = []
  while (ids.length < OBJECTS) {
    const numbers = Array.from({ length: 50 }, (_, n) => ids.length + n)
    ids.push(
      ...(await Promise.all(
        numbers.map((n) => create('objects', { model, id: `pump-${n}`, name: `Pump ${n}` })),
      )),
    )
  }
  return ids
}

type Sending = {
  readonly pid: number
  readonly urls: readonly string[]
  readonly headers?: Record<string, string>
  readonly amount: number
  readonly body: string
}

/** Each client begins elsewhere, so that they do not all wait for the same object. */
const send = async ({ pid, urls, headers = {}, amount, body }: Sending): Promise<Loaded> => {
  const paths = urls.map((url) => new URL(url).pathname)
  let client = 0
  const before = [cpuSeconds(pid), cpuSeconds(process.pid)] as const
  const result = await autocannon({
    ...{ url: new URL(urls[0] ?? '').origin, connections: CLIENTS, amount, headers },
    setupClient: (connection) => {
      const from = Math.floor((client++ * paths.length) / CLIENTS)
      const own = [...paths.slice(from), ...paths.slice(0, from)]
      connection.setRequests(own.map((path) => ({ method: 'POST', path, headers, body })))
    },
  })
  const after = [cpuSeconds(pid), cpuSeconds(process.pid)] as const
  return {
    perSecond: Math.round(result.requests.total / result.duration),
    p99Ms: result.latency.p99,
    failed: result.non2xx + result.errors,
    serverCpu: (after[0] - before[0]) / result.duration,
    generatorCpu: (after[1] - before[1]) / result.duration,
  }
}

const latencies = async ({ url, token }: Server, object: string): Promise<ReadonlyMap<string, number>> => {
  const base = `${url}/api/v1/objects/${object}`
  const newest = `${base}/packets?sortBy=-time&limit=20`
  const requests = {
    'state, median': `${base}/state`,
    'first 20 packets, median': `${base}/packets?limit=20`,
    'newest 20 packets, median': newest,
    '20 packets from a time on, median': `${base}/packets?from=${Date.now()}&limit=20`,
    'the object, median': base,
  }
  const found = new Map<string, number>()
  for (const [name, target] of Object.entries(requests)) found.set(name, await median(target, token))
  return found
}

const median = async (url: string, token: string): Promise<number> => {
  const times: number[] = []
  for (let n = 0; n < REQUESTS; n++) {
    const begun = performance.now()
    await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text()
    times.push(performance.now() - begun)
    if (n % 50 === 0) await pause(1)
  }
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  )
}

/** All packets of one object as a stream, and what the server's memory grows by meanwhile. */
const showStream = async ({ child, url, token }: Server, object: string): Promise<void> => {
  await pause(2_000)
  const idle = ownMegabytes(child.pid)
  let most = idle
  const watch = setInterval(() => (most = Math.max(most, ownMegabytes(child.pid))), 20)
  const begun = performance.now()
  const target = `${url}/api/v1/objects/${object}/packets?streamed=true&nolimit=true`
  const answer = await fetch(target, { headers: { authorization: `Bearer ${token}` } })
  let bytes = 0
  let lines = 0
  for await (const chunk of answer.body ?? []) {
    const part = chunk as Uint8Array
    bytes += part.length
    for (const byte of part) if (byte === 10) lines++
  }
  clearInterval(watch)
  const seconds = (performance.now() - begun) / 1000
  row(
    `stream of ${(lines / 2 - 0.5).toLocaleString('en')} packets`,
    `+${(most - idle).toFixed(0)} MB`,
    `over ${idle.toFixed(0)} MB idle; ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(2)} s`,
  )
}

/** Memory of the process's own: pages of mapped files are the system's to take back. */
const ownMegabytes = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024
}
