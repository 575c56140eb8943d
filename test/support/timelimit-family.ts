/** A family as facts, and actions decided on it: given, when, then. */
import * as E from 'fp-ts/lib/Either.js'
import type { Fact } from '../../src/domain/decider.ts'
import type {
  ActionContext,
  ActionDef,
  ActionError,
  Actor,
  DhKey,
  Effect,
} from '../../src/domain/timelimit/actions/action.ts'
import { fact, familyEvent } from '../../src/domain/timelimit/events.ts'
import { evolve } from '../../src/domain/timelimit/evolve.ts'
import { signalOf } from '../../src/domain/timelimit/signals.ts'
import { NO_FAMILY, type FamilyState } from '../../src/domain/timelimit/state.ts'
import type { JsonObject } from '../../src/json.ts'

export const NOW = 1_700_000_000_000
/** Parents: the first with a mail. */
export const MUM = 'mum001'
export const DAD = 'dad001'
export const KID = 'kid001'
export const SIS = 'sis001'
/** The pushing device, Mum's; the child's; and one of nobody. */
export const PHONE = 'phone1'
export const TABLET = 'tablet'
export const SPARE = 'spare1'
/** Categories: the first two are of the first child. */
export const GAMES = 'games1'
export const MUSIC = 'music1'
export const BOOKS = 'books1'
export const NOBODY = 'none00'

/** Timelimit 10.16, V1. */
export const PASSWORD = {
  hash: '$2a$12$KIXQ4p0m1u7sV8bWcYdZeuyVMbBvu61BSf.GbazDWtu2I8mObObUm',
  secondHash: '$2a$12$Zp3rT9wLq2xN5vB7mC1kJes8s9ZHya.G6223zioOyn.bjaTY/NGEK',
  secondSalt: '$2a$12$Zp3rT9wLq2xN5vB7mC1kJe',
}
export const NO_PASSWORD = { hash: '', secondHash: '', secondSalt: '' }

export const userAdded = (
  userId: string,
  userType: 'parent' | 'child',
  {
    mail = '',
    ...password
  }: { mail?: string; hash: string; secondHash: string; secondSalt: string } = PASSWORD,
): Fact =>
  fact('UserAdded', {
    userId,
    userType,
    notificationFlags: 0,
    sealed: { name: `name of ${userId}`, timeZone: 'Europe/Berlin', mail, locale: 'de', ...password },
  })

export const deviceRegistered = (deviceId: string, userId: string, keptSignedIn = false): Fact =>
  fact('DeviceRegistered', {
    deviceId,
    userId,
    keptSignedIn,
    addedAt: NOW,
    sealed: { name: `name of ${deviceId}`, model: 'A', tokenHash: `hash of ${deviceId}` },
  })

export const categoryCreated = (categoryId: string, childId: string): Fact =>
  fact('CategoryCreated', { categoryId, childId, sort: 0, sealed: { title: `title of ${categoryId}` } })

export const FAMILY: readonly Fact[] = [
  fact('FamilyCreated', { familyId: 'abcdefghij', until: NOW }),
  userAdded(MUM, 'parent', { ...PASSWORD, mail: 'mum@example.org' }),
  userAdded(DAD, 'parent'),
  userAdded(KID, 'child'),
  userAdded(SIS, 'child', NO_PASSWORD),
  deviceRegistered(PHONE, MUM, true),
  deviceRegistered(TABLET, KID),
  deviceRegistered(SPARE, ''),
  categoryCreated(GAMES, KID),
  categoryCreated(MUSIC, KID),
  categoryCreated(BOOKS, SIS),
]

export const folded = (...facts: readonly Fact[]): FamilyState =>
  facts.reduce((state, one) => evolve(state, one), NO_FAMILY)
/** The family after these. */
export const family = (...facts: readonly Fact[]): FamilyState => folded(...FAMILY, ...facts)

export type Given = {
  /** What happened since the family was made. */
  readonly after?: readonly Fact[]
  readonly as?: Actor
  readonly on?: string
  readonly isPremium?: boolean
  readonly dhKeys?: { readonly [version: string]: DhKey }
}

export type Then =
  | ActionError
  | {
      readonly facts: readonly Fact[]
      readonly effects: readonly Effect[]
      /** `G2`, or `G1 T2(device)`, as the specification writes it; of the device that pushes only if it is written there. */
      readonly notify: string
      /** The versions that move. */
      readonly bumps: readonly string[]
    }

export const parent = (userId: string, auth: 'device' | 'password' | 'u2f' = 'password'): Actor => ({
  kind: 'parent',
  userId,
  auth,
})

/** What becomes of an action as it was pushed; its facts as they are stored. */
export const when = (def: ActionDef | undefined, action: JsonObject, given: Given = {}): Then => {
  if (def === undefined) throw new Error('no such action')
  if (!def.codec.is(action)) return 'SCHEMA'
  const { after = [], ...asked } = given
  const decided = def.decide(action, contextOf(family(...after), asked))
  if (E.isLeft(decided)) return decided.left
  const facts = decided.right.facts.map((one) => JSON.parse(JSON.stringify(one)) as Fact)
  family(...after, ...facts)
  return { facts, effects: decided.right.effects ?? [], notify: notified(facts), bumps: bumped(facts) }
}

const contextOf = (state: FamilyState, { as, on, isPremium = true, dhKeys = {} }: Given): ActionContext => ({
  state,
  now: NOW,
  deviceId: on ?? PHONE,
  actor: as ?? parent(MUM),
  isPremium,
  dhKeys,
})

/** What all of an action's facts say together. */
export const notified = (facts: readonly Fact[]): string => {
  const signals = facts.map((one) => signalOf({ ...one, meta: {} }))
  const level = Math.max(0, ...signals.map((signal) => signal?.level ?? 0))
  const devices = new Set(signals.flatMap((signal) => Object.keys(signal?.devices ?? {})))
  return [...(level === 0 ? [] : [`G${level}`]), ...[...devices].map((device) => `T2(${device})`)].join(' ')
}

const bumped = (facts: readonly Fact[]): readonly string[] => {
  const scopes = facts.flatMap(({ type, data }) => familyEvent(type)?.scopes(data) ?? [])
  return [
    ...new Set(scopes.map((scope) => (typeof scope === 'string' ? scope : JSON.stringify(scope)))),
  ].sort()
}
