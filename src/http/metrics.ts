import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { createHistogram, metricHeader, type Histogram } from './histogram.ts'
import type { Owner } from './protocol.ts'
import { PROTOCOL_NAMES } from './protocol.ts'

/** What `/metrics` shows. Names are documented: they begin with `headwater_`. */
export type Metrics = {
  /** For the parts that have numbers of their own (lag, head, hub). */
  readonly registry: Registry
  /** For numbers that change too often for the registry: `lines` are asked for at every scrape. */
  readonly add: (lines: () => readonly string[]) => void
  /** Costs a request a few additions: the library would hash labels on every call. */
  readonly requestEnded: (owner: Owner, status: number, milliseconds: number) => void
  readonly socketOpened: (owner: Owner) => void
  readonly socketClosed: (owner: Owner) => void
  /** Who can tell how many bytes wait in the sockets of an owner. */
  readonly watchUnsent: (bytes: () => ReadonlyMap<Owner, number>) => void
  /** Prometheus text. */
  readonly text: () => Promise<string>
}

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

export const createMetrics = (): Metrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'headwater_' })
  const series = new Map<Owner, Series>(OWNERS.map((name) => [name, newSeries()]))
  const sources = [() => requestLines(series)]
  return {
    registry,
    add: (lines) => void sources.push(lines),
    requestEnded: (name, status, milliseconds) => {
      const one = series.get(name)
      if (one !== undefined) count(one, status, milliseconds / 1000)
    },
    ...socketGauges(registry),
    text: async () => {
      const lines = sources.flatMap((source) => source())
      // The library writes a number that is none in a way of its own.
      const others = (await registry.metrics()).replace(/ Nan$/gm, ' NaN')
      return `${lines.join('\n')}\n\n${others}`
    },
  }
}

const socketGauges = (registry: Registry): Pick<Metrics, 'socketOpened' | 'socketClosed' | 'watchUnsent'> => {
  const open = new Gauge({
    name: 'headwater_websockets_open',
    help: 'WebSockets that are open',
    labelNames: ['owner'],
    registers: [registry],
  })
  for (const owner of OWNERS) open.set({ owner }, 0)
  const watched: (() => ReadonlyMap<Owner, number>)[] = []
  new Gauge({
    name: 'headwater_websockets_unsent_bytes',
    help: 'Bytes that wait in WebSockets for slow clients',
    labelNames: ['owner'],
    registers: [registry],
    collect() {
      for (const owner of OWNERS) this.set({ owner }, 0)
      for (const bytes of watched) for (const [owner, unsent] of bytes()) this.inc({ owner }, unsent)
    },
  })
  return {
    socketOpened: (owner) => open.inc({ owner }),
    socketClosed: (owner) => open.dec({ owner }),
    watchUnsent: (bytes) => void watched.push(bytes),
  }
}

/** Of one owner: requests by the hundreds of their status, and by duration. */
type Series = { readonly classes: number[]; readonly durations: Histogram }

const OWNERS: readonly Owner[] = ['platform', ...PROTOCOL_NAMES]
const REQUESTS = 'headwater_http_requests_total'
const DURATION = 'headwater_http_request_duration_seconds'
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

const newSeries = (): Series => ({ classes: [0, 0, 0, 0, 0], durations: createHistogram(BOUNDS) })

const count = ({ classes, durations }: Series, status: number, seconds: number): void => {
  const hundreds = Math.min(Math.max(Math.floor(status / 100), 1), 5) - 1
  classes[hundreds] = (classes[hundreds] ?? 0) + 1
  durations.observe(seconds)
}

const requestLines = (series: ReadonlyMap<Owner, Series>): readonly string[] => [
  ...metricHeader(REQUESTS, 'counter', 'Requests by owner and class of the status'),
  ...[...series].flatMap(([owner, { classes }]) =>
    classes.map((value, index) => `${REQUESTS}{owner="${owner}",status="${index + 1}xx"} ${value}`),
  ),
  ...metricHeader(DURATION, 'histogram', 'From the headers of a request to the end of its answer'),
  ...[...series].flatMap(([owner, { durations }]) => durations.lines(DURATION, `owner="${owner}"`)),
]
