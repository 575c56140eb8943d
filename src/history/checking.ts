import { APPEND_BYTES_MAX, STREAM_NAME_BYTES_MAX } from '../limits.ts'
import type { AppendFailure, Expected, NewEvent } from './port.ts'

/** Refuses with a `TypeError` what only a programming error can ask for, the same on every adapter. */
export const checkAppend = (stream: string, expected: Expected, events: readonly NewEvent[]): void => {
  checkStream(stream)
  if (typeof expected === 'bigint' && expected < 0n) {
    throw new TypeError(`a revision is not negative: ${expected.toString()}`)
  }
  for (const { id, type } of events) {
    if (!UUID.test(id)) throw new TypeError(`an event's id is a UUID: ${JSON.stringify(id)}`)
    if (type === '') throw new TypeError(`event ${id} has no type`)
  }
}

/** A stream's name is 1 to `STREAM_NAME_BYTES_MAX` bytes of well-formed text. */
export const checkStream = (stream: string): void => {
  if (stream === '') throw new TypeError('a stream has a name')
  if (
    stream.length * UTF8_BYTES_MAX > STREAM_NAME_BYTES_MAX &&
    Buffer.byteLength(stream) > STREAM_NAME_BYTES_MAX
  ) {
    throw new TypeError(`a stream's name has at most ${STREAM_NAME_BYTES_MAX} bytes: ${stream.slice(0, 40)}…`)
  }
  if (LONE_SURROGATE.test(stream))
    throw new TypeError(`a stream's name is well-formed: ${JSON.stringify(stream)}`)
}

/** More than `APPEND_BYTES_MAX` of data and meta as JSON. `texts` are at least the length of both, event by event. */
export const tooLarge = (
  events: readonly NewEvent[],
  texts: readonly string[],
): AppendFailure | undefined => {
  const characters = texts.reduce((sum, text) => sum + text.length, 0)
  if (characters * UTF8_BYTES_MAX <= APPEND_BYTES_MAX) return undefined
  const bytes = events.reduce((sum, { data, meta }) => sum + jsonBytes(data) + jsonBytes(meta), 0)
  return bytes > APPEND_BYTES_MAX ? { _tag: 'TooLarge', bytes } : undefined
}

/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3

const jsonBytes = (value: object): number => Buffer.byteLength(JSON.stringify(value))

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const LONE_SURROGATE = /\p{Surrogate}/u
