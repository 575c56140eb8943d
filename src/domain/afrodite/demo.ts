import * as E from 'fp-ts/lib/Either.js'
import type { Decider } from '../decider.ts'
import { dataOf, fact } from './events.ts'

/** The passwords under which the entry was locked last, as their keyed hash: under others it is not locked. */
export type DemoState = string | null

/** `passwords` is a keyed hash of both. */
export type DemoCommand = { readonly type: 'LockDemo'; readonly entry: number; readonly passwords: string }

/** Of an entry of the demo mode: a wrong second password locks it (afrodite 4.3). */
export const demoDecider: Decider<DemoState, DemoCommand> = {
  initial: null,
  stateVersion: 1,
  evolve: (state, event) => (event.type === 'DemoLocked' ? dataOf('DemoLocked', event).passwords : state),
  decide: ({ entry, passwords }, state) =>
    E.right(state === passwords ? [] : [fact('DemoLocked', { entry, passwords })]),
}
