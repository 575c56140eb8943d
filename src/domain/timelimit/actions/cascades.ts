import type { Fact } from '../../decider.ts'
import { fact } from '../events.ts'
import { keysOf } from '../evolve/rows.ts'
import { at, type FamilyState, type KeyRequestState } from '../state.ts'

/**
 * Category deleted (timelimit 4.1), for one that exists: what users had of it goes too. Unlike the reference a limit-login category moves
 * the users' version (A7).
 */
export const categoryDeleted = (state: FamilyState, categoryId: string): readonly Fact[] => [
  deletion(state, categoryId),
  ...keysOf(state.users, ({ unassignedCategory }) => unassignedCategory === categoryId).map((userId) =>
    fact('UnassignedAppsCategorySet', { userId, categoryId: '' }),
  ),
  ...limitLoginsOf(state, [categoryId]),
]

/** Child, parent and user removed (timelimit 4.1), for one that exists. Unlike the reference, keys that go move their version (A13). */
export const userRemoved = (state: FamilyState, userId: string): readonly Fact[] => {
  const categories = keysOf(state.categories, ({ childId }) => childId === userId)
  return [
    fact('UserRemoved', { userId }),
    ...categories.map((categoryId) => deletion(state, categoryId)),
    ...limitLoginsOf(state, categories),
    ...keysOf(state.devices, (device) => device.userId === userId).map((deviceId) =>
      fact('DeviceUserUnassigned', { deviceId }),
    ),
    ...keysOf(state.devices, ({ defaultUser }) => defaultUser === userId).map((deviceId) =>
      fact('DeviceDefaultUserChanged', { deviceId, userId: '' }),
    ),
    ...keysOf(state.u2f, (key) => key.userId === userId).map((keyId) =>
      fact('ParentU2fKeyRemoved', { userId, sealed: { keyId } }),
    ),
  ]
}

/** Device removed (timelimit 2.14), for one that exists: also with what asks for it, and as primary device of users. */
export const deviceRemoved = (state: FamilyState, deviceId: string): readonly Fact[] => {
  const tokenHash = at(state.devices, deviceId)?.tokenHash ?? ''
  const requests = requestsOf(
    state,
    (request) => request.sender === deviceId || request.deviceId === deviceId,
  )
  return [
    fact('DeviceRemoved', { deviceId, requests, ...(tokenHash === '' ? {} : { tokenHash }) }),
    ...keysOf(state.users, ({ currentDevice }) => currentDevice === deviceId).map((userId) =>
      fact('PrimaryDeviceCleared', { userId }),
    ),
  ]
}

const deletion = (state: FamilyState, categoryId: string): Fact =>
  fact('CategoryDeleted', {
    categoryId,
    requests: requestsOf(state, (request) => request.categoryId === categoryId),
  })

const requestsOf = (
  { requests }: FamilyState,
  isOne: (request: KeyRequestState) => boolean,
): readonly number[] => keysOf(requests, isOne).map(Number)

const limitLoginsOf = ({ users }: FamilyState, categories: readonly string[]): readonly Fact[] =>
  keysOf(
    users,
    ({ limitLogin }) => limitLogin !== undefined && categories.includes(limitLogin.categoryId),
  ).map((userId) => fact('LimitLoginCategoryCleared', { userId }))
