import type { Fact } from '../../decider.ts'
import { dataOf, fact } from '../events.ts'
import { keysOf } from '../evolve/rows.ts'
import { at, type FamilyState, type KeyRequestState } from '../state.ts'
import type { Decision, Effect } from './action.ts'

// What points to something goes before it: documents of a part of these events show nothing that points nowhere.

/**
 * Category deleted (timelimit 4.1), for one that exists: what users had of it goes too. Unlike the reference a limit-login category moves
 * the users' version (A7).
 */
export const categoryDeleted = (state: FamilyState, categoryId: string): readonly Fact[] => [
  ...keysOf(state.users, ({ unassignedCategory }) => unassignedCategory === categoryId).map((userId) =>
    fact('UnassignedAppsCategorySet', { userId, categoryId: '' }),
  ),
  ...limitLoginsOf(state, [categoryId]),
  deletion(state, categoryId),
]

/** Child, parent and user removed (timelimit 4.1), for one that exists. Unlike the reference, keys that go move their version (A13). */
export const userRemoved = (state: FamilyState, userId: string): readonly Fact[] => {
  const categories = keysOf(state.categories, ({ childId }) => childId === userId)
  return [
    ...limitLoginsOf(state, categories),
    ...categories.map((categoryId) => deletion(state, categoryId)),
    ...keysOf(state.devices, (device) => device.userId === userId).map((deviceId) =>
      fact('DeviceUserUnassigned', { deviceId }),
    ),
    ...keysOf(state.devices, ({ defaultUser }) => defaultUser === userId).map((deviceId) =>
      fact('DeviceDefaultUserChanged', { deviceId, userId: '' }),
    ),
    ...keysOf(state.u2f, (key) => key.userId === userId).map((keyId) =>
      fact('ParentU2fKeyRemoved', { userId, sealed: { keyId } }),
    ),
    fact('UserRemoved', { userId }),
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

/** Categories deleted: also the answers that wait for those who asked for their keys. */
export const withoutReplies = ({ requests }: FamilyState, facts: readonly Fact[]): Decision => {
  const gone = facts.flatMap((one) => (one.type === 'CategoryDeleted' ? dataOf(one.type, one).requests : []))
  const effects = gone.map((serverSeq): Effect => {
    const { sender: to = '' } = at(requests, String(serverSeq)) ?? {}
    return { type: 'drop-replies', to, serverSeqs: [serverSeq] }
  })
  return { facts, effects }
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
