import * as E from 'fp-ts/lib/Either.js'
import { DocumentsUnavailable } from '../../documents/port.ts'
import { HistoryUnavailable } from '../../history/port.ts'
import { readBody } from '../../http/bodies.ts'
import { HttpFailed, type Answer, type Context, type Handler } from '../../http/protocol.ts'
import { RETRY_AFTER_SECONDS } from '../../limits.ts'
import { VaultUnavailable } from '../../vault/port.ts'
import { ADMIN_ENDPOINTS, isAdmin, NOT_ADMIN } from './admin.ts'
import { CHILD_ENDPOINTS } from './child.ts'
import { deleteAccount } from './deletion.ts'
import type { Endpoint } from './endpoint.ts'
import { CORS, errorPage, failure, isAdminPath } from './errors.ts'
import { MAIL_ENDPOINTS } from './mail-codes.ts'
import { PARENT_ENDPOINTS } from './parent.ts'
import { PURCHASE_ENDPOINTS } from './purchase.ts'
import { REGISTRATION_ENDPOINTS } from './registration.ts'
import { reply } from './replies.ts'
import type { Services } from './services.ts'
import { SYNC_ENDPOINTS } from './sync.ts'

/** Every end point (timelimit 2). */
export const ENDPOINTS: readonly Endpoint[] = [
  ...MAIL_ENDPOINTS,
  ...REGISTRATION_ENDPOINTS,
  ...PARENT_ENDPOINTS,
  deleteAccount,
  ...CHILD_ENDPOINTS,
  ...SYNC_ENDPOINTS,
  ...PURCHASE_ENDPOINTS,
  ...ADMIN_ENDPOINTS,
]

/** Exact paths and methods, HEAD as GET; everything else is 404. */
export const createRoutes = (services: Services): Handler => {
  const answer = async (ctx: Context): Promise<void> => {
    const { method, path, startedAt } = ctx.state.request
    if (isAdminPath(path)) return serveAdmin(services, ctx)
    const endpoint = endpointOf(method, path)
    if (endpoint === undefined) return reply(ctx, NOT_FOUND)
    reply(ctx, await serve(services, ctx, endpoint))
    services.counters.count(path, performance.now() - startedAt)
  }
  return (ctx) => answer(ctx).catch(unavailable)
}

const BY_REQUEST: ReadonlyMap<string, Endpoint> = new Map(
  ENDPOINTS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint]),
)
const NOT_FOUND = errorPage(404)
const NO_CONTENT: Answer = { status: 204, headers: CORS, body: '' }

const endpointOf = (method: string, path: string): Endpoint | undefined =>
  BY_REQUEST.get(`${method === 'HEAD' ? 'GET' : method} ${path}`)

const serve = async (services: Services, ctx: Context, endpoint: Endpoint): Promise<Answer> => {
  const { policy, always } = endpoint
  const early = always?.(services)
  if (early !== undefined) return early
  if (policy === undefined) return endpoint.serve(services, {})
  const body = await readBody(ctx, policy)
  return E.isLeft(body) ? failure(body.left, ctx.state.request) : endpoint.serve(services, body.right)
}

/** The password comes before everything but what browsers ask of themselves. */
const serveAdmin = async (services: Services, ctx: Context): Promise<void> => {
  const { method, path } = ctx.state.request
  if (method === 'OPTIONS') return reply(ctx, NO_CONTENT)
  if (!isAdmin(ctx.req.headers.authorization, services.settings.adminToken)) return reply(ctx, NOT_ADMIN)
  const endpoint = endpointOf(method, path)
  const answer = endpoint === undefined ? NOT_FOUND : await serve(services, ctx, endpoint)
  reply(ctx, { ...answer, headers: { ...answer.headers, ...CORS } })
}

const unavailable = (error: unknown): never => {
  const isDown =
    error instanceof DocumentsUnavailable ||
    error instanceof HistoryUnavailable ||
    error instanceof VaultUnavailable
  throw isDown ? new HttpFailed({ _tag: 'Unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }) : error
}
