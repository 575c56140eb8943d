import * as E from 'fp-ts/lib/Either.js'
import type { WebSocket } from 'ws'
import { DocumentsUnavailable } from '../../documents/port.ts'
import { rejection } from '../../domain/rejection.ts'
import type { Log } from '../../http/log.ts'
import type { Origins } from '../../http/origin.ts'
import { HttpFailed } from '../../http/protocol.ts'
import type { Answer, HttpFailure, HttpRequest, Upgrade, UpgradeAnswer } from '../../http/protocol.ts'
import { createSockets } from '../../http/upgrades.ts'
import type { History } from '../../history/port.ts'
import type { Json } from '../../json.ts'
import { RETRY_AFTER_SECONDS, STORES_FRAME_BYTES_MAX, STORES_RECHECK_MS } from '../../limits.ts'
import type { Hub } from '../../live/hub.ts'
import type { Principals } from '../../queries/stores-principals.ts'
import type { Reader } from '../../queries/reader.ts'
import { VaultUnavailable } from '../../vault/port.ts'
import { bearerCredential, credentialOf, type Credential } from './credentials.ts'
import { transportFault } from './engineio.ts'
import { NO_ROUTE, rejected, UNAUTHORIZED, failure } from './errors.ts'
import type { Push } from './live-events.ts'
import { storesFeed } from './live-feed.ts'
import { createLiveSessions, type Visitor } from './live-sessions.ts'
import { serveSocketIo, SOCKET_IO_TIMES, type SocketIoTimes } from './live-socketio.ts'
import { readStreamFilter, serveStream, STREAM_TIMES, type StreamTimes } from './live-stream.ts'
import { lastOf, readQuery } from './query.ts'

/** The live doors of the stores (rightech 6): `/socket.io` and `/events/stream`, both onto one feed. */
export type StoresLive = {
  readonly upgrade: (upgrade: Upgrade) => Promise<UpgradeAnswer>
  /** Requests to the doors' paths that are no upgrades. */
  readonly answer: (upgrade: Upgrade) => Promise<Answer>
  readonly close: () => void
}

export type StoresLiveParts = {
  readonly hub: Hub
  readonly reader: Pick<Reader, 'get'>
  /** Opens sealed fields. */
  readonly history: Pick<History, 'read'>
  readonly principals: Pick<Principals, 'find'>
  readonly origins: Pick<Origins, 'cookieAllowed'>
  readonly log: Pick<Log, 'warn'>
  readonly times?: Partial<SocketIoTimes & StreamTimes & { readonly recheckMs: number }>
}

/** Paths that are doors, whether upgraded or not. */
export const isLivePath = (path: string): boolean => doorAt(path) !== undefined

export const storesLive = (parts: StoresLiveParts): StoresLive => {
  const { hub, reader, history, principals, log } = parts
  const times = { ...SOCKET_IO_TIMES, ...STREAM_TIMES, recheckMs: STORES_RECHECK_MS, ...parts.times }
  const feed = storesFeed(reader, history)
  const sessions = createLiveSessions({ hub, feed, principals, log, recheckMs: times.recheckMs })
  const sockets = createSockets({ maxPayload: STORES_FRAME_BYTES_MAX })

  const visitorOf = async (offer: Upgrade): Promise<Visitor | undefined> => {
    for (const credential of credentialsOf(offer, parts.origins)) {
      const principal = await principals.find(credential.kind, credential.hash)
      if (principal !== undefined) return { credential, principal }
    }
    return undefined
  }
  const accept = (visitor: Visitor, serve: (socket: WebSocket) => (push: Push) => void): UpgradeAnswer => ({
    _tag: 'Accept',
    sockets,
    route: ({ websocket, req }) =>
      sessions.open({ socket: websocket, raw: req.socket }, visitor, serve(websocket)),
  })

  return {
    upgrade: async (offer) => {
      const visitor = await visitorOf(offer).catch(unlessDown)
      if (visitor === 'down') return { _tag: 'Fail', failure: DOWN }
      if (visitor === undefined) return refuse(UNAUTHORIZED)
      const { path, query } = offer.request
      const door = doorAt(path)
      if (door === undefined) return refuse(NO_ROUTE)
      if (door === 'socket.io') {
        const fault = faultOf(query)
        return fault === undefined
          ? accept(visitor, (socket) => serveSocketIo(socket, times))
          : refuse(engineAnswer(fault))
      }
      const filter = readStreamFilter(query)
      return E.isRight(filter)
        ? accept(visitor, (socket) => serveStream(socket, filter.right, times))
        : refuse(rejected(rejection('Invalid', 'selectors', { about: 'events', fields: filter.left })))
    },
    answer: async (offer) => {
      const visitor = await visitorOf(offer).catch(unlessDown)
      if (visitor === 'down') throw new HttpFailed(DOWN)
      if (visitor === undefined) return UNAUTHORIZED
      if (doorAt(offer.request.path) === 'events') return NO_UPGRADE
      return engineAnswer(faultOf(offer.request.query) ?? { code: 3, message: 'Bad request' })
    },
    close: sessions.close,
  }
}

type Door = 'socket.io' | 'events'

const doorAt = (path: string): Door | undefined => DOORS.get(path)

const DOORS: ReadonlyMap<string, Door> = new Map([
  ['/socket.io', 'socket.io'],
  ['/events/stream', 'events'],
  ['/api/v1/events/stream', 'events'],
])

const DOWN: HttpFailure = { _tag: 'Unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }

/** A store that cannot be asked who somebody is refuses nobody for good. */
const unlessDown = (error: unknown): 'down' => {
  if (error instanceof DocumentsUnavailable || error instanceof VaultUnavailable) return 'down'
  throw error
}

const NO_UPGRADE = failure({ _tag: 'BadRequest', reason: 'handshake' })

const refuse = (answer: Answer): UpgradeAnswer => ({ _tag: 'Refuse', answer })

const engineAnswer = (fault: Json): Answer => ({
  status: 400,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(fault),
})

const faultOf = (query: string): Json | undefined => {
  const parameters = readQuery(query)
  return transportFault(lastOf(parameters, 'transport')?.value, lastOf(parameters, 'EIO')?.value)
}

/**
 * What may let somebody in, the first good one does (rightech 6): the header alone if there is one, else the cookie, unless a strange page
 * opens the socket, and the query's token.
 */
const credentialsOf = (
  { request, message }: Upgrade,
  origins: StoresLiveParts['origins'],
): readonly Credential[] => {
  const { authorization, cookie } = message.headers
  if (authorization !== undefined) {
    const named = doorAt(request.path) === 'events' ? userInfoOf(authorization) : undefined
    return present(named === undefined ? credentialOf({ authorization }) : bearerCredential(named))
  }
  const own = cookie !== undefined && origins.cookieAllowed(message) ? credentialOf({ cookie }) : undefined
  return [...present(own), ...present(queryCredential(request))]
}

const queryCredential = ({ query }: HttpRequest): Credential | undefined => {
  const token = lastOf(readQuery(query), 'accessToken')?.value
  return token === undefined ? undefined : bearerCredential(token)
}

/** The user of `wss://TOKEN@host/…`, which clients send as Basic. */
const userInfoOf = (authorization: string): string | undefined => {
  const encoded = /^basic +([\w+/=-]+) *$/i.exec(authorization)?.[1]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString().split(':')[0]
}

const present = (credential: Credential | undefined): readonly Credential[] =>
  credential === undefined ? [] : [credential]
