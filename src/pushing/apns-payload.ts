import { isObject, type JsonObject } from '../json.ts'
import { isTrue, numberOf, parse, type Content, type Universal } from './content.ts'
import { refused, type Notice, type Refused } from './gateway.ts'

export type ApnsRequest = { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }

/** A notice as Apple's service takes it; `now` in milliseconds since the Unix epoch. */
export const apnsRequest = (notice: Notice, now: number): ApnsRequest | Refused => {
  const { id, channel, device, content } = notice
  const isVoip = channel === 'apns_voip'
  const { payload, ios, expiration } = saidIn(content)
  if (payload === undefined) return refused('BadPayload')
  // A provider's token is good for all of a team's apps: Apple wants to know which.
  if (device.bundle === undefined) return refused('MissingTopic')
  if (expiration !== undefined && expiration * 1_000 <= now) return { refused: 'late' }
  const body = Buffer.from(JSON.stringify(payload))
  if (body.length > (isVoip ? VOIP_BYTES_MAX : BYTES_MAX)) return { refused: 'too-large' }
  const type = isVoip ? 'voip' : pushType(payload, ios)
  return {
    headers: {
      'apns-id': id,
      'apns-topic': topicOf(device.bundle, type),
      'apns-push-type': type,
      'apns-priority': type === 'background' ? '5' : '10',
      ...(expiration === undefined ? {} : { 'apns-expiration': String(Math.floor(expiration)) }),
    },
    body,
  }
}

type SaidIn = {
  readonly payload: JsonObject | undefined
  readonly ios: JsonObject
  readonly expiration?: number | undefined
}

const saidIn = (content: Content): SaidIn =>
  content.is === 'payload'
    ? { payload: parse(content.text), ios: {} }
    : { payload: apnsPayload(content), ios: content.ios, expiration: content.expiration }

/** Custom keys stand beside `aps`, which none of them may be. */
export const apnsPayload = ({ message, ios, custom }: Universal): JsonObject => {
  const { badge, sound, category } = ios
  const count = numberOf(badge)
  const alert = alertOf(message, ios)
  return {
    ...custom,
    aps: {
      ...(alert === undefined ? {} : { alert }),
      ...(count === undefined ? {} : { badge: count }),
      ...(typeof sound === 'string' && sound !== '' ? { sound } : {}),
      ...(isTrue(ios['content_available']) ? { 'content-available': 1 } : {}),
      ...(isTrue(ios['mutable_content']) ? { 'mutable-content': 1 } : {}),
      ...(typeof category === 'string' ? { category } : {}),
      ...(typeof ios['thread_id'] === 'string' ? { 'thread-id': ios['thread_id'] } : {}),
    },
  }
}

const BYTES_MAX = 4_096
const VOIP_BYTES_MAX = 5_120

const LOCALISED = ['title_loc_key', 'title_loc_args', 'body_loc_key', 'body_loc_args'] as const
const LOCALISED_AS = {
  title_loc_key: 'title-loc-key',
  title_loc_args: 'title-loc-args',
  body_loc_key: 'loc-key',
  body_loc_args: 'loc-args',
} as const

const alertOf = (message: string, { loc_data: data }: JsonObject): string | JsonObject | undefined => {
  const given = isObject(data) ? data : {}
  const localised = Object.fromEntries(
    LOCALISED.flatMap((key) => {
      const value = given[key]
      return value === undefined || value === null ? [] : [[LOCALISED_AS[key], value]]
    }),
  )
  if (Object.keys(localised).length === 0) return message === '' ? undefined : message
  return { ...(message === '' ? {} : { body: message }), ...localised }
}

const PUSH_TYPES = ['alert', 'background', 'location', 'complication', 'fileprovider', 'mdm', 'liveactivity']

/** What nobody sees is `background`, or Apple drops it. */
const pushType = ({ aps }: JsonObject, { push_type: asked }: JsonObject): string => {
  if (typeof asked === 'string' && PUSH_TYPES.includes(asked)) return asked
  const shown = isObject(aps) ? Object.keys(aps) : []
  const isSilent = shown.includes('content-available') && !shown.some((key) => VISIBLE.includes(key))
  return isSilent ? 'background' : 'alert'
}

const VISIBLE = ['alert', 'badge', 'sound']

const SUFFIXES: { readonly [type: string]: string } = {
  voip: '.voip',
  complication: '.complication',
  location: '.location-query',
  fileprovider: '.pushkit.fileprovider',
  liveactivity: '.push-type.liveactivity',
}

const topicOf = (bundle: string, type: string): string => {
  const suffix = SUFFIXES[type] ?? ''
  return bundle.endsWith(suffix) ? bundle : bundle + suffix
}
