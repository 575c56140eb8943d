/**
 * A family with one of everything, for the tables of actions: two parents, two children, three devices, three categories, a rule and a task; and what
 * a row of such a table says.
 */
import type { ExecutionContext } from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { appLogic, byDevice, byHmac, bySelf, bySha, passwordOf, type Act } from './timelimit-crypto.ts'
import type { Picture } from './timelimit-picture.ts'
import { addDevice, createFamily, type Device, type Parent, type Timelimit } from './timelimit.ts'

export const WHO = ['phone', 'tablet', 'spare'] as const
export type Who = (typeof WHO)[number]
type Action = (action: JsonObject | string) => Act

/** The ids that clients choose. */
export type Ids = {
  readonly child: string
  readonly sister: string
  readonly other: string
  readonly games: string
  readonly web: string
  readonly hers: string
  readonly rule: string
  readonly task: string
  /** Of nothing. */
  readonly fresh: string
}

export const idsOf = (last: string): Ids => ({
  child: `child${last}`,
  sister: `siste${last}`,
  other: `paren${last}`,
  games: `games${last}`,
  web: `webbb${last}`,
  hers: `hersc${last}`,
  rule: `rulee${last}`,
  task: `taskk${last}`,
  fresh: `fresh${last}`,
})

export type World = Ids & {
  readonly family: Parent
  /** Of the first parent, who is kept signed in there. */
  readonly phone: Device
  /** Of the child. */
  readonly tablet: Device
  /** Of nobody. */
  readonly spare: Device
  /** User and devices whose ids the server gave. */
  readonly parent: string
  readonly phoneId: string
  readonly tabletId: string
  readonly spareId: string
  /** The first parent, by HMAC. */
  readonly me: Action
  /** The second parent, by SHA-512. */
  readonly they: Action
  /** The child that limits itself. */
  readonly self: Action
  /** The child with its password. */
  readonly kid: Action
}

export const KID = passwordOf('kid')
export const THEIRS = passwordOf('other')

export const RULE = { time: 3_600_000, days: 31, extraTime: false, perDay: true } as const
export const TASK = { taskTitle: 'Tidy up', extraTimeDuration: 900_000 } as const

/** What every world begins with. */
const beginning = (w: Ids, tabletId: string): readonly JsonObject[] => [
  {
    type: 'ADD_USER',
    name: 'Ben',
    userType: 'child',
    userId: w.child,
    timeZone: 'Europe/Berlin',
    password: KID,
  },
  { type: 'ADD_USER', name: 'Mia', userType: 'child', userId: w.sister, timeZone: 'Europe/Rome' },
  {
    type: 'ADD_USER',
    name: 'Otto',
    userType: 'parent',
    userId: w.other,
    timeZone: 'Europe/Berlin',
    password: THEIRS,
  },
  { type: 'SET_DEVICE_USER', deviceId: tabletId, userId: w.child },
  { type: 'CREATE_CATEGORY', childId: w.child, categoryId: w.games, title: 'Games' },
  { type: 'CREATE_CATEGORY', childId: w.child, categoryId: w.web, title: 'Web' },
  { type: 'CREATE_CATEGORY', childId: w.sister, categoryId: w.hers, title: 'Hers' },
  { type: 'ADD_CATEGORY_APPS', categoryId: w.games, packageNames: ['org.chess', 'org.tiles'] },
  { type: 'ADD_CATEGORY_APPS', categoryId: w.web, packageNames: ['org.browser'] },
  { type: 'CREATE_TIMELIMIT_RULE', rule: { ...RULE, ruleId: w.rule, categoryId: w.games } },
  { type: 'UPDATE_CHILD_TASK', isNew: true, taskId: w.task, categoryId: w.games, ...TASK },
]

export const createWorld = async (at: Timelimit, last = '1'): Promise<World> => {
  const ids = idsOf(last)
  const family = await createFamily(at)
  const { phone, userId } = family
  const tablet = await addDevice(phone, 'Ben tablet')
  const spare = await addDevice(phone, 'Spare')
  const acts = beginning(ids, tablet.id).map(byDevice(userId))
  if (await phone.push(...acts)) throw new Error('the beginning was refused')
  return {
    ...ids,
    family,
    phone,
    tablet,
    spare,
    parent: userId,
    phoneId: phone.id,
    tabletId: tablet.id,
    spareId: spare.id,
    me: byHmac(userId, family.password),
    they: bySha(ids.other, THEIRS),
    self: bySelf(ids.child),
    kid: bySha(ids.child, KID, 'child'),
  }
}

/** What a device pushes; without a device the row's own. */
export type Pushed = readonly [Who, Act]
export type Told = { readonly [who in Who]?: 1 | 2 }

export type Row = {
  readonly type: string
  /** What the row is about, if there are several of a type. */
  readonly name?: string
  /** The device that pushes. */
  readonly from?: Who
  /** Done before, other than by pushing. */
  readonly prepare?: (w: World) => Promise<void>
  /** Pushed before, all accepted. */
  readonly given?: (w: World) => readonly Pushed[]
  readonly act: (w: World) => Act | Promise<Act>
  /** How the family's picture differs afterwards: a merge patch, where null removes. */
  readonly patch?: (w: World, after: Picture) => JsonObject
  /** The scopes that get a new version; those of a removed category are not among them. */
  readonly bumps?: (w: World) => readonly string[]
  /** The level at every device but the pushing one; absent: not told. */
  readonly told: 0 | 1 | 2 | Told
  /** More that has to hold afterwards. */
  readonly check?: (t: ExecutionContext, w: World) => Promise<void>
  /** Tried before, by reason: each is refused alone and changes nothing. */
  readonly refused?: { readonly [why: string]: (w: World) => Act | Pushed | Promise<Act | Pushed> }
}

type Change = JsonObject | ((w: World) => JsonObject)

const changed = (w: World, action: (w: World) => JsonObject, change: Change): JsonObject => ({
  ...action(w),
  ...(typeof change === 'function' ? change(w) : change),
})
/** The action with other members, as the first parent. */
export const but =
  (action: (w: World) => JsonObject) =>
  (change: Change) =>
  (w: World): Act =>
    w.me(changed(w, action, change))
/** The same for app logic. */
export const butLogic =
  (action: (w: World) => JsonObject) =>
  (change: Change) =>
  (w: World): Act =>
    appLogic(changed(w, action, change))

/** For an id that nothing has, and for what is no id. */
export const NOBODY = 'nobod9'
export const NO_ID = 'no-id!'
export const LONG = 'x'.repeat(256)
