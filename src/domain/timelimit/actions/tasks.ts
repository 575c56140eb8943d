import * as E from 'fp-ts/lib/Either.js'
import { fact } from '../events.ts'
import { at, type CategoryState } from '../state.ts'
import { action } from './action.ts'
import { bool, check, id6, int, members } from './codec.ts'
import { ofCategory } from './self-limit.ts'

const TITLE_LENGTH_MAX = 50
const DURATION_MAX_MS = 86_400_000

const title = check(
  'task title',
  (value): value is string =>
    typeof value === 'string' && value.length >= 1 && value.length <= TITLE_LENGTH_MAX,
  { type: 'string', minLength: 1, maxLength: TITLE_LENGTH_MAX },
)

/** Chores that are worth extra time (timelimit 4.4). */
export const TASK_ACTIONS = {
  UPDATE_CHILD_TASK: action({
    envelope: 'parent',
    codec: members({
      isNew: bool,
      taskId: id6,
      categoryId: id6,
      taskTitle: title,
      extraTimeDuration: int(1, DURATION_MAX_MS),
    }),
    decide: ({ isNew, taskId, categoryId, taskTitle, extraTimeDuration: duration }, ctx) => {
      const task = at(ctx.state.tasks, taskId)
      const next = { taskId, categoryId, duration, sealed: { title: taskTitle } }
      if (task === undefined)
        return isNew ? ofCategory(ctx, categoryId, () => [fact('ChildTaskCreated', next)]) : E.left('NO_TASK')
      if (isNew) return E.left('STATE')
      const { categoryId: from, pending, lastGrant } = task
      return ofCategory(ctx, categoryId, () => [
        fact('ChildTaskUpdated', { ...next, from, pending, lastGrant }),
      ])
    },
  }),
  DELETE_CHILD_TASK: action({
    envelope: 'parent',
    codec: members({ taskId: id6 }),
    decide: ({ taskId }, { state }) => {
      const task = at(state.tasks, taskId)
      if (task === undefined) return E.left('NO_TASK')
      return E.right({ facts: [fact('ChildTaskDeleted', { taskId, categoryId: task.categoryId })] })
    },
  }),
  REVIEW_CHILD_TASK: action({
    envelope: 'parent',
    codec: members({ taskId: id6, ok: bool, time: int(1) }, { day: int(0) }),
    decide: ({ taskId, ok, time: grantedAt, day }, ctx) => {
      if (ok && !ctx.isPremium) return E.left('PREMIUM')
      const task = at(ctx.state.tasks, taskId)
      if (task === undefined) return E.left('NO_TASK')
      if (!task.pending) return E.left('STATE')
      const { categoryId, duration } = task
      const category = at(ctx.state.categories, categoryId)
      if (category === undefined) return E.left('NO_CATEGORY')
      if (!ok) return E.right({ facts: [fact('ChildTaskRejected', { taskId, categoryId })] })
      const granted = extraTimeAfter(category, duration, day)
      if (!Number.isSafeInteger(granted.extraTime)) return E.left('VALUE')
      return E.right({ facts: [fact('ChildTaskApproved', { taskId, categoryId, grantedAt, ...granted })] })
    },
  }),
} as const

/** What was left of another day is lost. */
const extraTimeAfter = (
  { extraTime, extraTimeDay }: CategoryState,
  duration: number,
  day: number | undefined,
) =>
  extraTimeDay !== -1 && day !== undefined && day !== extraTimeDay
    ? { extraTime: duration, extraTimeDay: -1 }
    : { extraTime: extraTime + duration, extraTimeDay }
