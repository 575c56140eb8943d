import type { Pushed } from './push.ts'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Rejection } from '../rejection.ts'
import type { DhKey } from './actions/action.ts'

/**
 * What the end points ask of a family (timelimit 2, 6, 8.4). Ids, hashes and times are made by the caller; `now` is milliseconds since the
 * epoch; `mail` is the address that a mail auth token has proven.
 */
export type FamilyCommand =
  /** Decided in the engine's load step, because what it needs from the vault is put before its events are appended. */
  | { readonly type: 'Push'; readonly decided: Either<Rejection, Pushed> }
  | {
      readonly type: 'CreateFamily'
      readonly familyId: string
      readonly userId: string
      readonly name: string
      readonly timeZone: string
      readonly mail: string
      readonly locale: string
      readonly password: Password
      readonly device: NewDevice
      readonly now: number
    }
  /** A parent's further device: of the user with that mail. */
  | {
      readonly type: 'SignIn'
      readonly mail: string
      readonly locale: string
      readonly device: NewDevice
      readonly now: number
    }
  /** A device of nobody, by a code. */
  | { readonly type: 'AddDevice'; readonly device: NewDevice; readonly now: number }
  | {
      readonly type: 'RecoverPassword'
      readonly mail: string
      readonly locale: string
      readonly password: Password
      readonly now: number
    }
  | {
      readonly type: 'LinkMail'
      readonly from: Caller
      readonly userId: string
      readonly secondHash: string
      readonly mail: string
      readonly locale: string
    }
  | {
      readonly type: 'RemoveDevice'
      readonly from: Caller
      readonly proof: ParentProof
      readonly deviceId: string
    }
  | {
      readonly type: 'UpdatePrimaryDevice'
      readonly from: Caller
      readonly userId: string
      readonly isSet: boolean
      readonly alwaysPremium: boolean
    }
  | { readonly type: 'ReportRemoved'; readonly from: Caller; readonly now: number }
  /** By its parents, who have all proven their mails, or because nobody uses it: the deciding state may differ from what was found. */
  | { readonly type: 'DeleteFamily'; readonly from: Caller; readonly mails: readonly string[] }
  | { readonly type: 'DeleteUnused'; readonly before: number }
  /** Before it is erased, whoever asked for that; nothing is left to do of one that is deleted. */
  | { readonly type: 'EndFamily' }
  | {
      readonly type: 'AddPurchase'
      readonly service: string
      readonly transactionId: string
      readonly purchase: 'month' | 'year' | 'unpaid14'
      readonly now: number
    }
  | { readonly type: 'ExpirePremium'; readonly now: number }
  | { readonly type: 'PruneUsedTimes'; readonly countersBefore: number; readonly sessionsBefore: number }

/** bcrypt forms, checked by the caller (timelimit 1.3). */
export type Password = { readonly hash: string; readonly secondHash: string; readonly secondSalt: string }

export type NewDevice = {
  readonly deviceId: string
  readonly tokenHash: string
  readonly name: string
  readonly model: string
}

/** The device that calls, and the SHA-256 of the token that it came with. */
export type Caller = { readonly deviceId: string; readonly tokenHash: string }

/** What shows that a parent acts (timelimit 2.8). */
export type ParentProof = {
  readonly parentId: string
  /** `device`, `u2f:…` or a second hash. */
  readonly secondHash: string
  readonly alwaysPremium: boolean
  readonly dhKeys: { readonly [version: string]: DhKey }
}
