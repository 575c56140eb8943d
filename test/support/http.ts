import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import type { ExecutionContext } from 'ava'
import { WebSocket } from 'ws'
import type { ClientOptions } from 'ws'
import { createHealth } from '../../src/http/health.ts'
import type { Health } from '../../src/http/health.ts'
import { createLog } from '../../src/http/log.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import type { ListenerName, Protocol, ProtocolName } from '../../src/http/protocol.ts'
import { createServer } from '../../src/http/server.ts'
import type { HttpServer, HttpSettings, ServerParts } from '../../src/http/server.ts'

/** A server of the given protocols on free ports, and what it logged. It is closed when the test ends. */
export const startHttp = async (t: ExecutionContext, parts: StartParts): Promise<Started> => {
  const logged: string[] = []
  const health = createHealth()
  const own = parts.ownPorts ?? []
  const listeners = ['shared' as const, ...own].map((name) => ({ name, host: '127.0.0.1', port: 0 }))
  const server = createServer({
    health,
    metrics: createMetrics(),
    log: createLog('debug', { write: (line) => void logged.push(line) }),
    ...parts,
    settings: {
      production: false,
      listeners,
      trustProxy: { _tag: 'None' },
      corsOrigins: [],
      internalRoutes: false,
      ...parts.settings,
    },
  })
  const addresses = await server.listen()
  t.teardown(() => server.close(100))
  const portOf = (name: ListenerName) => addresses.find((address) => address.name === name)?.port ?? 0
  return { server, health, port: portOf('shared'), portOf, logged }
}

export type StartParts = Partial<Omit<ServerParts, 'settings' | 'protocols'>> & {
  readonly protocols: readonly Protocol[]
  readonly settings?: Partial<HttpSettings>
  readonly ownPorts?: readonly ListenerName[]
}
export type Started = {
  readonly server: HttpServer
  readonly health: Health
  readonly port: number
  readonly portOf: (name: ListenerName) => number
  readonly logged: readonly string[]
}

/** A protocol that answers 200 with what it was asked, and renders failures as `<name>:<tag>`. */
export const echoProtocol = (name: ProtocolName, changes: Partial<Protocol> = {}): Protocol => ({
  name,
  handle: (ctx) => {
    const { request } = ctx.state
    ctx.body = {
      by: name,
      path: request.path,
      query: request.query,
      listener: request.listener,
      id: request.id,
    }
  },
  renderError: (failure) => ({
    status: STATUS[failure._tag] ?? 400,
    headers: { 'Content-Type': 'text/plain' },
    body: `${name}:${failure._tag}`,
  }),
  ...changes,
})

const STATUS: Readonly<Record<string, number>> = {
  NotFound: 404,
  BodyTooLarge: 413,
  UnsupportedEncoding: 415,
  UnsupportedMediaType: 415,
  Timeout: 408,
  TooMany: 429,
  Internal: 500,
  Unavailable: 503,
  ShuttingDown: 503,
}

export type Reply = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

/** One request on a connection of its own. */
export const ask = (
  port: number,
  target: string,
  options: {
    readonly method?: string
    readonly headers?: OutgoingHttpHeaders
    readonly body?: string | Buffer
  } = {},
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', headers, body } = options
    // Node's client sends a body of GET and DELETE without a length, which makes it none.
    const length =
      body === undefined || headers?.['transfer-encoding'] !== undefined
        ? {}
        : { 'content-length': Buffer.byteLength(body) }
    const request = httpRequest(
      { port, host: '127.0.0.1', path: target, method, headers: { ...length, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })

/** Writes bytes and answers everything that came until the server closed the connection. */
export const raw = (port: number, ...writes: readonly (string | Buffer)[]): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => (received += text))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
    for (const bytes of writes) socket.write(bytes)
  })

/** A WebSocket that is open, or the refusal that came instead. */
export const open = (
  port: number,
  target: string,
  options: ClientOptions & { readonly subprotocols?: string[] } = {},
): Promise<WebSocket | Reply> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${target}`, options.subprotocols ?? [], options)
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
    socket.once('unexpected-response', (_request, response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
  })
