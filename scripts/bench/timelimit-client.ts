import { once } from 'node:events'
import { connect as dial } from 'node:net'
import { gzipSync } from 'node:zlib'

/** One connection that stays, with one request under way at a time. HTTP by hand: the generator shall cost next to nothing. */
export type Connection = {
  readonly ask: (request: Buffer) => Promise<Answer>
  readonly close: () => void
}

export type Answer = { readonly status: number; readonly body: string }

/** A whole POST, head and body. */
export type Encode = (path: string, body: string) => Buffer

export const identity: Encode = (path, body) => post(path, Buffer.from(body), '')

/** As the clients send it (timelimit 1.12). */
export const gzipped: Encode = (path, body) => post(path, gzipSync(body), 'Content-Encoding: gzip\r\n')

export const connect = async (url: string): Promise<Connection> => {
  const { hostname, port } = new URL(url)
  const socket = dial(Number(port), hostname)
  await once(socket, 'connect')
  socket.setNoDelay(true)
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error(`no answer in ${ANSWER_MS_MAX} ms`)))
  let waiting: Waiting | undefined
  let received = NOTHING
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const answer = answerIn(received)
    if (answer === undefined) return
    if (answer === 'unreadable') return void socket.destroy(new Error('an answer without Content-Length'))
    received = NOTHING
    waiting?.resolve(answer)
    waiting = undefined
  })
  const end = (error: Error): void => {
    waiting?.reject(error)
    waiting = undefined
  }
  socket.on('error', end)
  socket.on('close', () => end(new Error('the server closed the connection')))
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the connection is closed'))
        waiting = { resolve, reject }
        socket.write(request)
      }),
    close: () => void socket.destroy(),
  }
}

type Waiting = { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }

const ANSWER_MS_MAX = 30_000
const NOTHING = Buffer.alloc(0)

const post = (path: string, body: Buffer, more: string): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json; charset=utf-8\r\n${more}Content-Length: ${body.length}\r\n\r\n`,
    ),
    body,
  ])

const answerIn = (bytes: Buffer): Answer | 'unreadable' | undefined => {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) return 'unreadable'
  const last = end + 4 + Number(length)
  if (bytes.length < last) return undefined
  return { status: Number(head.slice(9, 12)), body: bytes.toString('utf8', end + 4, last) }
}
