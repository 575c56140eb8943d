import * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import { eventsOf, nullable, sealed } from './codec.ts'
import { userStream, wordsSubject } from './names.ts'

/** Connectycube 9: ways to a device. */
const CHANNELS = { apns: null, apns_voip: null, gcm: null, web: null } as const
export const Channel = t.keyof(CHANNELS)
export type Channel = t.TypeOf<typeof Channel>
const PLATFORMS = { ios: null, android: null, web: null } as const
export const Platform = t.keyof(PLATFORMS)
export type Platform = t.TypeOf<typeof Platform>
const ENVIRONMENTS = { development: null, production: null } as const
export const Environment = t.keyof(ENVIRONMENTS)
export type Environment = t.TypeOf<typeof Environment>

/** `token`: what the gateway calls the device; of `web` the endpoint, with the keys that go with it. */
export const Device = t.readonly(
  t.intersection([
    t.type({ udid: t.string, token: t.string }),
    t.partial({ auth: t.string, p256dh: t.string, bundle: t.string }),
  ]),
)
export type Device = t.TypeOf<typeof Device>

const Subscribed = t.intersection([
  t.type({
    app: t.number,
    user: t.number,
    subscription: t.number,
    channel: Channel,
    platform: Platform,
    environment: Environment,
  }),
  t.partial({ sealed: sealed(Device) }),
])

const Notification = t.readonly(t.type({ user: t.number, channel: Channel }))
export type Notification = t.TypeOf<typeof Notification>

const Message = sealed(t.type({ message: t.string }))

/** Why nobody was told: `withdrawn`, there is nothing to tell any more; `late` and `unreachable`, nobody took it in its time. */
const REASONS = {
  'no-device': null,
  refused: null,
  'too-large': null,
  malformed: null,
  withdrawn: null,
  late: null,
  unreachable: null,
} as const
export const FailureReason = t.keyof(REASONS)
export type FailureReason = t.TypeOf<typeof FailureReason>

/** `devices` of the recipient's that were told. */
const Delivered = t.type({ user: t.number, channel: Channel, devices: t.number })
/** `detail`: the gateway's own word for it. */
const Failed = t.intersection([
  t.type({ user: t.number, channel: Channel, reason: FailureReason }),
  t.partial({ detail: t.string }),
])
/** What became of a notification. */
export type Result = t.TypeOf<typeof Delivered> | t.TypeOf<typeof Failed>

/** The message of a chat that an alert is about. */
export const Alert = t.readonly(t.type({ dialog: t.string, message: t.string }))
export type Alert = t.TypeOf<typeof Alert>

/** Of a user's stream of subscriptions. A device's token works for longer than a day, so it is sealed here (decisions 1). */
export const SUBSCRIPTION_EVENTS = {
  PushSubscriptionAdded: Subscribed,
  /** The same device and channel under the same number: everything as it is now. */
  PushTokenReplaced: Subscribed,
  /** `moved`: another user of the device subscribed, or the token names another device now. `gone`: its gateway knows no such device. */
  PushSubscriptionRemoved: t.type({
    app: t.number,
    user: t.number,
    subscription: t.number,
    reason: t.keyof({ asked: null, moved: null, gone: null, 'user-deleted': null }),
  }),
} as const

/**
 * Of a push event's stream: what somebody wants to be told to others, and to whom it goes. `user` is who says it; the message is his words.
 * An alert about a message of a chat has a stream named after that, and no request.
 */
export const PUSH_EVENT_EVENTS = {
  /** `channel` is null if nobody of those it is for has any. */
  PushEventRequested: t.intersection([
    t.type({
      app: t.number,
      event: t.string,
      user: t.number,
      environment: Environment,
      channel: nullable(Channel),
    }),
    t.partial({ sealed: Message }),
  ]),
  /**
   * Some of its recipients, each once, ascending; `environment` is null if it goes to the devices of all. An alert has no words of its own:
   * it tells of the message as that is when it goes out.
   */
  PushNotificationsQueued: t.intersection([
    t.type({
      app: t.number,
      event: t.string,
      user: t.number,
      environment: nullable(Environment),
      notifications: t.readonlyArray(Notification),
    }),
    t.partial({ sealed: Message, alert: Alert }),
  ]),
  PushNotificationsDelivered: t.type({
    app: t.number,
    event: t.string,
    notifications: t.readonlyArray(Delivered),
  }),
  PushNotificationsFailed: t.type({
    app: t.number,
    event: t.string,
    notifications: t.readonlyArray(Failed),
  }),
} as const

export const PUSH_EVENTS = { ...SUBSCRIPTION_EVENTS, ...PUSH_EVENT_EVENTS } as const
export const subscriptionEvents = eventsOf(SUBSCRIPTION_EVENTS)
export const pushEventEvents = eventsOf(PUSH_EVENT_EVENTS)

const withKeyOf = (subject: (app: number, user: number) => string) => ({
  fields: ['sealed'],
  subject: ({ data: { app, user } }: Pick<Fact, 'data'>) =>
    typeof app === 'number' && typeof user === 'number' ? subject(app, user) : undefined,
})

export const PUSH_SEALED = {
  PushSubscriptionAdded: withKeyOf(userStream),
  PushTokenReplaced: withKeyOf(userStream),
  PushEventRequested: withKeyOf(wordsSubject),
  PushNotificationsQueued: withKeyOf(wordsSubject),
} as const
