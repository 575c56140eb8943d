import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { Channel, Environment, Platform, type Device } from '../../domain/cc/push-events.ts'
import type { Wanted } from '../../domain/cc/subscription.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { CC_PUSH_MESSAGE_CHARACTERS_MAX, CC_PUSH_TOKEN_CHARACTERS_MAX } from '../../limits.ts'
import type { Audience } from '../../queries/cc/push.ts'
import { fieldErrors, RULES } from './answers.ts'
import { integers, list, text } from './params.ts'

/** What `POST /subscriptions` says, one of each channel (connectycube 9); some users of the SDK write `notification_channels`. */
export const readSubscriptions = (params: JsonObject): Either<Answer, readonly Wanted[]> => {
  const names = list(params['notification_channel'] ?? params['notification_channels'])
  const channels = [...new Set(names.filter(Channel.is))]
  const token = within(params['push_token'])
  const device = within(params['device'])
  const environment = text(token['environment'])
  const platform = text(device['platform'])
  const errors = {
    ...(names.length === 0 ? { notification_channel: [RULES.blank] } : {}),
    ...(names.every(Channel.is) ? {} : { notification_channel: [RULES.invalid] }),
    ...(Environment.is(environment) ? {} : { environment: [broken(environment)] }),
    ...(Platform.is(platform) ? {} : { platform: [broken(platform)] }),
    ...lengths(device, ['udid'], ['udid']),
    ...channels.reduce((all, channel) => ({ ...all, ...tokenErrors(token, channel) }), {}),
  }
  return Object.keys(errors).length > 0 || !Environment.is(environment) || !Platform.is(platform)
    ? E.left(fieldErrors(errors))
    : E.right(
        channels.map((channel) => ({
          ...{ channel, environment, platform },
          device: deviceOf(textOf(device, 'udid'), token, channel),
        })),
      )
}

type Errors = { readonly [field: string]: readonly string[] }

const within = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})
const textOf = (from: JsonObject, name: string): string => text(from[name])?.trim() ?? ''
const broken = (value: string | undefined): string =>
  value === undefined || value === '' ? RULES.blank : RULES.invalid

const lengths = (from: JsonObject, names: readonly string[], required: readonly string[]): Errors =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = textOf(from, name)
      if (value === '' && required.includes(name)) return [[name, [RULES.blank]]]
      return value.length > CC_PUSH_TOKEN_CHARACTERS_MAX
        ? [[name, [RULES.tooLong(CC_PUSH_TOKEN_CHARACTERS_MAX)]]]
        : []
    }),
  )

/** The keys of a browser are not enforced: some send them under other names, or not at all. */
const tokenErrors = (token: JsonObject, channel: Channel): Errors =>
  channel === 'web'
    ? lengths(token, ['web_endpoint', 'web_auth', 'web_p256dh'], ['web_endpoint'])
    : lengths(
        token,
        ['client_identification_sequence', 'bundle_identifier'],
        ['client_identification_sequence'],
      )

const deviceOf = (udid: string, token: JsonObject, channel: Channel): Device => {
  const given = (name: string, as: string): { readonly [key: string]: string } => {
    const value = textOf(token, name)
    return value === '' ? {} : { [as]: value }
  }
  return channel === 'web'
    ? {
        ...{ udid, token: textOf(token, 'web_endpoint') },
        ...{ ...given('web_auth', 'auth'), ...given('web_p256dh', 'p256dh') },
      }
    : {
        ...{ udid, token: textOf(token, 'client_identification_sequence') },
        ...given('bundle_identifier', 'bundle'),
      }
}

export type Push = {
  readonly environment: Environment
  readonly message: string
  /** `undefined`: every channel that its recipients have. */
  readonly channel: Channel | undefined
  readonly audience: Audience
}

/** What `POST /events` says (connectycube 9). Without an environment it is for devices in development. */
export const readPush = (params: JsonObject): Either<Answer, Push> => {
  const event = within(params['event'])
  const message = text(event['message']) ?? ''
  const environment = textOf(event, 'environment') || 'development'
  const channel = textOf(event, 'push_type')
  const audience = readAudience(event)
  const errors = {
    ...messageErrors(message),
    ...invalidUnless('environment', Environment.is(environment)),
    ...invalidUnless('push_type', channel === '' || Channel.is(channel)),
    ...invalidUnless('notification_type', ['', 'push'].includes(textOf(event, 'notification_type'))),
  }
  if (audience === undefined) return E.left(fieldErrors({ ...errors, user: [RULES.blank] }))
  return Object.keys(errors).length > 0 || !Environment.is(environment)
    ? E.left(fieldErrors(errors))
    : E.right({ environment, message, channel: Channel.is(channel) ? channel : undefined, audience })
}

const invalidUnless = (field: string, isFine: boolean): Errors => (isFine ? {} : { [field]: [RULES.invalid] })

const messageErrors = (message: string): Errors => {
  if (message.trim() === '') return { message: [RULES.blank] }
  return message.length > CC_PUSH_MESSAGE_CHARACTERS_MAX
    ? { message: [RULES.tooLong(CC_PUSH_MESSAGE_CHARACTERS_MAX)] }
    : {}
}

/** `undefined`: it is for nobody. */
const readAudience = (event: JsonObject): Audience | undefined => {
  const user = within(event['user'])
  const tags = within(user['tags'])
  const [any, all, exclude] = [list(tags['any']), list(tags['all']), list(tags['exclude'])]
  const ids = integers(user['ids'])
  const externalIds = integers(within(event['external_user'])['ids'])
  const isTagged = any.length + all.length + exclude.length > 0
  if (ids.length + externalIds.length === 0 && !isTagged) return undefined
  return { ids, externalIds, ...(isTagged ? { tags: { any, all, exclude } } : {}) }
}
