import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { hmacMessage, verifyPassword, verifySha512 } from '../../crypto/integrity.ts'
import { parseU2fIntegrity, verifyU2f } from '../../crypto/u2f.ts'
import type { ActionError, Actor, DhKey, Effect, Envelope } from './actions/action.ts'
import { at, type FamilyState } from './state.ts'

/** One action as it was pushed (timelimit 3.1). */
export type PushedAction = {
  /** JSON as text: what is signed is this text. */
  readonly encodedAction: string
  readonly sequenceNumber: number
  readonly integrity: string
  readonly type: Envelope
  readonly userId: string
}

/** Who acts, and what was used up to prove it. */
export type Proven = { readonly actor: Actor; readonly effects: readonly Effect[] }

export type ProofContext = {
  readonly state: FamilyState
  readonly deviceId: string
  readonly isPremium: boolean
  readonly dhKeys: { readonly [version: string]: DhKey }
}

/** Who an action is from, if its integrity holds (timelimit 3.3). */
export const prove = (action: PushedAction, context: ProofContext): Either<ActionError, Proven> => {
  if (action.type === 'appLogic') return proven({ kind: 'device' })
  if (action.type === 'child') return proveChild(action, context)
  return action.integrity === 'childDevice' ? proveSelf(action, context) : proveParent(action, context)
}

/** The bit of a child's flags that lets it limit itself. */
const ALLOW_SELF_LIMIT_ADD = 2

const proven = (actor: Actor, effects: readonly Effect[] = []): Either<ActionError, Proven> =>
  E.right({ actor, effects })
const unproven = E.left<ActionError>('AUTH')

const proveChild = (action: PushedAction, { state, deviceId }: ProofContext): Either<ActionError, Proven> => {
  const user = at(state.users, action.userId)
  if (user?.type !== 'child') return unproven
  const { secondHash } = user
  return verifySha512({ ...action, deviceId, secondHash }, action.integrity)
    ? proven({ kind: 'child', userId: action.userId })
    : unproven
}

const proveSelf = (
  { userId }: PushedAction,
  { state, deviceId }: ProofContext,
): Either<ActionError, Proven> => {
  const user = at(state.users, userId)
  if (user?.type !== 'child' || at(state.devices, deviceId)?.userId !== userId) return unproven
  return (user.flags & ALLOW_SELF_LIMIT_ADD) === 0 ? E.left('SELF_OFF') : proven({ kind: 'self', userId })
}

const proveParent = (action: PushedAction, context: ProofContext): Either<ActionError, Proven> => {
  const { userId, integrity } = action
  const { state, deviceId } = context
  const user = at(state.users, userId)
  if (user?.type !== 'parent') return unproven
  if (integrity === 'device') {
    const device = at(state.devices, deviceId)
    return device?.userId === userId && device.keptSignedIn
      ? proven({ kind: 'parent', userId, auth: 'device' })
      : unproven
  }
  if (integrity.startsWith('u2f:')) return proveByKey(action, context)
  const signed = { ...action, deviceId, secondHash: user.secondHash }
  const verify = integrity.startsWith('password:') ? verifyPassword : verifySha512
  return verify(signed, integrity) ? proven({ kind: 'parent', userId, auth: 'password' }) : unproven
}

const proveByKey = (action: PushedAction, context: ProofContext): Either<ActionError, Proven> => {
  const message = hmacMessage({ ...action, deviceId: context.deviceId })
  const answered = answerOfKey(action.integrity, message, context)
  if (E.isLeft(answered)) return answered
  if (answered.right.userId !== action.userId) return unproven
  return proven({ kind: 'parent', userId: action.userId, auth: 'u2f' }, answered.right.effects)
}

/**
 * Whose security key has signed the exchange of keys that the message's HMAC is made with (timelimit 3.3.4, steps 1 to 6). Also of the
 * end points that ask for it directly, with another message (2.8).
 */
export const answerOfKey = (
  integrity: string,
  message: Buffer,
  { state, isPremium, dhKeys }: ProofContext,
): Either<ActionError, { readonly userId: string; readonly effects: readonly Effect[] }> => {
  const parsed = parseU2fIntegrity(integrity)
  if (parsed === undefined) return unproven
  if (!isPremium) return E.left('PREMIUM')
  const { dhVersion: version, keyId } = parsed
  const server = at(dhKeys, version)
  const key = at(state.u2f, keyId)
  if (server === undefined || key === undefined) return unproven
  const verified = verifyU2f({
    parsed,
    serverPrivateKey: server.privateKey,
    serverPublicKey: server.publicKey,
    u2fPublicKey: key.publicKey,
    message,
  })
  if (verified === undefined) return unproven
  const effects: readonly Effect[] = [
    { type: 'use-dh-key', version },
    { type: 'store-u2f-counter', keyId, counter: verified.counter + 1 },
  ]
  return E.right({ userId: key.userId, effects })
}
