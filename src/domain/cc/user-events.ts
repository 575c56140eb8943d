import * as t from 'io-ts'
import { eventsOf, nullable, sealed } from './codec.ts'

const Text = nullable(t.string)
const Whole = nullable(t.number)

/** What a user says about himself (connectycube 4.1). */
export const Profile = t.readonly(
  t.type({
    login: Text,
    email: Text,
    fullName: Text,
    phone: Text,
    website: Text,
    customData: Text,
    avatar: Text,
    blobId: Whole,
    externalUserId: Whole,
    externalId: Text,
    facebookId: Text,
    twitterId: Text,
    timezone: Whole,
    tags: t.readonlyArray(t.string),
  }),
)
export type Profile = t.TypeOf<typeof Profile>

const Changes = t.partial(Profile.type.props)
const user = { app: t.number, user: t.number }

/**
 * Of a user's stream, beside what sessions note there. The verifier of his password is a secret that stays longer than a day, so it is sealed
 * here (decisions 1); everything that is sealed is so with his own key.
 */
export const USER_EVENTS = {
  /** `verifier` is null of guests and of those who come through a provider: no password fits. */
  UserSignedUp: t.intersection([
    t.type(user),
    t.partial({ isGuest: t.literal(true), sealed: sealed(t.type({ profile: Changes, verifier: Text })) }),
  ]),
  /** Null clears; no tags are an empty list. */
  UserProfileChanged: t.intersection([t.type(user), t.partial({ sealed: sealed(Changes) })]),
  UserPasswordChanged: t.intersection([
    t.type({ ...user, by: t.keyof({ 'old-password': null, 'reset-token': null }) }),
    t.partial({ sealed: sealed(t.type({ verifier: t.string })) }),
  ]),
  /** `at` in milliseconds since the Unix epoch: so many in an hour are enough. */
  UserPasswordResetRequested: t.type({ ...user, mail: t.string, at: t.number }),
  /** The address that the profile has at this moment. */
  UserEmailConfirmed: t.type(user),
  /** Everything that the stream says before it will be unreadable. */
  UserDeleted: t.type(user),
} as const

export const userEvents = eventsOf(USER_EVENTS)

const own = { fields: ['sealed'], subject: (_: unknown, stream: string) => stream }
export const USER_SEALED = {
  UserSignedUp: own,
  UserProfileChanged: own,
  UserPasswordChanged: own,
} as const
