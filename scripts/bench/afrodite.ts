import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { connectBot, registerBot, setVisibility, type Bot } from './afrodite-client.ts'
import { cpuSeconds, startChild } from './children.ts'
import type { Floor } from './server.ts'
import { heading, percentile, row } from './table.ts'

const CLIENTS = 2_000
const AT_ONCE = 50
const CHANGES_PER_SECOND = 100
const RECONNECTS_PER_SECOND = 200
/** What a process does once has been done, and what it threw away is thrown away. */
const SETTLE_MS = 3_000

/** Two thousand connected clients on one process, beside as many idle sockets of a bare `ws` server. */
export const measureAfrodite = async (directory: string, floor: Floor, seconds: number): Promise<void> => {
  heading(`Afrodite, ${CLIENTS.toLocaleString('en')} connected clients`)
  const bareBytes = await memoryOf(floor.child.pid, async () => {
    const sockets = await each(CLIENTS, async () => {
      const socket = new WebSocket(floor.url.replace('http', 'ws'), { perMessageDeflate: false })
      await once(socket, 'open')
      return socket
    })
    return () => sockets.forEach((socket) => socket.terminate())
  })
  row('floor: memory of an idle socket of bare ws', kilobytes(bareBytes))
  const server = await start(directory)
  try {
    const bots = await each(CLIENTS, () => registerBot(server.url))
    const sockets = new Map<Bot, WebSocket>()
    const ownBytes = await memoryOf(server.child.pid, async () => {
      await each(CLIENTS, async (at) => {
        const bot = bots[at]
        if (bot !== undefined) sockets.set(bot, await connectBot(server.url, bot))
      })
      return () => undefined
    })
    row(
      'memory of an idle connection',
      kilobytes(ownBytes),
      `${kilobytes(ownBytes - bareBytes)} above bare ws`,
    )
    await showChanges(server, sockets, seconds)
    await showReconnects(server, sockets, seconds)
    sockets.forEach((socket) => socket.terminate())
  } finally {
    await server.child.stop()
  }
}

const start = async (directory: string): Promise<Floor> => {
  const child = startChild(fileURLToPath(new URL('./main.js', import.meta.url)), {
    PORT: '0',
    PROTOCOLS: 'afrodite',
    AFRODITE_BOT_LOGIN: 'true',
    AFRODITE_TEST_SECONDS: '0',
    DATA_DIR: directory,
    EVENTSTORE_URL: '',
    MONGODB_URL: '',
  })
  const url = await child.line((line) => /"url":"([^"]+)"/.exec(line)?.[1])
  while ((await fetch(`${url}/ready`)).status !== 200) await pause(10)
  return { child, url }
}

/** Bytes of resident memory that each of the clients costs, from before they connect to when all are idle. */
const memoryOf = async (pid: number, connect: () => Promise<() => void>): Promise<number> => {
  await pause(SETTLE_MS)
  const before = residentBytes(pid)
  const close = await connect()
  await pause(SETTLE_MS)
  const bytes = (residentBytes(pid) - before) / CLIENTS
  close()
  return bytes
}

const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

const showChanges = async (
  { url, child }: Floor,
  sockets: ReadonlyMap<Bot, WebSocket>,
  seconds: number,
): Promise<void> => {
  const bots = [...sockets]
  const delays: number[] = []
  const cpu = cpuSeconds(child.pid)
  await paced(CHANGES_PER_SECOND, seconds, async (at) => {
    const [bot, socket] = bots[at % bots.length] ?? []
    if (bot === undefined || socket === undefined) return
    const arrival = once(socket, 'message').then(() => performance.now())
    const asked = performance.now()
    await setVisibility(url, bot, Math.floor(at / bots.length) % 2 === 0)
    delays.push((await arrival) - asked)
  })
  show(
    `change → its client, ${CHANGES_PER_SECOND}/s, since the request`,
    delays,
    (cpuSeconds(child.pid) - cpu) / seconds,
  )
}

const showReconnects = async (
  { url, child }: Floor,
  sockets: Map<Bot, WebSocket>,
  seconds: number,
): Promise<void> => {
  const bots = [...sockets.keys()]
  const delays: number[] = []
  const cpu = cpuSeconds(child.pid)
  await paced(RECONNECTS_PER_SECOND, seconds, async (at) => {
    const bot = bots[at % bots.length]
    if (bot === undefined) return
    sockets.get(bot)?.close()
    const asked = performance.now()
    sockets.set(bot, await connectBot(url, bot))
    delays.push(performance.now() - asked)
  })
  show(`reconnects, ${RECONNECTS_PER_SECOND}/s asked for`, delays, (cpuSeconds(child.pid) - cpu) / seconds)
}

/** Begins so many a second, whether or not the earlier ones are done; throws what any of them threw. */
const paced = async (
  perSecond: number,
  seconds: number,
  work: (at: number) => Promise<void>,
): Promise<void> => {
  const begun = performance.now()
  const running: Promise<void>[] = []
  for (let at = 0; at < perSecond * seconds; at++) {
    const due = begun + (at * 1000) / perSecond
    if (due > performance.now()) await pause(due - performance.now())
    running.push(work(at))
  }
  await Promise.all(running)
}

const each = async <A>(count: number, work: (at: number) => Promise<A>): Promise<readonly A[]> => {
  const made: A[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const at = next++
      made[at] = await work(at)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return made
}

const show = (name: string, delays: readonly number[], serverCpu: number): void => {
  const sorted = [...delays].sort((a, b) => a - b)
  const [p50, p99, most] = [0.5, 0.99, 1].map((of) => percentile(sorted, of).toFixed(1))
  row(
    name,
    `p99 ${p99} ms`,
    `p50 ${p50} ms, greatest ${most} ms; ${delays.length} in all; server ${Math.round(serverCpu * 100)} % of a core`,
  )
}

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`
