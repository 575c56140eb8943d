import { cpuSeconds } from './children.ts'
import type { Floor } from './server.ts'
import { percentile } from './table.ts'
import { connect, type Connection } from './timelimit-client.ts'
import type { Device, Push } from './timelimit-devices.ts'
import { noticePull, pullOf } from './timelimit-pulls.ts'
import { acknowledge, nextPush } from './timelimit-pushes.ts'

export type Driven = {
  /** Each followed by a pull. */
  readonly pushesPerSecond: number
  readonly actionsPerSecond: number
  readonly pushes: number
  readonly pushMs: Latency
  readonly pullMs: Latency
  /** Anything but 200 and a wish for a full sync. */
  readonly failed: number
  /** Shares of one core. */
  readonly serverCpu: number
  readonly generatorCpu: number
}

export type Latency = { readonly p50: number; readonly p99: number }

/** For so long, each client walks its share of the devices: a push, then a pull of the same device. */
export const drive = async (
  { url, child }: Floor,
  devices: readonly Device[],
  { clients, seconds }: { readonly clients: number; readonly seconds: number },
): Promise<Driven> => {
  const connections = await Promise.all(Array.from({ length: clients }, () => connect(url)))
  const tally: Tally = { actions: 0, failed: 0, pushMs: [], pullMs: [] }
  const cpu = [cpuSeconds(child.pid), cpuSeconds(process.pid)] as const
  const begun = performance.now()
  const walks = connections.map((connection, client) => {
    const share = devices.filter((_, at) => at % clients === client)
    return walk(connection, share, begun + seconds * 1000, tally)
  })
  try {
    await Promise.all(walks)
  } finally {
    connections.forEach((connection) => connection.close())
  }
  const took = (performance.now() - begun) / 1000
  const used = [cpuSeconds(child.pid) - cpu[0], cpuSeconds(process.pid) - cpu[1]] as const
  return {
    pushesPerSecond: tally.pushMs.length / took,
    actionsPerSecond: tally.actions / took,
    pushes: tally.pushMs.length,
    pushMs: latency(tally.pushMs),
    pullMs: latency(tally.pullMs),
    failed: tally.failed,
    serverCpu: used[0] / took,
    generatorCpu: used[1] / took,
  }
}

/** Milliseconds that it took, and whether it went as it should. */
export type Asked = { readonly ms: number; readonly good: boolean }

export const push = async (connection: Connection, device: Device, made: Push): Promise<Asked> => {
  const begun = performance.now()
  const { status, body } = await connection.ask(made.request)
  const ms = performance.now() - begun
  if (status === 200) acknowledge(device, made)
  return { ms, good: status === 200 && NO_FULL_SYNC.test(body) }
}

export const pull = async (connection: Connection, device: Device): Promise<Asked> => {
  const request = pullOf(device, device.seen)
  const begun = performance.now()
  const { status, body } = await connection.ask(request)
  const ms = performance.now() - begun
  if (status === 200) noticePull(device.seen, body)
  return { ms, good: status === 200 }
}

export const latency = (ms: readonly number[]): Latency => {
  const sorted = [...ms].sort((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}

type Tally = { actions: number; failed: number; readonly pushMs: number[]; readonly pullMs: number[] }

const NO_FULL_SYNC = /"shouldDoFullSync": ?false/

const walk = async (
  connection: Connection,
  devices: readonly Device[],
  until: number,
  tally: Tally,
): Promise<void> => {
  for (;;) {
    for (const device of devices) {
      if (performance.now() >= until) return
      const made = nextPush(device)
      const pushed = await push(connection, device, made)
      const pulled = await pull(connection, device)
      tally.actions += made.actions
      tally.failed += Number(!pushed.good) + Number(!pulled.good)
      tally.pushMs.push(pushed.ms)
      tally.pullMs.push(pulled.ms)
    }
  }
}
