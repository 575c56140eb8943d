import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { CC_NOTIFICATIONS_AN_EVENT } from '../../limits.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { evolveBy } from './evolving.ts'
import {
  pushEventEvents,
  type Alert,
  type Channel,
  type Environment,
  type Notification,
  type PUSH_EVENT_EVENTS,
  type Result,
} from './push-events.ts'
import { NOBODY, valueOf, withValues, type Spread } from './spread.ts'

export type PushEventState = {
  readonly life: 'none' | 'there'
  /** The last recipient so far: they come ascending. */
  readonly upTo: number
  /** Channels on which a recipient is still to be told, as bits. */
  readonly open: Spread<number>
}

type Which = { readonly app: number; readonly event: string }
type Said = Which & { readonly user: number }
export type PushEventCommand =
  | (Said & {
      readonly type: 'Request'
      readonly environment: Environment
      readonly channel: Channel | null
      readonly message: string
    })
  /** Ascending by user, all channels of one together. Of those that were queued before, none is queued again. */
  | (Said & {
      readonly type: 'Queue'
      readonly environment: Environment | null
      readonly notifications: readonly Notification[]
      readonly content: { readonly message: string } | { readonly alert: Alert }
    })
  /** What became of some; of each only the first result counts. */
  | (Which & { readonly type: 'Settle'; readonly results: readonly Result[] })

/** Somebody else has that number. */
export const EVENT_EXISTS = rejection('Conflict', 'push_event_exists')

/** What goes to whom, and what became of it (connectycube 9). */
export const pushEventDecider: Decider<PushEventState, PushEventCommand> = {
  initial: { life: 'none', upTo: 0, open: NOBODY },
  stateVersion: 2,
  evolve: (state, event) => evolve(state, event),
  decide: (command, state) => decide(command, state),
}

const { fact } = pushEventEvents

const decide = (command: PushEventCommand, state: PushEventState): Either<Rejection, readonly Fact[]> => {
  switch (command.type) {
    case 'Request': {
      const { app, event, user, environment, channel, message } = command
      const data = { app, event, user, environment, channel, sealed: { message } }
      return state.life === 'none' ? E.right([fact('PushEventRequested', data)]) : E.left(EVENT_EXISTS)
    }
    case 'Queue':
      return E.right(queued(command, state))
    case 'Settle':
      return E.right(settled(command, state))
  }
}

const queued = (
  { app, event, user, environment, notifications, content }: Of<'Queue'>,
  { upTo }: PushEventState,
): readonly Fact[] => {
  const fresh = notifications.filter((one) => one.user > upTo)
  const what = 'alert' in content ? { alert: content.alert } : { sealed: { message: content.message } }
  const facts: Fact[] = []
  for (let from = 0; from < fresh.length; from += CC_NOTIFICATIONS_AN_EVENT) {
    const some = fresh.slice(from, from + CC_NOTIFICATIONS_AN_EVENT)
    facts.push(
      fact('PushNotificationsQueued', { app, event, user, environment, notifications: some, ...what }),
    )
  }
  return facts
}

const settled = ({ app, event, results }: Of<'Settle'>, { open }: PushEventState): readonly Fact[] => {
  const first = new Map(
    [...results].reverse().map((result) => [`${result.user}-${result.channel}`, result] as const),
  )
  const due = [...first.values()].reverse().filter(({ user, channel }) => isOpen(open, user, channel))
  const delivered = due.flatMap((result) => ('devices' in result ? [result] : []))
  const failed = due.flatMap((result) => ('reason' in result ? [result] : []))
  return [
    ...(delivered.length === 0
      ? []
      : [fact('PushNotificationsDelivered', { app, event, notifications: delivered })]),
    ...(failed.length === 0 ? [] : [fact('PushNotificationsFailed', { app, event, notifications: failed })]),
  ]
}

type Of<T extends PushEventCommand['type']> = Extract<PushEventCommand, { readonly type: T }>

const BITS: { readonly [channel in Channel]: number } = { apns: 1, apns_voip: 2, gcm: 4, web: 8 }

const isOpen = (open: Spread<number>, user: number, channel: Channel): boolean =>
  ((valueOf(open, user) ?? 0) & BITS[channel]) !== 0

/** Each recipient's bits as they are after it, all who have the same at once. */
const changed = (
  open: Spread<number>,
  notifications: readonly Notification[],
  change: (bits: number, bit: number) => number,
): Spread<number> => {
  const bits = new Map<number, number>()
  for (const { user, channel } of notifications)
    bits.set(user, change(bits.get(user) ?? valueOf(open, user) ?? 0, BITS[channel]))
  const byBits = new Map<number, number[]>()
  for (const [user, value] of bits) {
    const users = byBits.get(value)
    if (users === undefined) byBits.set(value, [user])
    else users.push(user)
  }
  return [...byBits].reduce((all, [value, users]) => withValues(all, users, value), open)
}

const closed = (
  state: PushEventState,
  { notifications }: { readonly notifications: readonly Notification[] },
): PushEventState => ({ ...state, open: changed(state.open, notifications, (bits, bit) => bits & ~bit) })

const evolve = evolveBy<PushEventState, typeof PUSH_EVENT_EVENTS>(pushEventEvents, {
  PushEventRequested: (state) => ({ ...state, life: 'there' }),
  PushNotificationsQueued: ({ upTo, open }, { notifications }) => ({
    life: 'there',
    upTo: notifications.reduce((last, { user }) => Math.max(last, user), upTo),
    open: changed(open, notifications, (bits, bit) => bits | bit),
  }),
  PushNotificationsDelivered: closed,
  PushNotificationsFailed: closed,
})
