import * as E from 'fp-ts/lib/Either.js'
import type { Json, JsonObject } from '../../json.ts'
import { STORES_STATE_BYTES_MAX } from '../../limits.ts'
import type { Decider, Fact } from '../decider.ts'
import type { Rejection } from '../rejection.ts'
import { dataOf, PacketReceived } from './events.ts'
import { invalid, tooLarge } from './facts.ts'
import { safeFields } from './validate.ts'
import { scopeOf } from './visibility.ts'

/** What came from a device (rightech 3.3). */
export type ReceivePacket = {
  readonly type: 'ReceivePacket'
  /** The object as found: `_id`, `id`, `model`, and what says who sees it. */
  readonly object: JsonObject & { readonly _id: string }
  readonly body: JsonObject
  readonly packetId: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
}

export type PacketsState = {
  /** What the object says of itself: all its packets that were not late, merged. */
  readonly state: JsonObject | undefined
  /** `_ts` of the last packet, late or not, in microseconds; 0 before the first. */
  readonly lastTs: number
}

/** A stream of its own for each object (rightech 8.1), so that deciding about the object never reads its packets, nor the other way round. */
export const packetStream = (object: string): string => `stores.packets-${object}`

export const packetsDecider: Decider<PacketsState, ReceivePacket> = {
  initial: { state: undefined, lastTs: 0 },
  stateVersion: 1,
  evolve: (before, event) => {
    if (event.type !== 'PacketReceived') return before
    const { packet, late } = dataOf(PacketReceived, event)
    const ts = packet['_ts']
    return {
      state: late ? before.state : { ...before.state, ...packet },
      lastTs: typeof ts === 'number' ? ts : before.lastTs,
    }
  },
  decide: (command, before) => {
    const { fields, unsafe } = safeFields(own(command.body))
    if (unsafe.length > 0)
      return E.left(invalid('objects', Object.fromEntries(unsafe.map((name) => [name, ['format']]))))
    return received(command, fields, before)
  },
}

const received = (
  command: ReceivePacket,
  fields: JsonObject,
  { state, lastTs }: PacketsState,
): E.Either<Rejection, readonly Fact[]> => {
  const { object, packetId: _id, at } = command
  const packet = packetOf(object, fields, { _id, _ts: Math.max(at * 1000, lastTs + 1), time: at })
  const isLate = state !== undefined && Number(packet['time']) < Number(state['time'])
  if (isTooLarge(isLate ? packet : { ...state, ...packet })) return E.left(tooLarge('objects'))
  const effect = isLate ? { late: true } : becoming(state?.['online'] === true, packet['online'] === true)
  const data = { object: object._id, packet, ...effect }
  return E.right([{ type: 'PacketReceived', data, scope: scopeOf('objects', object) }])
}

/** Before its first packet an object is offline. */
const becoming = (before: boolean, now: boolean): JsonObject =>
  before === now ? {} : { became: now ? 'online' : 'offline' }

/** With what the server adds; `time` and `online` are the device's to say. */
const packetOf = (
  object: ReceivePacket['object'],
  fields: JsonObject,
  made: { readonly _id: string; readonly _ts: number; readonly time: number },
): JsonObject => {
  const { time, online, id: _theirs, ...values } = fields
  const { _id: _oid, model: _mid = null, group: _gid = null, id = null } = object
  return {
    ...made,
    ...(typeof time === 'number' ? { time } : {}),
    online: typeof online === 'boolean' ? online : true,
    ...{ _oid, _mid, _gid, id, _web: true },
    ...values,
  }
}

/** What of a body is the client's: not what begins with `_`, nor what only replies carry. A key that is dangerous is not passed over. */
const own = (body: JsonObject): JsonObject => {
  const kept: [string, Json][] = []
  for (const name of Object.keys(body)) {
    const dropped = name === 'success' || name === 'sucess' || (name.startsWith('_') && name !== '__proto__')
    if (!dropped) kept.push([name, body[name] ?? null])
  }
  return Object.fromEntries(kept)
}

/** As JSON in UTF-8; a text of so few characters needs no look at its bytes. */
const isTooLarge = (value: JsonObject): boolean => {
  const text = JSON.stringify(value)
  return text.length * 3 > STORES_STATE_BYTES_MAX && Buffer.byteLength(text) > STORES_STATE_BYTES_MAX
}
