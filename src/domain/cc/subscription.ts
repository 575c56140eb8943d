import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { equalJson } from '../../json.ts'
import { CC_SUBSCRIPTIONS_MAX } from '../../limits.ts'
import type { Claim, Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { evolveBy } from './evolving.ts'
import { userStream } from './names.ts'
import {
  subscriptionEvents,
  type Channel,
  type Device,
  type Environment,
  type Platform,
  type SUBSCRIPTION_EVENTS,
} from './push-events.ts'

export type Wanted = {
  readonly channel: Channel
  readonly platform: Platform
  readonly environment: Environment
  readonly device: Device
}
export type Subscription = Wanted & { readonly id: number }
export type SubscriptionState = readonly Subscription[]

type Removal = 'asked' | 'moved' | 'gone' | 'user-deleted'
export type SubscriptionCommand =
  /** `id` is for a device that has none on this channel. */
  | { readonly type: 'Subscribe'; readonly id: number; readonly wanted: Wanted }
  | { readonly type: 'Unsubscribe'; readonly id: number }
  /** Another user has the device, or the token, now. */
  | { readonly type: 'Yield'; readonly wanted: Wanted }
  /** Its gateway does not know that token; meanwhile it may have another one. */
  | { readonly type: 'Lose'; readonly id: number; readonly token: string }
  | { readonly type: 'RemoveAll' }

/** Somebody else has that number, or another user that device or token. */
export const NUMBER_TAKEN = 'subscription_number'
export const DEVICE_TAKEN = 'subscription_device'

/** Where a user is told what happens (connectycube 9). A device, and a token, belong to one user of an application on each channel. */
export const subscriptionDecider = (
  app: number,
  user: number,
): Decider<SubscriptionState, SubscriptionCommand> => ({
  initial: NOTHING,
  stateVersion: 1,
  evolve,
  decide: (command, state) => decide({ app, user }, command, state),
  claims: (state) => {
    const claims = CLAIMS.get(state) ?? state.flatMap((one) => claimsOf(app, one))
    CLAIMS.set(state, claims)
    return claims
  },
  subject: () => userStream(app, user),
})

/** What must be free, or become free, for a device to be subscribed. */
export const deviceClaims = (
  app: number,
  { channel, device: { udid, token } }: Wanted,
): readonly Pick<Claim, 'kind' | 'value'>[] => [
  { kind: 'cc.push-device', value: JSON.stringify([app, channel, udid]) },
  { kind: 'cc.push-token', value: JSON.stringify([app, channel, token]) },
]

const NOTHING: SubscriptionState = []
/** The engine compares what is claimed by identity; nobody's state is shared but that of none, which claims nothing. */
const CLAIMS = new WeakMap<SubscriptionState, readonly Claim[]>()

const claimsOf = (app: number, subscription: Subscription): readonly Claim[] => [
  {
    kind: 'cc.subscription',
    value: `${app}:${subscription.id}`,
    onTaken: rejection('Conflict', NUMBER_TAKEN),
  },
  ...deviceClaims(app, subscription).map((claim) => ({
    ...claim,
    onTaken: rejection('Conflict', DEVICE_TAKEN),
  })),
]

const isSameDevice = (one: Wanted, other: Wanted): boolean =>
  one.channel === other.channel && one.device.udid === other.device.udid
const isSameToken = (one: Wanted, other: Wanted): boolean =>
  one.channel === other.channel && one.device.token === other.device.token

type Owner = { readonly app: number; readonly user: number }

const decide = (
  owner: Owner,
  command: SubscriptionCommand,
  state: SubscriptionState,
): Either<Rejection, readonly Fact[]> => {
  const removed = (reason: Removal, which: (one: Subscription) => boolean): readonly Fact[] =>
    removedOf(owner, reason, state.filter(which))
  switch (command.type) {
    case 'Subscribe':
      return subscribe(owner, command, state)
    case 'Unsubscribe': {
      const facts = removed('asked', ({ id }) => id === command.id)
      return facts.length === 0 ? E.left(rejection('NotFound', 'no_subscription')) : E.right(facts)
    }
    case 'Yield': {
      const { wanted } = command
      return E.right(removed('moved', (one) => isSameDevice(one, wanted) || isSameToken(one, wanted)))
    }
    case 'Lose':
      return E.right(removed('gone', ({ id, device }) => id === command.id && device.token === command.token))
    case 'RemoveAll':
      return E.right(removed('user-deleted', () => true))
  }
}

const removedOf = (owner: Owner, reason: Removal, which: SubscriptionState): readonly Fact[] =>
  which.map(({ id }) =>
    subscriptionEvents.fact('PushSubscriptionRemoved', { ...owner, subscription: id, reason }),
  )

const subscribe = (
  owner: Owner,
  { id, wanted }: Extract<SubscriptionCommand, { readonly type: 'Subscribe' }>,
  state: SubscriptionState,
): Either<Rejection, readonly Fact[]> => {
  const known = state.find((one) => isSameDevice(one, wanted))
  const stale = state.filter((one) => isSameToken(one, wanted) && !isSameDevice(one, wanted))
  if (known === undefined && state.some((one) => one.id === id))
    return E.left(rejection('Conflict', NUMBER_TAKEN))
  if (known === undefined && state.length - stale.length >= CC_SUBSCRIPTIONS_MAX)
    return E.left(rejection('TooLarge', 'subscriptions_max'))
  return E.right([...removedOf(owner, 'moved', stale), ...subscribed(owner, { id, ...wanted }, known)])
}

const subscribed = (
  owner: Owner,
  { id, device, ...wanted }: Subscription,
  known: Subscription | undefined,
): readonly Fact[] => {
  const data = { ...owner, ...wanted, sealed: device }
  if (known === undefined)
    return [subscriptionEvents.fact('PushSubscriptionAdded', { ...data, subscription: id })]
  return equalJson({ ...known }, { ...wanted, device, id: known.id })
    ? []
    : [subscriptionEvents.fact('PushTokenReplaced', { ...data, subscription: known.id })]
}

type Subscribed = ReturnType<typeof subscriptionEvents.dataOf<'PushSubscriptionAdded'>>

/** Whoever is erased has none: nothing of his can be opened any more. */
const withOne = (
  state: SubscriptionState,
  { subscription: id, channel, platform, environment, sealed }: Subscribed,
): SubscriptionState => {
  const others = state.filter((one) => one.id !== id)
  return sealed === null || sealed === undefined
    ? others
    : [...others, { id, channel, platform, environment, device: sealed }]
}

const evolve = evolveBy<SubscriptionState, typeof SUBSCRIPTION_EVENTS>(subscriptionEvents, {
  PushSubscriptionAdded: withOne,
  PushTokenReplaced: withOne,
  PushSubscriptionRemoved: (state, { subscription }) => state.filter(({ id }) => id !== subscription),
})
