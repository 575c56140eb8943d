import * as E from 'fp-ts/lib/Either.js'
import { loseSubscription } from '../../commands/cc/push.ts'
import type { Engine } from '../../commands/engine.ts'
import type { FailureReason, Result } from '../../domain/cc/push-events.ts'
import { PUSH_TRIES_MAX } from '../../limits.ts'
import { readContent, universal, type Content } from '../../pushing/content.ts'
import {
  ONE_PLACE,
  type Gateway,
  type Later,
  type Notice,
  type Outcome,
  type Refused,
} from '../../pushing/gateway.ts'
import { alertsOf } from '../../queries/cc/alerts.ts'
import { subscriptionsOf, type QueuedPush, type SubscriptionDocument } from '../../queries/cc/push.ts'
import type { Reader } from '../../queries/reader.ts'
import { uuidV5 } from '../../uuid.ts'

export type AttemptParts = {
  readonly engine: Pick<Engine, 'execute'>
  readonly reader: Pick<Reader, 'find'>
  readonly gateway: Gateway
  readonly actor: string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A gateway that is being left alone for a while. */
  readonly onFailure: (error: unknown) => void
}

/** Pushes of one channel on their way out of this process, each tried again ever less often. */
export type Attempts = {
  /** Tries each device that has not been told yet; `later`: some have to be tried again. The result stands until `settled`. */
  readonly deliver: (push: QueuedPush) => Promise<Result | 'later'>
  /** Nobody took it in its time: what becomes of it. */
  readonly giveUp: (push: QueuedPush) => Result
  /** The one who answers for all devices is being left alone: there is no use in looking for any. */
  readonly isResting: () => boolean
  /** The outbox has it no more among the queued. */
  readonly settled: (id: string) => void
  /** How many wait for another try, at most. */
  readonly waiting: () => number
}

export const createAttempts = (parts: AttemptParts): Attempts => {
  const { now } = parts
  const going = new Map<string, Progress>()
  const rests = createRests(parts)
  const attempt = async (push: QueuedPush, progress: Progress): Promise<Result | 'later'> => {
    const content = await contentOf(parts, push)
    if (typeof content === 'string') return resultOf(push, progress, content)
    const devices = (await devicesOf(parts, push)).filter(({ id }) => !progress.done.has(id))
    let wait = 0
    let isTry = false
    for (const device of devices) {
      const resting = rests.of(device)
      const outcome = resting ?? (await sendTo(parts, push, device, content))
      isTry ||= resting === undefined
      if (!isLater(outcome)) progress.done.set(device.id, outcome)
      else wait = Math.max(wait, outcome.retryAfterMs > 0 ? outcome.retryAfterMs : backOff(progress.tries))
      rests.note(device, outcome)
    }
    if (wait === 0) return resultOf(push, progress)
    // Whoever is left alone is not tried.
    if (isTry) progress.tries += 1
    if (progress.tries >= PUSH_TRIES_MAX) return resultOf(push, progress, 'unreachable')
    progress.until = now() + wait
    return 'later'
  }
  return {
    deliver: async (push) => {
      const progress = going.get(push._id) ?? fresh(now())
      if (progress.result !== undefined) return progress.result
      if (progress.until > now()) return 'later'
      going.set(push._id, progress)
      const result = await attempt(push, progress)
      if (result !== 'later') progress.result = result
      return result
    },
    giveUp: (push) => resultOf(push, going.get(push._id) ?? fresh(now()), 'late'),
    isResting: () => rests.isResting(ONE_PLACE),
    settled: (id) => {
      going.delete(id)
    },
    waiting: () => {
      // Those that were erased are never settled.
      for (const [id, { until }] of going) if (until + FORGET_MS < now()) going.delete(id)
      return Math.min(going.size, WAITING_MAX)
    },
  }
}

type Done = 'sent' | 'gone' | Refused
type Progress = {
  tries: number
  /** Milliseconds since the Unix epoch. */
  until: number
  /** By the number of the subscription. */
  readonly done: Map<number, Done>
  result: Result | undefined
}

const fresh = (now: number): Progress => ({ tries: 0, until: now, done: new Map(), result: undefined })

const isLater = (outcome: Outcome): outcome is Later =>
  typeof outcome === 'object' && 'retryAfterMs' in outcome

const RETRY_MS = 10_000
const RETRY_MS_MAX = 30 * 60_000
const FORGET_MS = 60 * 60_000
const WAITING_MAX = 10_000

