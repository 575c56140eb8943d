import type { WebSocket } from 'ws'
import { AFRODITE_WAITING_MESSAGES_MAX } from '../../limits.ts'
import type { Message } from './wire.ts'

/** What a client says during its handshake, in order, whether it waits for our answers or not. */
export type Inbox = {
  readonly put: (message: Message) => void
  /** The next message; undefined when the inbox is closed before it came. For one at a time. */
  readonly next: () => Promise<Message | undefined>
  /** Returns what nobody has taken. */
  readonly close: () => readonly Message[]
}

/** @param onLate is called when a message that was waited for has not come within `waitMs`. */
export const createInbox = (
  socket: Pick<WebSocket, 'pause' | 'resume' | 'isPaused'>,
  waitMs: number,
  onLate: () => void,
): Inbox => {
  const waiting: Message[] = []
  let take: ((message: Message | undefined) => void) | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  const give = (message: Message | undefined): void => {
    clearTimeout(timer)
    const taker = take
    take = undefined
    taker?.(message)
  }
  return {
    put: (message) => {
      if (take !== undefined) return give(message)
      waiting.push(message)
      if (waiting.length > AFRODITE_WAITING_MESSAGES_MAX) socket.pause()
    },
    next: () => {
      const message = waiting.shift()
      if (message !== undefined || isClosed) return Promise.resolve(message)
      return new Promise((resolve) => {
        take = resolve
        timer = setTimeout(onLate, waitMs)
        timer.unref()
      })
    },
    close: () => {
      isClosed = true
      give(undefined)
      if (socket.isPaused) socket.resume()
      return waiting.splice(0)
    },
  }
}
