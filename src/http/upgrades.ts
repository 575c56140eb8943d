import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { ServerOptions, WebSocket } from 'ws'
import { RETRY_AFTER_SECONDS } from '../limits.ts'
import { failureAnswer, sendRaw } from './answers.ts'
import type { App } from './app.ts'
import type { HttpLimits } from './listeners.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type {
  HttpFailure,
  HttpRequest,
  ListenerName,
  Owner,
  Protocol,
  SocketRoute,
  UpgradeAnswer,
} from './protocol.ts'
import type { Describe } from './requests.ts'
import { Response } from './response.ts'

/** The one place where upgrades are answered, for every listener (one-port 4). */
export type Dispatcher = {
  readonly upgrade: (message: IncomingMessage, socket: Duplex, head: Buffer, listener: ListenerName) => void
  /** Closes the owner's accepted WebSockets with 1001. */
  readonly close: (owner: Owner) => void
  /** Cuts what is still open. */
  readonly destroy: () => void
}

export type DispatcherParts = {
  readonly protocols: readonly Protocol[]
  readonly describe: Describe
  /** Serves an ordinary request. */
  readonly serve: (message: IncomingMessage, res: ServerResponse, listener: ListenerName) => void
  readonly app: App
  readonly log: Log
  readonly metrics: Metrics
  readonly limits: HttpLimits
  readonly stopping: () => boolean
}

/** A protocol's own WebSocket server: attached to nothing, without compression; the dispatcher keeps track of its sockets. */
export const createSockets = (
  options: Pick<ServerOptions, 'handleProtocols'> & { readonly maxPayload: number },
): WebSocketServer =>
  new WebSocketServer({ ...options, noServer: true, clientTracking: false, perMessageDeflate: false })
    .on('wsClientError', refuseHandshake)
    .on('headers', (headers, { headwater: request }) => {
      if (request !== undefined) headers.push(`X-Request-Id: ${request.id}`, 'Cache-Control: no-store')
    })

export const createDispatcher = (parts: DispatcherParts): Dispatcher => {
  const accepted: Accepted = new Map()
  const connections = new Map<Duplex, Owner>()
  const upgraders = new Map(parts.protocols.map((protocol) => [protocol.name, protocol]))
  const accept = acceptor(parts, accepted)
  parts.metrics.watchUnsent(() => unsentBytes(connections))

  const upgrade = async (offer: Offer): Promise<void> => {
    const { request } = offer
    if (parts.stopping()) return refuse(offer, SHUTTING_DOWN)
    const answer = await lookUp(upgraderOf(upgraders, request.owner), offer, parts)
    if (offer.socket.destroyed) return
    if (parts.stopping() && answer._tag !== 'Refuse') return refuse(offer, SHUTTING_DOWN)
    if (answer._tag === 'Fail') return refuse(offer, answer.failure)
    if (answer._tag === 'Refuse') return sendRaw(offer.socket, answer.answer, request)
    offer.socket.off('error', offer.onError)
    if (answer._tag === 'HandOver') handOver(parts, offer, answer.take)
    else accept(offer, answer.sockets, answer.route)
  }

  return {
    upgrade: (message, socket, head, listener) => {
      const request = isWebSocket(message) ? parts.describe(message, listener, true) : undefined
      connections.set(socket, request?.owner ?? 'platform')
      socket.once('close', () => connections.delete(socket))
      if (request === undefined) return serveOrdinary(parts, message, socket, listener)
      message.headwater = request
      const onError = () => socket.destroy()
      socket.on('error', onError)
      upgrade({ request, message, socket, head, onError }).catch((error: unknown) => {
        parts.log.error({ err: error, req: request.id, owner: request.owner, path: request.path })
        socket.destroy()
      })
    },
    close: (owner) => {
      for (const [socket, its] of accepted) if (its === owner) socket.close(1001)
    },
    destroy: () => {
      for (const socket of accepted.keys()) socket.terminate()
      for (const socket of connections.keys()) socket.destroy()
    },
  }
}

const SHUTTING_DOWN: HttpFailure = { _tag: 'ShuttingDown', retryAfterSeconds: RETRY_AFTER_SECONDS }

