/** What parents allow children, and their security keys, as rows of the table of actions (timelimit 4.4, users). */
import type { JsonObject } from '../../src/json.ts'
import { byU2f, removalOf, securityKey, type SecurityKey } from './timelimit-crypto.ts'
import { but, NO_ID, NOBODY, THEIRS, type Row, type World } from './timelimit-world.ts'

const disable = (w: World): JsonObject => ({
  type: 'SET_USER_DISABLE_LIMITS_UNTIL',
  childId: w.child,
  time: 1_800_000_000_000,
})
const unassigned = (w: World): JsonObject => ({
  type: 'SET_CATEGORY_FOR_UNASSIGNED_APPS',
  childId: w.child,
  categoryId: w.web,
})
const login = (w: World): JsonObject => ({
  type: 'UPDATE_USER_LIMIT_LOGIN_CATEGORY',
  userId: w.parent,
  categoryId: w.games,
})
const preBlock = (w: World): JsonObject => ({
  type: 'UPDATE_USER_LIMIT_LOGIN_PRE_BLOCK_DURATION',
  userId: w.parent,
  preBlockDuration: 86_400_000,
})
const ofUser = (
  action: (w: World) => JsonObject,
  patch: (w: World) => JsonObject,
): Pick<Row, 'act' | 'patch' | 'bumps' | 'told'> => ({
  act: but(action)({}),
  patch: (w) => ({ users: patch(w) }),
  bumps: () => ['users'],
  told: 2,
})

const SETTINGS: readonly Row[] = [
  {
    type: 'SET_USER_DISABLE_LIMITS_UNTIL',
    ...ofUser(disable, (w) => ({ [w.child]: { disableLimitsUntil: 1_800_000_000_000 } })),
    refused: {
      nobody: but(disable)({ childId: NOBODY }),
      'a parent': but(disable)((w) => ({ childId: w.other })),
      'before the first day': but(disable)({ time: -1 }),
    },
  },
  {
    type: 'SET_RELAX_PRIMARY_DEVICE',
    ...ofUser(
      (w) => ({ type: 'SET_RELAX_PRIMARY_DEVICE', userId: w.child, relax: true }),
      (w) => ({ [w.child]: { relaxPrimaryDevice: true } }),
    ),
    refused: { 'no id': (w) => w.me({ type: 'SET_RELAX_PRIMARY_DEVICE', userId: NO_ID, relax: true }) },
    check: async (t, w) => {
      const before = await w.phone.full()
      for (const userId of [NOBODY, w.other]) {
        t.false(await w.phone.push(w.me({ type: 'SET_RELAX_PRIMARY_DEVICE', userId, relax: true })))
      }
      t.deepEqual((await w.phone.full()).users, before.users, 'accepted without change')
    },
  },
  {
    type: 'SET_CATEGORY_FOR_UNASSIGNED_APPS',
    ...ofUser(unassigned, (w) => ({ [w.child]: { categoryForNotAssignedApps: w.web } })),
    check: async (t, w) => {
      t.false(await w.phone.push(but(unassigned)({ categoryId: '' })(w)))
      t.is((await w.phone.full()).users[w.child]?.categoryForNotAssignedApps, '')
    },
    refused: {
      nobody: but(unassigned)({ childId: NOBODY }),
      'a parent': but(unassigned)((w) => ({ childId: w.other })),
      'no category': but(unassigned)({ categoryId: NOBODY }),
      'another child’s': but(unassigned)((w) => ({ categoryId: w.hers })),
    },
  },
  {
    type: 'UPDATE_USER_LIMIT_LOGIN_CATEGORY',
    ...ofUser(login, (w) => ({ [w.parent]: { llc: w.games, pbd: 0 } })),
    refused: {
      'another’s': but(login)((w) => ({ userId: w.other })),
      'a child’s': but(login)((w) => ({ userId: w.child })),
      'no category': but(login)({ categoryId: NOBODY }),
      nobody: but(login)({ userId: NOBODY }),
      'the empty id': but(login)({ categoryId: '' }),
    },
  },
  {
    type: 'UPDATE_USER_LIMIT_LOGIN_CATEGORY',
    name: 'replaced, which forgets the duration',
    given: (w) => [
      ['phone', w.me(login(w))],
      ['phone', w.me(preBlock(w))],
    ],
    ...ofUser(
      (w) => ({ ...login(w), categoryId: w.hers }),
      (w) => ({ [w.parent]: { llc: w.hers, pbd: 0 } }),
    ),
    refused: {
      'the last parent without a limit leaves': (w) =>
        w.me({ type: 'REMOVE_USER', userId: w.other, authentication: removalOf(w.other, THEIRS) }),
    },
  },
  {
    type: 'UPDATE_USER_LIMIT_LOGIN_CATEGORY',
    name: 'removed, by the other parent',
    given: (w) => [['phone', w.me(login(w))]],
    act: (w) => w.they({ type: 'UPDATE_USER_LIMIT_LOGIN_CATEGORY', userId: w.parent }),
    patch: (w) => ({ users: { [w.parent]: { llc: null, pbd: null } } }),
    bumps: () => ['users'],
    told: 2,
  },
  {
    type: 'UPDATE_USER_LIMIT_LOGIN_PRE_BLOCK_DURATION',
    given: (w) => [['phone', w.me(login(w))]],
    ...ofUser(preBlock, (w) => ({ [w.parent]: { pbd: 86_400_000 } })),
    check: async (t, w) => {
      t.false(await w.phone.push(w.they({ ...preBlock(w), preBlockDuration: 0 })), 'lifted by the other')
      t.is((await w.phone.full()).users[w.parent]?.pbd, 0)
    },
    refused: {
      'another’s': (w) => w.they({ ...preBlock(w), preBlockDuration: 1 }),
      'without an entry': (w) => w.they({ ...preBlock(w), userId: w.other }),
      'more than a day': but(preBlock)({ preBlockDuration: 86_400_001 }),
      'less than nothing': but(preBlock)({ preBlockDuration: -1 }),
      'a child’s': but(preBlock)((w) => ({ userId: w.child })),
    },
  },
]

