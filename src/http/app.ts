import Koa from 'koa'
import websockify from 'koa-websocket'
import type KoaWebsocket from 'koa-websocket'
import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import { refuse, sendFailure } from './answers.ts'
import type { Log } from './log.ts'
import { HttpFailed } from './protocol.ts'
import type { Context, Handler, HttpFailure, HttpRequest, Owner, SocketRoute } from './protocol.ts'

/** The one Koa application: it hands each request to its owner, and each failure back to the owner's renderer. */
export type App = {
  readonly callback: ReturnType<Koa['callback']>
  /** Calls the route as Koa WebSocket middleware, in this tick. */
  readonly connect: (message: IncomingMessage, connection: Connection) => void
}

export type Connection = {
  readonly websocket: WebSocket
  readonly request: HttpRequest
  readonly route: SocketRoute
}

export const createApp = (handlerOf: (owner: Owner) => Handler, log: Log): App => {
  const app = websockify(new Koa())
  app.use((ctx: Context, next) => {
    const request = ctx.req.headwater
    if (request === undefined) throw new Error('a request came past the listeners')
    ctx.state.request = request
    return handlerOf(request.owner)(ctx, next)
  })
  app.use((ctx: Context) => refuse(ctx, { _tag: 'NotFound' }))
  // Koa ends every rejected or broken request here; an outer try/catch middleware would cost each request a promise.
  app.context.onerror = function (this: Context, error: unknown) {
    if (error !== null && error !== undefined) fail(this, error, log)
  }
  return { callback: app.callback(), connect: connector(app, log) }
}

const fail = (ctx: Context, error: unknown, log: Log): void => {
  const { request } = ctx.state
  // The same codes come from stores whose connection broke: then the client is still there and waits for an answer.
  if (isHangUp(error) && ctx.req.socket.destroyed) return
  const failure = failureOf(error)
  if (failure._tag === 'Internal') {
    log.error({
      err: error,
      req: request.id,
      owner: request.owner,
      method: request.method,
      path: request.path,
    })
  }
  ctx.respond = false
  sendFailure(ctx.res, request, failure)
}

/** The failure that an error means, as far as it was meant: all else is ours. */
const failureOf = (error: unknown): HttpFailure => {
  if (error instanceof HttpFailed) return error.failure
  // What `@koa/router` makes of a path segment that cannot be decoded: nothing has that name.
  const undecodable = error instanceof URIError || (error instanceof Error && error.cause instanceof URIError)
  return undecodable ? { _tag: 'NotFound' } : { _tag: 'Internal' }
}

const HANG_UPS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'])

const isHangUp = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && HANG_UPS.has(error.code)

/** `app.ws.listen` is never called: sockets come from the dispatcher (one-port 4). */
const connector = (app: KoaWebsocket.App, log: Log): App['connect'] => {
  const connections = new WeakMap<IncomingMessage, Connection>()
  app.ws.use(async (ctx) => {
    const connection = connections.get(ctx.req)
    if (connection === undefined) throw new Error('a socket came past the dispatcher')
    const { websocket, request, route } = connection
    try {
      await route(Object.assign(ctx, { websocket, state: { request } }))
    } catch (error) {
      log.error({ err: error, req: request.id, owner: request.owner, path: request.path })
      websocket.close(1011)
    }
  })
  return (message, connection) => {
    connections.set(message, connection)
    // The same class, declared twice: once for CommonJS, which `koa-websocket` imports, once for modules.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    app.ws.onConnection(connection.websocket, message)
  }
}
