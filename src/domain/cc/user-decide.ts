import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { equalJson } from '../../json.ts'
import type { Claim, Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { contactNoticeEvents } from './address-book-notices.ts'
import { isContactPhone } from './contact-input.ts'
import { mailEvents, type CcMailKind } from './mail-events.ts'
import { RULES } from './rules.ts'
import { userEvents, type Profile } from './user-events.ts'
import { evolveUser, NO_USER, RESETS_REMEMBERED } from './user-evolve.ts'
import { digitsOf, folded, type MailOrder, type UserCommand, type UserState, type Who } from './user.ts'

/** Who a user is, and what he may be called (connectycube 4). */
export const userDecider = (app: number): Decider<UserState, UserCommand> => {
  const known = DECIDERS.get(app)
  if (known !== undefined) return known
  const decider: Decider<UserState, UserCommand> = {
    initial: NO_USER,
    stateVersion: 2,
    evolve: evolveUser,
    decide,
    claims: ({ profile }) => {
      const claims = CLAIMS.get(profile) ?? claimsOf(app, profile)
      CLAIMS.set(profile, claims)
      return claims
    },
    subject: (stream) => stream,
  }
  DECIDERS.set(app, decider)
  return decider
}

/** One that is there no more, or never was. */
export const NO_SUCH_USER = rejection('NotFound', 'no_user')
export const USER_EXISTS = rejection('Conflict', 'user_exists')

const DECIDERS = new Map<number, Decider<UserState, UserCommand>>()
/** The engine compares what is claimed by identity. A profile belongs to one user, but for that of nobody, who claims nothing. */
const CLAIMS = new WeakMap<Profile, readonly Claim[]>()

type Decided = Either<Rejection, readonly Fact[]>
type Of<T extends UserCommand['type']> = Extract<UserCommand, { readonly type: T }>

const NOTHING: Decided = E.right([])
const HOUR_MS = 60 * 60_000

const broken = (field: string, rule: string): Decided =>
  E.left(rejection('Unprocessable', 'invalid_fields', { fields: { [field]: [rule] } }))

const decide = (command: UserCommand, state: UserState): Decided => {
  if (command.type === 'SignUp') return signUp(command, state)
  if (command.type === 'Delete')
    return state.life === 'there' ? E.right([userEvents.fact('UserDeleted', who(command.user))]) : NOTHING
  return state.life === 'there' ? decideThere(command, state) : E.left(NO_SUCH_USER)
}

const decideThere = (
  command: Exclude<UserCommand, Of<'SignUp'> | Of<'Delete'>>,
  state: UserState,
): Decided => {
  switch (command.type) {
    case 'Change':
      return change(command, state)
    case 'RequestReset':
      return requestReset(command, state)
    case 'ResetPassword':
      return resetPassword(command, state)
    case 'ConfirmEmail':
      return confirmEmail(command, state)
    case 'Note':
      return E.right([command.fact])
  }
}

const who = ({ app, user }: Who): Who => ({ app, user })

const mailTo = (
  { app, user }: Who,
  kind: CcMailKind,
  to: string | null,
  order: MailOrder | undefined,
): readonly Fact[] =>
  order === undefined || to === null
    ? []
    : [
        mailEvents.fact('MailRequested', {
          ...{ app, user, kind, mail: order.mail },
          sealed: { to, params: { ...order.params } },
        }),
      ]

const signUp = (command: Of<'SignUp'>, { life }: UserState): Decided => {
  if (life !== 'none') return E.left(USER_EXISTS)
  const { user, isGuest, profile, verifier } = command
  const to = profile.email ?? null
  return E.right([
    userEvents.fact('UserSignedUp', {
      ...who(user),
      ...(isGuest ? { isGuest } : {}),
      sealed: { profile: set(profile), verifier },
    }),
    ...mailTo(user, 'welcome', to, command.welcome),
    ...mailTo(user, 'confirmation', to, command.confirm),
    ...joined(user, profile.phone, command.announces === true),
  ])
}

/** If it is to be told, and he has a phone that may stand in an address book. */
const joined = ({ app, user }: Who, phone: string | null | undefined, isTold: boolean): readonly Fact[] =>
  isTold && isContactPhone(digitsOf(phone ?? null) ?? '')
    ? [contactNoticeEvents.fact('ContactJoined', { app, user })]
    : []

/** What nobody has anyway need not be said. */
const set = (profile: Partial<Profile>): Partial<Profile> =>
  Object.fromEntries(Object.entries(profile).filter(([name, value]) => !equalJson(value, NOBODY.get(name))))

const NOBODY = new Map(Object.entries(NO_USER.profile))

const change = ({ user, changes, password, confirm, announces }: Of<'Change'>, state: UserState): Decided => {
  if (password !== undefined && !password.isProven) return broken('old_password', RULES.invalid)
  const now = new Map(Object.entries(state.profile))
  const differing: Partial<Profile> = Object.fromEntries(
    Object.entries(changes).filter(([name, value]) => !equalJson(value, now.get(name))),
  )
  const { login, email } = { ...state.profile, ...differing }
  if (state.verifier !== null && login === null && email === null) return broken('login', RULES.blank)
  const isMoved = differing.email !== undefined
  return E.right([
    ...(Object.keys(differing).length === 0
      ? []
      : [userEvents.fact('UserProfileChanged', { ...who(user), sealed: differing })]),
    ...(password === undefined ? [] : [passwordChanged(user, 'old-password', password.verifier)]),
    ...(isMoved ? mailTo(user, 'confirmation', email, confirm) : []),
    ...joined(user, differing.phone, announces === true && !state.isAnnounced),
  ])
}

const passwordChanged = (user: Who, by: 'old-password' | 'reset-token', verifier: string): Fact =>
  userEvents.fact('UserPasswordChanged', { ...who(user), by, sealed: { verifier } })

/** To the address that was asked for, if the user still has it; nobody's mailbox is filled. */
const requestReset = ({ user, email, at, order }: Of<'RequestReset'>, state: UserState): Decided => {
  const { email: to } = state.profile
  if (to === null || folded(to) !== folded(email) || state.isGuest) return NOTHING
  const [oldest] = state.resets
  if (oldest !== undefined && state.resets.length >= RESETS_REMEMBERED && at - oldest < HOUR_MS)
    return NOTHING
  return E.right([
    userEvents.fact('UserPasswordResetRequested', { ...who(user), mail: order.mail, at }),
    ...mailTo(user, 'password-reset', to, order),
  ])
}

/** The token went to an address: it is worth nothing when that is not the user's any more. */
const resetPassword = ({ user, email, verifier }: Of<'ResetPassword'>, { profile }: UserState): Decided =>
  profile.email !== null && folded(profile.email) === folded(email)
    ? E.right([passwordChanged(user, 'reset-token', verifier)])
    : E.left(rejection('Gone', 'other_address'))

const confirmEmail = ({ user, email }: Of<'ConfirmEmail'>, state: UserState): Decided => {
  if (state.profile.email !== email) return E.left(rejection('Gone', 'other_address'))
  return state.isConfirmed ? NOTHING : E.right([userEvents.fact('UserEmailConfirmed', who(user))])
}

type UniqueField = 'login' | 'email' | 'external_user_id' | 'external_id' | 'facebook_id' | 'twitter_id'

/** What makes a name unique in the application when it is set (connectycube 4.1); the fields are named as clients do. */
export const nameClaim = (
  app: number,
  field: UniqueField,
  value: string | number,
): Pick<Claim, 'kind' | 'value'> => ({
  kind: `cc.${field}`,
  value: `${app}:${field === 'login' || field === 'email' ? folded(String(value)) : value}`,
})

const claimsOf = (app: number, profile: Profile): readonly Claim[] => {
  const { login, email, externalUserId, externalId, facebookId, twitterId } = profile
  const values: readonly (readonly [field: UniqueField, value: string | number | null])[] = [
    ['login', login],
    ['email', email],
    ['external_user_id', externalUserId],
    ['external_id', externalId],
    ['facebook_id', facebookId],
    ['twitter_id', twitterId],
  ]
  return values.flatMap(([field, value]) =>
    value === null
      ? []
      : [
          {
            ...nameClaim(app, field, value),
            onTaken: rejection('Conflict', 'taken', { fields: { [field]: [RULES.taken] } }),
          },
        ],
  )
}