const KEYS: readonly SecurityKey[] = Array.from({ length: 17 }, (_, n) => securityKey(`key ${n}`))
const keyOf = (n: number): SecurityKey => KEYS[n] ?? securityKey('')
const keyAction = (type: string, n: number): JsonObject => {
  const { keyHandle, publicKey } = keyOf(n)
  return { type, keyHandle, publicKey }
}
const addFirst = (): JsonObject => keyAction('ADD_PARENT_U2F', 0)
const FIRST = keyOf(0)

const SECURITY: readonly Row[] = [
  {
    type: 'ADD_PARENT_U2F',
    act: but(addFirst)({}),
    patch: (w, after) => {
      const at = after.u2f[FIRST.keyHandle]?.a ?? 0
      const isNow = Math.abs(Number(at) - Date.now()) < 60_000
      return { u2f: { [FIRST.keyHandle]: { u: w.parent, p: FIRST.publicKey, a: isNow ? at : 'now' } } }
    },
    bumps: () => ['u2f'],
    told: 1,
    check: async (t, w) => {
      t.true(await w.phone.push(w.they(addFirst())), 'the same key again, of whomever')
    },
    refused: {
      'a long handle': but(addFirst)({ keyHandle: Buffer.alloc(2_049).toString('base64') }),
      'a long key': but(addFirst)({ publicKey: Buffer.alloc(2_049).toString('base64') }),
      'no base64': but(addFirst)({ keyHandle: '!' }),
    },
  },
  {
    type: 'ADD_PARENT_U2F',
    name: 'the sixteenth',
    given: (w) => KEYS.slice(1, 16).map((_, n) => ['phone', w.me(keyAction('ADD_PARENT_U2F', n + 1))]),
    act: but(addFirst)({}),
    patch: (w, after) => ({
      u2f: { [FIRST.keyHandle]: { u: w.parent, p: FIRST.publicKey, a: after.u2f[FIRST.keyHandle]?.a ?? 0 } },
    }),
    bumps: () => ['u2f'],
    told: 1,
    check: async (t, w) => {
      t.true(await w.phone.push(w.me(keyAction('ADD_PARENT_U2F', 16))), 'there is no seventeenth')
      t.is(Object.keys((await w.phone.full()).u2f).length, 16)
    },
  },
  {
    type: 'REMOVE_PARENT_U2F',
    given: (w) => [['phone', w.me(addFirst())]],
    act: (w) => w.me(keyAction('REMOVE_PARENT_U2F', 0)),
    patch: () => ({ u2f: { [FIRST.keyHandle]: null } }),
    bumps: () => ['u2f'],
    told: 2,
    check: async (t, w) => {
      const before = await w.phone.full()
      t.false(await w.phone.push(w.me(keyAction('REMOVE_PARENT_U2F', 0))), 'unknown is fine')
      t.not((await w.phone.full()).versions.u2f, before.versions.u2f)
    },
    refused: {
      'by the key itself': async (w) =>
        byU2f(w.parent, FIRST, await w.phone.dh())(keyAction('REMOVE_PARENT_U2F', 0)),
      'a long handle': (w) =>
        w.me({ ...keyAction('REMOVE_PARENT_U2F', 0), keyHandle: Buffer.alloc(2_049).toString('base64') }),
    },
  },
  {
    type: 'REPORT_U2F_LOGIN',
    given: (w) => [['phone', w.me(addFirst())]],
    act: async (w) => byU2f(w.parent, FIRST, await w.phone.dh())({ type: 'REPORT_U2F_LOGIN' }),
    told: 0,
    refused: {
      'by password': (w) => w.me({ type: 'REPORT_U2F_LOGIN' }),
      'for another parent': async (w) =>
        byU2f(w.other, FIRST, await w.phone.dh())({ type: 'REPORT_U2F_LOGIN' }),
      'a key that nobody knows': async (w) =>
        byU2f(w.parent, keyOf(1), await w.phone.dh())({ type: 'REPORT_U2F_LOGIN' }),
      'the exchange of another device': async (w) =>
        byU2f(w.parent, FIRST, await w.tablet.dh())({ type: 'REPORT_U2F_LOGIN' }),
    },
  },
]

export const CHILDREN: readonly Row[] = [...SETTINGS, ...SECURITY]
