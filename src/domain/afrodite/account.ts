import type { LinkedProtocol, Origin } from './events.ts'
import type { AccountStateName, Standing } from './standing.ts'

/** What the decider of an account's stream knows. */
export type AccountState = {
  /** Events folded so far: the revision of the last one is one less. */
  readonly events: number
  readonly life: 'none' | 'there' | 'deleted'
  readonly origin: Origin | null
  /** Of the demo mode; it owns the account. */
  readonly demoEntry: number | null
  readonly standing: Standing
  /** Of type 0: 0 to 255 (afrodite 3.9). */
  readonly version: number
  readonly deletion: { readonly previousState: AccountStateName; readonly deleteAt: number } | null
  readonly email: string | null
  readonly googleSub: string | null
  readonly setUp: { readonly birthdate: string | null; readonly isAdult: boolean } | null
  readonly unlimitedLikes: boolean
  /** The last one issued. */
  readonly clientId: number
  /** Who the account is in other protocols, as those name it. */
  readonly links: { readonly [protocol in LinkedProtocol]?: string }
}

/** Times are milliseconds since the Unix epoch. */
export type AccountCommand =
  | {
      readonly type: 'Register'
      readonly aid: string
      readonly origin: Origin
      readonly demoEntry?: number
      readonly google?: { readonly sub: string; readonly email: string | null }
    }
  /** Pending stays pending (afrodite 6). */
  | { readonly type: 'SetVisibility'; readonly isPublic: boolean }
  | { readonly type: 'SetUnlimitedLikes'; readonly value: boolean }
  | { readonly type: 'SetEmail'; readonly email: string | null }
  | {
      readonly type: 'SetUp'
      readonly birthdate: string | null
      readonly isAdult: boolean
      readonly at: number
    }
  | { readonly type: 'CompleteSetup' }
  | { readonly type: 'RequestDeletion'; readonly deleteAt: number }
  | { readonly type: 'CancelDeletion' }
  /** Refused before the time that was set. */
  | { readonly type: 'Delete'; readonly at: number }
  /** At once, before it is erased, whoever asked for that; nothing is left to do of one that is deleted. */
  | { readonly type: 'End' }
  | { readonly type: 'IssueClientId' }
  /** Of type 0. */
  | { readonly type: 'ResetSyncVersion' }
  | { readonly type: 'Link'; readonly protocol: LinkedProtocol; readonly user: string }
  | { readonly type: 'Unlink'; readonly protocol: LinkedProtocol }
