/** The live doors behind the real HTTP server and dispatcher, and clients that speak frames. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { ExecutionContext } from 'ava'
import { WebSocket, type ClientOptions } from 'ws'
import { send } from '../../../../src/http/answers.ts'
import { createHealth } from '../../../../src/http/health.ts'
import { createLog } from '../../../../src/http/log.ts'
import { createMetrics } from '../../../../src/http/metrics.ts'
import type { Protocol } from '../../../../src/http/protocol.ts'
import { createServer } from '../../../../src/http/server.ts'
import { failure } from '../../../../src/protocols/rightech/errors.ts'
import { storesLive, type StoresLiveParts } from '../../../../src/protocols/rightech/live.ts'
import { admin, makePrincipals, makeWorld, member, CHILD, SIBLING, type World } from './world.ts'

export type Doors = World & {
  readonly url: string
  readonly principals: ReturnType<typeof makePrincipals>
  readonly connect: (path: string, options?: ClientOptions) => Promise<Client>
}

/** Secrets: `admin` (bearer), `admin-cookie`, `child` and `sibling` (bearer), members of groups below the root. */
export const openDoors = async (
  t: ExecutionContext,
  times: StoresLiveParts['times'] = {},
): Promise<Doors> => {
  const world = makeWorld(t)
  const principals = makePrincipals()
  principals.set('token', 'admin', admin)
  principals.set('cookie', 'admin-cookie', admin)
  principals.set('token', 'child', member('2', CHILD))
  principals.set('token', 'sibling', member('3', SIBLING))
  const log = createLog('silent')
  const origins = {
    cookieAllowed: ({ headers }: IncomingMessage) => headers.origin !== 'http://evil.example',
  }
  const live = storesLive({ ...world, principals, origins, log, times })
  const protocol: Protocol = {
    name: 'rightech',
    handle: async (ctx) => {
      ctx.respond = false
      send(ctx.res, await live.answer({ request: ctx.state.request, message: ctx.req }))
    },
    upgrade: live.upgrade,
    renderError: (problem) => failure(problem),
  }
  const server = createServer({
    settings: {
      production: false,
      listeners: [{ name: 'shared', host: '127.0.0.1', port: 0 }],
      trustProxy: { _tag: 'None' },
      corsOrigins: [],
      internalRoutes: false,
    },
    protocols: [protocol],
    log,
    health: createHealth(),
    metrics: createMetrics(),
  })
  const [address] = await server.listen()
  t.teardown(async () => {
    live.close()
    await server.close(100)
  })
  const url = address?.url ?? ''
  return {
    ...world,
    url,
    principals,
    connect: (path, options) => connect(url.replace('http', 'ws') + path, options),
  }
}

export const bearer = (token: string): ClientOptions => ({ headers: { Authorization: `Bearer ${token}` } })

export const SOCKET = '/socket.io/?EIO=3&transport=websocket'

export type Client = {
  readonly socket: WebSocket
  readonly frames: string[]
  readonly pings: () => number
  /** Waits until that many frames are there. */
  readonly until: (count: number) => Promise<readonly string[]>
  readonly closed: Promise<number>
  readonly send: (frame: string | Buffer) => void
}

const connect = async (url: string, options?: ClientOptions): Promise<Client> => {
  const socket = new WebSocket(url, options)
  const frames: string[] = []
  let pings = 0
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  socket.on('error', () => undefined)
  socket.on('ping', () => pings++)
  socket.on('message', (data: Buffer) => frames.push(data.toString()))
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('unexpected-response', (_request, response) => {
      void refusal(response).then(reject)
    })
  })
  return {
    socket,
    frames,
    pings: () => pings,
    closed,
    send: (frame) => socket.send(frame),
    until: async (count) => {
      while (frames.length < count && socket.readyState === WebSocket.OPEN) await once(socket, 'message')
      return frames.slice(0, count)
    },
  }
}

/** What an upgrade was answered with. */
export class Refused extends Error {
  readonly status: number
  readonly body: string
  readonly headers: IncomingMessage['headers']

  constructor(response: IncomingMessage, body: string) {
    super(`${response.statusCode ?? 0} ${body}`)
    this.status = response.statusCode ?? 0
    this.body = body
    this.headers = response.headers
  }
}

const refusal = async (response: IncomingMessage): Promise<Refused> => {
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return new Refused(response, body)
}

export const fetchPlain = async (url: string, headers: Record<string, string> = {}): Promise<Refused> => {
  const response = await new Promise<IncomingMessage>((resolve) => get(url, { headers }, resolve))
  return refusal(response)
}
