import type { WebSocket } from 'ws'

/** What is sent to one client, bounded (one-port 4): a slow reader is closed with 1013, never buffered without end. */
export type Outbox = {
  /**
   * A buffer is sent as text, as a string is: make it once and send it to many. Nothing happens once the socket is no longer open.
   */
  readonly send: (frame: string | Buffer) => void
}

export type OutboxLimits = {
  /** Messages that the operating system has not taken yet. */
  readonly messagesMax: number
  readonly bytesMax: number
}

/** @param onFull is called instead of closing the socket, at every frame that does not fit: the frame is dropped. */
export const createOutbox = (
  socket: WebSocket,
  { messagesMax, bytesMax }: OutboxLimits,
  onFull: (socket: WebSocket) => void = shut,
): Outbox => {
  let sent = 0
  let taken = 0
  let confirmed = 0
  const onTaken = (): void => {
    confirmed += 1
    if (confirmed > taken) taken = confirmed
  }
  return {
    send: (frame) => {
      if (socket.readyState !== socket.OPEN) return
      // Confirmations come a tick later: without this a burst in one tick would look like a slow reader.
      if (socket.bufferedAmount === 0) taken = sent
      if (sent - taken >= messagesMax || socket.bufferedAmount + frame.length > bytesMax)
        return onFull(socket)
      sent += 1
      socket.send(frame, TEXT, onTaken)
    },
  }
}

const TEXT = { binary: false }
const TRY_AGAIN_LATER = 1013
/** The close frame waits behind what is unsent; a client that takes nothing at all would keep it in memory. */
const CLOSING_MS_MAX = 5_000

const shut = (socket: WebSocket): void => {
  socket.close(TRY_AGAIN_LATER)
  const timer = setTimeout(() => socket.terminate(), CLOSING_MS_MAX)
  socket.once('close', () => clearTimeout(timer))
}
