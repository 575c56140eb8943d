import * as t from 'io-ts'
import { event, sealed } from './event.ts'

const userType = t.union([t.literal('parent'), t.literal('child')])
/** All three are `''` for a user without password (timelimit 1.3). */
const password = { hash: t.string, secondHash: t.string, secondSalt: t.string }

export const UserAdded = t.type({
  userId: t.string,
  userType,
  notificationFlags: t.number,
  sealed: sealed({ name: t.string, timeZone: t.string, mail: t.string, locale: t.string, ...password }),
})
export const UserRemoved = t.type({ userId: t.string })
export const ChildRenamed = t.type({ userId: t.string, sealed: sealed({ name: t.string }) })
export const UserTimezoneChanged = t.type({ userId: t.string, sealed: sealed({ timeZone: t.string }) })
/** Also of `ParentPasswordChanged`, `ParentPasswordRecovered` and `ChildPasswordChanged`. */
export const PasswordChanged = t.type({ userId: t.string, sealed: sealed(password) })
export const ParentMailLinked = t.type({
  userId: t.string,
  sealed: sealed({ mail: t.string, locale: t.string }),
})
/** `flags`: what stands afterwards. */
export const FlagsChanged = t.type({ userId: t.string, flags: t.number })
/** `until`: milliseconds since the epoch, 0 for not. */
export const ChildLimitsDisabledUntilSet = t.type({ userId: t.string, until: t.number })
/** `ignored`: there is no such child (timelimit A5). */
export const PrimaryDeviceRuleRelaxed = t.intersection([
  t.type({ userId: t.string, relax: t.boolean }),
  t.partial({ ignored: t.literal(true) }),
])
export const PrimaryDeviceSet = t.type({ userId: t.string, deviceId: t.string })
export const PrimaryDeviceCleared = t.type({ userId: t.string })
/** `categoryId` `''`: none any more. */
export const UnassignedAppsCategorySet = t.type({ userId: t.string, categoryId: t.string })
/** `preBlock`: milliseconds. */
export const LimitLoginCategorySet = t.type({ userId: t.string, categoryId: t.string, preBlock: t.number })
export const LimitLoginCategoryCleared = t.type({ userId: t.string })
export const LimitLoginPreBlockDurationSet = t.type({ userId: t.string, preBlock: t.number })
/** Binary values in base64. */
export const ParentU2fKeyAdded = t.type({
  userId: t.string,
  addedAt: t.number,
  sealed: sealed({ keyId: t.string, keyHandle: t.string, publicKey: t.string }),
})
/** `keyId` `-`: nothing went, the user has no such key. */
export const ParentU2fKeyRemoved = t.type({ userId: t.string, sealed: sealed({ keyId: t.string }) })
export const ParentU2fLoginReported = t.type({ userId: t.string })

const U = () => ['users'] as const
const K = () => ['u2f'] as const

export const USER_EVENTS = {
  UserAdded: event(UserAdded, U, 1),
  UserRemoved: event(UserRemoved, U, 2),
  ChildRenamed: event(ChildRenamed, U, 1),
  UserTimezoneChanged: event(UserTimezoneChanged, U, 2),
  ChildPasswordChanged: event(PasswordChanged, U, 2),
  ParentPasswordChanged: event(PasswordChanged, U, 2),
  ParentPasswordRecovered: event(PasswordChanged, U, 2),
  ParentMailLinked: event(ParentMailLinked, U, 1),
  ParentNotificationFlagsChanged: event(FlagsChanged, U, 1),
  UserFlagsChanged: event(FlagsChanged, U, 1),
  ChildLimitsDisabledUntilSet: event(ChildLimitsDisabledUntilSet, U, 2),
  PrimaryDeviceRuleRelaxed: event(PrimaryDeviceRuleRelaxed, U, 2),
  PrimaryDeviceSet: event(PrimaryDeviceSet, U, 1),
  PrimaryDeviceCleared: event(PrimaryDeviceCleared, U, 1),
  UnassignedAppsCategorySet: event(UnassignedAppsCategorySet, U, 2),
  LimitLoginCategorySet: event(LimitLoginCategorySet, U, 2),
  LimitLoginCategoryCleared: event(LimitLoginCategoryCleared, U, 2),
  LimitLoginPreBlockDurationSet: event(LimitLoginPreBlockDurationSet, U, 2),
  ParentU2fKeyAdded: event(ParentU2fKeyAdded, K, 1),
  ParentU2fKeyRemoved: event(ParentU2fKeyRemoved, K, 2),
  ParentU2fLoginReported: event(ParentU2fLoginReported, () => [], 0),
} as const
