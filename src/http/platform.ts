import { createHash, timingSafeEqual } from 'node:crypto'
import { isLoopback } from './address.ts'
import { refuse } from './answers.ts'
import type { Health } from './health.ts'
import { METRICS_CONTENT_TYPE } from './metrics.ts'
import type { Metrics } from './metrics.ts'
import type {
  Answer,
  Context,
  CorsPolicy,
  Handler,
  HttpFailure,
  HttpRequest,
  Protocol,
  Renderer,
} from './protocol.ts'

/** What belongs to no protocol (one-port 3): `/live`, `/ready`, `/metrics`, and two places that others fill. */
export type Platform = Renderer & { readonly handle: Handler; readonly cors: CorsPolicy }

export type PlatformSetup = {
  readonly health: Health
  readonly metrics: Metrics
  readonly production: boolean
  /** `METRICS_TOKEN` */
  readonly metricsToken?: string
  /** All routes of the protocols that are on; 404 without it. */
  readonly openapi?: Handler
  /** `/history` and below, with failures in a form of its own (the stores'); 404 without it. */
  readonly history?: Renderer & Pick<Protocol, 'handle' | 'describe'>
}

export const createPlatform = (setup: PlatformSetup): Platform => {
  const routes = routesOf(setup)
  return {
    cors: {
      methods: 'GET, HEAD',
      requestHeaders: 'Authorization, Content-Type',
      exposedHeaders: 'X-Request-Id',
    },
    handle: (ctx, next) => {
      const { path, method } = ctx.state.request
      const route = routes.get(path) ?? (path.startsWith('/history') ? setup.history?.handle : undefined)
      if (route === undefined) return next()
      if (method !== 'GET' && method !== 'HEAD')
        return refuse(ctx, { _tag: 'MethodNotAllowed', allow: 'GET, HEAD' })
      return route(ctx, next)
    },
    renderError: (failure, request) =>
      setup.history !== undefined && request.path.startsWith('/history')
        ? setup.history.renderError(failure, request)
        : renderError(failure),
  }
}

/** `{"error":"…"}`; also what a connection gets whose bytes never became a request. */
export const renderError = (failure: HttpFailure): Answer => {
  const [status, error] = FAILURES[failure._tag]
  const headers = failure._tag === 'MethodNotAllowed' ? { ...JSON_TYPE, Allow: failure.allow } : JSON_TYPE
  return { status, headers, body: JSON.stringify({ error }) }
}

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' }
const FAILURES: { readonly [tag in HttpFailure['_tag']]: readonly [number, string] } = {
  BadRequest: [400, 'bad request'],
  BodyTooLarge: [413, 'payload too large'],
  HeadersTooLarge: [431, 'request header fields too large'],
  Internal: [500, 'internal error'],
  MethodNotAllowed: [405, 'method not allowed'],
  NotFound: [404, 'not found'],
  ShuttingDown: [503, 'shutting down'],
  Timeout: [408, 'request timeout'],
  TooMany: [429, 'too many requests'],
  Unavailable: [503, 'unavailable'],
  UnsupportedEncoding: [415, 'unsupported encoding'],
  UnsupportedMediaType: [415, 'unsupported media type'],
}

const routesOf = (setup: PlatformSetup): ReadonlyMap<string, Handler> => {
  const routes = new Map<string, Handler>([
    ['/live', live],
    ['/ready', ready(setup.health)],
    ['/metrics', metricsRoute(setup)],
  ])
  if (setup.openapi !== undefined) routes.set('/openapi.json', setup.openapi)
  return routes
}

const live: Handler = (ctx) => {
  ctx.set('Cache-Control', 'no-cache')
  json(ctx, 200, { status: 'live' })
}

const ready =
  (health: Health): Handler =>
  (ctx) => {
    const reasons = health.reasons()
    if (reasons.length === 0) return json(ctx, 200, { status: 'ready' })
    ctx.set('Retry-After', '1')
    return json(ctx, 503, { status: 'not ready', reasons })
  }

const metricsRoute = (setup: PlatformSetup): Handler => {
  const allowed = metricsGuard(setup)
  return async (ctx) => {
    if (!allowed(ctx.state.request, ctx)) {
      if (setup.metricsToken !== undefined) ctx.set('WWW-Authenticate', 'Bearer')
      return json(ctx, setup.metricsToken === undefined ? 403 : 401, { error: 'not allowed' })
    }
    const text = await setup.metrics.text()
    ctx.status = 200
    ctx.set('Content-Type', METRICS_CONTENT_TYPE)
    ctx.body = text
  }
}

/** Production: loopback or the token. What a proxy forwards comes over loopback too: it says so in a header and does not count. */
const metricsGuard = (setup: PlatformSetup): ((request: HttpRequest, ctx: Context) => boolean) => {
  if (!setup.production) return () => true
  const token = setup.metricsToken === undefined ? undefined : digest(`Bearer ${setup.metricsToken}`)
  return (request, ctx) => {
    const { headers } = ctx.req
    const forwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined
    if (isLoopback(request.address) && !forwarded) return true
    return token !== undefined && timingSafeEqual(token, digest(headers.authorization ?? ''))
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const json = (ctx: Context, status: number, body: unknown): void => {
  ctx.status = status
  ctx.set('Content-Type', 'application/json; charset=utf-8')
  ctx.body = JSON.stringify(body)
}
