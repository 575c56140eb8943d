import type { Server, Socket } from 'socket.io'
import { sha256Hex } from '../../crypto/hashes.ts'
import type { Families } from './live-families.ts'
import type { LookUp } from './live-lookups.ts'

/** Who has logged in over a socket (timelimit 7.2). */
export type Logins = {
  /** Every socket that logged in is told to sync, each after a delay of its own (timelimit 2.18). */
  readonly broadcast: () => void
  readonly close: () => void
}

export type LoginsParts = {
  readonly io: Server
  readonly families: Families
  readonly lookUp: LookUp
  /** Milliseconds, drawn anew for each socket. */
  readonly delayMs: () => number
}

export const serveLogins = ({ io, families, lookUp, delayMs }: LoginsParts): Logins => {
  const loggedIn = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()

  io.on('connection', (socket) => {
    const seating = createSeating(socket, families, lookUp)
    socket.on('devicelogin', (token: unknown, ...rest: readonly unknown[]) => {
      if (typeof token !== 'string') return
      loggedIn.add(socket)
      seating.ask(sha256Hex(token))
      const acknowledge = rest.at(-1)
      if (isCallable(acknowledge)) acknowledge()
    })
    socket.on('disconnect', () => {
      loggedIn.delete(socket)
      seating.end()
    })
  })

  return {
    broadcast: () => {
      for (const socket of loggedIn) {
        const timer = setTimeout(() => {
          timers.delete(timer)
          if (loggedIn.has(socket)) socket.emit('should sync', { isImportant: true })
        }, delayMs())
        timers.add(timer)
      }
    },
    close: () => timers.forEach((timer) => clearTimeout(timer)),
  }
}

const isCallable = (value: unknown): value is () => void => typeof value === 'function'

type Seating = {
  /** Gives up the seat that the socket has, and looks for the one of the token with that hash. */
  readonly ask: (hash: string) => void
  readonly end: () => void
}

/** One look-up at a time for a socket: of those asked for meanwhile only the last counts. */
const createSeating = (socket: Socket, families: Families, lookUp: LookUp): Seating => {
  let wanted: { readonly hash: string } | undefined
  let isLooking = false
  let leave = (): void => undefined

  /** The device whose token it is now. */
  const find = async (request: { readonly hash: string }) => {
    const found = await lookUp('timelimit_devices_by_token', request.hash, () => wanted === request)
    if (found === undefined || found === 'unwanted') return undefined
    const { family, device } = found.value
    return typeof family === 'string' && typeof device === 'string' ? { family, device } : undefined
  }
  const seat = async (request: { readonly hash: string }): Promise<void> => {
    const member = await find(request)
    if (member === undefined || wanted !== request) return
    leave = families.take({ socket, ...member, hash: request.hash })
    // The token may have ended before the family was listened to.
    const still = await find(request)
    if (wanted === request && still === undefined) leave()
  }
  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    for (let request = wanted; request !== undefined;) {
      await seat(request)
      request = wanted === request ? undefined : wanted
    }
    isLooking = false
  }

  return {
    ask: (hash) => {
      leave()
      wanted = { hash }
      void look()
    },
    end: () => {
      wanted = undefined
      leave()
    },
  }
}
