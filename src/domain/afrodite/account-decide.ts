import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { AFRODITE_EMAIL_CHARACTERS_MAX } from '../../limits.ts'
import type { Claim, Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { evolveAccount, NO_ACCOUNT } from './account-evolve.ts'
import type { AccountCommand, AccountState } from './account.ts'
import { ageAt } from './birthdate.ts'
import { fact } from './events.ts'
import type { Visibility } from './standing.ts'

/** What an account is and decides about itself (afrodite 6, 7.1). */
export const accountDecider: Decider<AccountState, AccountCommand> = {
  initial: NO_ACCOUNT,
  stateVersion: 1,
  evolve: evolveAccount,
  decide: (command, state) => {
    if (command.type === 'Register') return register(command, state)
    if (command.type === 'End') return E.right(state.life === 'there' ? [fact('AccountDeleted', {})] : [])
    return state.life === 'there' ? decideThere(command, state) : E.left(NO_ACCOUNT_THERE)
  },
  claims: (state) => {
    if (state.life !== 'there') return NO_CLAIMS
    const known = CLAIMS.get(state.links)
    if (known !== undefined) return known
    const claims = claimsOf(state)
    CLAIMS.set(state.links, claims)
    return claims
  },
  subject: (stream) => stream,
}

type Decided = Either<Rejection, readonly Fact[]>
type Of<T extends AccountCommand['type']> = Extract<AccountCommand, { readonly type: T }>
type Existing = Exclude<AccountCommand, { readonly type: 'Register' | 'End' }>
type OfStanding =
  'SetVisibility' | 'SetUp' | 'CompleteSetup' | 'RequestDeletion' | 'CancelDeletion' | 'Delete'

/** None, or one that was deleted. */
const NO_ACCOUNT_THERE = rejection('NotFound', 'no_account')
const NOTHING: Decided = E.right([])

const refused = (reason: string): Decided => E.left(rejection('NotAcceptable', reason))

const register = (command: Of<'Register'>, { life }: AccountState): Decided => {
  if (life !== 'none') return E.left(rejection('Conflict', 'account_exists'))
  const { aid, origin, demoEntry, google } = command
  return E.right([
    fact('AccountRegistered', {
      aid,
      origin,
      ...(demoEntry === undefined ? {} : { demoEntry }),
      ...(google === undefined ? {} : { sealed: { email: google.email, googleSub: google.sub } }),
    }),
  ])
}

const decideThere = (command: Existing, state: AccountState): Decided => {
  switch (command.type) {
    case 'SetVisibility':
      return setVisibility(command, state)
    case 'SetUp':
      return setUp(command, state)
    case 'CompleteSetup':
      return completeSetup(state)
    case 'RequestDeletion':
      return requestDeletion(command, state)
    case 'CancelDeletion':
      return cancelDeletion(state)
    case 'Delete':
      return remove(command, state)
    default:
      return decideRest(command, state)
  }
}

/** What clients are not told of by sync type 0. */
const decideRest = (
  command: Exclude<Existing, { readonly type: OfStanding }>,
  state: AccountState,
): Decided => {
  switch (command.type) {
    case 'SetUnlimitedLikes':
      return command.value === state.unlimitedLikes
        ? NOTHING
        : E.right([fact('UnlimitedLikesSet', { value: command.value })])
    case 'SetEmail':
      return setEmail(command, state)
    case 'IssueClientId':
      return E.right([fact('ClientIdIssued', { id: state.clientId + 1 })])
    case 'ResetSyncVersion':
      return state.version === 0 ? NOTHING : E.right([fact('SyncVersionReset', { type: 0 })])
    case 'Link':
      return link(command, state)
    case 'Unlink':
      return state.links[command.protocol] === undefined
        ? NOTHING
        : E.right([fact('IdentityUnlinked', { protocol: command.protocol })])
  }
}

const setVisibility = ({ isPublic }: Of<'SetVisibility'>, { standing }: AccountState): Decided => {
  const visibility = SHOWN[standing.visibility][isPublic ? 'public' : 'private']
  return visibility === standing.visibility
    ? NOTHING
    : E.right([fact('AccountStandingChanged', { visibility })])
}

const PENDING = { public: 'PendingPublic', private: 'PendingPrivate' } as const
const SETTLED = { public: 'Public', private: 'Private' } as const
const SHOWN: {
  readonly [now in Visibility]: { readonly public: Visibility; readonly private: Visibility }
} = { PendingPrivate: PENDING, PendingPublic: PENDING, Private: SETTLED, Public: SETTLED }

const setUp = ({ birthdate, isAdult, at }: Of<'SetUp'>, state: AccountState): Decided => {
  if (state.standing.state !== 'InitialSetup') return refused('not_in_setup')
  if (!isAdult) return refused('not_adult')
  if (birthdate !== null && !isAllowedAge(ageAt(birthdate, at))) return refused('birthdate')
  return state.setUp?.birthdate === birthdate
    ? NOTHING
    : E.right([fact('AccountSetUp', { isAdult, sealed: { birthdate } })])
}

const isAllowedAge = (age: number | undefined): boolean =>
  age !== undefined && age >= YOUNGEST && age <= OLDEST

/** In years (afrodite 6). */
const YOUNGEST = 18
const OLDEST = 150

/** Both members, though only one changes: clients are told two events (afrodite 6). */
const completeSetup = ({ standing: { state, capabilities } }: AccountState): Decided =>
  state === 'InitialSetup'
    ? E.right([fact('AccountStandingChanged', { state: 'Normal', capabilities })])
    : refused('not_in_setup')

const requestDeletion = (
  { deleteAt }: Of<'RequestDeletion'>,
  { deletion, standing }: AccountState,
): Decided =>
  deletion === null
    ? E.right([fact('DeletionRequested', { previousState: standing.state, deleteAt })])
    : NOTHING

const cancelDeletion = ({ deletion }: AccountState): Decided =>
  deletion === null ? NOTHING : E.right([fact('DeletionCancelled', { state: deletion.previousState })])

const remove = ({ at }: Of<'Delete'>, { deletion }: AccountState): Decided => {
  if (deletion === null) return refused('no_deletion_pending')
  return at < deletion.deleteAt ? refused('too_early') : E.right([fact('AccountDeleted', {})])
}

const setEmail = ({ email }: Of<'SetEmail'>, state: AccountState): Decided => {
  if (email !== null && email.length > AFRODITE_EMAIL_CHARACTERS_MAX) return refused('email_too_long')
  return email === state.email ? NOTHING : E.right([fact('EmailSet', { sealed: { email } })])
}

const link = ({ protocol, user }: Of<'Link'>, { links }: AccountState): Decided =>
  links[protocol] === user ? NOTHING : E.right([fact('IdentityLinked', { protocol, sealed: { user } })])

/** Both are unique in the installation (afrodite 7.1, decisions 21). */
const claimsOf = ({ googleSub, links }: AccountState): readonly Claim[] => [
  ...(googleSub === null
    ? []
    : [{ kind: 'afrodite.google', value: googleSub, onTaken: rejection('Conflict', 'google_taken') }]),
  ...Object.entries(links).map(([protocol, user]) => ({
    kind: 'afrodite.link',
    value: `${protocol}:${user}`,
    onTaken: LINK_TAKEN,
  })),
]

const LINK_TAKEN = rejection('NotAcceptable', 'link_taken')
const NO_CLAIMS: readonly Claim[] = []

/** By the links of an account: the rest of what it claims never changes, and the engine compares the result by identity. */
const CLAIMS = new WeakMap<AccountState['links'], readonly Claim[]>()
