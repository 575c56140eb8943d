/** What parents do with categories, as rows of the table of actions (timelimit 4.1, 4.4, categories). */
import type { JsonObject } from '../../src/json.ts'
import { but, LONG, NO_ID, NOBODY, type Row, type World } from './timelimit-world.ts'

/** Refused of every action on a category. */
const wrong = (type: string, members: JsonObject): NonNullable<Row['refused']> => ({
  'no such category': (w) => w.me({ type, categoryId: NOBODY, ...members }),
  'no id': (w) => w.me({ type, categoryId: NO_ID, ...members }),
  'an unknown member': (w) => w.me({ type, categoryId: w.games, ...members, x: 1 }),
  'by the child itself': (w) => w.kid({ type, categoryId: w.games, ...members }),
})

const ofGames = (
  type: string,
  members: JsonObject,
  base: JsonObject,
): Pick<Row, 'type' | 'act' | 'patch' | 'bumps' | 'told' | 'refused'> => ({
  type,
  act: (w) => w.me({ type, categoryId: w.games, ...members }),
  patch: (w) => ({ categories: { [w.games]: { base } } }),
  bumps: (w) => [`base/${w.games}`],
  told: 2,
  refused: wrong(type, members),
})

const create = (w: World): JsonObject => ({
  type: 'CREATE_CATEGORY',
  childId: w.child,
  categoryId: w.fresh,
  title: 'Neu',
})
const newCategory = (w: World, values: JsonObject): JsonObject => ({
  categories: {
    [w.fresh]: {
      base: {
        childId: w.child,
        title: 'Neu',
        blockedTimes: '',
        extraTime: 0,
        extraTimeDay: -1,
        tempBlocked: false,
        tempBlockTime: 0,
        parentCategoryId: '',
        blockAllNotifications: false,
        blockNotificationDelay: 0,
        timeWarnings: 0,
        atw: [],
        mblCharging: 0,
        mblMobile: 0,
        networks: {},
        dlu: 0,
        flags: 0,
        sort: 3,
        ...values,
      },
      apps: [],
      rules: {},
      times: {},
      sessions: {},
      tasks: {},
    },
  },
})
export const SCOPES = ['base', 'apps', 'rules', 'usedTime', 'tasks'] as const
const allOf = (id: string): readonly string[] => SCOPES.map((scope) => `${scope}/${id}`)

