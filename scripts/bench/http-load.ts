import autocannon from 'autocannon'
import { cpuSeconds } from './children.ts'

export type Load = {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly connections?: number
  readonly seconds: number
}

export type Loaded = {
  readonly perSecond: number
  readonly p99Ms: number
  /** Anything but 200, and connections that broke. */
  readonly failed: number
  /** Shares of one core. */
  readonly serverCpu: number
  readonly generatorCpu: number
}

/** Keeps the connections busy for so long, from this process. */
export const load = async (pid: number, { seconds, connections = 50, ...request }: Load): Promise<Loaded> => {
  const before = [cpuSeconds(pid), cpuSeconds(process.pid)] as const
  const result = await autocannon({ ...request, connections, duration: seconds })
  const after = [cpuSeconds(pid), cpuSeconds(process.pid)] as const
  return {
    perSecond: Math.round(result.requests.total / result.duration),
    p99Ms: result.latency.p99,
    failed: result.non2xx + result.errors,
    serverCpu: (after[0] - before[0]) / result.duration,
    generatorCpu: (after[1] - before[1]) / result.duration,
  }
}
