import * as E from 'fp-ts/lib/Either.js'
import type { Decider } from '../decider.ts'
import { dataOf, PacketsExpired } from './events.ts'

/** Lets the documents forget the packets with an id below `before`; the history keeps all. */
export type ExpirePackets = { readonly type: 'ExpirePackets'; readonly before: string }

/** No object has that id, so the stream is nobody's. */
export const PACKET_EXPIRY_STREAM = 'stores.packets-expired'

export const packetExpiryDecider: Decider<{ readonly before: string }, ExpirePackets> = {
  initial: { before: '' },
  stateVersion: 1,
  evolve: (state, event) =>
    event.type === 'PacketsExpired' ? { before: dataOf(PacketsExpired, event).before } : state,
  decide: ({ before }, state) =>
    E.right(before <= state.before ? [] : [{ type: 'PacketsExpired', data: { before } }]),
}
