/**
 * Proves that an adapter of the history keeps every promise of `src/history/port.ts`. Each adapter mounts the same cases; a case
 * uses stream names of its own and assumes nothing about the numbers of positions, so a store with a past can be tested too.
 */
import type { ExecutionContext, TestFn } from 'ava'
import type { History } from '../../src/history/port.ts'
import { freshPrefix } from '../support/history.ts'
import { appendCases } from './history-appends.ts'
import { readCases } from './history-reads.ts'
import { repetitionCases } from './history-repetitions.ts'
import { subscriptionCases } from './history-subscriptions.ts'
import type { Case } from './history-case.ts'

/** An opened history; `reopen` closes it and opens the same store again, where there is something to reopen. */
export type Opened = {
  readonly history: History
  readonly reopen?: () => Promise<History>
  readonly close: () => Promise<void>
}

export const historyCases: readonly Case[] = [
  ...appendCases,
  ...repetitionCases,
  ...readCases,
  ...subscriptionCases,
]

export const historyContract = (
  test: TestFn,
  name: string,
  open: (t: ExecutionContext) => Promise<Opened>,
): void => {
  for (const { name: claim, run } of historyCases) {
    test(`${name}: ${claim}`, async (t) => {
      const { history, reopen, close } = await open(t)
      t.teardown(close)
      await run(t, { history, reopened: reopen ?? (() => Promise.resolve(history)), prefix: freshPrefix() })
    })
  }
}
