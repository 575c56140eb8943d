import * as t from 'io-ts'
import { eventsOf } from './codec.ts'

const user = { app: t.number, user: t.number }

/** Of a user's stream (connectycube 5.3): those who have his phone in their address books are told that he is here, once in his life. */
export const CONTACT_NOTICE_EVENTS = {
  /** He has a phone for the first time since the application wants it to be told. */
  ContactJoined: t.type(user),
  /** `told`: how many pushes came of it, one for each owner of an address book and channel. */
  ContactJoinedTold: t.type({ ...user, told: t.number }),
} as const

export const contactNoticeEvents = eventsOf(CONTACT_NOTICE_EVENTS)
