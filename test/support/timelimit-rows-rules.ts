/** Rules and tasks, as rows of the table of actions (timelimit 4.4, rules and tasks). */
import type { JsonObject } from '../../src/json.ts'
import { appLogic } from './timelimit-crypto.ts'
import { but, NO_ID, NOBODY, TASK, type Row, type World } from './timelimit-world.ts'

const FULL = { start: 60, end: 600, dur: 1_800_000, pause: 600_000, perDay: true, e: 1_800_000_000_000 }
const SHOWN = { start: 60, end: 600, session: 1_800_000, pause: 600_000, perDay: true, e: 1_800_000_000_000 }

const create = (w: World, change: JsonObject = {}): JsonObject => ({
  type: 'CREATE_TIMELIMIT_RULE',
  rule: { ruleId: w.fresh, categoryId: w.web, time: 1, days: 127, extraTime: true, ...FULL, ...change },
})
const update = (w: World): JsonObject => ({
  type: 'UPDATE_TIMELIMIT_RULE',
  ruleId: w.rule,
  time: 7_200_000,
  days: 96,
  extraTime: true,
})

const wrongRule = (of: (w: World, fault: JsonObject) => JsonObject): NonNullable<Row['refused']> => ({
  'days beyond the week': (w) => w.me(of(w, { days: 128 })),
  'less than nothing': (w) => w.me(of(w, { time: -1 })),
  'from before the day': (w) => w.me(of(w, { start: -1 })),
  'to after the day': (w) => w.me(of(w, { end: 1440 })),
  'ends before it starts': (w) => w.me(of(w, { start: 5, end: 4 })),
  'no pause': (w) => w.me(of(w, { pause: -1 })),
  'expires at nothing': (w) => w.me(of(w, { e: 0 })),
  'half a millisecond': (w) => w.me(of(w, { time: 0.5 })),
  text: (w) => w.me(of(w, { perDay: 'yes' })),
  'an unknown member': (w) => w.me(of(w, { x: 1 })),
})

const ruleRow = (w: World, values: JsonObject): JsonObject => ({
  categories: { [w.web]: { rules: { [w.fresh]: { extraTime: true, dayMask: 127, maxTime: 1, ...values } } } },
})

export const RULES: readonly Row[] = [
  {
    type: 'CREATE_TIMELIMIT_RULE',
    act: (w) => w.me(create(w)),
    patch: (w) => ruleRow(w, SHOWN),
    bumps: (w) => [`rules/${w.web}`],
    told: 2,
    refused: {
      ...wrongRule(create),
      'no such category': (w) => w.me(create(w, { categoryId: NOBODY })),
      'an id in use': (w) => w.me(create(w, { ruleId: w.rule })),
      'no id': (w) => w.me(create(w, { ruleId: NO_ID })),
    },
  },
  {
    type: 'CREATE_TIMELIMIT_RULE',
    name: 'with defaults',
    act: (w) => {
      const rule = { ruleId: w.fresh, categoryId: w.web, time: 1, days: 127, extraTime: true }
      return w.me({ type: 'CREATE_TIMELIMIT_RULE', rule })
    },
    patch: (w) => ruleRow(w, { start: 0, end: 1439, session: 0, pause: 0, perDay: false }),
    bumps: (w) => [`rules/${w.web}`],
    told: 2,
  },
  {
    type: 'UPDATE_TIMELIMIT_RULE',
    given: (w) => [['phone', w.me({ ...update(w), ...FULL })]],
    act: but(update)({}),
    patch: (w) => ({
      categories: {
        [w.games]: {
          rules: { [w.rule]: { start: 0, end: 1439, session: 0, pause: 0, perDay: false, e: null } },
        },
      },
    }),
    bumps: (w) => [`rules/${w.games}`],
    told: 2,
    refused: {
      ...wrongRule((w, fault) => ({ ...update(w), ...fault })),
      'no such rule': but(update)({ ruleId: NOBODY }),
      'to another category': but(update)((w) => ({ categoryId: w.web })),
    },
  },
  {
    type: 'DELETE_TIMELIMIT_RULE',
    act: (w) => w.me({ type: 'DELETE_TIMELIMIT_RULE', ruleId: w.rule }),
    patch: (w) => ({ categories: { [w.games]: { rules: { [w.rule]: null } } } }),
    bumps: (w) => [`rules/${w.games}`],
    told: 2,
    refused: { 'no such rule': (w) => w.me({ type: 'DELETE_TIMELIMIT_RULE', ruleId: NOBODY }) },
  },
]