type Accepted = Map<WebSocket, Owner>
type Offer = {
  readonly request: HttpRequest
  readonly message: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly onError: () => void
}

const isWebSocket = (message: IncomingMessage): boolean =>
  message.headers.upgrade?.toLowerCase() === 'websocket'

const refuse = (offer: Offer, failure: HttpFailure): void =>
  sendRaw(offer.socket, failureAnswer(offer.request, failure), offer.request)

const upgraderOf = (protocols: ReadonlyMap<string, Protocol>, owner: Owner): Protocol['upgrade'] =>
  protocols.get(owner)?.upgrade

/** The protocol's answer, or a failure when it throws or takes too long. */
const lookUp = (
  ask: Protocol['upgrade'],
  offer: Offer,
  { limits, log }: DispatcherParts,
): Promise<UpgradeAnswer> =>
  new Promise((resolve) => {
    if (ask === undefined) return resolve({ _tag: 'Fail', failure: { _tag: 'NotFound' } })
    const { request, message } = offer
    const timer = setTimeout(
      () =>
        resolve({ _tag: 'Fail', failure: { _tag: 'Unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS } }),
      limits.lookupMsMax,
    )
    Promise.resolve()
      .then(() => ask({ request, message }))
      .then(resolve, (error: unknown) => {
        log.error({ err: error, req: request.id, owner: request.owner, path: request.path })
        resolve({ _tag: 'Fail', failure: { _tag: 'Internal' } })
      })
      .finally(() => clearTimeout(timer))
  })

const acceptor =
  ({ app, metrics }: DispatcherParts, accepted: Accepted) =>
  ({ message, socket, head, request }: Offer, sockets: WebSocketServer, route: SocketRoute): void =>
    sockets.handleUpgrade(message, socket, head, (websocket) => {
      accepted.set(websocket, request.owner)
      metrics.socketOpened(request.owner)
      websocket.once('close', () => {
        accepted.delete(websocket)
        metrics.socketClosed(request.owner)
      })
      app.connect(message, { websocket, request, route })
    })

/** Also the library's sockets count as open: nobody else sees when they close. */
const handOver = (
  { metrics }: DispatcherParts,
  { message, socket, head, request }: Offer,
  take: Extract<UpgradeAnswer, { readonly _tag: 'HandOver' }>['take'],
): void => {
  metrics.socketOpened(request.owner)
  socket.once('close', () => metrics.socketClosed(request.owner))
  take(message, socket, head)
}

/** What the operating system has not taken yet: without compression `ws` and Engine.IO's keep nothing else. */
const unsentBytes = (connections: ReadonlyMap<Duplex, Owner>): ReadonlyMap<Owner, number> => {
  const bytes = new Map<Owner, number>()
  for (const [socket, owner] of connections) bytes.set(owner, (bytes.get(owner) ?? 0) + socket.writableLength)
  return bytes
}

/** `ws` would answer malformed handshakes by itself, in HTML. */
const refuseHandshake = (_error: Error, socket: Duplex, message: IncomingMessage): void => {
  const { headwater: request } = message
  if (request === undefined) return void socket.destroy()
  const answer = failureAnswer(request, { _tag: 'BadRequest', reason: 'handshake' })
  sendRaw(socket, { ...answer, headers: { ...answer.headers, 'Sec-WebSocket-Version': '13, 8' } }, request)
}

/**
 * An offer of another protocol (`h2c`) may be ignored: it is the ordinary request that it is. Node has stopped parsing the
 * connection, so that a body cannot be read any more, and no other request can follow.
 */
const serveOrdinary = (
  { describe, serve }: DispatcherParts,
  message: IncomingMessage,
  socket: Duplex,
  listener: ListenerName,
): void => {
  const { headers } = message
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (hasBody) {
    const request = describe(message, listener, false)
    socket.on('error', () => socket.destroy())
    return sendRaw(
      socket,
      failureAnswer(request, { _tag: 'BadRequest', reason: 'upgrade with body' }),
      request,
    )
  }
  const res = new Response(message)
  res.shouldKeepAlive = false
  res.assignSocket(message.socket)
  res.once('finish', () => {
    res.detachSocket(message.socket)
    message.socket.destroySoon()
  })
  socket.on('error', () => socket.destroy())
  serve(message, res, listener)
}
