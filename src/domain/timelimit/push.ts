import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { isObject, type JsonObject } from '../../json.ts'
import { TIMELIMIT_PUSH_PART_BYTES_MAX } from '../../limits.ts'
import type { Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import type { ActionContext, ActionDef, ActionError, Decision, DhKey, Effect } from './actions/action.ts'
import { actionNamed } from './actions/table.ts'
import { fact } from './events.ts'
import { evolve } from './evolve.ts'
import { prove, type Proven, type PushedAction } from './proof.ts'
import { hasRoom } from './room.ts'
import { bytesOf } from './sizes.ts'
import { at, type FamilyState } from './state.ts'

/** A request of a device with actions, in order (timelimit 3). */
export type Push = {
  readonly type: 'Push'
  readonly deviceId: string
  /** SHA-256 of the token that it came with. */
  readonly tokenHash: string
  readonly actions: readonly PushedAction[]
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly alwaysPremium: boolean
  /** The server's keys for this device that may be used now (timelimit 1.4). */
  readonly dhKeys: { readonly [version: string]: DhKey }
}

export type Pushed = {
  readonly facts: readonly Fact[]
  readonly effects: readonly Effect[]
  /** `shouldDoFullSync`. */
  readonly fullSync: boolean
  /** Actions that were looked at: fewer than there are if their events would be too many for one append (decisions 16). */
  readonly done: number
}

/**
 * Folds the actions over the family's state, each on what those before it left (timelimit 3.2 to 3.4). A refused one leaves nothing but the
 * number that it used up. Each number that is used up is carried by the events of its action, so how the actions were cut into requests
 * leaves no trace in the history.
 */
export const decidePush = (push: Push, state: FamilyState): Either<Rejection, Pushed> => {
  const { deviceId, now, dhKeys } = push
  const device = at(state.devices, deviceId)
  if (device === undefined || device.tokenHash !== push.tokenHash)
    return E.left(rejection('Unauthenticated', 'device_token'))
  const isPremium = push.alwaysPremium || state.premium.isFull
  const facts: Fact[] = []
  const effects: Effect[] = []
  let { fullSync, bytes, present } = { fullSync: false, bytes: 0, present: state }
  for (const [index, action] of push.actions.entries()) {
    if (action.sequenceNumber < nextNumber(present, deviceId)) {
      fullSync = true
      continue
    }
    const context = { state: present, now, deviceId, isPremium, dhKeys }
    const { outcome, after } = limited(execute(action, context), action, context)
    if (facts.length > 0 && bytes + outcome.bytes > TIMELIMIT_PUSH_PART_BYTES_MAX)
      return E.right({ facts, effects, fullSync, done: index })
    bytes += outcome.bytes
    facts.push(...outcome.facts)
    effects.push(...outcome.effects)
    fullSync ||= outcome.fullSync
    present = after
  }
  return E.right({ facts, effects, fullSync, done: push.actions.length })
}

type Context = Omit<ActionContext, 'actor'>

type Outcome = {
  readonly facts: readonly Fact[]
  readonly effects: readonly Effect[]
  readonly fullSync: boolean
  readonly bytes: number
}

const nextNumber = ({ devices }: FamilyState, deviceId: string): number =>
  at(devices, deviceId)?.nextSequenceNumber ?? 0

const execute = (action: PushedAction, context: Context): Outcome => {
  const { state, now, deviceId, isPremium, dhKeys } = context
  const proven = prove(action, context)
  if (E.isLeft(proven)) return outcomeOf(refusal(proven.left), action, deviceId)
  const read = readAction(action)
  if (E.isLeft(read)) return outcomeOf(refusal(read.left), action, deviceId)
  const { actor, effects } = proven.right
  const { name, def, value } = read.right
  const decision =
    actor.kind === 'self' && def.selfLimit !== true
      ? E.left<ActionError>('SELF_TYPE')
      : def.decide(value, { state, now, deviceId, actor, isPremium, dhKeys })
  if (E.isLeft(decision)) return outcomeOf(refusal(decision.left, name), action, deviceId)
  return outcomeOf(done(decision.right, effects, name), action, deviceId, proven.right)
}

type Executed = Omit<Outcome, 'bytes'>

/** An action that left no other trace leaves at least its number. */
const done = (
  { facts, effects = [], fullSync, told }: Decision,
  used: readonly Effect[],
  name: string,
): Executed => ({
  facts:
    facts.length > 0
      ? facts
      : [fact('DeviceSequenceAdvanced', { action: name, ...(told === undefined ? {} : { told }) })],
  effects: [...used, ...effects],
  fullSync: fullSync === true,
})

const refusal = (refused: ActionError, name?: string): Executed => ({
  facts: [fact('DeviceSequenceAdvanced', { refused, ...(name === undefined ? {} : { action: name }) })],
  effects: [],
  fullSync: true,
})

const outcomeOf = (
  executed: Executed,
  { sequenceNumber, type }: PushedAction,
  deviceId: string,
  proven?: Proven,
): Outcome => {
  const via = viaOf(type === 'appLogic' ? UNPROVEN_DEVICE : authOf(proven), deviceId, sequenceNumber)
  const facts = executed.facts.map(({ type: name, data }) => ({ type: name, data, via }))
  const { effects, fullSync } = executed
  return { facts, effects, fullSync, bytes: facts.reduce((sum, one) => sum + bytesOf(one), 0) }
}

type Auth = { readonly auth: string; readonly user?: string }

/** How it came in, for the auditor (decisions 15), and the number that it used up. */
const viaOf = ({ auth, user }: Auth, device: string, sequenceNumber: number): JsonObject =>
  user === undefined
    ? { protocol: 'timelimit', device, sequenceNumber, auth }
    : { protocol: 'timelimit', device, sequenceNumber, auth, user }

const UNPROVEN_DEVICE: Auth = { auth: 'none' }

const authOf = (proven: Proven | undefined): Auth => {
  if (proven === undefined) return { auth: 'failed' }
  const { actor } = proven
  switch (actor.kind) {
    case 'device':
      return UNPROVEN_DEVICE
    case 'parent':
      return { auth: actor.auth, user: actor.userId }
    case 'self':
      return { auth: 'childDevice', user: actor.userId }
    case 'child':
      return { auth: 'password', user: actor.userId }
  }
}

/** What alone exceeds an append, or a family, is refused alone (decisions 16). */
const limited = (wanted: Outcome, action: PushedAction, { state, deviceId }: Context): Folded => {
  const done = folded(wanted, state)
  return wanted.bytes <= TIMELIMIT_PUSH_PART_BYTES_MAX && hasRoom(state, done.after)
    ? done
    : folded(outcomeOf(refusal('LIMIT'), action, deviceId), state)
}

type Folded = { readonly outcome: Outcome; readonly after: FamilyState }

const folded = (outcome: Outcome, state: FamilyState): Folded => ({
  outcome,
  after: outcome.facts.reduce(evolve, state),
})

type Read = { readonly name: string; readonly def: ActionDef; readonly value: unknown }

const readAction = ({ encodedAction, type }: PushedAction): Either<ActionError, Read> => {
  const value = parse(encodedAction)
  if (!isObject(value)) return E.left('JSON')
  const name = value['type']
  const def = typeof name === 'string' ? actionNamed(name) : undefined
  if (def?.envelope !== type || typeof name !== 'string' || !def.codec.is(value)) return E.left('SCHEMA')
  return E.right({ name, def, value })
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
