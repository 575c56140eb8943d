/** What parents do with users, as rows of the table of actions (timelimit 4.4, users). */
import type { JsonObject } from '../../src/json.ts'
import { bySha, encrypted, passwordChange, passwordOf, removalOf, securityKey } from './timelimit-crypto.ts'
import { but, KID, LONG, NO_ID, NOBODY, THEIRS, type Row, type World } from './timelimit-world.ts'

const NEW = passwordOf('new parent')
const NO_PASSWORD = { hash: '', secondHash: '', secondSalt: '' }

const add = (w: World): JsonObject => ({
  type: 'ADD_USER',
  name: 'Neu Zoë 🦊',
  userType: 'child',
  userId: w.fresh,
  timeZone: 'Europe/Berlin',
})
const newUser = (w: World, values: JsonObject): JsonObject => ({
  users: {
    [w.fresh]: {
      name: 'Neu Zoë 🦊',
      password: '',
      secondPasswordSalt: '',
      type: 'child',
      timeZone: 'Europe/Berlin',
      disableLimitsUntil: 0,
      mail: '',
      currentDevice: '',
      categoryForNotAssignedApps: '',
      relaxPrimaryDevice: false,
      mailNotificationFlags: 0,
      blockedTimes: '',
      flags: 0,
      ...values,
    },
  },
})

/** A row of one user's change. */
const ofUser = (
  action: (w: World) => JsonObject,
  patch: (w: World) => JsonObject,
  told: 1 | 2,
): Pick<Row, 'act' | 'patch' | 'bumps' | 'told'> => ({
  act: but(action)({}),
  patch: (w) => ({ users: patch(w) }),
  bumps: () => ['users'],
  told,
})

const ADDING: readonly Row[] = [
  {
    type: 'ADD_USER',
    ...ofUser(add, () => ({}), 1),
    patch: (w) => newUser(w, {}),
    refused: {
      'an id in use': but(add)((w) => ({ userId: w.sister })),
      'the parent’s own id': but(add)((w) => ({ userId: w.parent })),
      'no id': but(add)({ userId: NO_ID }),
      'a blank name': but(add)({ name: ' \t\r\n' }),
      'a long name': but(add)({ name: LONG }),
      'a blank time zone': but(add)({ timeZone: '' }),
      'another type': but(add)({ userType: 'guest' }),
      'a parent without password': but(add)({ userType: 'parent' }),
      'a parent with an empty password': but(add)({ userType: 'parent', password: NO_PASSWORD }),
      'a child with an empty password': but(add)({ password: NO_PASSWORD }),
      'another form of password': but(add)({ password: { ...NEW, hash: NEW.hash.replace('$2a', '$2b') } }),
      'a low cost': but(add)({ password: { ...NEW, secondSalt: NEW.secondSalt.replace('$12$', '$09$') } }),
      'no container': but(add)({ password: { ...NEW, encrypted: true } }),
      'an unknown key': (w) => {
        const [sealed, client] = ['AAAA', 'BBBB']
        return but(add)({
          password: { ...NEW, secondHash: `${sealed}.${client}.zzzz`, encrypted: true },
        })(w)
      },
      'an unknown member': but(add)({ mail: 'x@example.com' }),
      'no time zone': (w) => {
        const { timeZone: _timeZone, ...rest } = add(w)
        return w.me(rest)
      },
    },
  },
  {
    type: 'ADD_USER',
    name: 'a parent, with an encrypted password',
    act: async (w) => {
      const password = encrypted(NEW, await w.phone.dh())
      return w.me({ ...add(w), userType: 'parent', password })
    },
    patch: (w) => newUser(w, { type: 'parent', password: NEW.hash, secondPasswordSalt: NEW.secondSalt }),
    bumps: () => ['users'],
    told: 1,
    check: async (t, w) => {
      const rename = { type: 'RENAME_CHILD', childId: w.child, newName: 'By the new one' }
      t.true(await w.tablet.push(bySha(w.fresh, THEIRS)(rename)))
      t.false(await w.tablet.push(bySha(w.fresh, NEW)(rename)), 'what was encrypted is what proves')
    },
  },
]

