import type { DialogType } from './dialog-events.ts'

/** What somebody is in a dialog: each may all that those before may. Everybody is a member of a broadcast dialog. */
export const ROLES = ['outsider', 'member', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

export type Action =
  | 'read'
  | 'write'
  /** For all. */
  | 'deleteOwn'
  /** Any message for all. */
  | 'deleteAny'
  /** Name, photo, description, extensions, preview. */
  | 'change'
  | 'pin'
  | 'addUsers'
  /** Others. */
  | 'removeUsers'
  | 'appointAdmins'
  /** The dialog, or its history. */
  | 'deleteForAll'
  /** Being in it no more; of the others one can only have it hidden. */
  | 'leave'

const NOBODY_MAY = undefined
type Least = Exclude<Role, 'outsider'> | typeof NOBODY_MAY

/** The least role that may (connectycube 8.3), by the type's number. */
export const RIGHTS: { readonly [A in Action]: { readonly [T in DialogType]: Least } } = {
  read: { 1: 'member', 2: 'member', 3: 'member', 4: 'member', 5: 'member' },
  write: { 1: 'admin', 2: 'member', 3: 'member', 4: 'member', 5: 'member' },
  deleteOwn: { 1: 'admin', 2: 'member', 3: 'member', 4: 'member', 5: 'member' },
  deleteAny: { 1: 'admin', 2: 'admin', 3: NOBODY_MAY, 4: 'admin', 5: 'admin' },
  change: { 1: 'admin', 2: 'member', 3: NOBODY_MAY, 4: 'admin', 5: 'member' },
  pin: { 1: 'admin', 2: 'admin', 3: 'member', 4: 'admin', 5: 'admin' },
  addUsers: { 1: NOBODY_MAY, 2: 'member', 3: NOBODY_MAY, 4: NOBODY_MAY, 5: 'member' },
  removeUsers: { 1: NOBODY_MAY, 2: 'admin', 3: NOBODY_MAY, 4: NOBODY_MAY, 5: 'admin' },
  appointAdmins: { 1: 'owner', 2: 'owner', 3: NOBODY_MAY, 4: 'owner', 5: 'owner' },
  deleteForAll: { 1: 'owner', 2: 'owner', 3: 'owner', 4: 'owner', 5: 'owner' },
  leave: { 1: NOBODY_MAY, 2: 'member', 3: NOBODY_MAY, 4: 'member', 5: 'member' },
}

export const may = (type: DialogType, role: Role, action: Action): boolean => {
  const least = RIGHTS[action][type]
  return least !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(least)
}
