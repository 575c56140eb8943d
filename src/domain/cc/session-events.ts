import * as t from 'io-ts'
import { eventsOf } from './codec.ts'

const METHODS = {
  password: null,
  guest: null,
  facebook: null,
  twitter: null,
  firebase_phone: null,
  firebase_email: null,
  cidp: null,
} as const
export type SignInMethod = keyof typeof METHODS

const CAUSES = {
  /** The token became one of the application alone. */
  logout: null,
  /** The token is dead. */
  closed: null,
  /** The token was given to another user. */
  switched: null,
  /** All tokens of the user died: he was deleted, or his password changed. */
  ended: null,
} as const
export type SignOutCause = keyof typeof CAUSES

const place = { app: t.number, user: t.number, session: t.number }

/** Of a user's stream, for auditors: who signed in and out, and how. A token that dies of age says nothing. */
export const SESSION_EVENTS = {
  UserSignedIn: t.type({ ...place, method: t.keyof(METHODS) }),
  UserSignedOut: t.type({ ...place, cause: t.keyof(CAUSES) }),
} as const

export const sessionEvents = eventsOf(SESSION_EVENTS)
