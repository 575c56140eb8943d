import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Owner } from './protocol.ts'
import { PROTOCOL_NAMES } from './protocol.ts'

/** What `/metrics` shows. Names are documented: they begin with `headwater_`. */
export type Metrics = {
  /** For the parts that have numbers of their own (lag, head, hub). */
  readonly registry: Registry
  /** Costs a request a few additions: the library would hash labels on every call. */
  readonly requestEnded: (owner: Owner, status: number, milliseconds: number) => void
  readonly socketOpened: (owner: Owner) => void
  readonly socketClosed: (owner: Owner) => void
  /** Prometheus text. */
  readonly text: () => Promise<string>
}

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

export const createMetrics = (): Metrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'headwater_' })
  const sockets = new Gauge({
    name: 'headwater_websockets_open',
    help: 'WebSockets that are open',
    labelNames: ['owner'],
    registers: [registry],
  })
  const series = new Map<Owner, Series>(OWNERS.map((name) => [name, newSeries()]))
  return {
    registry,
    requestEnded: (name, status, milliseconds) => {
      const one = series.get(name)
      if (one !== undefined) count(one, status, milliseconds / 1000)
    },
    socketOpened: (name) => sockets.inc({ owner: name }),
    socketClosed: (name) => sockets.dec({ owner: name }),
    text: async () => requestsText(series) + (await registry.metrics()),
  }
}

/** Of one owner: requests by the hundreds of their status, and by duration, each bucket apart. */
type Series = { readonly classes: number[]; readonly buckets: number[]; seconds: number }

const OWNERS: readonly Owner[] = ['platform', ...PROTOCOL_NAMES]
const REQUESTS = 'headwater_http_requests_total'
const DURATION = 'headwater_http_request_duration_seconds'
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, Infinity]

const newSeries = (): Series => ({ classes: [0, 0, 0, 0, 0], buckets: BOUNDS.map(() => 0), seconds: 0 })

const count = (series: Series, status: number, seconds: number): void => {
  const hundreds = Math.min(Math.max(Math.floor(status / 100), 1), 5) - 1
  series.classes[hundreds] = (series.classes[hundreds] ?? 0) + 1
  let bucket = 0
  while (seconds > (BOUNDS[bucket] ?? Infinity)) bucket += 1
  series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1
  series.seconds += seconds
}

const requestsText = (series: ReadonlyMap<Owner, Series>): string => {
  const lines = [`# HELP ${REQUESTS} Requests by owner and class of the status`, `# TYPE ${REQUESTS} counter`]
  for (const [owner, { classes }] of series) {
    for (const [index, value] of classes.entries()) {
      lines.push(`${REQUESTS}{owner="${owner}",status="${index + 1}xx"} ${value}`)
    }
  }
  lines.push(`# HELP ${DURATION} From the headers of a request to the end of its answer`)
  lines.push(`# TYPE ${DURATION} histogram`)
  for (const [owner, one] of series) lines.push(...durationLines(owner, one))
  return `${lines.join('\n')}\n\n`
}

const durationLines = (owner: Owner, { buckets, seconds }: Series): readonly string[] => {
  let total = 0
  const lines = BOUNDS.map((bound, index) => {
    total += buckets[index] ?? 0
    return `${DURATION}_bucket{owner="${owner}",le="${bound === Infinity ? '+Inf' : bound}"} ${total}`
  })
  return [
    ...lines,
    `${DURATION}_sum{owner="${owner}"} ${seconds}`,
    `${DURATION}_count{owner="${owner}"} ${total}`,
  ]
}
