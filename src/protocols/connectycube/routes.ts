import * as E from 'fp-ts/lib/Either.js'
import { DocumentsUnavailable } from '../../documents/port.ts'
import { HistoryUnavailable } from '../../history/port.ts'
import { refuse, send } from '../../http/answers.ts'
import { readBody } from '../../http/bodies.ts'
import { HttpFailed, type Answer, type Context, type Handler } from '../../http/protocol.ts'
import { decodeSegment, segmentsOf } from '../../http/target.ts'
import type { JsonObject } from '../../json.ts'
import { RETRY_AFTER_SECONDS } from '../../limits.ts'
import { VaultUnavailable } from '../../vault/port.ts'
import { admit } from './access.ts'
import type { Call, Endpoint, StreamEndpoint } from './endpoint.ts'
import { bodyPolicy, parseQuery } from './forms.ts'
import { CORS, PREFLIGHT } from './headers.ts'
import { createRateLimit } from './rate.ts'
import type { Services } from './services.ts'

export type Row = Endpoint | StreamEndpoint

/**
 * The route, how often, the query, the caller, the body: in that order (connectycube 2). HEAD is GET; OPTIONS is answered on any path; all else
 * is 404 without a look at the token. Every answer has the header that browsers need.
 */
export const createRoutes = (services: Services, rows: readonly Row[]): Handler => {
  const find = finder(rows)
  const { requestsPerMinute } = services.settings
  const wait = requestsPerMinute > 0 ? createRateLimit(requestsPerMinute, () => performance.now()) : undefined

  const answer = async (ctx: Context): Promise<void> => {
    const { method, path, address } = ctx.state.request
    if (method === 'OPTIONS') return reply(ctx, NO_CONTENT)
    const found = find(method, path)
    if (found === undefined) return refuse(ctx, { _tag: 'NotFound' })
    const retryAfterSeconds = wait?.(address) ?? 0
    if (retryAfterSeconds > 0) return refuse(ctx, { _tag: 'TooMany', retryAfterSeconds })
    return serve(services, ctx, found)
  }
  return (ctx) => {
    // Also where somebody else writes the answer, and where it fails half-way.
    ctx.res.setHeader(ORIGIN_HEADER, '*')
    return answer(ctx).catch(unavailable)
  }
}

/** Answers without Koa's own machinery. */
export const reply = (ctx: Context, answer: Answer): void => {
  ctx.respond = false
  send(ctx.res, { ...answer, headers: { ...answer.headers, ...CORS } })
}

const ORIGIN_HEADER = 'Access-Control-Allow-Origin'
const NO_CONTENT: Answer = { status: 204, headers: PREFLIGHT, body: '' }

const serve = async (services: Services, ctx: Context, { row, path }: Found): Promise<void> => {
  const { request } = ctx.state
  const query = parseQuery(request.query)
  if (E.isLeft(query)) return refuse(ctx, query.left)
  const caller = await admit(services, row.level, ctx.req.headers, query.right)
  if (E.isLeft(caller)) return reply(ctx, caller.left)
  const given = only(row.takes)
  const asked = given(query.right)
  const call = {
    ...{ caller: caller.right, path, query: asked, request },
    hadSuffix: request.hadSuffix === true,
    now: services.now(),
    baseUrl: services.baseUrl(ctx.req),
  }
  if ('stream' in row) return row.stream(services, { ...call, params: asked }, ctx)
  const body = await readBody(ctx, bodyPolicy(request.method, row.form))
  if (E.isLeft(body)) return refuse(ctx, body.left)
  const said = given(body.right)
  const whole: Call = { ...call, body: said, params: { ...said, ...asked } }
  reply(ctx, await row.serve(services, whole))
}

/** So that no handler can take what the description of its row does not name. */
export const only =
  (names: ReadonlySet<string> | undefined) =>
  (params: JsonObject): JsonObject =>
    names === undefined
      ? params
      : Object.fromEntries(Object.entries(params).filter(([name]) => names.has(name)))

export type Found = { readonly row: Row; readonly path: { readonly [name: string]: string } }

/** Rows by method and number of segments; of those the first that fits wins. */
export const finder = (rows: readonly Row[]): ((method: string, path: string) => Found | undefined) => {
  const table = new Map<string, readonly Pattern[]>()
  for (const row of rows) {
    const steps = segmentsOf(row.path)
    const key = `${row.method} ${steps.length}`
    table.set(key, [...(table.get(key) ?? []), { row, steps }])
  }
  return (method, path) => {
    const segments = foldChat(segmentsOf(path))
    const name = method === 'HEAD' ? 'GET' : method
    for (const pattern of table.get(`${name} ${segments.length}`) ?? []) {
      const captured = match(pattern.steps, segments)
      if (captured !== undefined) return { row: pattern.row, path: captured }
    }
    return undefined
  }
}

type Pattern = { readonly row: Row; readonly steps: readonly string[] }

/** `/chat/Dialog` and `/chat/Message`: the only segments whose case does not matter. */
const foldChat = (segments: readonly string[]): readonly string[] => {
  const [first, second] = segments
  const folded = second?.toLowerCase() ?? ''
  return first === 'chat' && (folded === 'dialog' || folded === 'message')
    ? [first, folded, ...segments.slice(2)]
    : segments
}

/** What cannot be decoded names nothing. */
const match = (
  steps: readonly string[],
  segments: readonly string[],
): { readonly [name: string]: string } | undefined => {
  const captured: { [name: string]: string } = {}
  for (const [index, step] of steps.entries()) {
    const segment = segments[index] ?? ''
    if (!step.startsWith(':')) {
      if (step !== segment) return undefined
      continue
    }
    const value = decodeSegment(segment)
    if (value === undefined || value === '') return undefined
    captured[step.slice(1)] = value
  }
  return captured
}

const unavailable = (error: unknown): never => {
  const isDown =
    error instanceof DocumentsUnavailable ||
    error instanceof HistoryUnavailable ||
    error instanceof VaultUnavailable
  throw isDown ? new HttpFailed({ _tag: 'Unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }) : error
}
