import type { RawData, WebSocket } from 'ws'
import { openGate } from '../../http/flood-gate.ts'
import {
  STORES_CLIENT_BYTES_PER_SECOND,
  STORES_CLIENT_FRAMES_PER_SECOND,
  STORES_CLIENT_SECONDS,
} from '../../limits.ts'

/** What a client sends over a socket, bounded in number and size: who sends more is closed with 1008. */
export const receive = (socket: WebSocket, onText: (text: string) => void, onBinary: () => void): void => {
  const allows = openGate(LIMITS)
  const pass = (bytes: number): boolean => {
    if (socket.readyState !== socket.OPEN) return false
    if (allows(bytes)) return true
    shut(socket, 1008)
    return false
  }
  socket.on('message', (data, isBinary) => {
    const content = bytesOf(data)
    if (!pass(content.length)) return
    if (isBinary) onBinary()
    else onText(content.toString())
  })
  // Each is answered with a frame of the same size.
  socket.on('ping', (data) => void pass(data.length))
}

/** Closes, and does not wait long for the other side to agree. */
export const shut = (socket: WebSocket, code: number): void => {
  socket.close(code)
  const timer = setTimeout(() => socket.terminate(), CLOSING_MS_MAX)
  socket.once('close', () => clearTimeout(timer))
}

const CLOSING_MS_MAX = 2_000

const LIMITS = {
  framesPerSecond: STORES_CLIENT_FRAMES_PER_SECOND,
  bytesPerSecond: STORES_CLIENT_BYTES_PER_SECOND,
  seconds: STORES_CLIENT_SECONDS,
} as const

const bytesOf = (data: RawData): Buffer =>
  Buffer.isBuffer(data) ? data : data instanceof ArrayBuffer ? Buffer.from(data) : Buffer.concat(data)
