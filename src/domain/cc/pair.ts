import * as E from 'fp-ts/lib/Either.js'
import type { Decider } from '../decider.ts'
import { pairEvents, type PAIR_EVENTS } from './dialog-events.ts'
import { evolveBy } from './evolving.ts'

/** Which private dialog two users have; undefined: none so far. */
export type PairState = { readonly dialog?: string }

/** Nothing if they have another than `insteadOf` by now: that is theirs, and who asked takes it from the state. */
export type PairCommand = {
  readonly type: 'Reserve'
  readonly app: number
  readonly users: readonly [number, number]
  readonly dialog: string
  /** That was deleted. */
  readonly insteadOf?: string
}

/** So a pair has one private dialog at a time, however many nodes get its first message at once (connectycube 8.4). */
export const pairDecider: Decider<PairState, PairCommand> = {
  initial: {},
  stateVersion: 1,
  evolve: evolveBy<PairState, typeof PAIR_EVENTS>(pairEvents, {
    PairReserved: (_, { dialog }) => ({ dialog }),
  }),
  decide: ({ app, users, dialog, insteadOf }, state) =>
    state.dialog === insteadOf
      ? E.right([pairEvents.fact('PairReserved', { app, users: [...users].sort((a, b) => a - b), dialog })])
      : E.right([]),
}
