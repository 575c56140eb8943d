/** A child that limits itself (timelimit 3.3.5, 4.4): what it may do, and what would relax its limits. */
import type { JsonObject } from '../../src/json.ts'
import { bySelf, type Act } from './timelimit-crypto.ts'
import { SCOPES } from './timelimit-rows-categories.ts'
import { LONG, RULE, type Row, type World } from './timelimit-world.ts'

type Change = (w: World) => JsonObject
const base = (values: JsonObject) => (w: World) => ({ categories: { [w.games]: { base: values } } })

/** A row from the child's tablet; each refusal is a change of the same action. */
const selfRow = (
  row: Pick<Row, 'type' | 'patch' | 'told'> & Partial<Row>,
  action: Change,
  refused: { readonly [why: string]: Change } = {},
): Row => ({
  name: 'by the child itself',
  from: 'tablet',
  bumps: (w) => [`base/${w.games}`],
  ...row,
  given: (w) => [
    ['phone', w.me({ type: 'UPDATE_USER_FLAGS', userId: w.child, modified: 2, values: 2 })],
    ['phone', w.me({ type: 'SET_DEVICE_USER', deviceId: w.spareId, userId: w.sister })],
    ...(row.given?.(w) ?? []),
  ],
  act: (w) => w.self(action(w)),
  refused: {
    'another device’s child': (w) => ['spare', w.self(action(w))],
    'a child that may not': (w) => ['spare', bySelf(w.sister)(action(w))],
    ...Object.fromEntries(
      Object.entries(refused).map(([why, change]) => [
        why,
        (w: World): Act => w.self({ ...action(w), ...change(w) }),
      ]),
    ),
  },
})

const parentSays = (w: World, type: string, members: JsonObject) =>
  ['phone', w.me({ type, categoryId: w.games, ...members })] as const