const LIFE: readonly Row[] = [
  {
    type: 'CREATE_CATEGORY',
    act: but(create)({}),
    patch: (w) => newCategory(w, {}),
    bumps: (w) => allOf(w.fresh),
    told: 1,
    refused: {
      'nobody’s': but(create)({ childId: NOBODY }),
      'a parent’s': but(create)((w) => ({ childId: w.other })),
      'an id in use': but(create)((w) => ({ categoryId: w.hers })),
      'no id': but(create)({ categoryId: NO_ID }),
      'no title': but(create)({ title: '' }),
      'a long title': but(create)({ title: LONG }),
    },
  },
  {
    type: 'DELETE_CATEGORY',
    name: 'with all that points to it',
    given: (w) => [
      ['phone', w.me({ type: 'SET_CATEGORY_FOR_UNASSIGNED_APPS', childId: w.child, categoryId: w.games })],
      ['phone', w.me({ type: 'UPDATE_USER_LIMIT_LOGIN_CATEGORY', userId: w.parent, categoryId: w.games })],
      ['phone', w.me({ type: 'SET_PARENT_CATEGORY', categoryId: w.web, parentCategory: w.games })],
    ],
    act: (w) => w.me({ type: 'DELETE_CATEGORY', categoryId: w.games }),
    patch: (w) => ({
      categories: { [w.games]: null },
      users: { [w.child]: { categoryForNotAssignedApps: '' }, [w.parent]: { llc: null, pbd: null } },
    }),
    bumps: () => ['users'],
    told: 2,
    refused: wrong('DELETE_CATEGORY', {}),
    check: async (t, w) => {
      t.false(await w.phone.push(w.me({ ...create(w), categoryId: w.games })))
      const { times, sessions, rules, tasks, apps } = (await w.phone.full()).categories[w.games] ?? {}
      t.deepEqual({ times, sessions, rules, tasks, apps }, { times: {}, sessions: {}, rules: {}, tasks: {}, apps: [] }) // prettier-ignore
    },
  },
  {
    type: 'DELETE_CATEGORY',
    name: 'that nobody points to',
    act: (w) => w.me({ type: 'DELETE_CATEGORY', categoryId: w.hers }),
    patch: (w) => ({ categories: { [w.hers]: null } }),
    told: 2,
  },
  {
    ...ofGames('UPDATE_CATEGORY_TITLE', { newTitle: 'Play' }, { title: 'Play' }),
    refused: {
      ...wrong('UPDATE_CATEGORY_TITLE', { newTitle: 'x' }),
      'no title': (w) => w.me({ type: 'UPDATE_CATEGORY_TITLE', categoryId: w.games, newTitle: '\n' }),
    },
  },
  {
    type: 'UPDATE_CATEGORY_SORTING',
    act: (w) => w.me({ type: 'UPDATE_CATEGORY_SORTING', categoryIds: [w.hers, NOBODY, w.web] }),
    patch: (w) => ({
      categories: { [w.hers]: { base: { sort: 0 } }, [w.web]: { base: { sort: 2 } } },
    }),
    bumps: (w) => [`base/${w.hers}`, `base/${w.web}`],
    told: 1,
    check: async (t, w) => {
      t.false(await w.phone.push(w.me({ type: 'UPDATE_CATEGORY_SORTING', categoryIds: [] })), 'of none')
    },
    refused: {
      'one twice': (w) => w.me({ type: 'UPDATE_CATEGORY_SORTING', categoryIds: [w.web, w.web] }),
      'no id': (w) => w.me({ type: 'UPDATE_CATEGORY_SORTING', categoryIds: [NO_ID] }),
    },
  },
]

const addApps = (w: World): JsonObject => ({
  type: 'ADD_CATEGORY_APPS',
  categoryId: w.games,
  packageNames: ['org.browser', 'org.new', 'org.tiles', ''],
})
const parentOf = (w: World): JsonObject => ({
  type: 'SET_PARENT_CATEGORY',
  categoryId: w.games,
  parentCategory: w.web,
})

