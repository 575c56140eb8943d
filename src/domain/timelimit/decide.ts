import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { equalTexts } from '../../crypto/hashes.ts'
import type { Claim, Decider, Fact } from '../decider.ts'
import { TIMELIMIT_DEVICES_MAX } from '../../limits.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { deviceRemoved } from './actions/cascades.ts'
import { mailsTo, MANIPULATION_MAILS } from './actions/mails.ts'
import type { FamilyCommand, NewDevice } from './commands.ts'
import { actingParent, callingDevice } from './direct-proof.ts'
import { fact } from './events.ts'
import { evolve } from './evolve.ts'
import { afterPurchase, TRIAL_MS } from './premium.ts'
import { decidePrimaryDevice } from './primary-device.ts'
import { decidePruning } from './pruning.ts'
import { at, NO_FAMILY, type FamilyState, type UserState } from './state.ts'

export const familyDecider: Decider<FamilyState, FamilyCommand> = {
  initial: NO_FAMILY,
  stateVersion: 1,
  evolve,
  decide: (command, state) => {
    if (command.type === 'CreateFamily')
      return state.status === 'none' ? E.right(created(command)) : E.left(GONE)
    if (command.type === 'EndFamily')
      return E.right(state.status === 'active' ? [deleted(state, 'erased')] : [])
    return state.status === 'active' ? decideActive(command, state) : E.left(GONE)
  },
  claims: (state) => {
    const known = CLAIMS.get(state.users)
    if (known?.purchases === state.purchases) return known.claims
    const claims = claimsOf(state)
    CLAIMS.set(state.users, { purchases: state.purchases, claims })
    return claims
  },
  subject: (stream) => stream,
}

/** The reason of a refused purchase that somebody has made before. */
export const PURCHASED_BEFORE = 'purchased_before'

type Existing = Exclude<FamilyCommand, { readonly type: 'CreateFamily' | 'EndFamily' }>
type Decided = Either<Rejection, readonly Fact[]>

/** An erased family, or a name that was never one: its tokens are unknown. */
const GONE = rejection('Unauthenticated', 'family_gone')
const NO_SUCH_MAIL = rejection('Conflict', 'no_user_with_this_mail')

const decideActive = (command: Existing, state: FamilyState): Decided => {
  switch (command.type) {
    case 'Push':
      return E.map(({ facts }: { readonly facts: readonly Fact[] }) => facts)(command.decided)
    case 'SignIn':
      return signIn(command, state)
    case 'AddDevice':
      return hasRoomForDevices(state)
        ? E.right([registered(command.device, '', false, command.now)])
        : E.left(TOO_MANY_DEVICES)
    case 'RecoverPassword':
      return recover(command, state)
    case 'LinkMail':
      return linkMail(command, state)
    case 'RemoveDevice':
      return removeDevice(command, state)
    case 'UpdatePrimaryDevice':
      return decidePrimaryDevice(command, state)
    case 'ReportRemoved':
      return reportRemoved(command, state)
    default:
      return decideLife(command, state)
  }
}

type DeviceCommand = 'Push' | 'SignIn' | 'AddDevice' | 'RecoverPassword' | 'LinkMail' | 'RemoveDevice'
type OfLife = Exclude<Existing, { readonly type: DeviceCommand | 'UpdatePrimaryDevice' | 'ReportRemoved' }>

/** What lengthens or ends what a family has. */
const decideLife = (command: OfLife, state: FamilyState): Decided => {
  switch (command.type) {
    case 'AddPurchase':
      return purchase(command, state)
    case 'ExpirePremium':
      return E.right(
        state.premium.isFull && state.premium.until < command.now ? [fact('PremiumExpired', {})] : [],
      )
    case 'PruneUsedTimes':
      return E.right(decidePruning(command, state))
    case 'DeleteFamily':
      return deleteFamily(command, state)
    case 'DeleteUnused':
      return E.right(state.premium.until < command.before ? [deleted(state, 'unused')] : [])
  }
}

type Of<T extends FamilyCommand['type']> = Extract<FamilyCommand, { readonly type: T }>

const created = (command: Of<'CreateFamily'>): readonly Fact[] => {
  const { familyId, userId, name, timeZone, mail, locale, password, device, now } = command
  return [
    fact('FamilyCreated', { familyId, until: now + TRIAL_MS }),
    fact('UserAdded', {
      userId,
      userType: 'parent',
      notificationFlags: FIRST_PARENT_FLAGS,
      sealed: { name, timeZone, mail, locale, ...password },
    }),
    registered(device, userId, true, now),
  ]
}

/** Mails about manipulation and about tasks (timelimit 4.0.4). */
const FIRST_PARENT_FLAGS = 3

const registered = (
  { deviceId, tokenHash, name, model }: NewDevice,
  userId: string,
  keptSignedIn: boolean,
  addedAt: number,
): Fact =>
  fact('DeviceRegistered', { deviceId, userId, keptSignedIn, addedAt, sealed: { name, model, tokenHash } })

const userWith = ({ users }: FamilyState, mail: string): string | undefined =>
  Object.entries(users).find(([, user]) => user.mail === mail)?.[0]

const TOO_MANY_DEVICES = rejection('Conflict', 'too_many_devices')

