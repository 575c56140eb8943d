import type { CloseCause, LoginMethod } from './events.ts'

/** What the decider of a session's stream knows (afrodite 7.2). */
export type SessionState = {
  /** The pair and the connection that go with it; undefined: nobody is logged in. */
  readonly login?: {
    readonly loginId: string
    readonly accessHash: string
    readonly refreshHash: string
    readonly connection: { readonly id: string; readonly ip: string; readonly node: string } | null
  }
  /** The account is gone for good. */
  readonly deleted: boolean
  /** Milliseconds since the Unix epoch, by the command's clock: `HandshakeRefused` is at most one a minute. */
  readonly refusedAt: number | null
}

export type ClientInfo = {
  /** 0 Android, 1 iOS, 2 Web, 255 bot. */
  readonly type: number
  readonly major: number
  readonly minor: number
  readonly patch: number
}

export type NewConnection = {
  readonly id: string
  readonly node: string
  readonly ip: string
  readonly port: number
  readonly client: ClientInfo
}

/** Hashes are SHA-256 of the raw bytes of a token, lower-case hex; `at` is milliseconds since the Unix epoch. */
export type SessionCommand =
  | {
      readonly type: 'StartLogin'
      readonly loginId: string
      readonly method: LoginMethod
      readonly accessHash: string
      readonly refreshHash: string
      readonly ip: string
    }
  | {
      readonly type: 'ExchangeTokens'
      readonly presentedHash: string
      readonly newRefreshHash: string
      readonly newAccessHash: string
      readonly connection: NewConnection
      /** The operator refuses clients of that version (afrodite 3.5). */
      readonly isSupported: boolean
      readonly at: number
    }
  | {
      readonly type: 'RefuseMalformed'
      readonly connectionId: string
      readonly step: 1 | 2 | 5
      /** The session ends (afrodite 3.6); else only the connection, if it is the current one. */
      readonly revoke: boolean
      readonly at: number
    }
  /** Nothing, unless it is the current one. */
  | { readonly type: 'EndConnection'; readonly connectionId: string; readonly cause: CloseCause }
  | { readonly type: 'Logout' }
  /** The account was deleted. */
  | { readonly type: 'EndForGood' }
