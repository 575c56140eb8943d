import type { WebSocket } from 'ws'
import type { Farewell } from './ending.ts'

/** Notices that a client has gone (afrodite 3.11). */
export type Pulse = {
  /** The client has shown that it is there. */
  readonly beat: () => void
  readonly stop: () => void
}

export type PulseSettings = {
  /** The client is given up after so much silence. */
  readonly keepaliveSeconds: number
  /** Between two tests of the connection; 0: none. */
  readonly testSeconds: number
}

export const startPulse = (
  socket: WebSocket,
  { keepaliveSeconds, testSeconds }: PulseSettings,
  end: (farewell: Farewell) => void,
): Pulse => {
  let isTaken = true
  const onTaken = (): void => {
    isTaken = true
  }
  // Never a ping frame: clients of the original end on them (afrodite 3.2).
  const test = (): void => {
    if (!isTaken) return end(STALLED)
    isTaken = false
    if (socket.readyState === socket.OPEN) socket.send(NOTHING, BINARY, onTaken)
  }
  const keepalive = setTimeout(() => end(SILENT), millisecondsOf(keepaliveSeconds))
  const testing = testSeconds === 0 ? undefined : setInterval(test, millisecondsOf(testSeconds))
  keepalive.unref()
  testing?.unref()
  return {
    beat: () => void keepalive.refresh(),
    stop: () => {
      clearTimeout(keepalive)
      clearInterval(testing)
    },
  }
}

/** What a timer takes; a longer one would fire at once. */
export const millisecondsOf = (seconds: number): number => Math.min(seconds * 1_000, TIMER_MS_MAX)

const TIMER_MS_MAX = 2 ** 31 - 1
const NOTHING = Buffer.alloc(0)
const BINARY = { binary: true }
const SILENT: Farewell = { code: 4008, reason: 'timeout', cause: 'timeout' }
/** The operating system has not taken two bytes since the last test. */
const STALLED: Farewell = { code: 1013, cause: 'slow' }
