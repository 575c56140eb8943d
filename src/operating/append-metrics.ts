import { Counter, Histogram } from 'prom-client'
import type { AppendObserver } from '../history/measured.ts'
import type { AppendFailure } from '../history/port.ts'
import type { Metrics } from '../http/metrics.ts'

/** `/metrics` says how long appends take until they are flushed, and which fail. A wrong revision is contention, not a fault. */
export const appendMetrics = ({ registry }: Metrics): AppendObserver => {
  const registers = [registry]
  const durations = new Histogram({
    name: 'headwater_history_append_duration_seconds',
    help: 'From an append to the answer that it is flushed',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const appended = new Counter({
    name: 'headwater_history_events_appended_total',
    help: 'Events that this process appended',
    registers,
  })
  const failures = new Counter({
    name: 'headwater_history_appends_failed_total',
    help: 'Appends that were not written, by reason',
    labelNames: ['reason'],
    registers,
  })
  for (const reason of REASONS) failures.inc({ reason }, 0)
  return {
    appended: (ms, events) => {
      durations.observe(ms / 1000)
      appended.inc(events)
    },
    failed: (reason) => failures.inc({ reason }),
  }
}

/** All are there from the beginning, so that the first time is seen as an increase. */
const REASONS: readonly AppendFailure['_tag'][] = ['WrongRevision', 'TooLarge', 'Unavailable', 'Unknown']
