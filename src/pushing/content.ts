import { isObject, type Json, type JsonObject } from '../json.ts'

/** What is to be said: in one form for all platforms, or already in that of one (connectycube 9). */
export type Content = Universal | { readonly is: 'payload'; readonly text: string }

export type Universal = {
  readonly is: 'universal'
  readonly message: string
  /** Of `ios_…`, without that prefix. */
  readonly ios: JsonObject
  /** `android_fcm_notification`. */
  readonly android: JsonObject | undefined
  /** Seconds since the Unix epoch; nobody needs it later. */
  readonly expiration: number | undefined
  /** All other keys, for the app. */
  readonly custom: JsonObject
}

/** Reads the `message` of a push; `undefined` if it is in none of the forms. */
export const readContent = (message: string): Content | undefined => {
  const [, payload] = /^\s*payload=(.*)$/s.exec(message) ?? []
  if (payload !== undefined) {
    const text = fromBase64(payload)
    return text === undefined || text === '' ? undefined : { is: 'payload', text }
  }
  const said = parse(fromBase64(message) ?? '') ?? parse(message)
  return said === undefined ? undefined : universal(said)
}

export const universal = (said: JsonObject): Universal => {
  const { message, android_fcm_notification: android, expiration, ...others } = said
  const entries = Object.entries(others)
  const seconds = numberOf(expiration)
  return {
    is: 'universal',
    message: typeof message === 'string' ? message : '',
    ios: Object.fromEntries(
      entries.flatMap(([key, value]) => (key.startsWith(IOS) ? [[key.slice(IOS.length), value]] : [])),
    ),
    android: isObject(android) ? android : undefined,
    expiration: seconds !== undefined && seconds >= MILLISECONDS_FROM ? Math.floor(seconds / 1_000) : seconds,
    custom: Object.fromEntries(entries.filter(([key]) => !key.startsWith(IOS))),
  }
}

/** A number, also as text; `undefined` if it is none. */
export const numberOf = (value: Json | undefined): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

export const isTrue = (value: Json | undefined): boolean =>
  value === 1 || value === true || value === '1' || value === 'true'

/** JSON of an object, or `undefined`. */
export const parse = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const IOS = 'ios_'
/** No point in time in seconds is that large. */
const MILLISECONDS_FROM = 1e12

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** A form makes spaces of plus signs. */
const fromBase64 = (text: string): string | undefined => {
  const bytes = Buffer.from(text.trim().replaceAll(' ', '+'), 'base64')
  try {
    return UTF8.decode(bytes)
  } catch {
    return undefined
  }
}
