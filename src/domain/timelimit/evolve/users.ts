import type { PasswordChanged, USER_EVENTS } from '../events/users.ts'
import { without, type FamilyState, type UserState } from '../state.ts'
import { changed, inUser, unchanged, type Rows } from './rows.ts'
import type * as t from 'io-ts'

const passwordChanged = (
  state: FamilyState,
  { userId, sealed }: t.TypeOf<typeof PasswordChanged>,
): FamilyState => inUser(state, userId, { secondHash: sealed?.secondHash ?? '' })

export const USER_ROWS: Rows<keyof typeof USER_EVENTS> = {
  UserAdded: (state, { userId, userType, notificationFlags, sealed }) => ({
    ...state,
    users: {
      ...state.users,
      [userId]: {
        type: userType,
        mail: sealed?.mail ?? '',
        locale: sealed?.locale ?? '',
        secondHash: sealed?.secondHash ?? '',
        flags: 0,
        notificationFlags,
        currentDevice: '',
        unassignedCategory: '',
      },
    },
  }),
  UserRemoved: (state, { userId }) => ({ ...state, users: without(state.users, [userId]) }),
  ChildRenamed: unchanged,
  UserTimezoneChanged: unchanged,
  ChildPasswordChanged: passwordChanged,
  ParentPasswordChanged: passwordChanged,
  ParentPasswordRecovered: passwordChanged,
  ParentMailLinked: (state, { userId, sealed }) =>
    sealed === null ? state : inUser(state, userId, { mail: sealed.mail, locale: sealed.locale }),
  ParentNotificationFlagsChanged: (state, { userId, flags }) =>
    inUser(state, userId, { notificationFlags: flags }),
  UserFlagsChanged: (state, { userId, flags }) => inUser(state, userId, { flags }),
  ChildLimitsDisabledUntilSet: unchanged,
  PrimaryDeviceRuleRelaxed: unchanged,
  PrimaryDeviceSet: (state, { userId, deviceId }) => inUser(state, userId, { currentDevice: deviceId }),
  PrimaryDeviceCleared: (state, { userId }) => inUser(state, userId, { currentDevice: '' }),
  UnassignedAppsCategorySet: (state, { userId, categoryId }) =>
    inUser(state, userId, { unassignedCategory: categoryId }),
  LimitLoginCategorySet: (state, { userId, categoryId, preBlock }) =>
    inUser(state, userId, { limitLogin: { categoryId, preBlock } }),
  LimitLoginCategoryCleared: (state, { userId }) => ({
    ...state,
    users: changed(state.users, userId, withoutLimitLogin),
  }),
  LimitLoginPreBlockDurationSet: (state, { userId, preBlock }) => ({
    ...state,
    users: changed(state.users, userId, (user) =>
      user.limitLogin === undefined ? user : { ...user, limitLogin: { ...user.limitLogin, preBlock } },
    ),
  }),
  ParentU2fKeyAdded: (state, { userId, sealed }) =>
    sealed === null
      ? state
      : {
          ...state,
          u2f: {
            ...state.u2f,
            [sealed.keyId]: { userId, keyHandle: sealed.keyHandle, publicKey: sealed.publicKey },
          },
        },
  ParentU2fKeyRemoved: (state, { sealed }) =>
    sealed === null ? state : { ...state, u2f: without(state.u2f, [sealed.keyId]) },
  ParentU2fLoginReported: unchanged,
}

/** The member is left out: the state is JSON. */
function withoutLimitLogin({ limitLogin: _, ...user }: UserState): UserState {
  return user
}
