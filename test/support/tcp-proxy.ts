import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** A TCP proxy that makes a connection fail in the ways in which networks do. Faults hold for all connections, open and new ones. */
export type TcpProxy = {
  /** The same for its whole life. */
  readonly port: number
  /** Resets all connections on both sides, and new ones as they come. */
  readonly cut: () => void
  /** Ends `cut`, `stall`, `delay` and `resetAfterRequest`. What a stall holds is delivered, or dropped. */
  readonly restore: (options?: { readonly drop?: boolean }) => void
  /** Sends FIN to that side of the open connections; bytes for it are dropped, those from it still pass. */
  readonly halfClose: (side: 'client' | 'server') => void
  /** Milliseconds that every chunk takes, in each direction. The order is kept. */
  readonly delay: (ms: number) => void
  /** A black hole: connections and bytes are accepted and go nowhere. */
  readonly stall: () => void
  /**
   * A chunk from the client that matches is passed on whole, then the client is reset without an answer: what it asked for is
   * done, and it does not know. Holds for so many matches (1). A request may come in several chunks: match its last one.
   */
  readonly resetAfterRequest: (matches: (chunk: Buffer) => boolean, times?: number) => void
  /** Open connections of clients. */
  readonly connections: () => number
  readonly close: () => Promise<void>
}

type Target = {
  readonly host?: string
  readonly port: number
  /** Unset: a free port. */
  readonly listen?: number
}

/** The server may be away at any time: then clients are reset, and the next one tries again. */
export const startTcpProxy = async (target: Target): Promise<TcpProxy> => {
  const faults: Faults = { ...NO_FAULTS }
  const links = new Set<Link>()
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', ignore)
    if (faults.cut) return void client.resetAndDestroy()
    const link = openLink(client, connectTo(target), faults)
    links.add(link)
    link.server.on('close', () => forget(link))
    client.on('close', () => forget(link))
  })
  const forget = (link: Link): void => {
    if (link.client.destroyed && link.server.destroyed) links.delete(link)
  }
  const resetAll = (): void => links.forEach((link) => link.reset())
  listener.listen(target.listen ?? 0, LOOPBACK)
  await once(listener, 'listening')
  return {
    port: portOf(listener),
    cut: () => {
      faults.cut = true
      resetAll()
    },
    restore: ({ drop = false } = {}) => {
      Object.assign(faults, NO_FAULTS)
      links.forEach((link) => link.resume(drop))
    },
    halfClose: (side) => links.forEach((link) => link[side].end()),
    delay: (ms) => {
      faults.delayMs = ms
    },
    stall: () => {
      faults.stalled = true
    },
    resetAfterRequest: (matches, times = 1) => {
      faults.matches = matches
      faults.resets = times
    },
    connections: () => [...links].filter(({ client }) => !client.destroyed).length,
    close: async () => {
      const closed = new Promise((resolve) => listener.close(resolve))
      resetAll()
      await closed
    },
  }
}

const LOOPBACK = '127.0.0.1'
/** How long a server may go on with a request whose client was reset: a hang-up could make it give up what it began. */
const ABANDONED_MS = 1_000

type Faults = {
  cut: boolean
  stalled: boolean
  delayMs: number
  /** Matches left that reset their connection. */
  resets: number
  matches: (chunk: Buffer) => boolean
}

const NO_FAULTS: Faults = { cut: false, stalled: false, delayMs: 0, resets: 0, matches: () => false }

type Link = {
  readonly client: Socket
  readonly server: Socket
  readonly reset: () => void
  readonly resume: (drop: boolean) => void
}

const ignore = (): void => undefined

const connectTo = ({ host = LOOPBACK, port }: Target): Socket => {
  const server = connect({ host, port, allowHalfOpen: true, noDelay: true })
  return server.on('error', ignore)
}

const portOf = (listener: Server): number => {
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy does not listen on TCP')
  return address.port
}

const openLink = (client: Socket, server: Socket, faults: Faults): Link => {
  const requests = lane(client, server, faults)
  const answers = lane(server, client, faults)
  let abandoned: NodeJS.Timeout | undefined
  const abandon = (): void => {
    client.resetAndDestroy()
    abandoned ??= setTimeout(() => server.destroy(), ABANDONED_MS)
  }
  client.on('data', (bytes: Buffer) => {
    const last = faults.resets > 0 && faults.matches(bytes)
    if (last) faults.resets -= 1
    requests.push(last ? { bytes, onPass: answers.mute, onSent: abandon } : { bytes })
  })
  server.on('data', (bytes: Buffer) => answers.push({ bytes }))
  client.on('end', () => requests.push({}))
  server.on('end', () => answers.push({}))
  // One that ended well has sent its FIN, which may still be on its way to the other.
  client.on('close', (broken) => (broken ? void server.resetAndDestroy() : undefined))
  server.on('close', (broken) => {
    clearTimeout(abandoned)
    if (broken) client.resetAndDestroy()
  })
  return {
    client,
    server,
    reset: () => {
      client.resetAndDestroy()
      server.resetAndDestroy()
    },
    resume: (drop) => [requests, answers].forEach((one) => one.resume(drop)),
  }
}

type Item = {
  /** Unset: FIN. */
  readonly bytes?: Buffer
  /** Before it is passed on. */
  readonly onPass?: () => void
  /** When the system has taken it. */
  readonly onSent?: () => void
}

type Lane = {
  readonly push: (item: Item) => void
  /** Passes on what is held, or only its FIN. */
  readonly resume: (drop: boolean) => void
  readonly mute: () => void
}

/** One direction. Items wait in a line until their time has come, so that none overtakes another. */
const lane = (from: Socket, to: Socket, faults: Faults): Lane => {
  let waiting: (Item & { readonly due: number })[] = []
  let timer: NodeJS.Timeout | undefined
  let muted = false
  const pump = (): void => {
    clearTimeout(timer)
    while (!faults.stalled) {
      const [next] = waiting
      if (next === undefined) return
      const ms = next.due - performance.now()
      if (ms > 0) {
        timer = setTimeout(pump, Math.ceil(ms))
        return
      }
      waiting.shift()
      if (!muted) pass(next, from, to)
    }
  }
  to.on('close', () => {
    clearTimeout(timer)
    waiting = []
  })
  return {
    push: (item) => {
      waiting.push({ ...item, due: performance.now() + faults.delayMs })
      pump()
    },
    resume: (drop) => {
      waiting = waiting
        .filter(({ bytes }) => !drop || bytes === undefined)
        .map((item) => ({ ...item, due: 0 }))
      pump()
    },
    mute: () => {
      muted = true
    },
  }
}

const pass = ({ bytes, onPass, onSent }: Item, from: Socket, to: Socket): void => {
  if (!to.writable) return
  if (bytes === undefined) return void to.end()
  onPass?.()
  if (to.write(bytes, () => onSent?.())) return
  from.pause()
  to.once('drain', () => from.resume())
}