const CATEGORY: readonly Row[] = [
  selfRow(
    {
      type: 'CREATE_CATEGORY',
      patch: (w, after) => ({ categories: { [w.fresh]: after.categories[w.fresh] ?? {} } }),
      bumps: (w) => SCOPES.map((scope) => `${scope}/${w.fresh}`),
      told: 1,
    },
    (w) => ({ type: 'CREATE_CATEGORY', childId: w.child, categoryId: w.fresh, title: 'Mine' }),
    { 'another child’s': (w) => ({ childId: w.sister }), 'a long title': () => ({ title: LONG }) },
  ),
  selfRow(
    {
      type: 'SET_PARENT_CATEGORY',
      patch: (w) => ({ categories: { [w.games]: { base: { parentCategoryId: w.web } } } }),
      told: 2,
      check: async (t, w) => {
        const clear = { type: 'SET_PARENT_CATEGORY', categoryId: w.games, parentCategory: '' }
        t.true(await w.tablet.push(w.self(clear)), 'clearing would relax')
        t.false(await w.tablet.push(w.self({ ...clear, parentCategory: w.web })), 'the same again')
        t.false(await w.tablet.push(w.self({ ...clear, categoryId: w.web })), 'nothing to clear')
      },
    },
    (w) => ({ type: 'SET_PARENT_CATEGORY', categoryId: w.games, parentCategory: w.web }),
    { 'another child’s': (w) => ({ categoryId: w.hers, parentCategory: '' }) },
  ),
  selfRow(
    { type: 'UPDATE_CATEGORY_BLOCKED_TIMES', patch: base({ blockedTimes: '0,120,200,300' }), told: 2 },
    (w) => ({ type: 'UPDATE_CATEGORY_BLOCKED_TIMES', categoryId: w.games, times: '0,120,200,300' }),
    { 'another child’s': (w) => ({ categoryId: w.hers }) },
  ),
  selfRow(
    {
      type: 'UPDATE_CATEGORY_BLOCKED_TIMES',
      name: 'by the child itself, more',
      given: (w) => [parentSays(w, 'UPDATE_CATEGORY_BLOCKED_TIMES', { times: '10,20,30,40' })],
      patch: base({ blockedTimes: '5,40' }),
      told: 2,
    },
    (w) => ({ type: 'UPDATE_CATEGORY_BLOCKED_TIMES', categoryId: w.games, times: '5,40' }),
    { 'a minute less': () => ({ times: '10,19,30,40' }), none: () => ({ times: '' }) },
  ),
  selfRow(
    {
      type: 'UPDATE_CATEGORY_TEMPORARILY_BLOCKED',
      given: (w) => [parentSays(w, 'UPDATE_CATEGORY_TEMPORARILY_BLOCKED', { blocked: true, endTime: 1_000 })],
      patch: base({ tempBlockTime: 2_000 }),
      told: 2,
    },
    (w) => ({
      type: 'UPDATE_CATEGORY_TEMPORARILY_BLOCKED',
      categoryId: w.games,
      blocked: true,
      endTime: 2_000,
    }),
    {
      'another child’s': (w) => ({ categoryId: w.hers }),
      'an earlier end': () => ({ endTime: 999 }),
      'no end': () => ({ endTime: 0 }),
    },
  ),
  selfRow(
    {
      type: 'UPDATE_CATEGORY_DISABLE_LIMITS',
      name: 'by the child itself, blocked without end',
      given: (w) => [parentSays(w, 'UPDATE_CATEGORY_TEMPORARILY_BLOCKED', { blocked: true })],
      patch: base({ dlu: 0 }),
      told: 2,
    },
    (w) => ({ type: 'UPDATE_CATEGORY_DISABLE_LIMITS', categoryId: w.games, endTime: 0 }),
    {
      'an end to the block': () => ({
        type: 'UPDATE_CATEGORY_TEMPORARILY_BLOCKED',
        blocked: true,
        endTime: 9,
      }),
    },
  ),
  selfRow(
    {
      type: 'UPDATE_CATEGORY_DISABLE_LIMITS',
      given: (w) => [parentSays(w, 'UPDATE_CATEGORY_DISABLE_LIMITS', { endTime: 1_800_000_000_000 })],
      patch: base({ dlu: 0 }),
      told: 2,
    },
    (w) => ({ type: 'UPDATE_CATEGORY_DISABLE_LIMITS', categoryId: w.games, endTime: 0 }),
    { 'until later': () => ({ endTime: 1 }), 'another child’s': (w) => ({ categoryId: w.hers }) },
  ),
  selfRow(
    {
      type: 'UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS',
      patch: base({ blockAllNotifications: true, blockNotificationDelay: 1 }),
      told: 2,
      check: async (t, w) => {
        const again = {
          type: 'UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS',
          categoryId: w.games,
          blocked: true,
        }
        t.true(await w.tablet.push(w.self({ ...again, blockDelay: 9 })), 'a delay for what is blocked')
        t.false(await w.tablet.push(w.self(again)))
      },
    },
    (w) => ({
      type: 'UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS',
      categoryId: w.games,
      blocked: true,
      blockDelay: 1,
    }),
    { 'not blocked': () => ({ blocked: false }), 'another child’s': (w) => ({ categoryId: w.hers }) },
  ),
]

const apps = (w: World): JsonObject => ({
  type: 'ADD_CATEGORY_APPS',
  categoryId: w.games,
  packageNames: ['org.browser', 'org.free:Main'],
})
const update = (w: World): JsonObject => ({
  type: 'UPDATE_TIMELIMIT_RULE',
  ruleId: w.rule,
  ...RULE,
  time: 1_800_000,
  days: 63,
  extraTime: true,
})

