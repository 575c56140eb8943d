import * as E from 'fp-ts/lib/Either.js'
import type { Decider } from '../decider.ts'
import { StatusMessageChanged } from './events.ts'

/** What operators tell everybody (timelimit 2.18); `''` is nothing. */
export type SystemState = { readonly message: string }
export type SystemCommand = { readonly type: 'SetStatusMessage'; readonly message: string }

export const systemDecider: Decider<SystemState, SystemCommand> = {
  initial: { message: '' },
  stateVersion: 1,
  evolve: (state, { type, data }) =>
    type === 'StatusMessageChanged' && StatusMessageChanged.is(data) ? { message: data.message } : state,
  decide: ({ message }, state) =>
    E.right(message === state.message ? [] : [{ type: 'StatusMessageChanged', data: { message } }]),
}
