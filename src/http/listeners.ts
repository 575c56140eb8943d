import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { closeAfterAnswer, sendRaw } from './answers.ts'
import type { HttpFailure, ListenerName } from './protocol.ts'
import { renderError } from './platform.ts'
import { nextRequestId } from './requests.ts'
import { Response } from './response.ts'

/** A port to listen on. Port 0 takes a free one. */
export type ListenerSetup = { readonly name: ListenerName; readonly host: string; readonly port: number }
export type Address = ListenerSetup & { readonly url: string }

export type HttpLimits = {
  readonly headersBytesMax: number
  readonly headersMsMax: number
  readonly bodyMsMax: number
  readonly keepAliveMs: number
  readonly lookupMsMax: number
}

export type ListenerHandlers = {
  readonly request: (req: IncomingMessage, res: ServerResponse, listener: ListenerName) => void
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer, listener: ListenerName) => void
}

export type Listener = {
  readonly setup: ListenerSetup
  readonly server: Server
  readonly listen: () => Promise<Address>
  /** Resolves when the last connection is gone. */
  readonly close: () => Promise<void>
}

export const createListener = (
  setup: ListenerSetup,
  handlers: ListenerHandlers,
  limits: HttpLimits,
): Listener => {
  const server = createServer({
    ServerResponse: Response,
    maxHeaderSize: limits.headersBytesMax,
    headersTimeout: limits.headersMsMax,
    // Bodies have a clock of their own (bodies.ts).
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMsMax),
    keepAliveTimeout: limits.keepAliveMs,
    keepAlive: true,
    noDelay: true,
    // A missing Host is refused in the owner's form.
    requireHostHeader: false,
  })
  const request = (req: IncomingMessage, res: ServerResponse) => handlers.request(req, res, setup.name)
  server.on('request', request)
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    // Answered without its body, nobody could tell whether what follows is the body or the next request.
    closeAfterAnswer(req, res)
    request(req, res)
  })
  server.on('checkExpectation', request)
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) =>
    handlers.upgrade(req, socket, head, setup.name),
  )
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => refuseUnread(socket, { _tag: 'NotFound' }))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => unreadable(error, socket))
  return { setup, server, listen: () => listen(setup, server), close: () => closed(server) }
}

const listen = (setup: ListenerSetup, server: Server): Promise<Address> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: setup.host, port: setup.port, backlog: 4096 }, () => {
      server.off('error', reject)
      const { port } = server.address() as AddressInfo
      const host = setup.host.includes(':') ? `[${setup.host}]` : setup.host
      resolve({ ...setup, port, url: `http://${host}:${port}` })
    })
  })

const closed = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()))

/** What never became a request has no owner: it is answered in the platform's form. */
const unreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
  // An answer is on its way already, or nobody is there to read one.
  if (!socket.writable || error.code === 'ECONNRESET' || answering(socket)) return void socket.destroy()
  refuseUnread(socket, failureOf(error.code))
}

const failureOf = (code: string | undefined): HttpFailure => {
  if (code === 'HPE_HEADER_OVERFLOW') return { _tag: 'HeadersTooLarge' }
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? { _tag: 'Timeout' } : { _tag: 'BadRequest', reason: 'http' }
}

const refuseUnread = (socket: Duplex, failure: HttpFailure): void =>
  sendRaw(socket, renderError(failure), { id: nextRequestId(), method: 'GET' })

/** Node keeps the answer that a socket is sending there; writing another one beside it would garble both. */
const answering = (socket: Socket): boolean => {
  const message: unknown = Reflect.get(socket, '_httpMessage')
  return (
    typeof message === 'object' &&
    message !== null &&
    'headersSent' in message &&
    message.headersSent === true
  )
}
