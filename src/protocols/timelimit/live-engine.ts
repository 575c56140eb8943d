import { Server as Engine } from 'engine.io'
import type { Socket as Connection } from 'engine.io'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server } from 'socket.io'
import type { WebSocket } from 'ws'
import { send } from '../../http/answers.ts'
import type { Gate } from '../../http/flood-gate.ts'
import { HttpFailed } from '../../http/protocol.ts'
import type { Answer, Context, HttpFailure, Upgrade, UpgradeAnswer } from '../../http/protocol.ts'
import { createSockets } from '../../http/upgrades.ts'
import {
  LIVE_CLOSE_MS_MAX,
  RETRY_AFTER_SECONDS,
  TIMELIMIT_MESSAGE_BYTES_MAX,
  TIMELIMIT_PING_TIMEOUT_MS,
  TIMELIMIT_STRANGERS_MAX,
} from '../../limits.ts'
import { within } from '../../live/repeating.ts'
import { boundIncoming, boundPolling, boundUnsent, shutSocket } from './live-limits.ts'

/** Socket.IO as TimeLimit's clients know it (timelimit 7.1), on an Engine.IO server that is attached to nothing (one-port 4). */
export type LiveEngine = {
  readonly io: Server
  readonly upgrade: (upgrade: Upgrade) => UpgradeAnswer
  /** Requests that are no upgrades: polling. */
  readonly handle: (ctx: Context) => void
  /** Open connections. */
  readonly clients: () => number
  /** Closes them with 1001. */
  readonly close: () => Promise<void>
}

export type LiveEngineParts = {
  readonly pingIntervalMs: number
  /** Connections that have logged in as a device. */
  readonly members: () => number
  readonly strangersMax?: number
}

export const createLiveEngine = (parts: LiveEngineParts): LiveEngine => {
  const { strangersMax = TIMELIMIT_STRANGERS_MAX } = parts
  const door = createDoor()
  const engine = new Engine({
    transports: ['websocket', 'polling'],
    allowEIO3: true,
    pingInterval: parts.pingIntervalMs,
    pingTimeout: TIMELIMIT_PING_TIMEOUT_MS,
    maxHttpBufferSize: TIMELIMIT_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    httpCompression: false,
    wsEngine: function wsEngine() {
      return door
    },
  })
  const gates = new WeakMap<Connection, Gate>()
  engine.on('connection', (connection: Connection) => {
    boundUnsent(connection)
    gates.set(connection, boundPolling(connection))
  })
  const io = new Server({ serveClient: false })
  io.bind(engine)
  io.on('connection', ({ conn }) => {
    // The first request of each client would stay in memory as long as the client.
    Reflect.set(conn, 'request', undefined)
  })
  const connectionOf = (sid: string): Connection | undefined =>
    Object.hasOwn(engine['clients'], sid) ? engine['clients'][sid] : undefined
  const isFull = (sid: string | undefined): boolean =>
    sid === undefined && engine.clientsCount - parts.members() >= strangersMax

  return {
    io,
    upgrade: ({ request, message }) => {
      const query = readQuery(request.query)
      const fault = upgradeFault(query, request.method, connectionOf)
      if (fault !== undefined) return { _tag: 'Refuse', answer: faultAnswer(fault) }
      if (isFull(sidOf(query))) return { _tag: 'Fail', failure: FULL }
      prepare(message, query)
      return { _tag: 'HandOver', take: (taken, socket, head) => engine.handleUpgrade(taken, socket, head) }
    },
    handle: (ctx) => {
      const { request } = ctx.state
      const query = readQuery(request.query)
      const sid = sidOf(query)
      if (isFull(sid)) throw new HttpFailed(FULL)
      const known = sid === undefined ? undefined : connectionOf(sid)
      if (known !== undefined && gates.get(known)?.(0) === false) known.close(true)
      ctx.respond = false
      // The library answers these with 500 if they name a session.
      if (request.method !== 'GET' && request.method !== 'POST') send(ctx.res, faultAnswer(2))
      else engine.handleRequest(prepare(ctx.req, query), ctx.res)
    },
    clients: () => engine.clientsCount,
    close: async () => {
      door.shut()
      engine.close()
      await within(LIVE_CLOSE_MS_MAX, door.empty())
    },
  }
}

type Query = { readonly [name: string]: string }
type Fault = 0 | 1 | 2 | 3

const readQuery = (query: string): Query => Object.fromEntries(new URLSearchParams(query))
const sidOf = ({ sid }: Query): string | undefined => (sid === '' ? undefined : sid)

/** The library reads what is there already, and else the whole URL, which may be none. */
const prepare = (message: IncomingMessage, query: Query): IncomingMessage =>
  Object.assign(message, { _query: query })

const faultAnswer = (code: Fault): Answer => ({
  status: 400,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ code, message: Engine.errorMessages[code] }),
})

const FULL: HttpFailure = { _tag: 'Unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }

/** What the library would hang up on: a refusal is a whole answer (one-port 4). */
const upgradeFault = (
  query: Query,
  method: string,
  connectionOf: (sid: string) => Connection | undefined,
): Fault | undefined => {
  const { transport, EIO } = query
  if (transport === 'polling') return 3
  if (transport !== 'websocket') return 0
  const sid = sidOf(query)
  if (sid === undefined) return method === 'GET' ? undefined : 2
  const connection = connectionOf(sid)
  if (connection === undefined) return 1
  return connection.protocol === (EIO === '4' ? 4 : 3) ? undefined : 3
}

/** What Engine.IO takes for its `ws` server: handshakes are ours in headers and refusals, and no socket goes in unbounded. */
const createDoor = () => {
  const sockets = createSockets({ maxPayload: TIMELIMIT_MESSAGE_BYTES_MAX })
  const open = new Set<WebSocket>()
  let emptied: (() => void) | undefined
  const admit = (socket: WebSocket): void => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0) emptied?.()
    })
    boundIncoming(socket)
  }
  return {
    handleUpgrade: (
      message: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      taken: (socket: WebSocket) => void,
    ): void =>
      sockets.handleUpgrade(message, socket, head, (accepted) => {
        admit(accepted)
        taken(accepted)
      }),
    close: (): void => sockets.close(),
    shut: (): void => open.forEach((socket) => shutSocket(socket, 1001, CLOSING_MS_MAX)),
    empty: (): Promise<void> =>
      new Promise((resolve) => {
        emptied = resolve
        if (open.size === 0) resolve()
      }),
  }
}

/** Below what is waited for at the end. */
const CLOSING_MS_MAX = LIVE_CLOSE_MS_MAX - 100