/** They are one document (see `hasRoom`). */
const hasRoomForDevices = ({ devices }: FamilyState): boolean =>
  Object.keys(devices).length < TIMELIMIT_DEVICES_MAX

const signIn = ({ mail, locale, device, now }: Of<'SignIn'>, state: FamilyState): Decided => {
  const userId = userWith(state, mail)
  if (userId === undefined) return E.left(NO_SUCH_MAIL)
  if (!hasRoomForDevices(state)) return E.left(TOO_MANY_DEVICES)
  const params = { deviceName: device.name }
  return E.right([
    registered(device, userId, true, now),
    fact('MailQueued', { kind: 'device-linked', at: now, sealed: { to: mail, locale, params } }),
  ])
}

const recover = ({ mail, locale, password, now }: Of<'RecoverPassword'>, state: FamilyState): Decided => {
  const userId = userWith(state, mail)
  if (userId === undefined) return E.left(NO_SUCH_MAIL)
  return E.right([
    fact('ParentPasswordRecovered', { userId, sealed: { ...password } }),
    fact('MailQueued', { kind: 'password-reset', at: now, sealed: { to: mail, locale, params: {} } }),
  ])
}

const linkMail = (command: Of<'LinkMail'>, state: FamilyState): Decided => {
  const caller = callingDevice(state, command.from)
  if (E.isLeft(caller)) return caller
  const { userId, mail, locale, secondHash } = command
  const user = at(state.users, userId)
  if (user?.type !== 'parent') return E.left(rejection('Conflict', 'no_such_parent'))
  if (user.mail !== '') return E.left(rejection('Conflict', 'has_a_mail'))
  // The claim is the family's already.
  if (userWith(state, mail) !== undefined) return E.left(MAIL_TAKEN)
  if (!equalTexts(user.secondHash, secondHash)) return E.left(rejection('Conflict', 'second_hash'))
  return E.right([fact('ParentMailLinked', { userId, sealed: { mail, locale } })])
}

const removeDevice = ({ from, proof, deviceId }: Of<'RemoveDevice'>, state: FamilyState): Decided => {
  const parent = actingParent(state, from, proof)
  if (E.isLeft(parent)) return parent
  return at(state.devices, deviceId) === undefined
    ? E.left(rejection('Conflict', 'no_such_device'))
    : E.right(deviceRemoved(state, deviceId))
}

const reportRemoved = ({ from, now }: Of<'ReportRemoved'>, state: FamilyState): Decided => {
  const caller = callingDevice(state, from)
  if (E.isLeft(caller)) return caller
  const mail = { kind: 'uninstall', params: { deviceName: caller.right.name } }
  return E.right([
    fact('DeviceUninstallReported', { deviceId: from.deviceId, tokenHash: from.tokenHash }),
    ...mailsTo(state, MANIPULATION_MAILS, mail, now),
  ])
}

const purchase = (
  { service, transactionId, purchase: type, now }: Of<'AddPurchase'>,
  state: FamilyState,
): Decided => {
  if (at(state.purchases, `${service} ${transactionId}`) !== undefined) return E.right([])
  const premium = afterPurchase(state.premium, type, now)
  return E.right(
    premium === undefined
      ? []
      : [fact('PremiumExtended', { service, type, at: now, ...premium, sealed: { transactionId } })],
  )
}

/** Every parent's mail has to be proven, and nobody else's (timelimit 2.16). */
const deleteFamily = ({ from, mails }: Of<'DeleteFamily'>, state: FamilyState): Decided => {
  const caller = callingDevice(state, from)
  if (E.isLeft(caller)) return caller
  const wanted = mailsOf(state)
  const isCovered =
    wanted.every((mail) => mails.includes(mail)) && mails.every((mail) => wanted.includes(mail))
  return isCovered
    ? E.right([deleted(state, 'account')])
    : E.left(rejection('Unauthenticated', 'mails_not_proven'))
}

const mailsOf = ({ users }: FamilyState): readonly string[] =>
  Object.values(users).flatMap(({ type, mail }: UserState) =>
    type === 'parent' && mail !== '' ? [mail] : [],
  )

const deleted = ({ devices }: FamilyState, reason: string): Fact =>
  fact('FamilyDeleted', {
    reason,
    tokenHashes: Object.values(devices).flatMap(({ tokenHash }) => (tokenHash === '' ? [] : [tokenHash])),
  })

/** Mails and purchases are unique over all families (timelimit 2.5, 2.17). */
const claimsOf = ({ users, purchases }: FamilyState): readonly Claim[] => [
  ...Object.values(users).flatMap(({ mail }) =>
    mail === '' ? [] : [{ kind: 'timelimit.mail', value: mail, onTaken: MAIL_TAKEN }],
  ),
  ...Object.keys(purchases).map((value) => ({ kind: 'timelimit.purchase', value, onTaken: TAKEN })),
]

const MAIL_TAKEN = rejection('Conflict', 'mail_taken')
const TAKEN = rejection('Conflict', PURCHASED_BEFORE)

/** What was made out of which parts of a state: most events leave them alone, and the engine compares the result by identity. */
const CLAIMS = new WeakMap<
  FamilyState['users'],
  { readonly purchases: FamilyState['purchases']; readonly claims: readonly Claim[] }
>()
