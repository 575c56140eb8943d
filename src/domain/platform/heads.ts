import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Decider } from '../decider.ts'

/**
 * A head of the tree over the stored history, signed: `size` leaves with that root (base64), `note` is the C2SP checkpoint and `key` verifies it. It
 * commits to the events before it.
 */
export type HeadSigned = t.TypeOf<typeof HeadSigned>
export const HeadSigned = t.readonly(
  t.type({ origin: t.string, size: t.number, root: t.string, note: t.string, key: t.string }),
)

export type SignHead = HeadSigned & { readonly type: 'SignHead' }

/** The last head; `undefined` before the first. */
export type HeadsState = Pick<HeadSigned, 'size' | 'root'> | undefined

export const HEADS_STREAM = 'platform.job-heads'

export const headsDecider: Decider<HeadsState, SignHead> = {
  initial: undefined,
  stateVersion: 1,
  evolve: (state, { type, data }) =>
    type === 'HeadSigned' && HeadSigned.is(data) ? { size: data.size, root: data.root } : state,
  decide: ({ type: _type, ...head }, state) =>
    E.right(isNews(state, head.size) ? [{ type: 'HeadSigned', data: head }] : []),
}

/** The last head is an event itself: a tree that has only that one more has no news. */
export const isNews = (state: HeadsState, size: number): boolean =>
  state === undefined ? size > 0 : size > state.size + 1
