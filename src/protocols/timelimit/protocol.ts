import { createAddDeviceCodes } from '../../commands/timelimit/add-device-codes.ts'
import { createConnectivity } from '../../commands/timelimit/connectivity.ts'
import { createDhKeys } from '../../commands/timelimit/dh-keys.ts'
import { createMailCodes } from '../../commands/timelimit/mail-codes.ts'
import { createOneTimeTokens } from '../../commands/one-time.ts'
import { createPusher } from '../../commands/timelimit/push.ts'
import { signalOf } from '../../domain/timelimit/signals.ts'
import type { Protocol } from '../../http/protocol.ts'
import { TIMELIMIT_TOKEN_MS } from '../../limits.ts'
import { createPull } from '../../queries/timelimit/pull.ts'
import { createCounters } from './counters.ts'
import { describeTimelimit } from './describe.ts'
import { failure } from './errors.ts'
import { isTimelimitLivePath, timelimitLive, type TimelimitLiveParts } from './live.ts'
import { createRoutes, ENDPOINTS } from './routes.ts'
import type { TimelimitParts } from './services.ts'

/** The TimeLimit protocol whole: HTTP, and the sockets, which answer polling too. */
export const timelimitProtocol = (
  parts: TimelimitParts & Pick<TimelimitLiveParts, 'hub' | 'isShared'>,
): Protocol => {
  const { vault, random, now, settings } = parts
  const { alwaysPro, pingSeconds } = settings
  const dhKeys = createDhKeys(vault, random)
  const tokens = createOneTimeTokens({ ...parts, ttlMs: TIMELIMIT_TOKEN_MS })
  const live = timelimitLive({ ...parts, signalOf, pingIntervalMs: pingSeconds * 1000 })
  const routes = createRoutes({
    ...parts,
    dhKeys,
    push: createPusher({ ...parts, dhKeys, alwaysPro }),
    pull: createPull({ ...parts, dhKeys, alwaysPro }),
    connected: createConnectivity(vault),
    tokens,
    mailCodes: createMailCodes(vault, random, now),
    addDeviceCodes: createAddDeviceCodes(vault, tokens),
    counters: createCounters(),
    live,
  })
  return {
    name: 'timelimit',
    renderError: failure,
    handle: (ctx, next) =>
      isTimelimitLivePath(ctx.state.request.path) ? live.handle(ctx, next) : routes(ctx, next),
    upgrade: live.upgrade,
    describe: () => describeTimelimit(ENDPOINTS),
    close: live.close,
  }
}
