import { isUtf8 } from 'node:buffer'
import type { JsonObject } from '../json.ts'
import type { EventMeta, NewEvent } from './port.ts'

/**
 * The one type under which an event of another application is stored, whatever it is called there: no decider, projection or upcaster
 * can take it for one of ours, and a flood of made-up types leaves one row in what is kept by type.
 */
export const FOREIGN_TYPE = 'ForeignEvent'

/** An event as another application wrote it. */
export type Foreign = {
  readonly type: string
  readonly contentType: string
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

/** Stores it byte for byte: as text if both parts are UTF-8, otherwise in base64. */
export const foreignEvent = (
  id: string,
  { type, contentType, data, metadata }: Foreign,
  meta: EventMeta,
): NewEvent => {
  const encoding = isUtf8(data) && isUtf8(metadata) ? 'utf8' : 'base64'
  const text = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
    Buffer.from(buffer, byteOffset, byteLength).toString(encoding)
  return {
    id,
    type: FOREIGN_TYPE,
    data: { type, contentType, encoding, data: text(data), metadata: text(metadata) },
    meta,
  }
}

/** What `foreignEvent` stored; `undefined` for an event of ours. */
export const foreignOf = ({ type, data }: Pick<NewEvent, 'type' | 'data'>): Foreign | undefined => {
  if (type !== FOREIGN_TYPE || !isForeignData(data)) return undefined
  return {
    type: data.type,
    contentType: data.contentType,
    data: Buffer.from(data.data, data.encoding),
    metadata: Buffer.from(data.metadata, data.encoding),
  }
}

/**
 * The name in an event's system metadata under which our service tells the meta of a foreign event. A Headwater that reads it finds the
 * event that is stored, and the same tree; to every other client it means nothing.
 */
export const FOREIGN_META = 'headwater-meta'

type ForeignData = {
  readonly type: string
  readonly contentType: string
  readonly encoding: 'utf8' | 'base64'
  readonly data: string
  readonly metadata: string
}

const isForeignData = (data: JsonObject): data is JsonObject & ForeignData =>
  ['type', 'contentType', 'data', 'metadata'].every((name) => typeof data[name] === 'string') &&
  (data['encoding'] === 'utf8' || data['encoding'] === 'base64')
