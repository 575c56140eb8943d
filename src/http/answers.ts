import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { LINGER_MS_MAX } from '../limits.ts'
import type { Answer, Context, HttpFailure, HttpRequest } from './protocol.ts'
import { Response } from './response.ts'

/** Answers a request with its owner's form of a failure. Whatever the handler had prepared is dropped. */
export const refuse = (ctx: Context, failure: HttpFailure): void => {
  ctx.respond = false
  sendFailure(ctx.res, ctx.state.request, failure)
}

export const sendFailure = (res: ServerResponse, request: HttpRequest, failure: HttpFailure): void => {
  if (isAnswered(res)) return
  if (res.headersSent) return void res.destroy()
  for (const name of res.getHeaderNames()) if (!KEPT.has(name)) res.removeHeader(name)
  if (failure._tag === 'ShuttingDown') res.shouldKeepAlive = false
  send(res, failureAnswer(request, failure))
}

/** A whole answer, past Koa. The fastest way to answer: gets and failures take it. */
export const send = (res: ServerResponse, answer: Answer): void => {
  const { status, headers, body } = answer
  const all = { ...headers, 'Content-Length': Buffer.byteLength(body) }
  if (res instanceof Response) res.writeHeadAtOnce(status, all)
  else res.writeHead(status, all)
  if (ending.length === 0) setImmediate(endAll)
  ending.push({ res, body })
}

type Ending = { readonly res: ServerResponse; readonly body: string | Buffer }

/**
 * What is answered in one turn of the event loop is written at its end, together: written one by one, each answer wakes a client that
 * waits, which costs more than to make the answer.
 */
let ending: Ending[] = []

const endAll = (): void => {
  const now = ending
  ending = []
  for (const { res, body } of now) res.end(body)
}

/** Also what is written at the end of this turn only. */
const isAnswered = (res: ServerResponse): boolean =>
  res.writableEnded || ending.some((one) => one.res === res)

/** The owner's answer with what every protocol sends: `Retry-After` on 429 and 503 (one-port 6). */
export const failureAnswer = (request: HttpRequest, failure: HttpFailure): Answer => {
  const answer = render(request, failure)
  return 'retryAfterSeconds' in failure
    ? { ...answer, headers: { ...answer.headers, 'Retry-After': String(failure.retryAfterSeconds) } }
    : answer
}

/** A whole HTTP response on a socket that has no `ServerResponse`, then the end of the connection. */
export const sendRaw = (
  socket: Duplex,
  answer: Answer,
  request: Pick<HttpRequest, 'id' | 'method'>,
): void => {
  const headers = {
    'X-Request-Id': request.id,
    'Cache-Control': 'no-store',
    ...answer.headers,
    'Content-Length': String(Buffer.byteLength(answer.body)),
    Date: new Date().toUTCString(),
    Connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n`
  socket.on('error', () => socket.destroy())
  socket.write(head)
  if (request.method !== 'HEAD') socket.write(answer.body)
  lingerThenClose(socket)
}

/**
 * Makes the connection close behind the answer though the request's body is not read to its end. Closing at once would
 * make the kernel reset the connection, and the client could lose the answer: so what still comes is thrown away for a moment.
 */
export const closeAfterAnswer = (req: IncomingMessage, res: ServerResponse): void => {
  res.shouldKeepAlive = false
  const socket: Socket = req.socket
  socket.destroySoon = () => {
    req.resume()
    lingerThenClose(socket)
  }
}

const KEPT = new Set(['vary', 'connection'])
  .add('access-control-allow-origin')
  .add('access-control-allow-credentials')
  .add('access-control-expose-headers')

/** Nobody is left to catch what a renderer throws: the client still gets an answer, the process stays. */
const render = (request: HttpRequest, failure: HttpFailure): Answer => {
  try {
    return request.renderer.renderError(failure, request)
  } catch {
    return { status: 500, headers: {}, body: '' }
  }
}

const lingerThenClose = (socket: Duplex): void => {
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LINGER_MS_MAX)
  socket.once('end', () => socket.destroy())
  socket.once('close', () => clearTimeout(timer))
}
