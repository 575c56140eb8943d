import { setTimeout as pause } from 'node:timers/promises'
import { Gauge, Histogram } from 'prom-client'
import { countUnfinished } from '../commands/erasure.ts'
import type { History } from '../history/port.ts'
import type { Metrics } from '../http/metrics.ts'
import { METRICS_HEAD_MS_MAX } from '../limits.ts'
import type { Vault } from '../vault/port.ts'
import { behind } from './projection-health.ts'

/** Who is told how long the documents take to apply a page. */
export const documentsMetrics = ({ registry }: Pick<Metrics, 'registry'>): ((ms: number) => void) => {
  const durations = new Histogram({
    name: 'headwater_documents_apply_duration_seconds',
    help: 'From a batch of writes to the answer that the documents show it',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  })
  return (ms) => durations.observe(ms / 1000)
}

/** `/metrics` says how many subjects are being erased. */
export const watchErasures = ({ registry }: Pick<Metrics, 'registry'>, vault: Pick<Vault, 'list'>): void => {
  gauge(registry, 'headwater_erasures_pending', 'Subjects that are being erased', () =>
    countUnfinished(vault),
  )
}

/** `/metrics` says how far the tree of the history is. */
export const watchTree = (
  { registry }: Pick<Metrics, 'registry'>,
  history: Pick<History, 'head'>,
  state: () => Promise<{ readonly size: number; readonly position: bigint } | undefined>,
): void => {
  gauge(registry, 'headwater_tree_size', 'Events that the tree of the history covers', async () => {
    return (await state())?.size ?? 0
  })
  gauge(registry, 'headwater_tree_lag', 'Distance of the tree to the head, as positions count', async () => {
    const [head, now] = await Promise.all([history.head(), state()])
    return behind(head, now?.position ?? 0n)
  })
}

/** Absent while its store does not answer: everything else is to be seen just then. */
const gauge = (
  registry: Metrics['registry'],
  name: string,
  help: string,
  value: () => Promise<number>,
): void => {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect: async function () {
      const now = await Promise.race([value(), pause(METRICS_HEAD_MS_MAX, undefined)]).catch(() => undefined)
      if (now === undefined) this.remove()
      else this.set(now)
    },
  })
}
