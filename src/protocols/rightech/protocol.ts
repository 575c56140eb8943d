import type { Handler, Protocol } from '../../http/protocol.ts'
import { describeStores } from './describe.ts'
import { isLivePath, storesLive, type StoresLiveParts } from './live.ts'
import { reply } from './replies.ts'
import { rightechProtocol } from './routes.ts'
import type { Services } from './services.ts'

/** The stores protocol whole: HTTP, and the two live doors (rightech 6), which answer plain requests to their paths too. */
export const storesProtocol = (services: Services, liveParts: StoresLiveParts): Protocol => {
  const http = rightechProtocol(services)
  const live = storesLive(liveParts)
  const handle: Handler = (ctx, next) => {
    const { request } = ctx.state
    if (!isLivePath(request.path)) return http.handle(ctx, next)
    return live.answer({ request, message: ctx.req }).then((answer) => reply(ctx, answer))
  }
  return {
    ...http,
    handle,
    upgrade: live.upgrade,
    describe: describeStores,
    close: () => Promise.resolve(live.close()),
  }
}