/** With a spread, so that those that failed together do not come back together. */
const backOff = (tries: number): number =>
  Math.min(RETRY_MS * 2 ** tries, RETRY_MS_MAX) * (1 + Math.random() / 4)

/** Somebody was told, or else why nobody was: what was refused says more than what is gone. */
const resultOf = (
  { user, channel }: QueuedPush,
  { done }: Progress,
  otherwise: FailureReason = 'no-device',
): Result => {
  const outcomes = [...done.values()]
  const devices = outcomes.filter((one) => one === 'sent').length
  if (devices > 0) return { user, channel, devices }
  const refusal = outcomes.find((one) => typeof one === 'object')
  if (refusal === undefined || otherwise !== 'no-device') return { user, channel, reason: otherwise }
  const { refused: reason, detail } = refusal
  return { user, channel, reason, ...(detail === undefined ? {} : { detail }) }
}

/** `withdrawn`: the message that it tells of is gone. */
const contentOf = async (
  { reader }: AttemptParts,
  { app, alert, message }: QueuedPush,
): Promise<Content | 'malformed' | 'withdrawn'> => {
  if (alert === undefined) return readContent(message ?? '') ?? 'malformed'
  const said = (await alertsOf(reader, app, [alert])).get(alert.message)
  return said === undefined ? 'withdrawn' : universal(said)
}

const devicesOf = async (
  { reader }: AttemptParts,
  { app, user, channel, environment }: QueuedPush,
): Promise<readonly SubscriptionDocument[]> =>
  (await subscriptionsOf(reader, app, user)).filter(
    (one) => one.channel === channel && (environment === null || one.environment === environment),
  )

const sendTo = async (
  parts: AttemptParts,
  push: QueuedPush,
  subscription: SubscriptionDocument,
  content: Content,
): Promise<Outcome> => {
  const { id, device, environment } = subscription
  const notice: Notice = {
    id: uuidV5(`${push._id}-${id}`, NAMESPACE),
    ...{ channel: push.channel, environment, device, content },
  }
  const outcome = await parts.gateway.send(notice)
  if (outcome === 'gone') {
    const { app, user } = push
    const lost = await loseSubscription(parts, { app, user }, { id, token: device.token })
    if (E.isLeft(lost)) throw new Error(`a subscription could not be removed: ${lost.left.reason}`)
  }
  return outcome
}

const NAMESPACE = 'b8f2f6c1-6f0e-4d51-9a39-0f8d7b0c5e42'

/** So many failures in a row are no fault of what was sent, and after a rest one is enough. */
const FAILURES_MAX = 3
const REST_MS = 10_000
const REST_MS_MAX = 5 * 60_000
const PLACES_MAX = 10_000

type Rest = { readonly failures: number; readonly until: number; readonly ms: number }
type Rests = {
  /** What becomes of a push to that device while whoever answers for it is left alone. */
  readonly of: (subscription: SubscriptionDocument) => Later | undefined
  readonly note: (subscription: SubscriptionDocument, outcome: Outcome) => void
  readonly isResting: (place: string) => boolean
}

/** Who does not answer is asked no more for a while: each of his time-outs would hold up others. */
const createRests = ({ gateway, now, onFailure }: AttemptParts): Rests => {
  const rests = new Map<string, Rest>()
  const leftOf = (place: string): number => (rests.get(place)?.until ?? 0) - now()
  return {
    isResting: (place) => leftOf(place) > 0,
    of: ({ device }) => {
      const left = leftOf(gateway.placeOf(device))
      return left > 0 ? { retryAfterMs: left, cause: RESTING, isBusy: true } : undefined
    },
    note: ({ device, channel }, outcome) => {
      const place = gateway.placeOf(device)
      if (!isLater(outcome)) {
        rests.delete(place)
        return
      }
      if (outcome.isBusy) return
      if (rests.size >= PLACES_MAX) rests.clear()
      const { failures, ms } = rests.get(place) ?? { failures: 0, ms: REST_MS }
      const isDown = failures + 1 >= FAILURES_MAX
      rests.set(place, {
        failures: failures + 1,
        until: isDown ? now() + Math.max(ms, outcome.retryAfterMs) : 0,
        ms: isDown ? Math.min(2 * ms, REST_MS_MAX) : ms,
      })
      if (isDown) onFailure(new Error(`pushes on ${channel} rest: ${outcome.cause}`))
    },
  }
}

const RESTING = 'resting'
