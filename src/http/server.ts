import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import {
  BODY_MS_MAX,
  HEADERS_BYTES_MAX,
  HEADERS_MS_MAX,
  KEEP_ALIVE_MS,
  RETRY_AFTER_SECONDS,
  SLOW_REQUEST_MS,
  UPGRADE_LOOKUP_MS_MAX,
} from '../limits.ts'
import { addresses } from './address.ts'
import type { TrustProxy } from './address.ts'
import { sendFailure } from './answers.ts'
import { createApp } from './app.ts'
import type { Health } from './health.ts'
import { createListener } from './listeners.ts'
import type { Address, HttpLimits, Listener, ListenerSetup } from './listeners.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { origins } from './origin.ts'
import type { CorsOrigins, Origins } from './origin.ts'
import { ownerTable } from './owner.ts'
import { createPlatform } from './platform.ts'
import type { PlatformSetup } from './platform.ts'
import type { Exchange, HttpRequest, ListenerName, Owner, Protocol } from './protocol.ts'
import { describer } from './requests.ts'
import { createDispatcher } from './upgrades.ts'
import type { Dispatcher } from './upgrades.ts'

/** All protocols on one port, and each on a port of its own where that is set. */
export type HttpServer = {
  /** Opens every listener, or none: rejects with the first that could not be opened. */
  readonly listen: () => Promise<readonly Address[]>
  /** Stops accepting, closes each protocol and then its sockets with 1001, lets running requests end for so long, then cuts them. */
  readonly close: (graceMs: number) => Promise<void>
}

export type HttpSettings = {
  readonly production: boolean
  readonly listeners: readonly ListenerSetup[]
  readonly publicUrl?: string
  readonly trustProxy: TrustProxy
  readonly corsOrigins: CorsOrigins
  readonly metricsToken?: string
  /** Row 10 of the owner table is on the shared port. */
  readonly internalRoutes: boolean
}

export type ServerParts = Pick<PlatformSetup, 'openapi' | 'history'> & {
  readonly settings: HttpSettings
  readonly protocols: readonly Protocol[]
  readonly log: Log
  readonly health: Health
  readonly metrics: Metrics
  /** Begins what a request does: for who traces it. */
  readonly around?: Around | undefined
  /** For tests: shorter waits. */
  readonly limits?: Partial<HttpLimits>
}

export type Around = (request: HttpRequest, exchange: Exchange, run: () => void) => void

/** The same for protocols and server: who is calling, and where we are. */
export const requestOrigins = (settings: HttpSettings): Origins =>
  origins(settings, addresses(settings.trustProxy))

export const createServer = (parts: ServerParts): HttpServer => {
  const { settings, protocols, log, health, around } = parts
  const limits = { ...LIMITS, ...parts.limits }
  const state: State = { stopping: false, listening: 0 }
  const serviceOf = services(parts)
  const describe = describer({
    table: ownerTable(new Set(protocols.map(({ name }) => name)), settings.internalRoutes),
    addresses: addresses(settings.trustProxy),
    rendererOf: serviceOf,
  })
  const app = createApp((owner) => serviceOf(owner).handle, log)
  const { cors } = requestOrigins(settings)
  const ended = requestEnded(parts, limits)

  const serve = (req: IncomingMessage, res: ServerResponse, listener: ListenerName): void => {
    const request = describe(req, listener, false)
    req.headwater = request
    res.on('close', ended)
    if (state.stopping) return sendFailure(res, request, SHUTTING_DOWN)
    if (req.headers.host === undefined && req.httpVersion === '1.1') {
      return sendFailure(res, request, { _tag: 'BadRequest', reason: 'http' })
    }
    const policy = serviceOf(request.owner).cors
    if (policy !== undefined && cors(req, res, request, policy)) return
    if (around === undefined) return void app.callback(req, res)
    around(request, { req, res }, () => void app.callback(req, res))
  }

  const dispatcher = createDispatcher({
    ...parts,
    limits,
    describe,
    serve,
    app,
    stopping: () => state.stopping,
  })
  const listeners = settings.listeners.map((setup) =>
    createListener(setup, { request: serve, upgrade: dispatcher.upgrade }, limits),
  )
  health.add('http', () => readiness(state, listeners.length))
  return {
    listen: () => open(listeners, state, log),
    close: (graceMs) => stop({ listeners, state, dispatcher, protocols }, graceMs),
  }
}

