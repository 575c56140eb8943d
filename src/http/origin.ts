import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Addresses } from './address.ts'
import type { CorsPolicy, HttpRequest } from './protocol.ts'

/** Where we are and who may call us from a browser (`PUBLIC_URL`, `CORS_ORIGINS`, one-port 3, 4 and 6). */
export type Origins = {
  /** The base of absolute URLs, without a trailing slash: `PUBLIC_URL`, else the request's scheme and `Host`. */
  readonly baseUrl: (message: IncomingMessage) => string
  /** False if the page that opens a socket with a cookie is neither ours nor listed: such an upgrade is 401. No `Origin`, no browser: true. */
  readonly cookieAllowed: (message: IncomingMessage) => boolean
  /** Adds what a browser of a listed origin needs to read the answer. True if it was an `OPTIONS` that is herewith answered. */
  readonly cors: (
    message: IncomingMessage,
    res: ServerResponse,
    request: HttpRequest,
    policy: CorsPolicy,
  ) => boolean
}

export type CorsOrigins = '*' | readonly string[]

export const origins = (
  setup: { readonly publicUrl?: string; readonly corsOrigins: CorsOrigins },
  addresses: Addresses,
): Origins => {
  const { publicUrl, corsOrigins } = setup
  const listed: ReadonlySet<string> = new Set(corsOrigins === '*' ? [] : corsOrigins)
  const ours = publicUrl === undefined ? undefined : new URL(publicUrl).origin
  return {
    baseUrl: (message) =>
      publicUrl ?? `${schemeOf(message, addresses)}://${message.headers.host ?? 'localhost'}`,
    cookieAllowed: (message) => {
      const { origin } = message.headers
      if (origin === undefined || listed.has(origin)) return true
      return ours === undefined ? hostOf(origin) === message.headers.host?.toLowerCase() : origin === ours
    },
    cors: (message, res, request, policy) => {
      const { origin } = message.headers
      if (origin === undefined || (corsOrigins !== '*' && !listed.has(origin))) {
        if (listed.size > 0) res.setHeader('Vary', 'Origin')
        return false
      }
      allow(res, origin, policy, corsOrigins === '*')
      if (request.method !== 'OPTIONS') return false
      res.writeHead(204, {
        'Access-Control-Allow-Methods': policy.methods,
        'Access-Control-Allow-Headers': policy.requestHeaders,
        'Access-Control-Max-Age': '600',
      })
      res.end()
      return true
    },
  }
}

/** With `*` never with cookies (one-port 8). */
const allow = (res: ServerResponse, origin: string, policy: CorsPolicy, everybody: boolean): void => {
  res.setHeader('Access-Control-Allow-Origin', everybody ? '*' : origin)
  res.setHeader('Access-Control-Expose-Headers', policy.exposedHeaders)
  if (everybody) return
  res.setHeader('Access-Control-Allow-Credentials', 'true')
  res.setHeader('Vary', 'Origin')
}

const hostOf = (origin: string): string | undefined =>
  URL.canParse(origin) ? new URL(origin).host : undefined

const schemeOf = (message: IncomingMessage, addresses: Addresses): string =>
  addresses.trusted(message) && message.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http'