const remove = (w: World): JsonObject => ({
  type: 'REMOVE_USER',
  userId: w.other,
  authentication: removalOf(w.other, THEIRS),
})
const removeChild = (w: World): JsonObject => ({ type: 'REMOVE_USER', userId: w.child })
const OTHERS_KEY = securityKey('of the other parent')
const addKey = ({ keyHandle, publicKey }: typeof OTHERS_KEY): JsonObject => ({
  type: 'ADD_PARENT_U2F',
  keyHandle,
  publicKey,
})

const REMOVING: readonly Row[] = [
  {
    type: 'REMOVE_USER',
    name: 'a child with all that is its own',
    given: (w) => [
      ['phone', w.me({ type: 'SET_DEVICE_DEFAULT_USER', deviceId: w.spareId, defaultUserId: w.child })],
      ['phone', w.they({ type: 'UPDATE_USER_LIMIT_LOGIN_CATEGORY', userId: w.other, categoryId: w.web })],
    ],
    act: but(removeChild)({}),
    patch: (w) => ({
      users: { [w.child]: null, [w.other]: { llc: null, pbd: null } },
      categories: { [w.games]: null, [w.web]: null },
      devices: { [w.tabletId]: { currentUserId: '' }, [w.spareId]: { defUser: '' } },
    }),
    bumps: () => ['users', 'devices'],
    told: 2,
    refused: { 'no such user': but(removeChild)({ userId: NOBODY }) },
  },
  {
    type: 'REMOVE_USER',
    name: 'a child without a device',
    act: (w) => w.me({ type: 'REMOVE_USER', userId: w.sister, authentication: 'whatever' }),
    patch: (w) => ({ users: { [w.sister]: null }, categories: { [w.hers]: null } }),
    bumps: () => ['users'],
    told: 2,
  },
  {
    type: 'REMOVE_USER',
    name: 'a parent',
    given: (w) => [['phone', w.they(addKey(OTHERS_KEY))]],
    act: but(remove)({}),
    patch: (w) => ({ users: { [w.other]: null }, u2f: { [OTHERS_KEY.keyHandle]: null } }),
    bumps: () => ['users', 'u2f'],
    told: 2,
    refused: {
      'without proof': (w) => w.me({ type: 'REMOVE_USER', userId: w.other }),
      'another’s proof': but(remove)((w) => ({ authentication: removalOf(w.parent, w.family.password) })),
      'in capitals': but(remove)((w) => ({ authentication: removalOf(w.other, THEIRS).toUpperCase() })),
      oneself: (w) => w.they(remove(w)),
      'the only one with a mail': (w) =>
        w.they({
          type: 'REMOVE_USER',
          userId: w.parent,
          authentication: removalOf(w.parent, w.family.password),
        }),
    },
  },
]

