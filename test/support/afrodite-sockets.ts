/** The WebSocket of an Afrodite client over the published `ws`: what came, in order, with Text and Binary told apart, and the two halves of the handshake. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { WebSocket } from 'ws'
import { PATHS, type Pair } from './afrodite.ts'
import { within } from './sockets.ts'

/** A Binary message is a Buffer, a Text one a string. */
export type Message = Buffer | string
export type Ending = {
  readonly code: number
  readonly reason: string
  /** On the clock of `performance.now()`. */
  readonly at: number
}

export type Socket = {
  readonly ws: WebSocket
  readonly heard: readonly Message[]
  readonly control: { readonly pings: number; readonly pongs: number }
  readonly send: (...messages: readonly Message[]) => void
  /** Waits until so many messages came; throws if the connection ends before. */
  readonly until: (count: number) => Promise<readonly Message[]>
  readonly closed: Promise<Ending>
  /** Rejects if the connection does not end in time. */
  readonly ending: () => Promise<Ending>
}

export type OpenOptions = {
  readonly from?: string
  readonly path?: string
  /** In the place of the list `0`, token. */
  readonly protocols?: readonly string[]
}

/** The socket, or the status of the refusal. */
export const upgrade = (url: string, token: string, options: OpenOptions = {}): Promise<Socket | number> => {
  const { from, path = PATHS.connect, protocols = ['0', token] } = options
  const target = url.replace('http', 'ws') + path
  const ws = new WebSocket(target, [...protocols], from === undefined ? {} : { localAddress: from })
  const socket = watched(ws)
  const answer = new Promise<Socket | number>((resolve, reject) => {
    ws.once('open', () => resolve(socket))
    ws.once('unexpected-response', (_request, response) => {
      response.resume()
      ws.terminate()
      resolve(response.statusCode ?? 0)
    })
    ws.once('error', reject)
  })
  return within(answer, 'an answer to the upgrade')
}

const watched = (ws: WebSocket): Socket => {
  const heard: Message[] = []
  const control = { pings: 0, pongs: 0 }
  let ended: Ending | undefined
  ws.on('message', (data: Buffer, isBinary) => heard.push(isBinary ? data : data.toString()))
  ws.on('ping', () => (control.pings += 1))
  ws.on('pong', () => (control.pongs += 1))
  // A reset is an end like another; its code is 1006.
  ws.on('error', () => undefined)
  const closed = new Promise<Ending>((resolve) => {
    ws.once('close', (code, reason) => {
      ended = { code, reason: reason.toString(), at: performance.now() }
      resolve(ended)
    })
  })
  return {
    ws,
    heard,
    control,
    closed,
    ending: () => within(closed, 'the end of the connection'),
    send: (...messages) => {
      for (const message of messages) ws.send(message)
    },
    until: async (count) => {
      const deadline = performance.now() + WAIT_MS_MAX
      while (heard.length < count) {
        if (ended !== undefined) throw new Error(`ended with ${ended.code} ${ended.reason}`)
        if (performance.now() > deadline) throw new Error(`${heard.length} of ${count} messages came`)
        await pause(2)
      }
      return heard
    },
  }
}

const WAIT_MS_MAX = 30_000

/** The socket; throws if it was refused. It ends with the test. */
export const open = async (
  t: ExecutionContext,
  url: string,
  token: string,
  options: OpenOptions = {},
): Promise<Socket> => {
  const socket = await upgrade(url, token, options)
  if (typeof socket === 'number') throw new Error(`refused: ${socket}`)
  t.teardown(() => socket.ws.terminate())
  return socket
}

/** The 8 bytes of step 1 (afrodite 3.3). */
export const clientInfo = (
  type: number,
  [major, minor, patch]: readonly [number, number, number] = [1, 2, 3],
  protocol = 0,
): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt8(protocol, 0)
  bytes.writeUInt8(type, 1)
  for (const [index, part] of [major, minor, patch].entries()) bytes.writeUInt16LE(part, 2 + 2 * index)
  return bytes
}
export const WEB = clientInfo(2)

/** Steps 1 to 4. Throws if the connection ends before, or if what comes are not the two tokens. */
export const handshake = (socket: Socket, { refresh }: Pair, info: Buffer = WEB): Promise<Pair> => {
  socket.send(info)
  return exchange(socket, refresh)
}

/** Steps 2 to 4. */
export const exchange = async (socket: Socket, refresh: Buffer): Promise<Pair> => {
  socket.send(refresh)
  return tokens(await socket.until(2))
}

/** Messages 3 and 4 as a client keeps them. */
export const tokens = ([refresh, access]: readonly Message[]): Pair => {
  if (!Buffer.isBuffer(refresh) || refresh.length !== 384) throw new Error(`message 3: ${String(refresh)}`)
  if (!Buffer.isBuffer(access) || access.length !== 32) throw new Error(`message 4: ${String(access)}`)
  return { refresh, access: access.toString('base64url') }
}

export type Connected = {
  readonly socket: Socket
  readonly pair: Pair
  /** What came after the tokens. */
  readonly events: () => readonly Message[]
  /** Waits until so many came after the tokens. */
  readonly until: (count: number) => Promise<readonly Message[]>
}
export type ConnectOptions = OpenOptions & { readonly list?: readonly number[]; readonly info?: Buffer }

/** A full handshake with a sync list, which is empty unless one is given. */
export const connect = async (
  t: ExecutionContext,
  url: string,
  pair: Pair,
  options: ConnectOptions = {},
): Promise<Connected> => {
  const socket = await open(t, url, pair.access, options)
  const next = await handshake(socket, pair, options.info)
  socket.send(Buffer.from(options.list ?? []))
  const events = (): readonly Message[] => socket.heard.slice(2)
  return {
    socket,
    pair: next,
    events,
    until: async (count) => (await socket.until(count + 2)).slice(2),
  }
}

/** Ends it as a client does, and waits until it is over. */
export const leave = async ({ socket }: { readonly socket: Socket }): Promise<Ending> => {
  socket.ws.close(1000)
  return socket.ending()
}

/** Waits until so many pings were answered. */
export const untilPongs = async ({ control }: Socket, count: number): Promise<void> => {
  const deadline = performance.now() + WAIT_MS_MAX
  while (control.pongs < count) {
    if (performance.now() > deadline) throw new Error(`${control.pongs} of ${count} pongs came`)
    await pause(2)
  }
}

export const SILENCE_MS = 300

/** Neither a message nor a control frame comes, and the connection stays. */
export const assertSilent = async (t: ExecutionContext, ...sockets: readonly Socket[]): Promise<void> => {
  const seen = (): readonly unknown[] =>
    sockets.map(({ heard, control, ws }) => [[...heard], { ...control }, ws.readyState])
  const before = seen()
  await pause(SILENCE_MS)
  t.deepEqual(seen(), before, 'nothing comes')
  for (const { ws } of sockets) t.is(ws.readyState, WebSocket.OPEN)
}
