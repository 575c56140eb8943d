import * as E from 'fp-ts/lib/Either.js'
import { DocumentsUnavailable } from '../../documents/port.ts'
import { HistoryUnavailable } from '../../history/port.ts'
import { refuse } from '../../http/answers.ts'
import { readBody } from '../../http/bodies.ts'
import { HttpFailed, type Context, type Handler, type HttpRequest } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { RETRY_AFTER_SECONDS } from '../../limits.ts'
import { VaultUnavailable } from '../../vault/port.ts'
import { admit } from './access.ts'
import type { Caller, Endpoint } from './endpoint.ts'
import { CONNECT_PATH, publicPath } from './paths.ts'
import { reply } from './replies.ts'
import type { Services } from './services.ts'

/**
 * The order of checks is that of afrodite 5: the route, the caller, the body. Paths are compared as they are, with a trailing slash.
 * Plain requests to the path of the handshake are refused here too.
 */
export const createRoutes = (services: Services, endpoints: readonly Endpoint[]): Handler => {
  const open = tableOf(endpoints.filter(({ internal }) => internal === undefined))
  const internal = tableOf(endpoints.filter((endpoint) => endpoint.internal === true))
  const shared = services.settings.internalRoutes ? new Map([...open, ...internal]) : open

  const answer = async (ctx: Context): Promise<void> => {
    const { request } = ctx.state
    const isInternal = request.listener === 'internal'
    if (!isInternal && request.path === CONNECT_PATH) return refuseConnect(ctx, request)
    const found = (isInternal ? internal : shared).get(request.path)
    if (found === undefined) return refuseUnknown(ctx, request)
    const endpoint = found.byMethod.get(request.method)
    if (endpoint === undefined) return refuse(ctx, { _tag: 'MethodNotAllowed', allow: found.allow })
    await serve(services, ctx, endpoint)
  }
  return (ctx) => answer(ctx).catch(unavailable)
}

type Route = { readonly byMethod: ReadonlyMap<string, Endpoint>; readonly allow: string }

const tableOf = (endpoints: readonly Endpoint[]): ReadonlyMap<string, Route> => {
  const table = new Map<string, Map<string, Endpoint>>()
  for (const endpoint of endpoints) {
    const path = endpoint.internal === true ? endpoint.name : publicPath(endpoint.name)
    const byMethod = table.get(path) ?? new Map<string, Endpoint>()
    for (const method of endpoint.methods) {
      byMethod.set(method, endpoint)
      if (method === 'GET') byMethod.set('HEAD', endpoint)
    }
    table.set(path, byMethod)
  }
  return new Map(
    [...table].map(([path, byMethod]) => [path, { byMethod, allow: [...byMethod.keys()].join(', ') }]),
  )
}

const serve = async (services: Services, ctx: Context, endpoint: Endpoint): Promise<void> => {
  const { request } = ctx.state
  if (endpoint.access === 'open') {
    const body = await bodyOf(ctx, endpoint)
    return body === undefined ? undefined : reply(ctx, await endpoint.serve(services, body, request))
  }
  const caller = await callerOf(services, ctx)
  if (caller === undefined) return
  const isLate = endpoint.policy !== undefined && !ctx.req.complete
  const body = await bodyOf(ctx, endpoint)
  if (body === undefined) return
  // While it was on its way the session may have ended.
  if (isLate && (await callerOf(services, ctx)) === undefined) return
  reply(ctx, await endpoint.serve(services, caller, body, request))
}

/** Undefined: refused, and answered. */
const callerOf = async (services: Services, ctx: Context): Promise<Caller | undefined> => {
  const header = ctx.req.headers['x-access-token']
  const admitted = await admit(services, header?.toString(), ctx.state.request.address)
  if (E.isRight(admitted)) return admitted.right
  reply(ctx, admitted.left)
  return undefined
}

/** Undefined: refused, and answered. What is sent to a row without a body is thrown away by Node. */
const bodyOf = async (ctx: Context, { policy }: Endpoint): Promise<JsonObject | undefined> => {
  if (policy === undefined) return {}
  const body = await readBody(ctx, policy)
  if (E.isRight(body)) return body.right
  refuse(ctx, body.left)
  return undefined
}

/** A plain request to the path of the handshake: nobody is asked for a token (afrodite 3.1). */
const refuseConnect = (ctx: Context, { method }: HttpRequest): void =>
  refuse(
    ctx,
    method === 'GET'
      ? { _tag: 'BadRequest', reason: 'handshake' }
      : { _tag: 'MethodNotAllowed', allow: 'GET' },
  )

/** The original serves files at every path: so it is the method that is wrong unless one reads (afrodite 10). */
const refuseUnknown = (ctx: Context, { method }: HttpRequest): void =>
  refuse(
    ctx,
    method === 'GET' || method === 'HEAD'
      ? { _tag: 'NotFound' }
      : { _tag: 'MethodNotAllowed', allow: 'GET, HEAD' },
  )

const unavailable = (error: unknown): never => {
  const isDown =
    error instanceof DocumentsUnavailable ||
    error instanceof HistoryUnavailable ||
    error instanceof VaultUnavailable
  throw isDown ? new HttpFailed({ _tag: 'Unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }) : error
}
