import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { settlePushes } from '../../commands/cc/push.ts'
import type { Engine } from '../../commands/engine.ts'
import { Channel, type Result } from '../../domain/cc/push-events.ts'
import { PUSHES_AT_ONCE, PUSH_GIVE_UP_MS } from '../../limits.ts'
import type { Gateway, Gateways } from '../../pushing/gateway.ts'
import { queuedPushes, type QueuedPush } from '../../queries/cc/push.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import { atOnce } from '../at-once.ts'
import { startJob, type Job } from '../job.ts'
import { createAttempts, type Attempts } from './push-attempts.ts'
import { createGathering, type Gathering } from './push-gathering.ts'

export type PushJob = {
  readonly engine: Pick<Engine, 'execute'>
  readonly reader: Pick<Reader, 'find'>
  readonly vault: Vault
  readonly gateways: Gateways
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/**
 * Sends what the outbox has to the devices of its recipients, and notes what became of it (decisions 19 and 36, connectycube 9): a job for each
 * channel that is set up, so that one whose gateway is down holds up no other. A crash between sending and noting sends again.
 */
export const startPushing = ({ gateways, ...parts }: PushJob): Job => {
  const jobs = CHANNELS.flatMap((channel) => {
    const gateway = gateways[channel]
    return gateway === undefined ? [] : [startChannel({ ...parts, gateway, channel })]
  })
  return {
    stop: async () => {
      const ended = Promise.all(jobs.map(({ stop }) => stop()))
      // What no gateway has answered by then is sent again after the next start.
      await Promise.race([ended, pause(STOPPING_MS, undefined, { ref: false })])
      for (const gateway of Object.values(gateways)) gateway.close()
      await ended
    },
  }
}

const CHANNELS = Object.keys(Channel.keys).filter(Channel.is)
const EVERY_MS = 1_000
const STOPPING_MS = 1_000
/** A round ends with what it is at then, so that the lease is renewed in time. */
const ROUND_MS = 5_000
const LEASE_MS = 60_000
/** Beside those that wait for another try. */
const PUSHES_A_ROUND = 200
/** Of those that nobody took in their time. */
const LATE_A_ROUND = 200

type Lane = Omit<PushJob, 'gateways'> & { readonly channel: Channel; readonly gateway: Gateway }

const startChannel = (lane: Lane): Job => {
  const name = `connectycube-push-${lane.channel}`
  const parts = { ...lane, actor: `platform:job:${name}` }
  const attempts = createAttempts(parts)
  const gathering = createGathering<Which, Result>(async (which, results) => {
    const done = await settlePushes(parts, which, results)
    if (E.isLeft(done)) throw new Error(`pushes could not be settled: ${done.left.reason}`)
  })
  return startJob({ ...parts, name, everyMs: lane.everyMs ?? EVERY_MS, leaseMs: LEASE_MS }, (signal) =>
    round(lane, { attempts, gathering }, signal),
  )
}

type Which = { readonly app: number; readonly event: string }
type Tools = { readonly attempts: Attempts; readonly gathering: Gathering<Which, Result> }

const round = async (
  { reader, channel, now, onFailure }: Lane,
  { attempts, gathering }: Tools,
  signal: AbortSignal,
): Promise<'more' | undefined> => {
  const until = performance.now() + ROUND_MS
  const goesOn = (): boolean => !signal.aborted && performance.now() < until && !attempts.isResting()
  let settled = 0
  const settle = async (push: QueuedPush, result: Result): Promise<void> => {
    const { _id, app, event } = push
    await gathering.add(`${app}-${event}`, { app, event }, result)
    attempts.settled(_id)
    settled += 1
  }
  const work = async (push: QueuedPush): Promise<void> => {
    try {
      const result = await attempts.deliver(push)
      if (result !== 'later') await settle(push, result)
    } catch (error) {
      onFailure(error)
    }
  }
  const late = now() - PUSH_GIVE_UP_MS
  const due = attempts.isResting()
    ? []
    : await queuedPushes(reader, channel, { $gt: late }, PUSHES_A_ROUND + attempts.waiting())
  await atOnce(due, work, { atMost: PUSHES_AT_ONCE, goesOn })
  // What piled up while nobody sent must not stand before what is new.
  const over = await queuedPushes(reader, channel, { $lte: late }, LATE_A_ROUND)
  await atOnce(over, (push) => settle(push, attempts.giveUp(push)).catch(onFailure), {
    atMost: PUSHES_AT_ONCE,
    goesOn: () => !signal.aborted,
  })
  return settled > 0 && goesOn() ? 'more' : undefined
}
