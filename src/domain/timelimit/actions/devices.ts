import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Fact } from '../../decider.ts'
import { fact } from '../events.ts'
import { at, type DeviceState } from '../state.ts'
import { action, userIdOf, type ActionContext, type ActionError, type Decision } from './action.ts'
import { bool, id6, id6OrNone, int32, label, members, oneOf } from './codec.ts'
import { IGNORE_MANIPULATION } from './ignore-manipulation.ts'

/** What parents do with devices (timelimit 4.4). */
export const DEVICE_ACTIONS = {
  SET_DEVICE_USER: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, userId: id6OrNone }),
    decide: ({ deviceId, userId }, ctx) =>
      isUserOrNone(ctx, userId)
        ? ofDevice(ctx, deviceId, () => [fact('DeviceUserAssigned', { deviceId, userId })])
        : E.left('NO_USER'),
  }),
  SET_KEEP_SIGNED_IN: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, keepSignedIn: bool }),
    decide: ({ deviceId, keepSignedIn: keptSignedIn }, ctx) =>
      keptSignedIn && isOfAnother(at(ctx.state.devices, deviceId), ctx)
        ? E.left('STATE')
        : ofDevice(ctx, deviceId, () => [fact('DeviceKeepSignedInChanged', { deviceId, keptSignedIn })]),
  }),
  SET_DEVICE_DEFAULT_USER: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, defaultUserId: id6OrNone }),
    decide: ({ deviceId, defaultUserId: userId }, ctx) =>
      isUserOrNone(ctx, userId)
        ? ofDevice(ctx, deviceId, () => [fact('DeviceDefaultUserChanged', { deviceId, userId })])
        : E.left('NO_USER'),
  }),
  SET_DEVICE_DEFAULT_USER_TIMEOUT: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, timeout: int32(0) }),
    decide: ({ deviceId, timeout }, ctx) =>
      ofDevice(ctx, deviceId, () => [fact('DeviceDefaultUserTimeoutChanged', { deviceId, timeout })]),
  }),
  UPDATE_DEVICE_NAME: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, name: label }),
    decide: ({ deviceId, name }, ctx) =>
      ofDevice(ctx, deviceId, () => [fact('DeviceRenamed', { deviceId, sealed: { name } })]),
  }),
  UPDATE_NETWORK_TIME_VERIFICATION: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, mode: oneOf('disabled', 'if possible', 'enabled') }),
    decide: ({ deviceId, mode }, ctx) =>
      ofDevice(ctx, deviceId, () => [fact('DeviceNetworkTimeModeChanged', { deviceId, mode })]),
  }),
  SET_CONSIDER_REBOOT_MANIPULATION: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, enable: bool }),
    decide: ({ deviceId, enable }, ctx) =>
      ofDevice(ctx, deviceId, () => [fact('DeviceRebootPolicyChanged', { deviceId, enable })]),
  }),
  UPDATE_ENABLE_ACTIVITY_LEVEL_BLOCKING: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, enable: bool }),
    decide: ({ deviceId, enable }, ctx) =>
      ofDevice(ctx, deviceId, () => [fact('DeviceActivityLevelBlockingChanged', { deviceId, enable })]),
  }),
  SET_SEND_DEVICE_CONNECTED: action({
    envelope: 'parent',
    codec: members({ deviceId: id6, enable: bool }),
    decide: ({ deviceId, enable }, ctx) =>
      deviceId === ctx.deviceId
        ? ofDevice(ctx, deviceId, () => [fact('DeviceConnectionSharingChanged', { deviceId, enable })])
        : E.left('STATE'),
  }),
  IGNORE_MANIPULATION,
} as const

const ofDevice = (
  { state }: ActionContext,
  deviceId: string,
  facts: () => readonly Fact[],
): Either<ActionError, Decision> =>
  at(state.devices, deviceId) === undefined ? E.left('NO_DEVICE') : E.right({ facts: facts() })

const isUserOrNone = ({ state }: ActionContext, userId: string): boolean =>
  userId === '' || at(state.users, userId) !== undefined

const isOfAnother = (device: DeviceState | undefined, { actor }: ActionContext): boolean =>
  device !== undefined && device.userId !== userIdOf(actor)
