import type { Fact } from '../decider.ts'
import type { AccountState } from './account.ts'
import type { ACCOUNT_EVENTS } from './events.ts'
import { evolveBy, type Rows } from './rows.ts'
import type { Standing } from './standing.ts'
import { raised } from './sync-versions.ts'

/** What tells who somebody is. */
const NOBODY = { email: null, googleSub: null, setUp: null, links: {} }

export const NO_ACCOUNT: AccountState = {
  events: 0,
  life: 'none',
  origin: null,
  demoEntry: null,
  standing: { state: 'InitialSetup', capabilities: [], visibility: 'PendingPrivate' },
  version: 0,
  deletion: null,
  unlimitedLikes: false,
  clientId: 0,
  ...NOBODY,
}

/** The account after an event; one of an unknown type is counted too. Throws if a known one has data of another shape. */
export const evolveAccount = (state: AccountState, fact: Fact): AccountState => ({
  ...fold(state, fact),
  events: state.events + 1,
})

/** Everything that raises the version of sync type 0 goes through here (afrodite 3.8). */
const standing = (state: AccountState, changes: Partial<Standing>): AccountState => ({
  ...state,
  standing: { ...state.standing, ...changes },
  version: raised(state.version),
})

const ROWS: Rows<AccountState, keyof typeof ACCOUNT_EVENTS> = {
  AccountRegistered: (_, { origin, demoEntry, sealed }) => ({
    ...NO_ACCOUNT,
    life: 'there',
    origin,
    demoEntry: demoEntry ?? null,
    email: sealed?.email ?? null,
    googleSub: sealed?.googleSub ?? null,
    // Its own: what an account claims is remembered by it.
    links: {},
  }),
  AccountStandingChanged: (state, changes) => {
    const { state: name, capabilities, visibility } = { ...state.standing, ...changes }
    return standing(state, { state: name, capabilities, visibility })
  },
  DeletionRequested: (state, deletion) => ({ ...standing(state, { state: 'PendingDeletion' }), deletion }),
  DeletionCancelled: (state, { state: name }) => ({ ...standing(state, { state: name }), deletion: null }),
  EmailSet: (state, { sealed }) => ({ ...state, email: sealed?.email ?? null }),
  AccountSetUp: (state, { isAdult, sealed }) => ({
    ...state,
    setUp: { isAdult, birthdate: sealed?.birthdate ?? null },
  }),
  UnlimitedLikesSet: (state, { value }) => ({ ...state, unlimitedLikes: value }),
  ClientIdIssued: (state, { id }) => ({ ...state, clientId: id }),
  SyncVersionReset: (state, { type }) => (type === 0 ? { ...state, version: 0 } : state),
  IdentityLinked: (state, { protocol, sealed }) => ({
    ...state,
    links: { ...unlinked(state.links, protocol), ...(sealed === null ? {} : { [protocol]: sealed.user }) },
  }),
  IdentityUnlinked: (state, { protocol }) => ({ ...state, links: unlinked(state.links, protocol) }),
  AccountDeleted: (state) => ({ ...state, life: 'deleted', deletion: null, ...NOBODY }),
}

const fold = evolveBy(ROWS)

type Links = AccountState['links']

const unlinked = ({ ...links }: Links, protocol: keyof Links): Links => {
  Reflect.deleteProperty(links, protocol)
  return links
}
