import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type Koa from 'koa'
import type { WebSocket, WebSocketServer } from 'ws'
import type { Description } from '../openapi/description.ts'

/** What a protocol is to the HTTP server: one value. Nothing else in the server knows which protocol it serves. */
export type Protocol = Renderer & {
  readonly name: ProtocolName
  /** Serves every request that it owns. `next()` answers its own 404. */
  readonly handle: Handler
  /** Answers an upgrade to WebSocket that it owns, within `UPGRADE_LOOKUP_MS_MAX`. Without it every upgrade is its 404. */
  readonly upgrade?: (upgrade: Upgrade) => Promise<UpgradeAnswer>
  /** Its routes, for `/openapi.json`. */
  readonly describe?: () => Description
  /** Who may call it from a browser by `CORS_ORIGINS`. Without it, OPTIONS comes to `handle` like any method. */
  readonly cors?: CorsPolicy
  /** Called once when the server stops. The WebSockets that the dispatcher accepted for it are closed with 1001 when this has settled. */
  readonly close?: () => Promise<void>
}

export type Renderer = {
  /** Any failure in the owner's own status and body. Pure; `Retry-After`, `Content-Length` and the request id are added to it. */
  readonly renderError: (failure: HttpFailure, request: HttpRequest) => Answer
}

export const PROTOCOL_NAMES = ['rightech', 'timelimit', 'afrodite', 'connectycube'] as const
export type ProtocolName = (typeof PROTOCOL_NAMES)[number]
export type Owner = ProtocolName | 'platform'
/** `shared` is `HOST:PORT`, `internal` is `AFRODITE_INTERNAL_PORT`, the others are the protocols' own. */
export type ListenerName = 'shared' | 'internal' | ProtocolName

/** What is known of a request before anybody looks at it: `ctx.state.request`, and the argument of renderers and upgrades. */
export type HttpRequest = {
  readonly id: string
  readonly owner: Owner
  readonly listener: ListenerName
  readonly method: string
  /** Undecoded, as one-port 1 reads it: no query, runs of `/` as one, no trailing `/` (Afrodite keeps it), no `.json` (ConnectyCube). */
  readonly path: string
  /** A trailing `.json` was taken off. */
  readonly hadSuffix?: true
  /** What stands behind the first `?`, undecoded. */
  readonly query: string
  /** The client's, behind trusted proxies too; IPv4-mapped forms normalised. */
  readonly address: string
  /** `performance.now()` at its arrival. */
  readonly startedAt: number
  readonly renderer: Renderer
}

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** Everything that can go wrong before, around or below a protocol, whoever renders it. Reasons never go to clients unasked. */
export type HttpFailure =
  | { readonly _tag: 'BadRequest'; readonly reason: BadRequestReason }
  | { readonly _tag: 'BodyTooLarge'; readonly bytesMax: number }
  | { readonly _tag: 'UnsupportedEncoding' }
  | { readonly _tag: 'UnsupportedMediaType' }
  /** The body did not arrive in time. */
  | { readonly _tag: 'Timeout' }
  | { readonly _tag: 'HeadersTooLarge' }
  | { readonly _tag: 'NotFound' }
  | { readonly _tag: 'MethodNotAllowed'; readonly allow: string }
  | { readonly _tag: 'TooMany'; readonly retryAfterSeconds: number }
  | { readonly _tag: 'Internal' }
  | { readonly _tag: 'Unavailable'; readonly retryAfterSeconds: number }
  | { readonly _tag: 'ShuttingDown'; readonly retryAfterSeconds: number }

export type BadRequestReason =
  | 'aborted'
  | 'content type'
  | 'empty body'
  | 'encoding'
  | 'handshake'
  | 'http'
  | 'json'
  | 'json depth'
  | 'not an object'
  | 'upgrade with body'
  | 'utf-8'

/** Thrown inside a handler, it is rendered by the owner like any failure. Handlers that can should call `refuse` instead. */
export class HttpFailed extends Error {
  override readonly name = 'HttpFailed'
  readonly failure: HttpFailure

  constructor(failure: HttpFailure) {
    super(failure._tag)
    this.failure = failure
  }
}

export type RequestState = { request: HttpRequest }
export type Context = Koa.ParameterizedContext<RequestState>
export type Handler = (ctx: Context, next: () => Promise<void>) => void | Promise<void>

export type Upgrade = {
  readonly request: HttpRequest
  readonly message: IncomingMessage
}

export type UpgradeAnswer =
  /** A whole HTTP response; the connection is closed behind it. */
  | { readonly _tag: 'Refuse'; readonly answer: Answer }
  | { readonly _tag: 'Fail'; readonly failure: HttpFailure }
  /** A Koa WebSocket route: called in the tick of the connection, before any message. */
  | { readonly _tag: 'Accept'; readonly sockets: WebSocketServer; readonly route: SocketRoute }
  /** For a library that answers by itself (Engine.IO). */
  | {
      readonly _tag: 'HandOver'
      readonly take: (message: IncomingMessage, socket: Duplex, head: Buffer) => void
    }

export type SocketContext = Koa.Context & { readonly websocket: WebSocket; readonly state: RequestState }
export type SocketRoute = (ctx: SocketContext) => void | Promise<void>

/** What browsers of a listed origin may do (one-port 3, OPTIONS). */
export type CorsPolicy = {
  readonly methods: string
  readonly requestHeaders: string
  readonly exposedHeaders: string
}

declare module 'node:http' {
  // Declaration merging needs an interface.
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
  interface IncomingMessage {
    /** Set before any handler runs. */
    headwater?: HttpRequest
  }
}

export type Exchange = { readonly req: IncomingMessage; readonly res: ServerResponse }
