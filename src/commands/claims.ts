import { createHmac } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Claim, Decider } from '../domain/decider.ts'
import { rejection, type Rejection } from '../domain/rejection.ts'
import type { Appended, AppendFailure, Expected, History, NewEvent } from '../history/port.ts'
import { CLAIM_ORPHAN_MS, COMMAND_TRIES_MAX } from '../limits.ts'
import type { Keyring } from '../vault/port.ts'
import { eventOf, type Cause } from './facts.ts'
import { CLAIM_KEY } from './own-keyring.ts'

/**
 * Names that are unique in the installation: one stream a name, `claim-<kind>-<hex HMAC-SHA-256(claim key, folded value)>`
 * (decisions 4). Who appends first to it holds it; release and take-over are events there.
 */
export type Claims = {
  /**
   * Before an append: takes what its decision adds, all or none, and looks how that stands which it gives up, for `release` after it.
   * A refusal names everything that others hold.
   */
  readonly settle: (
    asker: Asker,
    added: readonly Claim[],
    dropped: readonly Claim[],
  ) => Promise<E.Either<Rejection, Settled>>
  /**
   * Leaves alone what anybody has touched since. Every command that comes to rely on a claim touches it, also if its stream holds
   * it already: so none is released under a command that had it again meanwhile.
   */
  readonly release: (asker: Asker, claims: readonly Held[]) => Promise<void>
}

export type Settled = {
  /** What nobody held before, and this command alone relies on as long as nobody touches it. */
  readonly taken: readonly Held[]
  readonly leaving: readonly Held[]
}

/** A claim as it was found or made: its stream, and the revision of the last event there. */
export type Held = { readonly stream: string; readonly revision: Expected }

export type Asker = {
  readonly stream: string
  readonly cause: Cause
  /** Whose key seals who holds the claim. */
  readonly subject: string
  /** Claims that another stream of the same kind holds by its state; a claim that its holder's state does not know is an orphan. */
  readonly claimsOf: (stream: string) => Promise<readonly Claim[]>
}

export const createClaims = (history: History, keyring: Keyring): Claims => {
  const streamOf = (claim: Claim): Promise<string> => claimStream(keyring, claim)

  /** `undefined`: the asker's stream held it already. */
  const takeOne = async (asker: Asker, claim: Claim): Promise<E.Either<Rejection, Held | undefined>> => {
    const stream = await streamOf(claim)
    for (let tries = 0; tries < COMMAND_TRIES_MAX; tries++) {
      const standing = await lastOf(history, stream)
      const isOurs = standing.holder === asker.stream
      if (await isHeld(asker, claim, standing)) return E.left(claim.onTaken)
      const answer = await append(history, asker, {
        stream,
        expected: standing.revision,
        type: 'ClaimTaken',
      })
      if (E.isRight(answer)) return E.right(isOurs ? undefined : { stream, revision: answer.right.revision })
      if (answer.left._tag === 'TooLarge' || answer.left._tag === 'Unavailable') break
    }
    return E.left(rejection('Unavailable', 'claim_not_settled', { retryAfterSeconds: 1 }))
  }

  /** `refusal`, and what is broken about the names that were not tried any more. */
  const withOthers = async (
    refusal: Rejection,
    asker: Asker,
    others: readonly Claim[],
  ): Promise<Rejection> => {
    if (refusal.kind !== 'Conflict') return refusal
    let { fields } = refusal
    for (const claim of others) {
      const standing = await lastOf(history, await streamOf(claim))
      if (await isHeld(asker, claim, standing)) fields = { ...fields, ...claim.onTaken.fields }
    }
    return fields === undefined ? refusal : { ...refusal, fields }
  }

  const release: Claims['release'] = async (asker, claims) => {
    for (const { stream, revision } of claims)
      await append(history, asker, { stream, expected: revision, type: 'ClaimReleased' })
  }

  const look = async (asker: Asker, claims: readonly Claim[]): Promise<readonly Held[]> => {
    const found: Held[] = []
    for (const claim of claims) {
      const stream = await streamOf(claim)
      const { holder, revision } = await lastOf(history, stream)
      if (holder === asker.stream) found.push({ stream, revision })
    }
    return found
  }

  return {
    release,
    settle: async (asker, added, dropped) => {
      const taken: Held[] = []
      for (const [index, claim] of added.entries()) {
        const answer = await takeOne(asker, claim)
        if (E.isLeft(answer)) {
          await release(asker, taken)
          return E.left(await withOthers(answer.left, asker, added.slice(index + 1)))
        }
        if (answer.right !== undefined) taken.push(answer.right)
      }
      return E.right({ taken, leaving: await look(asker, dropped) })
    },
  }
}

