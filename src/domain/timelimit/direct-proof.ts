import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { equalTexts } from '../../crypto/hashes.ts'
import { DIRECT_ACTION } from '../../crypto/u2f.ts'
import { rejection, type Rejection } from '../rejection.ts'
import type { Effect } from './actions/action.ts'
import type { Caller, ParentProof } from './commands.ts'
import { answerOfKey } from './proof.ts'
import { at, type DeviceState, type FamilyState, type UserState } from './state.ts'

/** The device whose token it is; the token of a removed one, or of another, is nobody's. */
export const callingDevice = (
  { devices }: FamilyState,
  { deviceId, tokenHash }: Caller,
): Either<Rejection, DeviceState> => {
  const device = at(devices, deviceId)
  return device?.tokenHash === tokenHash ? E.right(device) : E.left(UNKNOWN_TOKEN)
}

/** The parent who acts at an end point, and what was used up to prove it (timelimit 2.8). */
export const actingParent = (
  state: FamilyState,
  from: Caller,
  proof: ParentProof,
): Either<
  Rejection,
  { readonly userId: string; readonly user: UserState; readonly effects: readonly Effect[] }
> => {
  const device = callingDevice(state, from)
  if (E.isLeft(device)) return device
  const proven = provenParent(state, device.right, proof, from.deviceId)
  const user = proven && at(state.users, proven.userId)
  if (proven === undefined || user?.type !== 'parent') return E.left(NOT_PROVEN)
  return E.right({ ...proven, user })
}

const UNKNOWN_TOKEN = rejection('Unauthenticated', 'device_token')
const NOT_PROVEN = rejection('Unauthenticated', 'parent_proof')

const provenParent = (
  state: FamilyState,
  device: DeviceState,
  { parentId, secondHash, alwaysPremium, dhKeys }: ParentProof,
  deviceId: string,
): { readonly userId: string; readonly effects: readonly Effect[] } | undefined => {
  if (secondHash === 'device') return device.keptSignedIn ? { userId: device.userId, effects: [] } : undefined
  if (secondHash.startsWith('u2f:')) {
    const isPremium = alwaysPremium || state.premium.isFull
    const answer = answerOfKey(secondHash, DIRECT_ACTION, { state, deviceId, isPremium, dhKeys })
    return E.isRight(answer) && answer.right.userId === parentId ? answer.right : undefined
  }
  return knowsSecret(at(state.users, parentId), secondHash) ? { userId: parentId, effects: [] } : undefined
}

/** Nobody without a password has a secret. */
const knowsSecret = (user: UserState | undefined, secondHash: string): boolean =>
  user !== undefined && user.secondHash !== '' && equalTexts(user.secondHash, secondHash)
