import { createServer, type AddressInfo, type Server as NetServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { ServerCredentials } from '@grpc/grpc-js'
import type { History } from '../../history/port.ts'
import { SERVED_CONNECTIONS_MAX } from '../../limits.ts'
import { refuserOf, samePositions, storedCodec, type Mode } from './codec.ts'
import { unavailable, type Refusal } from './refusals.ts'
import type { CallKind, Served } from './served.ts'
import { makeService } from './service.ts'

export type ServeOptions = {
  /** As it is stored: sealed fields go out sealed. Stays open. */
  readonly history: History
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Each call needs it as a password or a bearer token. */
  readonly token?: string | undefined
  /** `closed` if it is left out: what is Headwater's own is only read. */
  readonly mode?: Mode
  /** Why nothing can be written at present. */
  readonly refusal?: () => string | undefined
}

export type ServedEventStore = {
  readonly port: number
  /** A connection string, without the token. */
  readonly url: string
  /** Answers what is under way, at most for so long, and cuts the rest. Subscribers are told that the server is unavailable. */
  readonly close: (graceMs: number) => Promise<void>
}

/**
 * Serves a history to clients of EventStoreDB, over plain HTTP/2: encryption is a tunnel's or a proxy's. Rejects if the address cannot be
 * listened on.
 */
export const serveEventStore = async (options: ServeOptions): Promise<ServedEventStore> => {
  const { history, host, mode = 'closed' } = options
  const open = makeOpenCalls()
  const refused = refuserOf(mode)
  const served: Served = {
    history,
    codec: storedCodec(mode),
    positions: samePositions,
    opened: open.opened,
    refuse: (stream, events) => {
      const reason = open.isClosing() ? STOPPING : options.refusal?.()
      return reason === undefined ? refused(stream, events) : unavailable(reason)
    },
  }
  const service = makeService(served, options.token)
  const connections = service.createConnectionInjector(ServerCredentials.createInsecure())
  const listener = createServer({ noDelay: true }, (socket) => {
    // A connection that breaks before it speaks HTTP/2 has nobody else to listen to it.
    socket.on('error', () => socket.destroy())
    connections.injectConnection(socket)
  })
  listener.maxConnections = SERVED_CONNECTIONS_MAX
  const port = await listening(listener, options)
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return {
    port,
    url: `esdb://${place}?tls=false`,
    close: async (graceMs) => {
      const closed = new Promise((resolve) => void listener.close(resolve))
      await open.close(graceMs)
      service.forceShutdown()
      await closed
    },
  }
}

const STOPPING = 'the server stops'

const listening = (listener: NetServer, { host, port }: ServeOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    listener.once('error', (error) =>
      reject(new Error(`EVENTSTORE_LISTEN: ${error.message}`, { cause: error })),
    )
    listener.listen({ host, port }, () => resolve((listener.address() as AddressInfo).port))
  })

type OpenCalls = {
  readonly opened: NonNullable<Served['opened']>
  readonly isClosing: () => boolean
  /** Ends them: reads and subscriptions at once, calls with appends when these are answered. */
  readonly close: (graceMs: number) => Promise<void>
}

const makeOpenCalls = (): OpenCalls => {
  const calls = new Map<(refusal: Refusal) => void, CallKind>()
  let closing = false
  const end = (isOne: (kind: CallKind) => boolean): void => {
    for (const [fail, kind] of [...calls]) if (isOne(kind)) fail(unavailable(STOPPING))
  }
  return {
    opened: (kind, fail) => {
      calls.set(fail, kind)
      if (closing) setImmediate(fail, unavailable(STOPPING))
      return () => void calls.delete(fail)
    },
    isClosing: () => closing,
    close: async (graceMs) => {
      closing = true
      end((kind) => kind !== 'batch')
      // Appends that were taken are flushed and answered in some milliseconds.
      await pause(Math.min(graceMs, ANSWER_MS))
      end(() => true)
      await pause(Math.min(graceMs, FLUSH_MS))
    },
  }
}

const ANSWER_MS = 200
/** For the last words to leave. */
const FLUSH_MS = 20
