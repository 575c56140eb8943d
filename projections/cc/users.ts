import { userStream } from '../../src/domain/cc/names.ts'
import { digitsOf, folded, NO_PROFILE } from '../../src/domain/cc/user.ts'
import { userEvents, type Profile, type USER_EVENTS } from '../../src/domain/cc/user-events.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'

const USERS = 'cc_users'

type Handler = (event: StoredEvent) => readonly ProjectedWrite[]

const idOf = ({ app, user }: { readonly app: number; readonly user: number }): string => `${app}-${user}`

/** Fields by which users are found whatever the case; the document has each as it was given, too. */
const FOLDED = ['login', 'email', 'fullName', 'phone', 'externalId', 'facebookId', 'twitterId'] as const

const foldedOf = (changes: Partial<Profile>): JsonObject => {
  const folds: { [path: string]: Json } = {}
  for (const name of FOLDED) {
    const value = changes[name]
    if (value !== undefined) folds[`${name}Lc`] = value === null ? null : folded(value)
  }
  return changes.phone === undefined ? folds : { ...folds, phoneDigits: digitsOf(changes.phone) }
}

const signedUp: Handler = (event) => {
  const { app, user, isGuest, sealed } = userEvents.dataOf('UserSignedUp', event)
  if (sealed === null || sealed === undefined) return []
  const profile = { ...NO_PROFILE, ...sealed.profile }
  const put = {
    ...{ app, id: user, ...profile, ...foldedOf(profile) },
    ...(isGuest === true ? { isGuest } : {}),
    createdAt: event.meta.at,
    updatedAt: event.meta.at,
    _s: [userStream(app, user)],
  }
  return [{ collection: USERS, id: idOf({ app, user }), put }]
}

const changed: Handler = (event) => {
  const { app, user, sealed } = userEvents.dataOf('UserProfileChanged', event)
  if (sealed === null || sealed === undefined) return []
  const $set = { ...sealed, ...foldedOf(sealed), updatedAt: event.meta.at }
  return [{ collection: USERS, id: idOf({ app, user }), update: { $set } }]
}

const touched: Handler = (event) => {
  const data = userEvents.dataOf('UserPasswordChanged', event)
  return [{ collection: USERS, id: idOf(data), update: { $set: { updatedAt: event.meta.at } } }]
}

const deleted: Handler = (event) => [
  { collection: USERS, id: idOf(userEvents.dataOf('UserDeleted', event)), delete: true },
]

const ON = {
  UserSignedUp: signedUp,
  UserProfileChanged: changed,
  UserPasswordChanged: touched,
  UserDeleted: deleted,
} satisfies { readonly [type in keyof typeof USER_EVENTS]?: Handler }

/** Users of applications as connectycube 4.3 and 4.4 ask for them. `_id` is `<app>-<id>`; times are milliseconds since the Unix epoch. */
export const ccUsers: Projection = {
  name: 'cc-users',
  version: 1,
  prefixes: ['cc.user-'],
  collections: {
    [USERS]: {
      indexes: [
        { keys: ['_s'] },
        { keys: ['app', 'id'] },
        ...FOLDED.map((name) => ({ keys: ['app', `${name}Lc`] })),
        // For lists in its order, whose case matters.
        { keys: ['app', 'fullName'] },
        { keys: ['app', 'externalUserId'] },
        { keys: ['app', 'phoneDigits'] },
        { keys: ['app', 'tags'] },
        { keys: ['app', 'createdAt'] },
        { keys: ['app', 'updatedAt'] },
        { keys: ['isGuest', 'createdAt'] },
      ],
    },
  },
  on: ON,
}