type State = { stopping: boolean; listening: number }
type Service = Pick<Protocol, 'handle' | 'renderError' | 'cors' | 'upgrade'>

const LIMITS: HttpLimits = {
  headersBytesMax: HEADERS_BYTES_MAX,
  headersMsMax: HEADERS_MS_MAX,
  bodyMsMax: BODY_MS_MAX,
  keepAliveMs: KEEP_ALIVE_MS,
  lookupMsMax: UPGRADE_LOOKUP_MS_MAX,
}
const SHUTTING_DOWN = { _tag: 'ShuttingDown', retryAfterSeconds: RETRY_AFTER_SECONDS } as const

const services = (parts: ServerParts): ((owner: Owner) => Service) => {
  const platform: Service = createPlatform({ ...parts, ...parts.settings })
  const byOwner = new Map<Owner, Service>(parts.protocols.map((protocol) => [protocol.name, protocol]))
  return (owner) => byOwner.get(owner) ?? platform
}

const readiness = (state: State, listeners: number): string | undefined => {
  if (state.stopping) return 'stopping'
  return state.listening < listeners ? `${state.listening} of ${listeners} listeners are up` : undefined
}

/** One function for all responses (`this` is the response), so that a request allocates none. */
const requestEnded = ({ metrics, log }: ServerParts, limits: HttpLimits) => {
  const debug = log.isLevelEnabled('debug')
  return function (this: ServerResponse): void {
    const { headwater: request } = this.req
    if (request === undefined) return
    if (!this.req.complete) cutUnreadBody(this.req, limits.bodyMsMax)
    const ms = performance.now() - request.startedAt
    metrics.requestEnded(request.owner, this.statusCode, ms)
    if (!debug && this.statusCode < 500 && ms < SLOW_REQUEST_MS) return
    const { id, owner, method, path } = request
    const line = { req: id, owner, method, path, status: this.statusCode, ms: Math.round(ms) }
    if (this.statusCode >= 500 || ms >= SLOW_REQUEST_MS) log.warn(line, 'request')
    else log.debug(line, 'request')
  }
}

/** A body that nobody wants is thrown away by Node as it comes; it may not come for ever. */
const cutUnreadBody = (req: IncomingMessage, msMax: number): void => {
  if (req.destroyed) return
  const timer = setTimeout(() => req.socket.destroy(), msMax)
  req.once('close', () => clearTimeout(timer))
}

const open = async (listeners: readonly Listener[], state: State, log: Log): Promise<readonly Address[]> => {
  const opened = await Promise.allSettled(listeners.map((listener) => listener.listen()))
  const failed = opened.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    await Promise.all(listeners.filter(({ server }) => server.listening).map((listener) => listener.close()))
    throw failed.reason
  }
  const up = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  state.listening = up.length
  for (const { name, url } of up) log.info({ listener: name, url }, 'listening')
  return up
}

type Stopping = {
  readonly listeners: readonly Listener[]
  readonly state: State
  readonly dispatcher: Dispatcher
  readonly protocols: readonly Protocol[]
}

const stop = async (
  { listeners, state, dispatcher, protocols }: Stopping,
  graceMs: number,
): Promise<void> => {
  state.stopping = true
  const closing = listeners.filter(({ server }) => server.listening).map((listener) => listener.close())
  const ending = Promise.all(
    protocols.map(async ({ name, close }) => {
      try {
        // First, because it may have to say something about its sockets before they are told.
        if (close !== undefined) await close()
      } finally {
        dispatcher.close(name)
      }
    }),
  )
  // A connection that becomes idle after `close` would stay until its keep-alive ends.
  const sweep = setInterval(() => listeners.forEach(({ server }) => server.closeIdleConnections()), 20)
  const grace = new AbortController()
  const expired = wait(graceMs, undefined, { signal: grace.signal }).then(
    () => {
      dispatcher.destroy()
      listeners.forEach(({ server }) => server.closeAllConnections())
    },
    () => undefined,
  )
  try {
    await Promise.all([...closing, Promise.race([ending, expired])])
  } finally {
    clearInterval(sweep)
    grace.abort()
  }
}
