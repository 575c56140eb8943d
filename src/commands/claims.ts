import { createHmac } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Claim, Decider } from '../domain/decider.ts'
import { rejection, type Rejection } from '../domain/rejection.ts'
import type { AppendFailure, Expected, History, NewEvent } from '../history/port.ts'
import { CLAIM_ORPHAN_MS, COMMAND_TRIES_MAX } from '../limits.ts'
import type { Keyring } from '../vault/port.ts'
import { eventOf, type Cause } from './facts.ts'

/**
 * Names that are unique in the installation: one stream a name, `claim-<kind>-<hex HMAC-SHA-256(claim key, folded value)>`
 * (decisions 4). Who appends first to it holds it; release and take-over are events there.
 */
export type Claims = {
  /** All or none: what was newly taken is released again when one of them is not to be had. */
  readonly take: (asker: Asker, claims: readonly Claim[]) => Promise<E.Either<Rejection, readonly Claim[]>>
  /** Leaves alone what somebody else holds by now. */
  readonly release: (asker: Asker, claims: readonly Claim[]) => Promise<void>
}

export type Asker = {
  readonly stream: string
  readonly cause: Cause
  /** Whose key seals who holds the claim. */
  readonly subject: string
  /** Claims that another stream of the same kind holds by its state; a claim that its holder's state does not know is an orphan. */
  readonly claimsOf: (stream: string) => Promise<readonly Claim[]>
}

export const createClaims = (history: History, keyring: Keyring): Claims => {
  const streamOf = async (claim: Claim): Promise<string> => {
    const key = await keyring.installation('claim')
    return `claim-${claim.kind}-${createHmac('sha256', key).update(claim.value).digest('hex')}`
  }

  const takeOne = async (asker: Asker, claim: Claim): Promise<E.Either<Rejection, boolean>> => {
    const stream = await streamOf(claim)
    for (let tries = 0; tries < COMMAND_TRIES_MAX; tries++) {
      const standing = await lastOf(history, stream)
      if (standing.holder === asker.stream) return E.right(false)
      if (standing.holder !== undefined && !(await isOrphan(asker, claim, standing)))
        return E.left(claim.onTaken)
      const failure = await append(history, asker, {
        stream,
        expected: standing.revision,
        type: 'ClaimTaken',
      })
      if (failure === undefined) return E.right(true)
      if (failure._tag === 'TooLarge' || failure._tag === 'Unavailable') break
    }
    return E.left(rejection('Unavailable', 'claim_not_settled', { retryAfterSeconds: 1 }))
  }

  const release: Claims['release'] = async (asker, claims) => {
    for (const claim of claims) {
      const stream = await streamOf(claim)
      const standing = await lastOf(history, stream)
      if (standing.holder !== asker.stream) continue
      await append(history, asker, { stream, expected: standing.revision, type: 'ClaimReleased' })
    }
  }

  return {
    release,
    take: async (asker, claims) => {
      const taken: Claim[] = []
      for (const claim of claims) {
        const answer = await takeOne(asker, claim)
        if (E.isLeft(answer)) {
          await release(asker, taken)
          return answer
        }
        if (answer.right) taken.push(claim)
      }
      return E.right(taken)
    },
  }
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

/** Its holder never came to be, or gave the name up and died before saying so. Given time, because it may be about to be. */
const isOrphan = async (asker: Asker, claim: Claim, standing: Standing): Promise<boolean> => {
  if (standing.holder === undefined || asker.cause.at - standing.at < CLAIM_ORPHAN_MS) return false
  const held = await asker.claimsOf(standing.holder)
  return !held.some((other) => sameClaim(other, claim))
}

export const sameClaim = (a: Claim, b: Claim): boolean => a.kind === b.kind && a.value === b.value

const append = async (
  history: History,
  asker: Asker,
  to: {
    readonly stream: string
    readonly expected: Expected
    readonly type: 'ClaimTaken' | 'ClaimReleased'
  },
): Promise<AppendFailure | undefined> => {
  const data = to.type === 'ClaimTaken' ? { holder: asker.stream } : {}
  const name = `${to.type}:${to.stream}:${String(to.expected)}`
  const event = eventOf(asker.cause, name, { type: to.type, data })
  const owned = { ...event, meta: { ...event.meta, subject: asker.subject } }
  const answer = await history.append(to.stream, to.expected, [owned])()
  return E.isLeft(answer) ? answer.left : undefined
}

/** Claims that a decision adds and gives up. */
export const claimChanges = <S, C>(
  decider: Decider<S, C>,
  before: S,
  after: S,
): { readonly added: readonly Claim[]; readonly dropped: readonly Claim[] } => {
  if (decider.claims === undefined) return { added: [], dropped: [] }
  const old = decider.claims(before)
  const now = decider.claims(after)
  return {
    added: now.filter((claim) => !old.some((other) => sameClaim(claim, other))),
    dropped: old.filter((claim) => !now.some((other) => sameClaim(claim, other))),
  }
}

/** For the seal table: the holder is sealed with the key that the asker named. */
export const CLAIMS_SEALED = {
  ClaimTaken: { fields: ['holder'], subject: (event: NewEvent) => event.meta.subject },
} as const