const password = (w: World): JsonObject => ({
  type: 'SET_CHILD_PASSWORD',
  childId: w.sister,
  newPassword: KID,
})
const CHANGES: readonly Row[] = [
  {
    type: 'RENAME_CHILD',
    ...ofUser(
      (w) => ({ type: 'RENAME_CHILD', childId: w.child, newName: 'Benno' }),
      (w) => ({ [w.child]: { name: 'Benno' } }),
      1,
    ),
    refused: {
      'a parent': (w) => w.me({ type: 'RENAME_CHILD', childId: w.other, newName: 'x' }),
      nobody: (w) => w.me({ type: 'RENAME_CHILD', childId: NOBODY, newName: 'x' }),
      'to nothing': (w) => w.me({ type: 'RENAME_CHILD', childId: w.child, newName: '' }),
    },
  },
  {
    type: 'RENAME_CHILD',
    name: 'to the same name',
    ...ofUser(
      (w) => ({ type: 'RENAME_CHILD', childId: w.child, newName: 'Ben' }),
      () => ({}),
      1,
    ),
  },
  {
    type: 'SET_USER_TIMEZONE',
    ...ofUser(
      (w) => ({ type: 'SET_USER_TIMEZONE', userId: w.other, timezone: 'Mars/Olympus' }),
      (w) => ({ [w.other]: { timeZone: 'Mars/Olympus' } }),
      2,
    ),
    refused: {
      nobody: (w) => w.me({ type: 'SET_USER_TIMEZONE', userId: NOBODY, timezone: 'Z' }),
      'no zone': (w) => w.me({ type: 'SET_USER_TIMEZONE', userId: w.child, timezone: ' ' }),
    },
  },
  {
    type: 'SET_CHILD_PASSWORD',
    ...ofUser(
      password,
      (w) => ({ [w.sister]: { password: KID.hash, secondPasswordSalt: KID.secondSalt } }),
      2,
    ),
    check: async (t, w) => {
      t.false(await w.spare.push(bySha(w.sister, KID, 'child')({ type: 'CHILD_SIGN_IN' })))
    },
    refused: {
      nobody: but(password)({ childId: NOBODY }),
      'a parent': but(password)((w) => ({ childId: w.other })),
      'no password': but(password)({ newPassword: NO_PASSWORD }),
      'no container': but(password)({ newPassword: { ...KID, encrypted: true } }),
    },
  },
  {
    type: 'CHANGE_PARENT_PASSWORD',
    ...ofUser(
      (w) => passwordChange(w.other, THEIRS, NEW),
      (w) => ({ [w.other]: { password: NEW.hash, secondPasswordSalt: NEW.secondSalt } }),
      2,
    ),
    check: async (t, w) => {
      const rename = { type: 'RENAME_CHILD', childId: w.child, newName: 'After' }
      t.true(await w.phone.push(w.they(rename)), 'the old password')
      t.false(await w.phone.push(bySha(w.other, NEW)(rename)), 'the new password')
    },
    refused: {
      'from another old one': (w) => w.me(passwordChange(w.other, KID, NEW)),
      'a child': (w) => w.me(passwordChange(w.child, KID, NEW)),
      nobody: (w) => w.me(passwordChange(NOBODY, THEIRS, NEW)),
      'another proof': but((w) => passwordChange(w.other, THEIRS, NEW))({ integrity: '0'.repeat(128) }),
      'no bcrypt string': (w) => w.me(passwordChange(w.other, THEIRS, { ...NEW, hash: 'x' })),
      'no bcrypt string inside': (w) =>
        w.me(passwordChange(w.other, THEIRS, { ...NEW, secondHash: 'x'.repeat(60) })),
      short: but((w) => passwordChange(w.other, THEIRS, NEW))({ secondHashEncrypted: 'ab'.repeat(35) }),
    },
  },
  {
    type: 'UPDATE_PARENT_NOTIFICATION_FLAGS',
    ...ofUser(
      (w) => ({ type: 'UPDATE_PARENT_NOTIFICATION_FLAGS', parentId: w.parent, flags: 2, set: false }),
      (w) => ({ [w.parent]: { mailNotificationFlags: 1 } }),
      1,
    ),
    refused: {
      'a child': (w) =>
        w.me({ type: 'UPDATE_PARENT_NOTIFICATION_FLAGS', parentId: w.child, flags: 2, set: true }),
      nobody: (w) =>
        w.me({ type: 'UPDATE_PARENT_NOTIFICATION_FLAGS', parentId: NOBODY, flags: 2, set: true }),
      'an unknown flag': (w) =>
        w.me({ type: 'UPDATE_PARENT_NOTIFICATION_FLAGS', parentId: w.parent, flags: 4, set: true }),
    },
  },
  {
    type: 'UPDATE_PARENT_NOTIFICATION_FLAGS',
    name: 'set, of another',
    ...ofUser(
      (w) => ({ type: 'UPDATE_PARENT_NOTIFICATION_FLAGS', parentId: w.other, flags: 3, set: true }),
      (w) => ({ [w.other]: { mailNotificationFlags: 3 } }),
      1,
    ),
  },
  {
    type: 'UPDATE_USER_FLAGS',
    ...ofUser(
      (w) => ({ type: 'UPDATE_USER_FLAGS', userId: w.child, modified: 3, values: 2 }),
      (w) => ({ [w.child]: { flags: 2 } }),
      1,
    ),
    refused: {
      nobody: (w) => w.me({ type: 'UPDATE_USER_FLAGS', userId: NOBODY, modified: 1, values: 1 }),
      'an unknown flag': (w) => w.me({ type: 'UPDATE_USER_FLAGS', userId: w.child, modified: 4, values: 0 }),
      'a value that is not modified': (w) =>
        w.me({ type: 'UPDATE_USER_FLAGS', userId: w.child, modified: 1, values: 2 }),
    },
  },
]

export const USERS: readonly Row[] = [...ADDING, ...REMOVING, ...CHANGES]
