import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { pushEventStream, pushStream, userActor } from '../../domain/cc/names.ts'
import { EVENT_EXISTS, pushEventDecider, type PushEventCommand } from '../../domain/cc/push-event.ts'
import type { Alert, Channel, Environment, Notification, Result } from '../../domain/cc/push-events.ts'
import {
  DEVICE_TAKEN,
  deviceClaims,
  NUMBER_TAKEN,
  subscriptionDecider,
  type Subscription,
  type SubscriptionCommand,
  type Wanted,
} from '../../domain/cc/subscription.ts'
import type { Claim } from '../../domain/decider.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { CC_NOTIFICATIONS_AN_APPEND, COMMAND_TRIES_MAX } from '../../limits.ts'
import type { Vault } from '../../vault/port.ts'
import type { Engine } from '../engine.ts'
import { createTurns } from '../in-turn.ts'
import { numbersToTry } from './numbers.ts'
import type { UserEnding } from './user-ending.ts'

type Answered<A> = Promise<Either<Rejection, A>>
type Me = { readonly app: number; readonly user: number }

export type PushParts = {
  readonly engine: Engine
  readonly vault: Pick<Vault, 'next' | 'raise'>
  readonly holderOf: (claim: Pick<Claim, 'kind' | 'value'>) => Promise<string | undefined>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** A device is the caller's from now on, whosever it was, and so is its token (connectycube 9). */
export const subscribe = (parts: PushParts, me: Me, wanted: Wanted): Answered<Subscription> =>
  inTurn(
    [
      pushStream(me.app, me.user),
      ...deviceClaims(me.app, wanted).map(({ kind, value }) => `${kind} ${value}`),
    ],
    () => subscribeNow(parts, me, wanted),
  )

/** An app that starts may say it twice, and two users of one device take it from each other. */
const inTurn = createTurns()

const subscribeNow = async (parts: PushParts, me: Me, wanted: Wanted): Answered<Subscription> => {
  const { app } = me
  const nextNumber = numbersToTry(parts.vault, `cc.subscription-${app}`)
  let id = await nextNumber()
  for (let tries = 0; tries < COMMAND_TRIES_MAX; tries++) {
    const done = await run(parts, me, { type: 'Subscribe', id, wanted })
    if (E.isRight(done)) {
      const known = done.right.state.find(
        ({ channel, device }) => channel === wanted.channel && device.udid === wanted.device.udid,
      )
      return known === undefined ? E.left(rejection('NotFound', 'no_user')) : E.right(known)
    }
    const { reason } = done.left
    if (reason === DEVICE_TAKEN) await takeOver(parts, me, wanted)
    else if (reason === NUMBER_TAKEN) id = await nextNumber()
    else return done
  }
  return E.left(rejection('Unavailable', 'contention', { retryAfterSeconds: 1 }))
}

export const unsubscribe = (
  parts: Pick<PushParts, 'engine' | 'now'>,
  me: Me,
  id: number,
): Answered<unknown> => run(parts, me, { type: 'Unsubscribe', id })

/** Nobody is told anything on behalf of who is gone. */
export const endSubscriptions: UserEnding = async (parts, app, user) => {
  const done = await run(parts, { app, user }, { type: 'RemoveAll' })
  if (E.isLeft(done)) throw new Error(done.left.reason)
}

export type NewPush = {
  readonly environment: Environment
  readonly message: string
  readonly channel: Channel | null
  readonly notifications: readonly Notification[]
}

/** Puts a push into the outbox (connectycube 9); answers its number. A crash leaves those out that come behind the first 10,000. */
export const requestPush = async (
  parts: Pick<PushParts, 'engine' | 'vault' | 'now'>,
  me: Me,
  { notifications, message, ...push }: NewPush,
): Answered<number> => {
  const nextNumber = numbersToTry(parts.vault, `cc.pushevent-${me.app}`)
  for (;;) {
    const number = await nextNumber()
    const said = { ...me, event: String(number), ...push }
    const by = userActor(me.app, me.user)
    const made = await runEvent(parts, by, { type: 'Request', ...said, message })
    if (E.isLeft(made)) {
      if (made.left === EVENT_EXISTS) continue
      return made
    }
    for (let from = 0; from < notifications.length; from += CC_NOTIFICATIONS_AN_APPEND) {
      const some = notifications.slice(from, from + CC_NOTIFICATIONS_AN_APPEND)
      const command = { type: 'Queue', ...said, notifications: some, content: { message } } as const
      const queued = await runEvent(parts, by, command)
      if (E.isLeft(queued)) return queued
    }
    return E.right(number)
  }
}

type Job = Doing & { readonly actor: string }

/** Some of those whom a message is to be told of (connectycube 9): ascending, all channels of one together. Said twice it does nothing. */
export const queueAlert = (
  parts: Job,
  { app, user }: Me,
  alert: Alert,
  notifications: readonly Notification[],
): Answered<unknown> =>
  runEvent(parts, parts.actor, {
    type: 'Queue',
    ...{ app, event: `alert-${alert.message}`, user, environment: null, notifications },
    content: { alert },
  })

/** What became of some notifications of one push event. */
export const settlePushes = (
  parts: Job,
  { app, event }: { readonly app: number; readonly event: string },
  results: readonly Result[],
): Answered<unknown> => runEvent(parts, parts.actor, { type: 'Settle', app, event, results })

/** The gateway knows no such device. */
export const loseSubscription = (
  parts: Job,
  me: Me,
  lost: { readonly id: number; readonly token: string },
): Answered<unknown> => run(parts, me, { type: 'Lose', ...lost }, parts.actor)

type Doing = Pick<PushParts, 'now'> & { readonly engine: Pick<Engine, 'execute'> }

const run = (
  { engine, now }: Doing,
  { app, user }: Me,
  command: SubscriptionCommand,
  actor = userActor(app, user),
) =>
  engine.execute({
    stream: pushStream(app, user),
    decider: subscriptionDecider(app, user),
    command,
    commandId: randomUUID(),
    actor,
    at: now(),
    via: { protocol: 'connectycube' },
  })()

/** From whoever holds the device or the token; whoever it is by his stream's name. */
const takeOver = async (parts: PushParts, { app, user: me }: Me, wanted: Wanted): Promise<void> => {
  const prefix = `cc.push-${app}-`
  for (const claim of deviceClaims(app, wanted)) {
    const holder = await parts.holderOf(claim)
    const user = holder?.startsWith(prefix) === true ? Number(holder.slice(prefix.length)) : me
    if (user !== me) await run(parts, { app, user }, { type: 'Yield', wanted }, userActor(app, me))
  }
}

const runEvent = ({ engine, now }: Doing, actor: string, command: PushEventCommand) =>
  engine.execute({
    stream: pushEventStream(command.app, command.event),
    decider: pushEventDecider,
    command,
    commandId: randomUUID(),
    actor,
    at: now(),
    via: { protocol: 'connectycube' },
  })()
