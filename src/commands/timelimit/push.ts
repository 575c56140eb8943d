import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { sha256Hex } from '../../crypto/hashes.ts'
import { familyDecider } from '../../domain/timelimit/decide.ts'
import { familyStream } from '../../domain/timelimit/names.ts'
import type { PushedAction } from '../../domain/timelimit/proof.ts'
import { decidePush, type Push, type Pushed } from '../../domain/timelimit/push.ts'
import { at, type FamilyState } from '../../domain/timelimit/state.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { uuidV5 } from '../../uuid.ts'
import type { Engine } from '../engine.ts'
import type { Owner } from './dh-keys.ts'
import { createCarrier, type EffectParts } from './effects.ts'
import { dropReplacedLists } from './app-lists.ts'

export type Pusher = (
  from: Owner & { readonly tokenHash: string },
  actions: readonly PushedAction[],
  now: number,
) => Promise<Either<Rejection, { readonly fullSync: boolean }>>

export type PusherParts = EffectParts & { readonly engine: Engine; readonly alwaysPro: boolean }

/**
 * Takes what a device pushes (timelimit 3): one append, or one after the other if the events are too many for one (decisions 16). The same
 * request come again is the same command: it changes nothing and is answered as the repetition that it is.
 */
export const createPusher =
  (parts: PusherParts): Pusher =>
  async (from, actions, now) => {
    const id = commandIdOf(from, actions)
    let rest = actions
    let fullSync = false
    for (let part = 0; rest.length > 0; part++) {
      const commandId = part === 0 ? id : uuidV5(String(part), id)
      const pushed = await pushPart(parts, { from, actions: rest, now, commandId, correlationId: id })
      if (E.isLeft(pushed)) return pushed
      fullSync ||= pushed.right.fullSync
      rest = pushed.right.rest
    }
    return E.right({ fullSync })
  }

type Part = {
  readonly from: Owner & { readonly tokenHash: string }
  readonly actions: readonly PushedAction[]
  readonly now: number
  readonly commandId: string
  readonly correlationId: string
}

/** What came of it, and the actions that are left for another append. */
type PartDone = { readonly fullSync: boolean; readonly rest: readonly PushedAction[] }

const pushPart = async (parts: PusherParts, part: Part): Promise<Either<Rejection, PartDone>> => {
  const { from, actions, now, commandId, correlationId } = part
  const { engine, dhKeys, alwaysPro } = parts
  const asked = actions.some(needsKeys) ? await dhKeys.usable(from, now) : {}
  const { device: deviceId, tokenHash } = from
  const push: Push = {
    type: 'Push',
    deviceId,
    tokenHash,
    actions,
    now,
    alwaysPremium: alwaysPro,
    dhKeys: asked,
  }
  const carryOut = createCarrier(parts, from, now)
  let decided: Either<Rejection, Pushed> | undefined
  let before: FamilyState | undefined
  const done = await engine.execute({
    stream: familyStream(from.family),
    decider: familyDecider,
    command: async (state) => {
      before = state
      decided = decidePush(push, state)
      if (E.isRight(decided)) await carryOut(decided.right.effects)
      return { type: 'Push' as const, decided }
    },
    commandId,
    correlationId,
    actor: `timelimit:device:${deviceId}`,
    at: now,
  })()
  if (E.isLeft(done)) return done
  const { state, facts, repeated } = done.right
  if (before !== undefined) await dropReplacedLists(parts.vault, from, { before, after: state, facts })
  if (repeated || decided === undefined || E.isLeft(decided)) {
    const fullSync = decided === undefined || E.isLeft(decided) || decided.right.fullSync
    return E.right({ fullSync, rest: notUsedUp(state, deviceId, actions) })
  }
  return E.right({ fullSync: decided.right.fullSync, rest: actions.slice(decided.right.done) })
}

/**
 * What a command that was done before has left to others: those may not have been done, if the server stopped between two appends.
 */
const notUsedUp = (
  { devices }: FamilyState,
  deviceId: string,
  actions: readonly PushedAction[],
): readonly PushedAction[] => {
  const next = at(devices, deviceId)?.nextSequenceNumber ?? Infinity
  return actions.filter(({ sequenceNumber }) => sequenceNumber >= next)
}

/** Whether the server's own keys may be needed: for an encrypted password (a name in JSON may have escapes), or a security key. */
const needsKeys = ({ integrity, encodedAction }: PushedAction): boolean =>
  integrity.startsWith('u2f:') || /"encrypted"|\\u/.test(encodedAction)

const NAMESPACE = '5d0b0f0a-61f5-4c2f-9d2a-7a0f6a1d0d52'

const commandIdOf = ({ family, device }: Owner, actions: readonly PushedAction[]): string =>
  uuidV5(`${family} ${device} ${sha256Hex(JSON.stringify(actions))}`, NAMESPACE)
