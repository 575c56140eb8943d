import type { StoredEvent } from '../history/port.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'

/** An operator's word that a projection shows nothing of a stream from that event on, until it is released. `type` is the event's. */
export type Hold = { readonly stream: string; readonly position: bigint; readonly type: string }

/** Those of one build, by stream. */
export type Holds = ReadonlyMap<string, Hold>

/** Why writes to a stream are refused that a projection holds. */
export const STREAM_HELD = 'stream_held'

export const NO_HOLDS: Holds = new Map()

export const isHeld = (
  holds: Holds,
  { stream, position }: Pick<StoredEvent, 'stream' | 'position'>,
): boolean => {
  const hold = holds.get(stream)
  return hold !== undefined && position >= hold.position
}

export const sameHolds = (a: Holds, b: Holds): boolean =>
  a.size === b.size && [...a.values()].every(({ stream, position }) => b.get(stream)?.position === position)

/** Without that stream's; without a stream, none are left. */
export const released = (holds: Holds, stream: string | undefined): Holds =>
  stream === undefined ? NO_HOLDS : new Map([...holds].filter(([name]) => name !== stream))

/** For records and for people; positions as text. */
export const holdsJson = (holds: Holds): readonly JsonObject[] =>
  [...holds.values()].map(({ stream, position, type }) => ({ stream, position: String(position), type }))

/** The reverse; what was not written by `holdsJson` holds nothing. */
export const holdsOf = (value: Json | undefined): Holds =>
  Array.isArray(value) ? new Map(value.flatMap(entryOf)) : NO_HOLDS

const entryOf = (value: Json): readonly (readonly [string, Hold])[] => {
  if (!isObject(value)) return []
  const { stream, position, type } = value
  return typeof stream === 'string' && typeof position === 'string' && typeof type === 'string'
    ? [[stream, { stream, position: BigInt(position), type }]]
    : []
}
