import * as E from 'fp-ts/lib/Either.js'
import { commandFamily } from '../../commands/timelimit/family-commands.ts'
import { sha256Hex } from '../../crypto/hashes.ts'
import { BODY_POLICIES } from '../../http/bodies.ts'
import { TIMELIMIT_PUSH_ACTIONS_MAX } from '../../limits.ts'
import { callerOf, whoHas } from './callers.ts'
import { DeviceToken, PullStatusRequest, PushActions } from './codecs.ts'
import { get, post, type Endpoint } from './endpoint.ts'
import { BAD_REQUEST, rejected, UNAUTHORIZED } from './errors.ts'
import { DONE, json } from './replies.ts'
import type { Services } from './services.ts'

/** What devices do all day (timelimit 3, 5, 6), and the clock that they check theirs by (2.1). */
export const SYNC_ENDPOINTS: readonly Endpoint[] = [
  get('/time', ({ now }) => json({ ms: now() })),

  post(
    '/sync/push-actions',
    PushActions,
    async (services, { deviceAuthToken, actions }) => {
      if (actions.length > TIMELIMIT_PUSH_ACTIONS_MAX) return BAD_REQUEST
      const who = await whoHas(services, deviceAuthToken)
      if (who === undefined) return UNAUTHORIZED
      const pushed = await services.push(who, actions, services.now())
      if (E.isLeft(pushed)) return rejected(pushed.left)
      return pushed.right.fullSync ? FULL_SYNC : IN_STEP
    },
    { policy: BODY_POLICIES.timelimitPush },
  ),

  post('/sync/pull-status', PullStatusRequest, async (services, { deviceAuthToken, status }) => {
    const who = await whoHas(services, deviceAuthToken)
    if (who === undefined) return UNAUTHORIZED
    const now = services.now()
    const noted = services.connected(who, now)
    if (noted !== undefined) await noted
    const answer = await services.pull(who, status, now)
    return answer === undefined ? UNAUTHORIZED : json(answer)
  }),

  post('/sync/report-removed', DeviceToken, async (services, { deviceAuthToken }) => {
    const { engine, now } = services
    const who = await whoHas(services, deviceAuthToken)
    if (who !== undefined) {
      const at = now()
      const done = await commandFamily(engine, {
        family: who.family,
        command: { type: 'ReportRemoved', from: callerOf(who), now: at },
        actor: `device:${who.device}`,
        at,
        via: { auth: 'device token' },
      })
      if (E.isRight(done)) return DONE
      if (done.left.kind !== 'Unauthenticated') return rejected(done.left)
    }
    return (await isOld(services, deviceAuthToken)) ? DONE : UNAUTHORIZED
  }),

  post('/sync/is-device-removed', DeviceToken, async (services, { deviceAuthToken }) =>
    json({ isDeviceRemoved: await isOld(services, deviceAuthToken) }),
  ),
]

const FULL_SYNC = json({ shouldDoFullSync: true })
const IN_STEP = json({ shouldDoFullSync: false })

/** Whether it was a device's token once: remembered for ever (timelimit 6.2). */
const isOld = async ({ reader }: Services, token: string): Promise<boolean> =>
  (await reader.get('timelimit_old_tokens', sha256Hex(token))) !== undefined
