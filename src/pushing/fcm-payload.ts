import { isObject, type Json, type JsonObject } from '../json.ts'
import { numberOf, parse, type Universal } from './content.ts'
import { refused, type Notice, type Refused } from './gateway.ts'

/** The body of `messages:send` of FCM's HTTP v1 interface; `now` in milliseconds since the Unix epoch. */
export const fcmRequest = ({ device, content }: Notice, now: number): Buffer | Refused => {
  const { expiration } = content.is === 'payload' ? { expiration: undefined } : content
  const seconds = expiration === undefined ? undefined : Math.floor(expiration - now / 1_000)
  if (seconds !== undefined && seconds <= 0) return { refused: 'late' }
  const message = content.is === 'payload' ? fcmPayload(content.text) : fcmMessage(content, seconds)
  if (message === undefined) return refused('BadPayload')
  if (Buffer.byteLength(JSON.stringify(message)) > BYTES_MAX) return { refused: 'too-large' }
  return Buffer.from(JSON.stringify({ message: { ...message, token: device.token } }))
}

/** What the app gets as data is all text. A notification that the system shows is there only if it was asked for. */
export const fcmMessage = ({ message, android, custom }: Universal, ttl?: number): JsonObject => {
  const { basic, own } = notificationOf(android ?? {})
  return {
    data: dataOf({ message, ...custom }),
    ...(Object.keys(basic).length === 0 ? {} : { notification: basic }),
    android: {
      priority: 'HIGH',
      ...(ttl === undefined ? {} : { ttl: `${Math.min(ttl, TTL_SECONDS_MAX)}s` }),
      ...(Object.keys(own).length === 0 ? {} : { notification: own }),
    },
  }
}

/** A message of FCM as it is, with or without what is around it there, or of the interface before that; or else all of it is data. */
export const fcmPayload = (text: string): JsonObject | undefined => {
  const given = parse(text)
  if (given === undefined) return undefined
  const message = isObject(given['message']) ? given['message'] : given
  if (![...MEMBERS, ...OLD_MEMBERS].some((name) => message[name] !== undefined))
    return { data: dataOf(message) }
  const { data } = message
  const android = { ...oldOptions(message), ...(isObject(message['android']) ? message['android'] : {}) }
  const { basic, own } = notificationOf(isObject(message['notification']) ? message['notification'] : {})
  const shown = { ...own, ...(isObject(android.notification) ? android.notification : {}) }
  return {
    ...Object.fromEntries(OTHERS.flatMap((name) => (isObject(message[name]) ? [[name, message[name]]] : []))),
    ...(isObject(data) ? { data: dataOf(data) } : {}),
    ...(Object.keys(basic).length === 0 ? {} : { notification: basic }),
    android: {
      priority: 'HIGH',
      ...android,
      ...(Object.keys(shown).length === 0 ? {} : { notification: shown }),
    },
  }
}

const BYTES_MAX = 4_096
const TTL_SECONDS_MAX = 4 * 7 * 24 * 60 * 60
const OTHERS = ['apns', 'webpush', 'fcm_options'] as const
const MEMBERS = ['notification', 'data', 'android', ...OTHERS] as const
const OLD_MEMBERS = ['priority', 'time_to_live', 'collapse_key'] as const

/** Of the interface before HTTP v1. */
const oldOptions = (given: JsonObject): JsonObject => {
  const { priority, collapse_key: key } = given
  const ttl = numberOf(given['time_to_live'])
  return {
    ...(typeof priority === 'string' ? { priority: priority === 'normal' ? 'NORMAL' : 'HIGH' } : {}),
    ...(ttl === undefined ? {} : { ttl: `${Math.floor(ttl)}s` }),
    ...(typeof key === 'string' ? { collapse_key: key } : {}),
  }
}

/** FCM refuses a message whose data has one of its own keys. */
const isReserved = (key: string): boolean =>
  key === 'from' || key === 'message_type' || key === 'collapse_key' || /^(?:google|gcm)/.test(key)

const dataOf = (custom: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(custom).flatMap(([key, value]) =>
      isReserved(key) || value === null ? [] : [[key, textOf(value)]],
    ),
  )

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

const BASIC = ['title', 'body', 'image'] as const
/** Of a notification on Android; FCM refuses a message with any other. */
const OWN = [
  ...['icon', 'color', 'sound', 'tag', 'click_action', 'channel_id', 'ticker'],
  ...['body_loc_key', 'title_loc_key', 'notification_priority', 'visibility'],
] as const
const OWN_LISTS = ['body_loc_args', 'title_loc_args'] as const

const notificationOf = (given: JsonObject): { readonly basic: JsonObject; readonly own: JsonObject } => {
  const { android_channel_id: channel, ...others } = given
  const named: JsonObject = { ...(channel === undefined ? {} : { channel_id: channel }), ...others }
  const texts = (names: readonly string[]): JsonObject =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = named[name]
        return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : []
      }),
    )
  const lists = OWN_LISTS.flatMap((name) => {
    const value = named[name]
    return Array.isArray(value) ? [[name, value.map((item: Json) => textOf(item))] as const] : []
  })
  return { basic: texts(BASIC), own: { ...texts(OWN), ...Object.fromEntries(lists) } }
}
