import type { WebSocket } from 'ws'
import type { CloseCause } from '../../domain/afrodite/events.ts'
import { openGate } from '../../http/flood-gate.ts'
import type { Log } from '../../http/log.ts'
import { createOutbox } from '../../http/outbox.ts'
import {
  AFRODITE_CLIENT_BYTES_PER_SECOND,
  AFRODITE_CLIENT_FRAMES_PER_SECOND,
  AFRODITE_CLIENT_SECONDS,
  AFRODITE_HELD_EVENTS_MAX,
  AFRODITE_UNSENT_BYTES_MAX,
  AFRODITE_UNSENT_MESSAGES_MAX,
} from '../../limits.ts'
import type { Feed, Listening } from '../../live/feed.ts'
import type { Hub } from '../../live/hub.ts'
import { createEnding, type Ending, type EndingParts, type Farewell, type Place } from './ending.ts'
import { createInbox, type Inbox } from './inbox.ts'
import type { News } from './live-feed.ts'
import { millisecondsOf, startPulse, type Pulse, type PulseSettings } from './pulse.ts'
import type { Message } from './wire.ts'

/** An accepted socket of an account. */
export type Connection = Ending & {
  /** The client's next message of the handshake; undefined once the connection ends. */
  readonly next: Inbox['next']
  readonly sendBinary: (data: Buffer) => void
  /** Text; a client that does not take it is closed. */
  readonly send: (frame: string | Buffer) => void
  /** From now on what happens to the account is kept. */
  readonly listen: () => void
  /** The handshake is over: what was kept is sent, as far as the client has not got it, and then what comes. */
  readonly goLive: (known: Known) => void
  /** Is closed when the connection ends. */
  readonly attach: (part: { readonly close: () => Promise<void> }) => void
}

/** What the client knows when the handshake is over. */
export type Known = {
  /** Position of the append that opened the connection. */
  readonly position: bigint
  /** Events in the account's stream that are in the snapshot; 0 if there was none. */
  readonly events: number
}

export type ConnectionParts = EndingParts & {
  readonly hub: Hub
  /** The same value for all connections of the node. */
  readonly feed: Feed<News>
  readonly settings: PulseSettings & { readonly handshakeSeconds: number }
  readonly log: Pick<Log, 'debug' | 'warn'>
}

/** Has to be called in the tick of the connection: a fast client's first messages are already there. */
export const openConnection = (parts: ConnectionParts, socket: WebSocket, place: Place): Connection => {
  const { settings, log } = parts
  let inbox: Inbox | undefined = createInbox(
    socket,
    millisecondsOf(settings.handshakeSeconds),
    () => void end(LATE),
  )
  let listening: Listening | undefined
  let pulse: Pulse | undefined
  let attached: { readonly close: () => Promise<void> } | undefined

  const ending = createEnding(parts, socket, place, () => {
    inbox?.close()
    listening?.stop()
    pulse?.stop()
    pulse = undefined
    return detach(attached)
  })
  const detach = async (part: typeof attached): Promise<void> => {
    await part?.close().catch((error: unknown) => log.warn({ err: error }, 'a sync could not be closed'))
  }
  const { end, isOver } = ending
  const outbox = createOutbox(socket, UNSENT, () => void end(SLOW))
  const send = (frame: string | Buffer): void => {
    if (!isOver()) outbox.send(frame)
  }
  const news = createNews(place.connectionId, send, (farewell) => void end(farewell))

  const hear = ({ data, isBinary }: Message): void => {
    if (isBinary && data.length === 0) pulse?.beat()
    else log.debug({ connection: place.connectionId }, 'a message without a meaning was ignored')
  }
  receive(socket, {
    isOver,
    onFlood: () => void end(FLOOD),
    onMessage: (message) => (inbox === undefined ? hear(message) : inbox.put(message)),
    onPing: () => pulse?.beat(),
  })

  return {
    ...ending,
    next: () => inbox?.next() ?? Promise.resolve(undefined),
    sendBinary: (data) => {
      if (!isOver()) socket.send(data)
    },
    send,
    listen: () => {
      if (!isOver()) listening = parts.hub.listen(parts.feed, { topics: [place.aid], deliver: news.deliver })
    },
    goLive: (known) => {
      if (isOver()) return
      // First, so that it is stopped if what was kept is too much for the client.
      pulse = startPulse(socket, settings, (farewell) => void end(farewell))
      news.release(known)
      const early = inbox?.close() ?? []
      inbox = undefined
      early.forEach(hear)
    },
    attach: (part) => {
      if (isOver()) void detach(part)
      else attached = part
    },
  }
}

const UNSENT = { messagesMax: AFRODITE_UNSENT_MESSAGES_MAX, bytesMax: AFRODITE_UNSENT_BYTES_MAX }
const INCOMING = {
  framesPerSecond: AFRODITE_CLIENT_FRAMES_PER_SECOND,
  bytesPerSecond: AFRODITE_CLIENT_BYTES_PER_SECOND,
  seconds: AFRODITE_CLIENT_SECONDS,
} as const

const LATE: Farewell = { code: 1008, reason: 'handshake', cause: 'timeout' }
const SLOW: Farewell = { code: 1013, cause: 'slow' }
const FLOOD: Farewell = { code: 1008, reason: 'rate', cause: 'flood' }

/** Somebody else recorded the end of this connection. */
const closedAs = (cause: CloseCause): Farewell => {
  if (cause === 'replaced') return { code: 4000, reason: 'replaced' }
  return cause === 'revoked' ? { code: 4001, reason: 'revoked' } : { code: 1011 }
}

type Receiving = {
  readonly isOver: () => boolean
  readonly onFlood: () => void
  readonly onMessage: (message: Message) => void
  readonly onPing: () => void
}

const receive = (socket: WebSocket, { isOver, onFlood, onMessage, onPing }: Receiving): void => {
  const allows = openGate(INCOMING)
  const passes = (bytes: number): boolean => {
    if (isOver()) return false
    if (allows(bytes)) return true
    onFlood()
    return false
  }
  socket.on('message', (data, isBinary) => {
    // What `ws` gives unless it is told otherwise.
    if (Buffer.isBuffer(data) && passes(data.length)) onMessage({ data, isBinary })
  })
  // Each is answered with a frame of the same size.
  socket.on('ping', (data) => {
    if (passes(data.length)) onPing()
  })
}

type Newsroom = {
  readonly deliver: (news: News) => void
  readonly release: (known: Known) => void
}

/** Holds back what happens to the account until the client knows what was before it. */
const createNews = (
  connectionId: string,
  send: (frame: Buffer) => void,
  end: (farewell: Farewell) => void,
): Newsroom => {
  let held: Told[] | undefined = []
  let known: Known = { position: 0n, events: 0 }

  const tell = ({ position, revision, frames }: Told): void => {
    if (position > known.position && revision >= known.events) frames.forEach(send)
  }
  return {
    deliver: (news) => {
      if (news._tag === 'Closed') {
        if (news.connectionId === connectionId) end(closedAs(news.cause))
      } else if (held === undefined) tell(news)
      else if (held.push(news) > AFRODITE_HELD_EVENTS_MAX) end(SLOW)
    },
    release: (what) => {
      known = what
      const kept = held ?? []
      held = undefined
      kept.forEach(tell)
    },
  }
}

type Told = Extract<News, { readonly _tag: 'Told' }>
