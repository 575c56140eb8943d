/** Proves the parents' actions on tasks (timelimit 4.4): facts, who is told, which versions move, granted extra time and refusals. */
import test from 'ava'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { BOOKS, family, GAMES, MUSIC, NOBODY, NOW } from '../../../support/timelimit-family.ts'
import { done, push, scope, then } from '../../../support/timelimit-decided.ts'

const TASK = 'task01'
const tasks = (category: string) => scope('tasks', category)
const HELD = [
  fact('ChildTaskCreated', {
    taskId: TASK,
    categoryId: GAMES,
    duration: 900_000,
    sealed: { title: 'Tidy up' },
  }),
]
const PENDING = [...HELD, fact('ChildTaskMarkedPending', { taskId: TASK, categoryId: GAMES })]

const update = (change: JsonObject = {}, after = HELD) =>
  push(
    'UPDATE_CHILD_TASK',
    {
      isNew: false,
      taskId: TASK,
      categoryId: GAMES,
      taskTitle: 'Wash up',
      extraTimeDuration: 60_000,
      ...change,
    },
    { after },
  )

test('UPDATE_CHILD_TASK that is new: nobody is told (A8)', (t) => {
  const create = (change: JsonObject = {}) => update({ isNew: true, taskId: 'fresh1', ...change })
  const created = (duration: number, title: string) =>
    done(
      [then('ChildTaskCreated', { taskId: 'fresh1', categoryId: GAMES, duration, sealed: { title } })],
      '',
      tasks(GAMES),
    )
  t.deepEqual(create(), created(60_000, 'Wash up'))
  t.deepEqual(create({ taskTitle: ' ', extraTimeDuration: 1 }), created(1, ' '))
  const long = '🧹'.repeat(25)
  t.deepEqual(create({ taskTitle: long, extraTimeDuration: 86_400_000 }), created(86_400_000, long))
  t.is(create({ taskTitle: `${long}!` }), 'SCHEMA')
  t.is(create({ taskTitle: '' }), 'SCHEMA')
  for (const extraTimeDuration of [0, -1, 0.5, 86_400_001]) t.is(create({ extraTimeDuration }), 'SCHEMA')
  t.is(create({ categoryId: NOBODY }), 'NO_CATEGORY')
  t.is(create({ taskId: TASK }), 'STATE')
})

test('UPDATE_CHILD_TASK: moves with all that it is, also to another child', (t) => {
  const granted = [
    ...PENDING,
    fact('ChildTaskApproved', {
      taskId: TASK,
      categoryId: GAMES,
      grantedAt: NOW,
      extraTime: 1,
      extraTimeDay: -1,
    }),
  ]
  const again = [...granted, fact('ChildTaskMarkedPending', { taskId: TASK, categoryId: GAMES })]
  const rows = [
    [HELD, false, 0],
    [PENDING, true, 0],
    [granted, false, NOW],
    [again, true, NOW],
  ] as const
  for (const [after, pending, lastGrant] of rows)
    for (const categoryId of [GAMES, MUSIC, BOOKS]) {
      const data = { categoryId, taskId: TASK, from: GAMES, duration: 60_000, pending, lastGrant }
      const updated = then('ChildTaskUpdated', { ...data, sealed: { title: 'Wash up' } })
      const outcome = update({ categoryId }, [...after])
      const bumps = categoryId === GAMES ? [tasks(GAMES)] : [tasks(GAMES), tasks(categoryId)]
      t.deepEqual(outcome, done([updated], 'G1', ...bumps))
      const moved = family(...after, updated).tasks
      t.deepEqual(moved[TASK], { categoryId, title: 'Wash up', duration: 60_000, pending, lastGrant })
    }
  t.is(update({ taskId: NOBODY }), 'NO_TASK')
  t.is(update({ categoryId: NOBODY }), 'NO_CATEGORY')
})

test('DELETE_CHILD_TASK', (t) => {
  t.deepEqual(
    push('DELETE_CHILD_TASK', { taskId: TASK }, { after: HELD }),
    done([then('ChildTaskDeleted', { taskId: TASK, categoryId: GAMES })], 'G1', tasks(GAMES)),
  )
  t.is(push('DELETE_CHILD_TASK', { taskId: NOBODY }, { after: HELD }), 'NO_TASK')
  const gone = [...HELD, fact('CategoryDeleted', { categoryId: GAMES, requests: [] })]
  t.is(push('DELETE_CHILD_TASK', { taskId: TASK }, { after: gone }), 'NO_TASK', 'with its category')
})

const review = (change: JsonObject = {}, after = PENDING, isPremium = true) =>
  push('REVIEW_CHILD_TASK', { taskId: TASK, ok: true, time: NOW, ...change }, { after, isPremium })

test('REVIEW_CHILD_TASK that was done: extra time, in place of what was of another day', (t) => {
  const granted = (extraTime: number, extraTimeDay: number) => {
    const data = { taskId: TASK, categoryId: GAMES, grantedAt: NOW, extraTime, extraTimeDay }
    return done([then('ChildTaskApproved', data)], 'G2', tasks(GAMES), scope('base', GAMES))
  }
  const rows: readonly (readonly [number, JsonObject, number, number])[] = [
    [-1, {}, 901_000, -1],
    [-1, { day: 7 }, 901_000, -1],
    [7, {}, 901_000, 7],
    [7, { day: 7 }, 901_000, 7],
    [7, { day: 8 }, 900_000, -1],
    [0, { day: 0 }, 901_000, 0],
    [7, { day: 0 }, 900_000, -1],
  ]
  for (const [extraTimeDay, day, extraTime, dayAfter] of rows) {
    const held = fact('CategoryExtraTimeSet', { categoryId: GAMES, extraTime: 1_000, extraTimeDay })
    t.deepEqual(review(day, [...PENDING, held]), granted(extraTime, dayAfter))
  }
  const outcome = review()
  if (typeof outcome === 'string') return t.fail(outcome)
  const { tasks: held, categories } = family(...PENDING, ...outcome.facts)
  t.like(held[TASK], { pending: false, lastGrant: NOW })
  t.is(categories[GAMES]?.extraTime, 900_000)
})

test('REVIEW_CHILD_TASK that was not done needs no premium', (t) => {
  const rejected = done([then('ChildTaskRejected', { taskId: TASK, categoryId: GAMES })], 'G1', tasks(GAMES))
  for (const isPremium of [true, false]) t.deepEqual(review({ ok: false }, PENDING, isPremium), rejected)
})

test('REVIEW_CHILD_TASK refuses what nobody asked for', (t) => {
  t.is(review({}, PENDING, false), 'PREMIUM')
  t.is(review({ taskId: NOBODY }), 'NO_TASK')
  t.is(review({}, HELD), 'STATE')
  t.is(review({ ok: false }, HELD), 'STATE')
  t.is(review({}, [...PENDING, fact('ChildTaskRejected', { taskId: TASK, categoryId: GAMES })]), 'STATE')
  const full = fact('CategoryExtraTimeSet', {
    categoryId: GAMES,
    extraTime: Number.MAX_SAFE_INTEGER,
    extraTimeDay: -1,
  })
  t.is(review({}, [...PENDING, full]), 'VALUE', 'no exact number')
  for (const wrong of [{ time: 0 }, { time: 0.5 }, { day: -1 }, { ok: 1 }]) t.is(review(wrong), 'SCHEMA')
})
