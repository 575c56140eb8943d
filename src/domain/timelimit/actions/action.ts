import type * as t from 'io-ts'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Fact } from '../../decider.ts'
import type { FamilyState } from '../state.ts'

/** A row of the action table (timelimit 4): who sends it, its shape, and what it does. */
export type ActionDef<A = unknown> = {
  readonly envelope: Envelope
  readonly codec: t.Type<A, unknown>
  /** A child may send it for itself (timelimit 3.3.5): the action refuses what would relax its limits. */
  readonly selfLimit?: true
  decide(action: A, context: ActionContext): Either<ActionError, Decision>
}

export type Envelope = 'appLogic' | 'parent' | 'child'

/** Everything that an action may ask for but itself. */
export type ActionContext = {
  readonly state: FamilyState
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The device that pushes. */
  readonly deviceId: string
  readonly actor: Actor
  /** Premium as of the beginning of the request (timelimit 3.4). */
  readonly isPremium: boolean
  /** The server's private keys for that device by version, as far as they are not expired (timelimit 1.4). */
  readonly dhKeys: { readonly [version: string]: DhKey }
}

export type DhKey = { readonly privateKey: string; readonly publicKey: string }

export type Actor =
  | { readonly kind: 'device' }
  | { readonly kind: 'parent'; readonly userId: string; readonly auth: 'device' | 'password' | 'u2f' }
  /** A child that limits itself. */
  | { readonly kind: 'self'; readonly userId: string }
  | { readonly kind: 'child'; readonly userId: string }

/** Why an action is refused: only for the history and the log, a device learns no more than that it has to sync (timelimit 4.0.2). */
export type ActionError =
  | 'SEQ'
  | 'JSON'
  | 'SCHEMA'
  | 'VALUE'
  | 'AUTH'
  | 'METHOD'
  | 'NO_CATEGORY'
  | 'NO_USER'
  | 'NO_DEVICE'
  | 'NO_RULE'
  | 'NO_TASK'
  | 'NO_ITEM'
  | 'PREMIUM'
  | 'DUPLICATE'
  | 'REF'
  | 'LIMIT'
  | 'STATE'
  | 'SELF_OTHER'
  | 'SELF_TYPE'
  | 'SELF_RELAX'
  | 'SELF_OFF'

export type Decision = {
  readonly facts: readonly Fact[]
  /** What the vault has to hold before the facts are appended (decisions 9). */
  readonly effects?: readonly Effect[]
  /** It was done, but the device is out of step (timelimit 4.2 step 1). */
  readonly fullSync?: true
  /** Whom an action without facts tells all the same. */
  readonly told?: 1 | 2
}

/** What is private, mutable or large, and therefore no event (decisions 1, 17, 22). Repeating one changes nothing. */
export type Effect =
  | { readonly type: 'store-blob'; readonly content: Buffer }
  | {
      readonly type: 'deliver-reply'
      readonly to: string
      readonly serverSeq: number
      readonly sender: string
      readonly content: {
        readonly tempKey: string
        readonly cryptKey: string
        readonly signature: string
      }
    }
  /** Nobody asks for these answers any more. */
  | { readonly type: 'drop-replies'; readonly to: string; readonly serverSeqs: readonly number[] }
  | {
      readonly type: 'deliver-ping'
      readonly to: string
      readonly sender: string
      readonly kind: 'ping' | 'pong'
      readonly token: string
    }
  /** Everything that `sender` has sent to `to` with that token. */
  | { readonly type: 'clear-pings'; readonly to: string; readonly sender: string; readonly token: string }
  /** The server's key was used: it expires (timelimit 1.4). */
  | { readonly type: 'use-dh-key'; readonly version: string }
  | { readonly type: 'store-u2f-counter'; readonly keyId: string; readonly counter: number }

/** The row with its action's type forgotten: whoever calls `decide` has decoded with the same row's codec. */
export const action = <A>(def: ActionDef<A>): ActionDef => def as ActionDef

/** Who acts; `''` for a device. */
export const userIdOf = (actor: Actor): string => (actor.kind === 'device' ? '' : actor.userId)