const task = (w: World): JsonObject => ({
  type: 'UPDATE_CHILD_TASK',
  isNew: true,
  taskId: w.fresh,
  categoryId: w.web,
  ...TASK,
})
const wrongTask: NonNullable<Row['refused']> = {
  'no such category': but(task)({ categoryId: NOBODY }),
  'an id in use': but(task)((w) => ({ taskId: w.task })),
  'no title': but(task)({ taskTitle: '' }),
  'a long title': but(task)({ taskTitle: 'x'.repeat(51) }),
  'no time': but(task)({ extraTimeDuration: 0 }),
  'more than a day': but(task)({ extraTimeDuration: 86_400_001 }),
  'an update of nothing': but(task)({ isNew: false }),
  'no id': but(task)({ taskId: NO_ID }),
}

const pending = (w: World) => ['tablet', appLogic({ type: 'MARK_TASK_PENDING', taskId: w.task })] as const
const extra = (w: World, day: number) =>
  ['phone', w.me({ type: 'SET_CATEGORY_EXTRA_TIME', categoryId: w.games, newExtraTime: 1_000, day })] as const
const review = (w: World): JsonObject => ({
  type: 'REVIEW_CHILD_TASK',
  taskId: w.task,
  ok: true,
  time: 1_794_700_800_000,
  day: 20_771,
})
const approved = (w: World, base: JsonObject): JsonObject => ({
  categories: { [w.games]: { tasks: { [w.task]: { p: false, l: 1_794_700_800_000 } }, base } },
})

export const TASKS: readonly Row[] = [
  {
    type: 'UPDATE_CHILD_TASK',
    name: 'new',
    act: but(task)({}),
    patch: (w) => ({
      categories: { [w.web]: { tasks: { [w.fresh]: { t: 'Tidy up', d: 900_000, p: false, l: 0 } } } },
    }),
    bumps: (w) => [`tasks/${w.web}`],
    told: 0,
    refused: wrongTask,
  },
  {
    type: 'UPDATE_CHILD_TASK',
    name: 'moved',
    act: but(task)((w) => ({ isNew: false, taskId: w.task, taskTitle: '🦊'.repeat(25) })),
    patch: (w) => ({
      categories: {
        [w.games]: { tasks: { [w.task]: null } },
        [w.web]: { tasks: { [w.task]: { t: '🦊'.repeat(25), d: 900_000, p: false, l: 0 } } },
      },
    }),
    bumps: (w) => [`tasks/${w.games}`, `tasks/${w.web}`],
    told: 1,
  },
  {
    type: 'DELETE_CHILD_TASK',
    act: (w) => w.me({ type: 'DELETE_CHILD_TASK', taskId: w.task }),
    patch: (w) => ({ categories: { [w.games]: { tasks: { [w.task]: null } } } }),
    bumps: (w) => [`tasks/${w.games}`],
    told: 1,
    refused: { 'no such task': (w) => w.me({ type: 'DELETE_CHILD_TASK', taskId: NOBODY }) },
  },
  {
    type: 'REVIEW_CHILD_TASK',
    given: (w) => [pending(w)],
    act: but(review)({}),
    patch: (w) => approved(w, { extraTime: 900_000 }),
    bumps: (w) => [`tasks/${w.games}`, `base/${w.games}`],
    told: 2,
    check: async (t, w) => {
      t.true(await w.phone.push(but(review)({})(w)), 'no longer pending')
    },
    refused: {
      'no such task': but(review)({ taskId: NOBODY }),
      'at nothing': but(review)({ time: 0 }),
      'a day before all': but(review)({ day: -1 }),
    },
  },
  {
    type: 'REVIEW_CHILD_TASK',
    name: 'with extra time of another day',
    given: (w) => [pending(w), extra(w, 20_770)],
    act: but(review)({}),
    patch: (w) => approved(w, { extraTime: 900_000, extraTimeDay: -1 }),
    bumps: (w) => [`tasks/${w.games}`, `base/${w.games}`],
    told: 2,
  },
  {
    type: 'REVIEW_CHILD_TASK',
    name: 'with extra time of the same day',
    given: (w) => [pending(w), extra(w, 20_771)],
    act: but(review)({}),
    patch: (w) => approved(w, { extraTime: 901_000, extraTimeDay: 20_771 }),
    bumps: (w) => [`tasks/${w.games}`, `base/${w.games}`],
    told: 2,
  },
  {
    type: 'REVIEW_CHILD_TASK',
    name: 'rejected',
    given: (w) => [pending(w)],
    act: but(review)({ ok: false }),
    patch: (w) => ({ categories: { [w.games]: { tasks: { [w.task]: { p: false } } } } }),
    bumps: (w) => [`tasks/${w.games}`],
    told: 1,
  },
]
