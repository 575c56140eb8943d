import * as E from 'fp-ts/lib/Either.js'
import type { Context, Handler, Protocol } from '../../http/protocol.ts'
import { decodeSegment } from '../../http/target.ts'
import { mayCall } from '../../queries/stores-principals.ts'
import type { Principal } from '../../queries/stores-principals.ts'
import { createAttempts } from './attempts.ts'
import { endedCookie, endSession, signIn } from './auth.ts'
import { createOne } from './creates.ts'
import { credentialOf } from './credentials.ts'
import { storesDirectory } from './directory.ts'
import type { Directory, Found, StoreRoute } from './directory.ts'
import { failure, FORBIDDEN, NO_ROUTE, rejected, UNAUTHORIZED } from './errors.ts'
import { getOne, list } from './reads.ts'
import type { Call } from './reads.ts'
import { done, reply, replyJson } from './replies.ts'
import { RESOURCES } from './resource-table.ts'
import { createResources, type ResourceCall } from './resources.ts'
import type { Services } from './services.ts'
import { unavailable } from './unavailable.ts'
import { deleteOne, patchOne, remove } from './writes.ts'

/** The stores over HTTP (rightech 1, 2, 4, 5). */
export const rightechProtocol = (services: Services): Protocol => ({
  name: 'rightech',
  renderError: failure,
  handle: storesHandler(services),
  cors: {
    methods: 'GET, HEAD, POST, PATCH, DELETE',
    requestHeaders: 'Authorization, Content-Type',
    exposedHeaders: 'X-Ric-Version, Retry-After',
  },
})

/** The order of checks is that of rightech 1.5. */
const storesHandler = (services: Services): Handler => {
  const directory = storesDirectory()
  const routeOf = storeRoutes(directory)
  const routeTo = router(directory, routeOf)
  const open = openRoutes(services)
  const auth = authRoutes(services, routeOf)
  const answer = async (ctx: Context): Promise<void> => {
    const { method, path } = ctx.state.request
    const route = `${method} ${path}`
    const ungated = open.get(route)
    if (ungated !== undefined) return ungated(ctx)
    const credential = credentialOf(ctx.req.headers)
    const known = credential && services.principals.find(credential.kind, credential.hash)
    const principal = known instanceof Promise ? await known : known
    if (principal === undefined) return reply(ctx, UNAUTHORIZED)
    const own = auth.get(route)
    if (own !== undefined) return own(ctx, principal)
    const target = path.startsWith(BASE) ? routeTo(method, path.slice(BASE.length)) : undefined
    if (target === undefined) return reply(ctx, NO_ROUTE)
    if (!isAllowed(principal, method, path)) return reply(ctx, FORBIDDEN)
    return target({ services, ctx, principal })
  }
  return (ctx) => answer(ctx).catch(unavailable)
}

const BASE = '/api/v1/'
const WELCOME = done()

/** The route of a store that is known to be there. */
const storeRoutes =
  (directory: Directory) =>
  (path: string): StoreRoute => {
    const found = directory('GET', path)
    if (found === undefined) throw new Error(`the registry has no ${path}`)
    return found.route
  }

type Visit = Omit<Call, 'route'>

/** What a method and a path below `/api/v1/` mean. */
const router = (
  directory: Directory,
  routeOf: ResourceCall['routeOf'],
): ((method: string, path: string) => ((visit: Visit) => Promise<void>) | undefined) => {
  const resourceAt = createResources(RESOURCES)
  return (method, path) => {
    const found = resourceAt(method, path)
    if (found !== undefined) return (visit) => found.resource.serve({ ...visit, routeOf }, found.parameters)
    const target = directory(method, path)
    return target && ((visit) => serve({ ...visit, route: target.route }, target))
  }
}

type Serve = (ctx: Context) => Promise<void>

/** What asks for no credentials. */
const openRoutes = (services: Services): ReadonlyMap<string, Serve> => {
  const attempts = createAttempts(services.vault, services.now)
  const welcome: Serve = (ctx) => Promise.resolve(replyJson(ctx, WELCOME))
  return new Map<string, Serve>([
    ['GET /', welcome],
    ['HEAD /', welcome],
    ['GET /api/v1', welcome],
    ['HEAD /api/v1', welcome],
    ['POST /api/v1/auth', (ctx) => signIn(services, attempts, ctx, 'cookie')],
    ['POST /api/v1/auth/token', (ctx) => signIn(services, attempts, ctx, 'token')],
  ])
}

type ServeOwn = (ctx: Context, principal: Principal) => Promise<void>

/** What everybody who is signed in may do: no scope is asked for (rightech 4.4). */
const authRoutes = (
  services: Services,
  routeOf: (store: string) => StoreRoute,
): ReadonlyMap<string, ServeOwn> => {
  const [users, tokens] = [routeOf('users'), routeOf('tokens')]
  const who: ServeOwn = (ctx, principal) =>
    getOne({ services, ctx, route: users, principal }, principal.caller.user)
  const leave: ServeOwn = async (ctx, principal) => {
    const ended =
      principal.kind === 'api'
        ? await remove({ services, ctx, route: tokens, principal }, principal.id)
        : await endSession(services, principal, ctx.state.request.id)
    if (E.isLeft(ended)) return reply(ctx, rejected(ended.left))
    const cookie = principal.kind === 'cookie' ? { 'Set-Cookie': endedCookie(ctx.req, services) } : undefined
    replyJson(ctx, done(), cookie)
  }
  return new Map([
    ['GET /api/v1/auth', who],
    ['HEAD /api/v1/auth', who],
    ['DELETE /api/v1/auth', leave],
  ])
}

const isAllowed = (principal: Principal, method: string, path: string): boolean => {
  if (principal.everything) return true
  const decoded = path
    .slice(BASE.length)
    .split('/')
    .map((segment) => decodeSegment(segment) ?? segment)
  return mayCall(principal, method, `/${decoded.join('/')}`)
}

const serve = (call: Call, { operation, id }: Found): Promise<void> => {
  switch (operation) {
    case 'list':
      return list(call)
    case 'get':
      return getOne(call, id)
    case 'post':
      return createOne(call)
    case 'patch':
      return patchOne(call, id)
    case 'delete':
      return deleteOne(call, id)
  }
}
