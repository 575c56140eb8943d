import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Decider } from '../decider.ts'
import { dataOf } from './events.ts'

/** The first entities of an installation (rightech 4.4): their ids are fixed by one event, so that whoever founds it makes the same ones. */
export type Foundation = t.TypeOf<typeof StoresFounded>

export type FoundStores = Omit<Foundation, 'keyring'> & {
  readonly type: 'FoundStores'
  /** Tells which keyring the history is sealed with. */
  readonly keyring: string
}

export const FOUNDING_STREAM = 'platform.job-stores-foundation'

/** Ids of the root group, the two roles and the user; the keyring's mark, which older histories do not have. */
export const StoresFounded = t.intersection([
  t.type({ group: t.string, admin: t.string, auditor: t.string, user: t.string }),
  t.partial({ keyring: t.string }),
])

export const foundingDecider: Decider<Foundation | undefined, FoundStores> = {
  initial: undefined,
  stateVersion: 1,
  evolve: (state, event) => (event.type === 'StoresFounded' ? dataOf(StoresFounded, event) : state),
  decide: ({ group, admin, auditor, user, keyring }, state) =>
    E.right(
      state === undefined ? [{ type: 'StoresFounded', data: { group, admin, auditor, user, keyring } }] : [],
    ),
}
