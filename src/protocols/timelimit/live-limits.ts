import type { Socket as Connection } from 'engine.io'
import { WebSocket } from 'ws'
import type { RawData } from 'ws'
import { openGate, type Gate } from '../../http/flood-gate.ts'
import {
  TIMELIMIT_CLIENT_BYTES_PER_SECOND,
  TIMELIMIT_CLIENT_FRAMES_PER_SECOND,
  TIMELIMIT_CLIENT_SECONDS,
  TIMELIMIT_UNSENT_BYTES_MAX,
  TIMELIMIT_UNSENT_MESSAGES_MAX,
} from '../../limits.ts'

const LIMITS = {
  framesPerSecond: TIMELIMIT_CLIENT_FRAMES_PER_SECOND,
  bytesPerSecond: TIMELIMIT_CLIENT_BYTES_PER_SECOND,
  seconds: TIMELIMIT_CLIENT_SECONDS,
} as const

/** Bounds what comes over a WebSocket, before the library sees it: pings are answered, and probes of an upgrade belong to nobody yet. */
export const boundIncoming = (socket: WebSocket): void => {
  const allows = openGate(LIMITS)
  const pass = (size: number): void => {
    if (socket.readyState !== WebSocket.OPEN || allows(size)) return
    socket.removeAllListeners('message')
    shutSocket(socket, POLICY_VIOLATION)
  }
  socket.on('message', (data) => pass(sizeOf(data)))
  socket.on('ping', (data) => pass(data.length))
}

/** Bounds what a client sends in the bodies of polling. Its requests are the caller's affair: the gate is returned. */
export const boundPolling = (connection: Connection): Gate => {
  const allows = openGate(LIMITS)
  connection.on('packet', ({ data }: Packet) => {
    if (connection.transport.name === 'polling' && !allows(lengthOf(data))) connection.close(true)
  })
  return allows
}

/** Bounds what waits for a slow client (one-port 4): it is closed, and what waited is dropped. */
export const boundUnsent = (connection: Connection): void => {
  const waiting = { messages: 0, bytes: 0 }
  let flying = { messages: 0, bytes: 0 }
  connection.on('packetCreate', ({ data }: Packet) => {
    // The operating system, or the client's poll, has taken all.
    if (connection.transport.writable) flying = { messages: 0, bytes: 0 }
    waiting.messages += 1
    waiting.bytes += lengthOf(data)
    const messages = waiting.messages + flying.messages
    const bytes = waiting.bytes + flying.bytes
    if (messages > TIMELIMIT_UNSENT_MESSAGES_MAX || bytes > TIMELIMIT_UNSENT_BYTES_MAX) {
      shutConnection(connection, TRY_AGAIN_LATER)
    }
  })
  connection.on('flush', () => {
    flying = { ...waiting }
    waiting.messages = 0
    waiting.bytes = 0
  })
}

/** Closes, and does not wait long for the other side to agree. */
export const shutSocket = (socket: WebSocket, code: number, msMax = CLOSING_MS_MAX): void => {
  socket.close(code)
  const timer = setTimeout(() => socket.terminate(), msMax)
  socket.once('close', () => clearTimeout(timer))
}

type Packet = { readonly data?: string | Buffer }

const POLICY_VIOLATION = 1008
const TRY_AGAIN_LATER = 1013
const CLOSING_MS_MAX = 2_000

const shutConnection = (connection: Connection, code: number): void => {
  const socket: unknown = Reflect.get(connection.transport, 'socket')
  if (socket instanceof WebSocket) shutSocket(socket, code)
  connection.close(true)
}

const lengthOf = (data: string | Buffer | undefined): number => data?.length ?? 0

const sizeOf = (data: RawData): number =>
  data instanceof Array ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength
