import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import type { FamilyCommand } from './commands.ts'
import { callingDevice } from './direct-proof.ts'
import { fact } from './events.ts'
import { at, type FamilyState } from './state.ts'

/** Refusals that the device gets as an answer, not as an error (timelimit 2.11). */
export const REQUIRES_FULL_VERSION = 'requires full version'
export const ASSIGNED_TO_OTHER_DEVICE = 'assigned to other device'

export const decidePrimaryDevice = (
  { from, userId, isSet, alwaysPremium }: Extract<FamilyCommand, { readonly type: 'UpdatePrimaryDevice' }>,
  state: FamilyState,
): Either<Rejection, readonly Fact[]> => {
  const caller = callingDevice(state, from)
  if (E.isLeft(caller)) return caller
  const { deviceId } = from
  const user = at(state.users, userId)
  if (userId === '' || caller.right.userId !== userId || user === undefined)
    return E.left(rejection('Conflict', 'not_the_user_of_the_device'))
  if (!alwaysPremium && needsPremium(state, userId))
    return E.left(rejection('Conflict', REQUIRES_FULL_VERSION))
  if (!isSet)
    return user.currentDevice === deviceId
      ? E.right([fact('PrimaryDeviceCleared', { userId })])
      : E.left(rejection('Conflict', 'not_the_primary_device'))
  return primaryDeviceOf(state, userId) === undefined
    ? E.right([fact('PrimaryDeviceSet', { userId, deviceId })])
    : E.left(rejection('Conflict', ASSIGNED_TO_OTHER_DEVICE))
}

/** The primary device, if what is stored is a device that the user still has (timelimit 1.10). */
export const primaryDeviceOf = (state: FamilyState, userId: string): string | undefined => {
  const deviceId = at(state.users, userId)?.currentDevice ?? ''
  return at(state.devices, deviceId)?.userId === userId ? deviceId : undefined
}

const needsPremium = ({ premium, devices }: FamilyState, userId: string): boolean =>
  !premium.isFull &&
  Object.values(devices).filter((device) => device.userId === userId).length >= DEVICES_FOR_FREE

/** From so many devices of one user on, premium is needed. */
const DEVICES_FOR_FREE = 2