/** The stream that a name was taken by last, if it was not released since. For who only asks: a command finds out by claiming. */
export const holderOf = async (
  history: History,
  keyring: Keyring,
  claim: Pick<Claim, 'kind' | 'value'>,
): Promise<string | undefined> => (await lastOf(history, await claimStream(keyring, claim))).holder

const claimStream = async (
  keyring: Keyring,
  { kind, value }: Pick<Claim, 'kind' | 'value'>,
): Promise<string> => {
  const key = await keyring.installation(CLAIM_KEY)
  return `claim-${kind}-${createHmac('sha256', key).update(value).digest('hex')}`
}

type Standing = {
  readonly revision: Expected
  readonly holder: string | undefined
  readonly at: number
}

/** The last event alone says how a claim stands. An erased holder opens as null: the name is free. */
const lastOf = async (history: History, stream: string): Promise<Standing> => {
  for await (const page of history.read(stream, { from: 'end', direction: 'backwards', limit: 1 })) {
    const last = page[0]
    if (last === undefined) break
    const holder = last.type === 'ClaimTaken' ? last.data.holder : undefined
    return {
      revision: last.revision,
      holder: typeof holder === 'string' ? holder : undefined,
      at: last.meta.at,
    }
  }
  return { revision: 'none', holder: undefined, at: 0 }
}

/** By another stream that knows of it. */
const isHeld = async (asker: Asker, claim: Claim, standing: Standing): Promise<boolean> =>
  standing.holder !== undefined &&
  standing.holder !== asker.stream &&
  !(await isOrphan(asker, claim, standing))

/** Its holder never came to be, or gave the name up and died before saying so. Given time, because it may be about to be. */
const isOrphan = async (asker: Asker, claim: Claim, standing: Standing): Promise<boolean> => {
  if (standing.holder === undefined || asker.cause.at - standing.at < CLAIM_ORPHAN_MS) return false
  const held = await asker.claimsOf(standing.holder)
  return without([claim], held).length > 0
}

const append = async (
  history: History,
  asker: Asker,
  to: {
    readonly stream: string
    readonly expected: Expected
    readonly type: 'ClaimTaken' | 'ClaimReleased'
  },
): Promise<E.Either<AppendFailure, Appended>> => {
  const data = to.type === 'ClaimTaken' ? { holder: asker.stream } : {}
  const name = `${to.type}:${to.stream}:${String(to.expected)}`
  const event = eventOf(asker.cause, name, { type: to.type, data })
  const owned = { ...event, meta: { ...event.meta, subject: asker.subject } }
  return history.append(to.stream, to.expected, [owned])()
}

/** Claims that a decision adds and gives up. */
export const claimChanges = <S, C>(decider: Decider<S, C>, before: S, after: S): Changes => {
  if (decider.claims === undefined) return NO_CHANGES
  const old = decider.claims(before)
  const now = decider.claims(after)
  return old === now ? NO_CHANGES : { added: without(now, old), dropped: without(old, now) }
}

type Changes = { readonly added: readonly Claim[]; readonly dropped: readonly Claim[] }
const NO_CHANGES: Changes = { added: [], dropped: [] }

const without = (claims: readonly Claim[], others: readonly Claim[]): readonly Claim[] => {
  if (claims.length === 0) return claims
  const names = new Set(others.map(nameOf))
  return claims.filter((claim) => !names.has(nameOf(claim)))
}

const nameOf = ({ kind, value }: Claim): string => `${kind} ${value}`

/** For the seal table: the holder is sealed with the key that the asker named. */
export const CLAIMS_SEALED = {
  ClaimTaken: { fields: ['holder'], subject: (event: NewEvent) => event.meta.subject },
} as const