const APPS_AND_RULES: readonly Row[] = [
  selfRow(
    {
      type: 'ADD_CATEGORY_APPS',
      given: (w) => [
        parentSays(w, 'SET_PARENT_CATEGORY', { parentCategory: w.web }),
        ['phone', w.me({ type: 'SET_CATEGORY_FOR_UNASSIGNED_APPS', childId: w.child, categoryId: w.web })],
      ],
      patch: (w) => ({
        categories: {
          [w.games]: { apps: ['org.browser', 'org.chess', 'org.free', 'org.free:Main', 'org.tiles'] },
          [w.web]: { apps: [] },
        },
      }),
      bumps: (w) => [`apps/${w.games}`, `apps/${w.web}`],
      told: 2,
    },
    (w) => ({ ...apps(w), packageNames: ['org.browser', 'org.free', 'org.free:Main'] }),
    {
      'another child’s': (w) => ({ categoryId: w.hers }),
      'at a device': () => ({ packageNames: ['org.free@tablet'] }),
      'out of its chain': (w) => ({ categoryId: w.web, packageNames: ['org.chess'] }),
      'an activity of what is out of its chain': (w) => ({
        categoryId: w.web,
        packageNames: ['org.chess:Main'],
      }),
    },
  ),
  selfRow(
    {
      type: 'ADD_CATEGORY_APPS',
      name: 'by the child itself, none',
      patch: () => ({}),
      bumps: (w) => [`apps/${w.games}`],
      told: 2,
    },
    (w) => ({ ...apps(w), packageNames: ['org.chess'] }),
    {
      'an app of nobody, which is free': () => ({ packageNames: ['org.free'] }),
      'an activity of such an app': () => ({ packageNames: ['org.free:Main'] }),
    },
  ),
  selfRow(
    {
      type: 'CREATE_TIMELIMIT_RULE',
      patch: (w, after) => ({
        categories: { [w.games]: { rules: after.categories[w.games]?.rules ?? {} } },
      }),
      bumps: (w) => [`rules/${w.games}`],
      told: 2,
    },
    (w) => ({ type: 'CREATE_TIMELIMIT_RULE', rule: { ...RULE, ruleId: w.fresh, categoryId: w.games } }),
    { 'another child’s': (w) => ({ rule: { ...RULE, ruleId: w.fresh, categoryId: w.hers } }) },
  ),
  selfRow(
    {
      type: 'UPDATE_TIMELIMIT_RULE',
      patch: (w) => ({
        categories: {
          [w.games]: { rules: { [w.rule]: { maxTime: 1_800_000, dayMask: 63, extraTime: true } } },
        },
      }),
      bumps: (w) => [`rules/${w.games}`],
      told: 2,
      check: async (t, w) => {
        t.true(await w.tablet.push(w.self({ ...update(w), extraTime: false })), 'no longer for extra time')
      },
    },
    update,
    {
      'more time': () => ({ time: 3_600_001 }),
      'a day less': () => ({ days: 30 }),
      'a later start': () => ({ start: 1 }),
      'an earlier end': () => ({ end: 1438 }),
      'an expiry': () => ({ e: 1_900_000_000_000 }),
    },
  ),
  selfRow(
    {
      type: 'UPDATE_TIMELIMIT_RULE',
      name: 'by the child itself, with sessions',
      given: (w) => [
        [
          'phone',
          w.me({ ...update(w), time: 1_800_000, perDay: false, dur: 600, pause: 60, e: 1_900_000_000_000 }),
        ],
      ],
      patch: (w) => ({
        categories: { [w.games]: { rules: { [w.rule]: { session: 599, pause: 61, e: 1_900_000_000_001 } } } },
      }),
      bumps: (w) => [`rules/${w.games}`],
      told: 2,
    },
    (w) => ({ ...update(w), perDay: false, dur: 599, pause: 61, e: 1_900_000_000_001 }),
    {
      'no sessions': () => ({ dur: 0, pause: 0 }),
      'longer sessions': () => ({ dur: 601 }),
      'shorter pauses': () => ({ pause: 59 }),
      'each day for itself': () => ({ perDay: true }),
      'an earlier expiry': () => ({ e: 1_899_999_999_999 }),
    },
  ),
]

export const SELF: readonly Row[] = [...CATEGORY, ...APPS_AND_RULES]
