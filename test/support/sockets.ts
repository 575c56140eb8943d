/** Clients of the live doors: the published `socket.io-client` 2, and bare frames. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import io from 'socket.io-client'
import { WebSocket, type ClientOptions } from 'ws'
import type { OutgoingHttpHeaders } from 'node:http'
import type { JsonObject } from '../../src/json.ts'

export type Push = { readonly name: string; readonly payload: JsonObject }

export type LiveClient = {
  /** Everything that was pushed so far. */
  readonly pushes: readonly Push[]
  /** The first push that passes, whether it came or comes. */
  readonly next: (passes: (push: Push) => boolean) => Promise<Push>
  readonly closed: Promise<string>
  readonly emit: (name: string, payload?: JsonObject) => Promise<unknown>
  readonly onPush: (listener: (push: Push) => void) => void
}

const WAIT_MS_MAX = 30_000

/** Connects as a page or script with `socket.io-client` 2 does; resolves on its `connect`, rejects on its refusal. */
export const connectSocketIo = async (
  t: ExecutionContext,
  { url, headers }: { readonly url: string; readonly headers: OutgoingHttpHeaders },
): Promise<LiveClient> => {
  const socket = io(url, {
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
    transportOptions: { websocket: { extraHeaders: headers } },
  })
  t.teardown(() => socket.close())
  const pushes: Push[] = []
  const listeners: ((push: Push) => void)[] = []
  // Version 2 has no listener for all events: what its wildcard plug-ins do.
  const any = socket as unknown as { onevent: (packet: { readonly data: readonly unknown[] }) => void }
  const original = any.onevent.bind(socket)
  any.onevent = (packet) => {
    const push = { name: String(packet.data[0]), payload: packet.data[1] as JsonObject }
    pushes.push(push)
    for (const listener of listeners) listener(push)
    original(packet)
  }
  const closed = new Promise<string>((resolve) => socket.once('disconnect', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    for (const failure of ['connect_error', 'error']) socket.once(failure, reject)
  })
  return {
    pushes,
    closed,
    onPush: (listener) => void listeners.push(listener),
    emit: (name, payload) =>
      within(new Promise((resolve) => void socket.emit(name, ...(payload ? [payload] : []), resolve)), name),
    next: (passes) => {
      const found = pushes.find(passes)
      if (found !== undefined) return Promise.resolve(found)
      const coming = new Promise<Push>((resolve) => {
        listeners.push((push) => {
          if (passes(push)) resolve(push)
        })
      })
      return within(coming, `push after ${JSON.stringify(pushes.map(({ name }) => name))}`)
    },
  }
}

/** The events of a store's entity. */
export const about =
  (id: string, name?: string) =>
  ({ name: pushed, payload }: Push): boolean =>
    (name === undefined || pushed === name) && (payload.data as JsonObject | undefined)?.id === id

export type FrameClient = {
  readonly socket: WebSocket
  readonly frames: readonly string[]
  readonly until: (count: number) => Promise<readonly string[]>
  readonly closed: Promise<{ readonly code: number; readonly ms: number }>
}
export type Refusal = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export const SOCKET_IO = '/socket.io/?EIO=3&transport=websocket'

/** A bare WebSocket, or the whole HTTP answer that came instead. */
export const connectFrames = (
  t: ExecutionContext,
  url: string,
  path: string,
  options: ClientOptions = {},
): Promise<FrameClient | Refusal> =>
  new Promise((resolve, reject) => {
    const opened = performance.now()
    const socket = new WebSocket(url.replace('http', 'ws') + path, options)
    t.teardown(() => socket.terminate())
    const frames: string[] = []
    socket.on('message', (data: Buffer) => frames.push(data.toString()))
    socket.on('error', reject)
    const closed = new Promise<{ readonly code: number; readonly ms: number }>((done) => {
      socket.on('close', (code) => done({ code, ms: performance.now() - opened }))
    })
    const until = async (count: number): Promise<readonly string[]> => {
      const deadline = performance.now() + WAIT_MS_MAX
      while (frames.length < count && performance.now() < deadline) await pause(5)
      return frames
    }
    socket.on('open', () => resolve({ socket, frames, until, closed }))
    socket.on('unexpected-response', (_request, response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
  })

export const isRefusal = (answer: FrameClient | Refusal): answer is Refusal => 'status' in answer

/** The client, or a failure that says how it was refused. */
export const accepted = (answer: FrameClient | Refusal): FrameClient => {
  if (isRefusal(answer)) throw new Error(`refused: ${answer.status} ${answer.text}`)
  return answer
}

/** Rejects instead of waiting for ever. */
export const within = async <A>(promise: Promise<A>, what: string, ms = WAIT_MS_MAX): Promise<A> => {
  const stopping = new AbortController()
  const late = pause(ms, undefined, { signal: stopping.signal }).then((): never => {
    throw new Error(`nothing came for ${ms} ms: ${what}`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    stopping.abort()
    late.catch(() => undefined)
  }
}
