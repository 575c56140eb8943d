import type { JsonObject } from '../../json.ts'
import type { Entry } from '../port.ts'
import { isSha256, subjectDigest } from '../names.ts'
import type { Transaction } from './groups.ts'

/**
 * - `entries`: place → record
 * - `expiries`: time, place → the place, so that a sweep reads only what has expired
 * - `subjects`: digest of the subject, place → the place
 * - `counters`: name → last number, in decimal
 */
export const TABLES = ['entries', 'expiries', 'subjects', 'counters'] as const
export type TableName = (typeof TABLES)[number]
export type VaultTransaction = Transaction<TableName>

export type EntryRecord = {
  readonly value: JsonObject
  readonly version: string
  readonly expiresAt?: number
  /** SHA-256 of its name in hexadecimal; in older files the name. */
  readonly subject?: string
}

export const decodeRecord = (bytes: Buffer): EntryRecord => JSON.parse(bytes.toString('utf8')) as EntryRecord

/** What callers see of a record; `undefined` once it has expired (decisions 20). */
export const liveEntry = (record: EntryRecord | undefined, now: number): Entry | undefined => {
  if (record === undefined || isExpired(record, now)) return undefined
  const { value, version, expiresAt } = record
  return expiresAt === undefined ? { value, version } : { value, version, expiresAt }
}

export const isExpired = ({ expiresAt }: { readonly expiresAt?: number }, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now

export const recordAt = (transaction: VaultTransaction, place: Buffer): EntryRecord | undefined => {
  const bytes = transaction.get('entries', place)
  return bytes === undefined ? undefined : decodeRecord(bytes)
}

/** Puts the record in the place of `old`; the indexes go along. Without one, the entry is removed. */
export const replaceRecord = (
  transaction: VaultTransaction,
  place: Buffer,
  old: EntryRecord | undefined,
  next: EntryRecord | undefined,
): void => {
  if (old !== undefined) forEachIndex(place, old, (table, key) => transaction.remove(table, key))
  if (next === undefined) {
    if (old !== undefined) transaction.remove('entries', place)
    return
  }
  forEachIndex(place, next, (table, key) => transaction.put(table, key, place))
  transaction.put('entries', place, Buffer.from(JSON.stringify(next)))
}

/** The first key of `expiries` that has not expired yet. */
export const expiryBound = (now: number): Buffer => {
  const bound = Buffer.alloc(9)
  bound.writeDoubleBE(Math.max(0, now))
  // Behind every place that expires at this very moment: no place begins with this byte, it is not UTF-8.
  bound[8] = 0xff
  return bound
}

/** First and last bound of a subject's keys in `subjects`. */
export const subjectBounds = (subject: string): { readonly start: Buffer; readonly end: Buffer } => {
  const digest = subjectDigest(subject)
  return { start: digest, end: Buffer.concat([digest, Buffer.of(0xff)]) }
}

const forEachIndex = (
  place: Buffer,
  { expiresAt, subject }: EntryRecord,
  visit: (table: 'expiries' | 'subjects', key: Buffer) => void,
): void => {
  if (expiresAt !== undefined) visit('expiries', expiryKey(expiresAt, place))
  if (subject !== undefined) visit('subjects', Buffer.concat([Buffer.from(digestOf(subject), 'hex'), place]))
}

export const digestOf = (subject: string): string =>
  isSha256(subject) ? subject : subjectDigest(subject).toString('hex')

/** Positive doubles sort by their bytes. */
const expiryKey = (expiresAt: number, place: Buffer): Buffer => {
  const key = Buffer.allocUnsafe(8 + place.length)
  key.writeDoubleBE(expiresAt)
  place.copy(key, 8)
  return key
}
