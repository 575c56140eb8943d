import { isObject, type Json, type JsonObject } from '../json.ts'
import { canonicalText } from './canonical.ts'
import { leafHash } from './hashing.ts'

/** What the tree commits to of an event: all but its position. Its revision is text. */
export type Content = {
  readonly id: string
  readonly type: string
  readonly data: JsonObject
  readonly meta: JsonObject
  readonly stream: string
  readonly revision: string
}

export const leafOf = ({ data, id, meta, revision, stream, type }: Content): Buffer =>
  leafHash(Buffer.from(canonicalText({ data, id, meta, revision, stream, type })))

/** Parsed, but not yet believed. */
export type Parsed = { readonly [name: string]: Json | undefined }

/** Throws `Misshapen` at what is not an event. */
export const contentOf = ({ id, type, data, meta, stream, revision }: Parsed): Content => ({
  id: textOf(id, UUID, 'its id is not a UUID'),
  type: textOf(type, SOME, 'it has no type'),
  stream: textOf(stream, SOME, 'it has no stream'),
  revision: textOf(revision, DIGITS, 'it has no revision'),
  data: isObject(data) ? data : misshapen('its data are not an object'),
  meta: metaOf(meta),
})

const metaOf = (meta: Json | undefined): JsonObject => {
  if (!isObject(meta)) return misshapen('its meta is not an object')
  const wrong = META.find(([name, kind]) => typeof meta[name] !== kind)
  return wrong === undefined ? meta : misshapen(`its meta.${wrong[0]} is not a ${wrong[1]}`)
}

const textOf = (value: Json | undefined, form: RegExp, otherwise: string): string =>
  typeof value === 'string' && form.test(value) ? value : misshapen(otherwise)

const misshapen = (why: string): never => {
  throw new Misshapen(why)
}

export class Misshapen extends Error {
  override readonly name = 'Misshapen'
}

/** Throws `Misshapen` at what is not UTF-8 or not JSON. */
export const parseText = (bytes: Uint8Array): { readonly text: string; readonly value: Json } => {
  try {
    const text = STRICT.decode(bytes)
    return { text, value: JSON.parse(text) as Json }
  } catch (error) {
    throw new Misshapen(`it is not JSON: ${error instanceof Error ? error.message.slice(0, 80) : ''}`)
  }
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const DIGITS = /^(0|[1-9]\d{0,18})$/
const SOME = /[^]/
const META = [
  ['at', 'number'],
  ['actor', 'string'],
  ['commandId', 'string'],
  ['correlationId', 'string'],
  ['schema', 'number'],
] as const
