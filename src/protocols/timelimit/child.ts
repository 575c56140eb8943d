import * as E from 'fp-ts/lib/Either.js'
import { commandFamily, loadFamily } from '../../commands/timelimit/family-commands.ts'
import { callingDevice } from '../../domain/timelimit/direct-proof.ts'
import {
  ASSIGNED_TO_OTHER_DEVICE,
  primaryDeviceOf,
  REQUIRES_FULL_VERSION,
} from '../../domain/timelimit/primary-device.ts'
import { at } from '../../domain/timelimit/state.ts'
import { callerOf, whoHas } from './callers.ts'
import { DeviceToken, UpdatePrimaryDevice } from './codecs.ts'
import { post, type Endpoint } from './endpoint.ts'
import { CONFLICT, rejected, UNAUTHORIZED } from './errors.ts'
import { DONE, json } from './replies.ts'

/** A child's primary device (timelimit 1.10, 2.11, 2.12). */
export const CHILD_ENDPOINTS: readonly Endpoint[] = [
  post('/child/update-primary-device', UpdatePrimaryDevice, async (services, body) => {
    const { engine, now, settings } = services
    const who = await whoHas(services, body.authToken)
    if (who === undefined) return UNAUTHORIZED
    const done = await commandFamily(engine, {
      family: who.family,
      command: {
        type: 'UpdatePrimaryDevice',
        from: callerOf(who),
        userId: body.currentUserId,
        isSet: body.action === 'set this device',
        alwaysPremium: settings.alwaysPro,
      },
      actor: `device:${who.device}`,
      at: now(),
      via: { auth: 'device token', device: who.device },
    })
    if (E.isRight(done)) return json({ status: 'success' })
    const { reason } = done.left
    return TOLD.has(reason) ? json({ status: reason }) : rejected(done.left)
  }),

  post('/child/logout-at-primary-device', DeviceToken, async (services, { deviceAuthToken }) => {
    const who = await whoHas(services, deviceAuthToken)
    if (who === undefined) return UNAUTHORIZED
    const state = await loadFamily(services.engine, who.family)
    const caller = callingDevice(state, callerOf(who))
    if (E.isLeft(caller)) return rejected(caller.left)
    const { userId } = caller.right
    const primary = at(state.users, userId)?.type === 'child' ? primaryDeviceOf(state, userId) : undefined
    if (primary === undefined) return CONFLICT
    await services.live.signOut(who.family, primary)
    return DONE
  }),
]

/** Refusals that are answers. */
const TOLD = new Set([REQUIRES_FULL_VERSION, ASSIGNED_TO_OTHER_DEVICE])
