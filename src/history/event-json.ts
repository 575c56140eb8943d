import { isObject, type Json, type JsonObject } from '../json.ts'
import type { StoredEvent } from './port.ts'

/** An event as operators and auditors get it: as it is stored, positions and revisions as text, because JSON's numbers end at 2^53. */
export const eventJson = ({ position, stream, revision, id, type, data, meta }: StoredEvent): JsonObject => ({
  position: String(position),
  stream,
  revision: String(revision),
  id,
  type,
  data,
  meta,
})

/** The event that `eventJson` showed; `undefined` if it is none. */
export const eventOfJson = (json: Json): StoredEvent | undefined => {
  if (!isObject(json)) return undefined
  const { position, stream, revision, id, type, data, meta } = json
  if (!isNumber(position) || !isNumber(revision)) return undefined
  if (typeof stream !== 'string' || typeof id !== 'string' || typeof type !== 'string') return undefined
  if (!isObject(data) || !isMeta(meta)) return undefined
  return { position: BigInt(position), stream, revision: BigInt(revision), id, type, data, meta }
}

const isNumber = (value: Json | undefined): value is string =>
  typeof value === 'string' && /^\d{1,19}$/.test(value)

export const isMeta = (value: Json | undefined): value is JsonObject & StoredEvent['meta'] =>
  isObject(value) &&
  typeof value.at === 'number' &&
  typeof value.schema === 'number' &&
  ['actor', 'commandId', 'correlationId'].every((name) => typeof value[name] === 'string')
