import { createHash } from 'node:crypto'
import { VAULT_KEY_BYTES_MAX, VAULT_SPACE_BYTES_MAX } from '../limits.ts'
import type { HeldKey } from './port.ts'

/**
 * The place of an entry: its space, a zero byte, its key. Places sort like the keys' UTF-8, space by space. `undefined` for
 * what no adapter can hold: such an entry is absent when it is read.
 */
export const placeOf = (space: string, key: string): Buffer | undefined =>
  isSpace(space) && isKey(key) ? Buffer.from(`${space}\0${key}`) : undefined

/** The same for a writer: throws a `RangeError`. */
export const placeToWrite = (space: string, key: string): Buffer => {
  const place = placeOf(space, key)
  if (place === undefined) throw new RangeError('the name of this vault entry is too long, or no text')
  return place
}

/** Throws a `RangeError` for a name that no adapter can hold. */
export const counterName = (counter: string): Buffer => {
  if (counter === '' || !isKey(counter))
    throw new RangeError('the name of this counter is too long, or no text')
  return Buffer.from(counter)
}

/** What all places of a space begin with whose key begins with `prefix`. */
export const placePrefix = (space: string, prefix: string): Buffer => Buffer.from(`${space}\0${prefix}`)

export const keyAt = (place: Uint8Array): string => {
  const bytes = Buffer.from(place.buffer, place.byteOffset, place.byteLength)
  return bytes.toString('utf8', bytes.indexOf(0) + 1)
}

/** Milliseconds since the epoch at which an entry put `now` expires. Throws a `RangeError` for what is no duration. */
export const expiryOf = (now: number, ttlMs: number | undefined): number | undefined => {
  if (ttlMs === undefined) return undefined
  if (!Number.isFinite(ttlMs)) throw new RangeError('a time to live is a number of milliseconds')
  return Math.max(0, now + ttlMs)
}

/** Subjects are names of any length; this stands for one in index keys and paths. */
export const subjectDigest = (subject: string): Buffer => createHash('sha256').update(subject).digest()

/** The space and the key of a place. */
export const partsOf = (place: Uint8Array): { readonly space: string; readonly key: string } => {
  const bytes = Buffer.from(place.buffer, place.byteOffset, place.byteLength)
  return { space: bytes.toString('utf8', 0, bytes.indexOf(0)), key: keyAt(place) }
}

export const isSameKey = (one: HeldKey['key'], other: HeldKey['key']): boolean =>
  one === 'destroyed' || other === 'destroyed' ? one === other : Buffer.compare(one, other) === 0

export const isSha256 = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

const isSpace = (space: string): boolean =>
  space !== '' && Buffer.byteLength(space) <= VAULT_SPACE_BYTES_MAX && !space.includes('\0') && isText(space)

const isKey = (key: string): boolean => Buffer.byteLength(key) <= VAULT_KEY_BYTES_MAX && isText(key)

/** A lone surrogate has no UTF-8: two different keys would become the same bytes. */
const isText = (text: string): boolean => !/\p{Surrogate}/u.test(text)
