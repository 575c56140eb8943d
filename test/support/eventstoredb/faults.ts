import { setTimeout as sleep } from 'node:timers/promises'
import {
  consumerTooSlow,
  invalid,
  timedOut,
  unavailable,
  type Refusal,
} from '../../../src/serving/eventstoredb/refusals.ts'
import type { CallKind, Served } from '../../../src/serving/eventstoredb/served.ts'

/** What a test may ask the stand-in to do. */
export type Fault =
  /** So many appends are written, and their calls end without the answer. */
  | { readonly fault: 'dropNextAnswers'; readonly count: number }
  | { readonly fault: 'delayAnswers'; readonly ms: number }
  /** So many appends are refused before they are written. */
  | { readonly fault: 'refuseNext'; readonly count: number; readonly reason: 'unavailable' | 'timeout' }
  /** Every subscription ends as that of a consumer that is too slow. */
  | { readonly fault: 'dropSubscriptions' }
  /** Every batch call ends with an error, whatever was written. */
  | { readonly fault: 'failBatch' }

export type Faults = Required<Pick<Served, 'refuse' | 'beforeAnswer' | 'opened'>> & {
  readonly apply: (fault: Fault) => void
  readonly endAll: (kind: CallKind, refusal: Refusal) => void
}

export const makeFaults = (): Faults => {
  const open = { read: new Set<End>(), subscription: new Set<End>(), batch: new Set<End>() }
  let dropped = 0
  let delayMs = 0
  let refused: { count: number; reason: 'unavailable' | 'timeout' } = { count: 0, reason: 'timeout' }
  const endAll: Faults['endAll'] = (kind, refusal) => {
    for (const end of [...open[kind]]) end(refusal)
  }
  return {
    endAll,
    opened: (kind, end) => {
      open[kind].add(end)
      return () => void open[kind].delete(end)
    },
    refuse: () => {
      if (refused.count === 0) return undefined
      refused.count -= 1
      return refused.reason === 'timeout' ? timedOut() : unavailable('Server Is Too Busy')
    },
    beforeAnswer: async () => {
      const drop = dropped > 0
      if (drop) dropped -= 1
      if (delayMs > 0) await sleep(delayMs)
      return drop ? unavailable('Connection dropped') : undefined
    },
    apply: (fault) => {
      switch (fault.fault) {
        case 'dropNextAnswers':
          dropped = fault.count
          return
        case 'delayAnswers':
          delayMs = fault.ms
          return
        case 'refuseNext':
          refused = { count: fault.count, reason: fault.reason }
          return
        case 'dropSubscriptions':
          endAll('subscription', consumerTooSlow())
          return
        case 'failBatch':
          endAll('batch', invalid('the batch failed'))
      }
    },
  }
}

type End = (refusal: Refusal) => void