const APPS: readonly Row[] = [
  {
    type: 'ADD_CATEGORY_APPS',
    act: but(addApps)({}),
    patch: (w) => ({
      categories: {
        [w.games]: { apps: ['', 'org.browser', 'org.chess', 'org.new', 'org.tiles'] },
        [w.web]: { apps: [] },
      },
    }),
    bumps: (w) => [`apps/${w.games}`, `apps/${w.web}`],
    told: 2,
    check: async (t, w) => {
      t.false(await w.phone.push(but(addApps)({ packageNames: [] })(w)), 'none')
    },
    refused: {
      ...wrong('ADD_CATEGORY_APPS', { packageNames: ['org.more'] }),
      'one twice': but(addApps)({ packageNames: ['a', 'a'] }),
      'a long name': but(addApps)({ packageNames: [LONG] }),
    },
  },
  {
    type: 'ADD_CATEGORY_APPS',
    name: 'that another child has too',
    act: but(addApps)((w) => ({ categoryId: w.hers, packageNames: ['org.chess'] })),
    patch: (w) => ({ categories: { [w.hers]: { apps: ['org.chess'] } } }),
    bumps: (w) => [`apps/${w.hers}`],
    told: 2,
  },
  {
    type: 'REMOVE_CATEGORY_APPS',
    act: (w) => w.me({ type: 'REMOVE_CATEGORY_APPS', categoryId: w.games, packageNames: ['org.tiles'] }),
    patch: (w) => ({ categories: { [w.games]: { apps: ['org.chess'] } } }),
    bumps: (w) => [`apps/${w.games}`],
    told: 2,
    refused: {
      ...wrong('REMOVE_CATEGORY_APPS', { packageNames: ['org.tiles'] }),
      'one that is not there': (w) =>
        w.me({
          type: 'REMOVE_CATEGORY_APPS',
          categoryId: w.games,
          packageNames: ['org.tiles', 'org.browser'],
        }),
    },
  },
  {
    type: 'SET_PARENT_CATEGORY',
    act: but(parentOf)({}),
    patch: (w) => ({ categories: { [w.games]: { base: { parentCategoryId: w.web } } } }),
    bumps: (w) => [`base/${w.games}`],
    told: 2,
    check: async (t, w) => {
      const circle = but(parentOf)({ categoryId: w.web, parentCategory: w.games })(w)
      t.true(await w.phone.push(circle), 'a circle')
      t.false(await w.phone.push(but(parentOf)({ parentCategory: '' })(w)))
    },
    refused: {
      ...wrong('SET_PARENT_CATEGORY', { parentCategory: '' }),
      itself: but(parentOf)((w) => ({ parentCategory: w.games })),
      'another child’s': but(parentOf)((w) => ({ parentCategory: w.hers })),
      'nothing that is': but(parentOf)({ parentCategory: NOBODY }),
    },
  },
]

const increment = (w: World): JsonObject => ({
  type: 'INCREMENT_CATEGORY_EXTRATIME',
  categoryId: w.games,
  addedExtraTime: 60_000,
  day: 20_771,
})
const TIME: readonly Row[] = [
  {
    ...ofGames(
      'SET_CATEGORY_EXTRA_TIME',
      { newExtraTime: 5_000, day: 20_771 },
      { extraTime: 5_000, extraTimeDay: 20_771 },
    ),
    refused: {
      ...wrong('SET_CATEGORY_EXTRA_TIME', { newExtraTime: 1 }),
      'less than nothing': (w) =>
        w.me({ type: 'SET_CATEGORY_EXTRA_TIME', categoryId: w.games, newExtraTime: -1 }),
      'a day before all': (w) =>
        w.me({ type: 'SET_CATEGORY_EXTRA_TIME', categoryId: w.games, newExtraTime: 1, day: -2 }),
    },
  },
  {
    type: 'INCREMENT_CATEGORY_EXTRATIME',
    name: 'also of the parent category, which has that of another day',
    given: (w) => [
      ['phone', w.me(parentOf(w))],
      ['phone', w.me({ type: 'SET_CATEGORY_EXTRA_TIME', categoryId: w.games, newExtraTime: 1_000 })],
      [
        'phone',
        w.me({ type: 'SET_CATEGORY_EXTRA_TIME', categoryId: w.web, newExtraTime: 1_000, day: 20_770 }),
      ],
    ],
    act: but(increment)({}),
    patch: (w) => ({
      categories: {
        [w.games]: { base: { extraTime: 61_000, extraTimeDay: 20_771 } },
        [w.web]: { base: { extraTime: 60_000, extraTimeDay: 20_771 } },
      },
    }),
    bumps: (w) => [`base/${w.games}`, `base/${w.web}`],
    told: 2,
    refused: {
      ...wrong('INCREMENT_CATEGORY_EXTRATIME', { addedExtraTime: 1 }),
      'less than nothing': but(increment)({ addedExtraTime: -1 }),
    },
  },
  {
    ...ofGames(
      'INCREMENT_CATEGORY_EXTRATIME',
      { addedExtraTime: 60_000 },
      { extraTime: 60_000, extraTimeDay: -1 },
    ),
    name: 'without a day',
  },
]

export const CATEGORIES: readonly Row[] = [...LIFE, ...APPS, ...TIME]
export { ofGames, wrong }
