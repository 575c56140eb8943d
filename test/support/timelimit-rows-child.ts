/** The actions of children and those that no longer do anything, as rows of the table of actions (timelimit 4.3, 4.5). */
import type { JsonObject } from '../../src/json.ts'
import { asText } from './client.ts'
import { appLogic, bySha, encrypted, passwordOf } from './timelimit-crypto.ts'
import { butLogic, KID, LONG, type Row, type World } from './timelimit-world.ts'
import { ok } from './timelimit.ts'

const app = { packageName: 'org.chess', title: 'Chess', isLaunchable: true, recommendation: 'none' }
const activities = (): JsonObject => ({
  type: 'UPDATE_APP_ACTIVITIES',
  removed: [['org.chess', 'Main']],
  updatedOrAdded: [{ p: 'org.chess', c: 'Other', t: 'Title' }],
})
const addApps = (): JsonObject => ({ type: 'ADD_INSTALLED_APPS', apps: [app] })
const removeApps = (): JsonObject => ({ type: 'REMOVE_INSTALLED_APPS', packageNames: ['org.chess'] })

export const LEGACY: readonly Row[] = [
  {
    type: 'ADD_INSTALLED_APPS',
    from: 'tablet',
    act: butLogic(addApps)({}),
    told: 0,
    refused: {
      'an app twice': butLogic(addApps)({ apps: [app, app] }),
      'another recommendation': butLogic(addApps)({ apps: [{ ...app, recommendation: 'red' }] }),
    },
  },
  {
    type: 'REMOVE_INSTALLED_APPS',
    from: 'tablet',
    act: butLogic(removeApps)({}),
    told: 0,
    refused: { 'an app twice': butLogic(removeApps)({ packageNames: ['a', 'a'] }) },
  },
  {
    type: 'UPDATE_APP_ACTIVITIES',
    from: 'tablet',
    act: butLogic(activities)({}),
    told: 0,
    refused: {
      'nothing in it': butLogic(activities)({ removed: [], updatedOrAdded: [] }),
      'no package': butLogic(activities)({ removed: [['', 'Main']] }),
      'no class': butLogic(activities)({ updatedOrAdded: [{ p: 'p', c: '', t: '' }] }),
      'a pair twice': butLogic(activities)({
        removed: [
          ['a', 'b'],
          ['a', 'b'],
        ],
      }),
    },
  },
]

const NEW = passwordOf('new kid')
const change = (w: World, password: JsonObject): ReturnType<World['kid']> =>
  w.kid({ type: 'CHILD_CHANGE_PASSWORD', password })

export const CHILD: readonly Row[] = [
  {
    type: 'CHILD_SIGN_IN',
    from: 'spare',
    act: (w) => w.kid({ type: 'CHILD_SIGN_IN' }),
    patch: (w) => ({ devices: { [w.spareId]: { currentUserId: w.child } } }),
    bumps: () => ['devices'],
    told: 1,
    refused: {
      'the wrong password': (w) => bySha(w.child, NEW, 'child')({ type: 'CHILD_SIGN_IN' }),
      'a child without password': (w) => bySha(w.sister, KID, 'child')({ type: 'CHILD_SIGN_IN' }),
      'a parent': (w) => bySha(w.parent, w.family.password, 'child')({ type: 'CHILD_SIGN_IN' }),
      'as a parent': (w) => w.me({ type: 'CHILD_SIGN_IN' }),
      'an unknown member': (w) => w.kid({ type: 'CHILD_SIGN_IN', userId: w.child }),
    },
  },
  {
    type: 'CHILD_SIGN_IN',
    name: 'at the primary device of before',
    from: 'spare',
    given: (w) => [['phone', w.me({ type: 'SET_DEVICE_USER', deviceId: w.spareId, userId: '' })]],
    prepare: async (w) => {
      await w.phone.push(w.me({ type: 'SET_DEVICE_USER', deviceId: w.spareId, userId: w.child }))
      const body = { action: 'set this device', currentUserId: w.child, authToken: w.spare.token }
      const { status } = ok(await w.phone.at.post('/child/update-primary-device', body))
      if (status !== 'success') throw new Error(asText(status))
    },
    act: (w) => w.kid({ type: 'CHILD_SIGN_IN' }),
    patch: (w) => ({
      devices: { [w.spareId]: { currentUserId: w.child } },
      users: { [w.child]: { currentDevice: '' } },
    }),
    bumps: () => ['devices', 'users'],
    told: 1,
  },
  {
    type: 'CHILD_CHANGE_PASSWORD',
    from: 'tablet',
    act: async (w) => change(w, encrypted(NEW, await w.tablet.dh())),
    patch: (w) => ({ users: { [w.child]: { password: NEW.hash, secondPasswordSalt: NEW.secondSalt } } }),
    bumps: () => ['users'],
    told: 2,
    check: async (t, w) => {
      t.true(await w.tablet.push(w.kid({ type: 'CHILD_SIGN_IN' })), 'the old one')
      t.false(await w.tablet.push(bySha(w.child, NEW, 'child')({ type: 'CHILD_SIGN_IN' })), 'the new one')
    },
    refused: {
      'no password': (w) => change(w, { hash: '', secondHash: '', secondSalt: '' }),
      'another form': (w) => change(w, { ...NEW, hash: NEW.hash.replace('$2a', '$2b') }),
      'for another device': async (w) => change(w, encrypted(NEW, await w.phone.dh())),
      'no container': (w) => change(w, { ...NEW, encrypted: true }),
      'too long': (w) => change(w, { ...NEW, secondSalt: LONG }),
      'as app logic': () => appLogic({ type: 'CHILD_CHANGE_PASSWORD', password: NEW }),
    },
  },
]
