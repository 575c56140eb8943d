import type { Json, JsonObject } from '../../src/json.ts'
import type { ProjectedWrite } from '../../src/projecting/projection.ts'
import { below, change, on, type Handlers } from './row.ts'

export const USERS = 'timelimit_user_lists'
export const U2F = 'timelimit_u2f'

/** Users as devices see them (timelimit 5.4), without their second hashes; `mails` finds a family by a parent's address. */
export const userHandlers: Handlers = {
  FamilyCreated: on('FamilyCreated', ({ family, version, _s }) => [
    { collection: USERS, id: family, put: { version, users: {}, mails: [], _s } },
    { collection: U2F, id: family, put: { version, keys: {}, _s } },
  ]),
  UserAdded: on('UserAdded', ({ data: { userId, userType, notificationFlags, sealed }, family, version }) => {
    if (sealed === null) return []
    const { name, timeZone, mail, hash, secondSalt } = sealed
    const added: JsonObject = {
      id: userId,
      name,
      password: hash,
      secondPasswordSalt: secondSalt,
      type: userType,
      timeZone,
      disableLimitsUntil: 0,
      mail,
      currentDevice: '',
      categoryForNotAssignedApps: '',
      relaxPrimaryDevice: false,
      mailNotificationFlags: notificationFlags,
      blockedTimes: '',
      flags: 0,
    }
    return [withMail({ [`users.${userId}`]: added, version }, family, userId, mail)]
  }),
  UserRemoved: on('UserRemoved', ({ data: { userId }, family, version }) => [
    {
      collection: USERS,
      id: family,
      update: {
        $set: { version },
        $unset: { [`users.${userId}`]: '' },
        $pull: { mails: { user: userId } },
      },
    },
  ]),
  ChildRenamed: on('ChildRenamed', (told) => user(told, { name: told.data.sealed?.name })),
  UserTimezoneChanged: on('UserTimezoneChanged', (told) =>
    user(told, { timeZone: told.data.sealed?.timeZone }),
  ),
  ChildPasswordChanged: on('ChildPasswordChanged', (told) => password(told)),
  ParentPasswordChanged: on('ParentPasswordChanged', (told) => password(told)),
  ParentPasswordRecovered: on('ParentPasswordRecovered', (told) => password(told)),
  ParentMailLinked: on('ParentMailLinked', ({ data: { userId, sealed }, family, version }) =>
    sealed === null
      ? []
      : [withMail({ [`users.${userId}.mail`]: sealed.mail, version }, family, userId, sealed.mail)],
  ),
  ParentNotificationFlagsChanged: on('ParentNotificationFlagsChanged', (told) =>
    user(told, { mailNotificationFlags: told.data.flags }),
  ),
  UserFlagsChanged: on('UserFlagsChanged', (told) => user(told, { flags: told.data.flags })),
  ChildLimitsDisabledUntilSet: on('ChildLimitsDisabledUntilSet', (told) =>
    user(told, { disableLimitsUntil: told.data.until }),
  ),
  PrimaryDeviceRuleRelaxed: on('PrimaryDeviceRuleRelaxed', (told) =>
    user(told, told.data.ignored === true ? {} : { relaxPrimaryDevice: told.data.relax }),
  ),
  PrimaryDeviceSet: on('PrimaryDeviceSet', (told) => user(told, { currentDevice: told.data.deviceId })),
  PrimaryDeviceCleared: on('PrimaryDeviceCleared', (told) => user(told, { currentDevice: '' })),
  UnassignedAppsCategorySet: on('UnassignedAppsCategorySet', (told) =>
    user(told, { categoryForNotAssignedApps: told.data.categoryId }),
  ),
  LimitLoginCategorySet: on('LimitLoginCategorySet', (told) =>
    user(told, { llc: told.data.categoryId, pbd: told.data.preBlock }),
  ),
  LimitLoginCategoryCleared: on('LimitLoginCategoryCleared', (told) => user(told, {}, ['llc', 'pbd'])),
  LimitLoginPreBlockDurationSet: on('LimitLoginPreBlockDurationSet', (told) =>
    user(told, { pbd: told.data.preBlock }),
  ),
  DeviceRemoved: on('DeviceRemoved', ({ family, version }) => [change(USERS, family, { version })]),
  ParentU2fKeyAdded: on('ParentU2fKeyAdded', ({ data: { userId, addedAt, sealed }, family, version }) => {
    if (sealed === null) return []
    const key = { u: userId, a: addedAt, h: sealed.keyHandle, p: sealed.publicKey }
    return [change(U2F, family, { version, [`keys.${sealed.keyId}`]: key })]
  }),
  ParentU2fKeyRemoved: on('ParentU2fKeyRemoved', ({ data: { sealed }, family, version }) => [
    change(U2F, family, { version }, sealed === null ? [] : [`keys.${sealed.keyId}`]),
  ]),
}

type OfUser = {
  readonly data: { readonly userId: string }
  readonly family: string
  readonly version: string
}

const user = (
  { data: { userId }, family, version }: OfUser,
  changes: { readonly [member: string]: Json | undefined },
  gone: readonly string[] = [],
): readonly ProjectedWrite[] => [
  change(
    USERS,
    family,
    { version, ...below(`users.${userId}`, changes) },
    gone.map((member) => `users.${userId}.${member}`),
  ),
]

const password = (
  told: OfUser & {
    readonly data: { readonly sealed: { readonly hash: string; readonly secondSalt: string } | null }
  },
): readonly ProjectedWrite[] =>
  user(told, { password: told.data.sealed?.hash, secondPasswordSalt: told.data.sealed?.secondSalt })

const withMail = (
  changes: { readonly [path: string]: Json },
  family: string,
  userId: string,
  mail: string,
): ProjectedWrite => ({
  collection: USERS,
  id: family,
  update: { $set: changes, ...(mail === '' ? {} : { $push: { mails: { user: userId, mail } } }) },
})
