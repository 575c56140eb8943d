import type { Json } from '../../json.ts'

/** Engine.IO 3 with Socket.IO 2 packets, text frames only (rightech 6.1): pure, frames in and out. */

export type ClientPacket =
  | { readonly _tag: 'Ping'; readonly text: string }
  | { readonly _tag: 'Close' }
  /** Leaves the only namespace there is. */
  | { readonly _tag: 'Leave' }
  | { readonly _tag: 'Join'; readonly namespace: string }
  | {
      readonly _tag: 'Event'
      readonly name: string
      readonly arguments: readonly Json[]
      readonly ack: string
    }
  /** Legal and without a meaning here. */
  | { readonly _tag: 'Nothing' }
  /** Nothing that a client of this protocol sends, binary attachments among it. */
  | { readonly _tag: 'Unknown' }

export const readFrame = (frame: string): ClientPacket => {
  const rest = frame.slice(1)
  switch (frame[0]) {
    case '1':
      return { _tag: 'Close' }
    case '2':
      return { _tag: 'Ping', text: rest }
    case '4':
      return readMessage(rest)
    default:
      return UNKNOWN
  }
}

export type Handshake = {
  readonly sid: string
  readonly pingIntervalMs: number
  readonly pingTimeoutMs: number
}

/** `upgrades` has to be there: socket.io-client 2 crashes without it. */
export const openFrame = ({ sid, pingIntervalMs, pingTimeoutMs }: Handshake): string =>
  `0${JSON.stringify({ sid, upgrades: [], pingInterval: pingIntervalMs, pingTimeout: pingTimeoutMs })}`

export const CONNECTED_FRAME = '40'

export const pongFrame = (text: string): string => `3${text}`

/** @param payload JSON text */
export const eventFrame = (name: string, payload: string): string => `42[${JSON.stringify(name)},${payload}]`

/** @param answer JSON text */
export const ackFrame = (ack: string, answer: string): string => `43${ack}[${answer}]`

export const invalidNamespaceFrame = (namespace: string): string => `44${namespace},"Invalid namespace"`

/** Why a client is not let in, as Engine.IO servers say it; `undefined`: it may come in. */
export const transportFault = (
  transport: string | undefined,
  version: string | undefined,
): Json | undefined => {
  if (transport !== 'websocket') return { code: 0, message: 'Transport unknown' }
  return version === '3' ? undefined : { code: 5, message: 'Unsupported protocol version' }
}

const NOTHING: ClientPacket = { _tag: 'Nothing' }
const UNKNOWN: ClientPacket = { _tag: 'Unknown' }

/** Type, namespace with its comma unless it is `/` by itself, number of the acknowledgement, JSON. */
const MESSAGE = /^([0-3])(?:(\/[^,]*)(?:,|$))?(\d*)(\[.*)?$/s

const readMessage = (text: string): ClientPacket => {
  const match = MESSAGE.exec(text)
  if (match === null) return UNKNOWN
  const [, type, path = '/', ack = '', json] = match
  const [namespace = '/'] = path.split('?')
  if (type === '0') return readJoin(namespace, json)
  // What is not meant for our namespace is for nobody, and we ask for no acknowledgement.
  if (namespace !== '/' || type === '3') return NOTHING
  return type === '1' ? { _tag: 'Leave' } : readEvent(ack, json)
}

const readJoin = (namespace: string, json: string | undefined): ClientPacket => {
  if (json !== undefined) return UNKNOWN
  return namespace === '/' ? NOTHING : { _tag: 'Join', namespace }
}

const readEvent = (ack: string, json: string | undefined): ClientPacket => {
  const [name, ...rest] = parseList(json)
  return typeof name === 'string' ? { _tag: 'Event', name, arguments: rest, ack } : UNKNOWN
}

const parseList = (text: string | undefined): readonly Json[] => {
  try {
    const value = JSON.parse(text ?? '') as Json
    return value instanceof Array ? value : []
  } catch {
    return []
  }
}
