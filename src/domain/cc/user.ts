import type { Fact } from '../decider.ts'
import type { Profile } from './user-events.ts'

/** What the decider of a user's stream knows. Times are milliseconds since the Unix epoch. */
export type UserState = {
  readonly life: 'none' | 'there' | 'deleted'
  readonly isGuest: boolean
  readonly profile: Profile
  /** Null: no password fits. */
  readonly verifier: string | null
  readonly isConfirmed: boolean
  /** Of the newest mails for a new password, the oldest first. */
  readonly resets: readonly number[]
  /** Those who know his phone have been told of him, or will be. */
  readonly isAnnounced: boolean
}

/** A mail that a decision asks for if it comes to it. */
export type MailOrder = { readonly mail: string; readonly params: { readonly [name: string]: string } }

export type UserCommand =
  | {
      readonly type: 'SignUp'
      readonly user: Who
      readonly isGuest: boolean
      readonly profile: Partial<Profile>
      readonly verifier: string | null
      readonly welcome?: MailOrder
      readonly confirm?: MailOrder
      /** Whoever knows his phone is to be told. */
      readonly announces?: true
    }
  | {
      readonly type: 'Change'
      readonly user: Who
      readonly changes: Partial<Profile>
      /** `isProven`: the old one was given, and was right. */
      readonly password?: { readonly verifier: string; readonly isProven: boolean }
      /** For the case that the address becomes another one. */
      readonly confirm?: MailOrder
      readonly announces?: true
    }
  | {
      readonly type: 'RequestReset'
      readonly user: Who
      readonly email: string
      readonly at: number
      readonly order: MailOrder
    }
  | { readonly type: 'ResetPassword'; readonly user: Who; readonly email: string; readonly verifier: string }
  | { readonly type: 'ConfirmEmail'; readonly user: Who; readonly email: string }
  /** What sessions have to say of a user who is there. */
  | { readonly type: 'Note'; readonly fact: Fact }
  | { readonly type: 'Delete'; readonly user: Who }

export type Who = { readonly app: number; readonly user: number }

export const NO_PROFILE: Profile = {
  login: null,
  email: null,
  fullName: null,
  phone: null,
  website: null,
  customData: null,
  avatar: null,
  blobId: null,
  externalUserId: null,
  externalId: null,
  facebookId: null,
  twitterId: null,
  timezone: null,
  tags: [],
}

/** As two names are compared that may differ in case (connectycube 4.1). */
export const folded = (text: string): string => text.normalize('NFC').toLowerCase()

/** A phone as contacts are found by it (connectycube 5.3); null without digits. */
export const digitsOf = (phone: string | null): string | null => {
  const digits = (phone ?? '').replace(/\D/g, '')
  return digits === '' ? null : digits
}
