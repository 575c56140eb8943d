import { randomBytes } from 'node:crypto'
import type { WebSocket } from 'ws'
import { createOutbox } from '../../http/outbox.ts'
import type { Json } from '../../json.ts'
import { isObject } from '../../json.ts'
import {
  STORES_PING_INTERVAL_MS,
  STORES_PING_TIMEOUT_MS,
  STORES_UNSENT_BYTES_MAX,
  STORES_UNSENT_MESSAGES_MAX,
} from '../../limits.ts'
import {
  ackFrame,
  CONNECTED_FRAME,
  invalidNamespaceFrame,
  openFrame,
  pongFrame,
  readFrame,
  type ClientPacket,
} from './engineio.ts'
import { errorBody } from './errors.ts'
import { receive, shut } from './live-client.ts'
import type { Push } from './live-events.ts'

export type SocketIoTimes = { readonly pingIntervalMs: number; readonly pingTimeoutMs: number }
export const SOCKET_IO_TIMES: SocketIoTimes = {
  pingIntervalMs: STORES_PING_INTERVAL_MS,
  pingTimeoutMs: STORES_PING_TIMEOUT_MS,
}

/** Serves `/socket.io` on an accepted socket (rightech 6.1, 6.4); the answer takes pushes. To be called in the tick of the connection. */
export const serveSocketIo = (socket: WebSocket, times: SocketIoTimes): ((push: Push) => void) => {
  const outbox = createOutbox(socket, {
    messagesMax: STORES_UNSENT_MESSAGES_MAX,
    bytesMax: STORES_UNSENT_BYTES_MAX,
  })
  let passes = EVERYTHING
  const silence = setTimeout(() => shut(socket, 1000), times.pingIntervalMs + times.pingTimeoutMs)
  socket.once('close', () => clearTimeout(silence))

  const onEvent = ({ name, arguments: given, ack }: ClientPacket & { _tag: 'Event' }): void => {
    const narrowed = NARROWINGS.get(name)?.(given)
    if (narrowed !== undefined) passes = narrowed
    if (ack !== '') outbox.send(ackFrame(ack, narrowed === undefined ? NONSENSE : DONE))
  }
  const onPacket = (packet: ClientPacket): void => {
    switch (packet._tag) {
      case 'Ping':
        return outbox.send(pongFrame(packet.text))
      case 'Join':
        return outbox.send(invalidNamespaceFrame(packet.namespace))
      case 'Event':
        return onEvent(packet)
      case 'Close':
      case 'Leave':
        return shut(socket, 1000)
      case 'Unknown':
        return shut(socket, 1003)
      case 'Nothing':
    }
  }
  receive(
    socket,
    (text) => {
      silence.refresh()
      onPacket(readFrame(text))
    },
    () => shut(socket, 1003),
  )
  outbox.send(openFrame({ sid: randomBytes(15).toString('base64url'), ...times }))
  outbox.send(CONNECTED_FRAME)
  return (push) => {
    if (passes(push)) outbox.send(push.socketIo())
  }
}

type Passes = (push: Push) => boolean

const EVERYTHING: Passes = () => true
const DONE = JSON.stringify({ success: true })
const NONSENSE = errorBody(400, ['error_bad_request'])

/** What clients may ask for (rightech 6.4), each to the filter that it means; `undefined`: it cannot be read. */
const NARROWINGS: ReadonlyMap<string, (given: readonly Json[]) => Passes | undefined> = new Map([
  ['subscribe', ([wanted]) => (isObject(wanted) ? narrowing(wanted.events, wanted._oid) : undefined)],
  ['unsubscribe', () => EVERYTHING],
])

const narrowing = (events: Json | undefined, objects: Json | undefined): Passes | undefined => {
  const names = readSet(events)
  const ids = readSet(objects, (id) => id.toLowerCase())
  if (names === 'nonsense' || ids === 'nonsense') return undefined
  return ({ event }) =>
    (names === undefined || names.has(event.event)) &&
    (ids === undefined || (typeof event._oid === 'string' && ids.has(event._oid)))
}

const readSet = (
  list: Json | undefined,
  read: (item: string) => string = (item) => item,
): ReadonlySet<string> | undefined | 'nonsense' => {
  if (list === undefined) return undefined
  const texts = list instanceof Array ? list.filter((item) => typeof item === 'string') : []
  return list instanceof Array && texts.length === list.length ? new Set(texts.map(read)) : 'nonsense'
}
