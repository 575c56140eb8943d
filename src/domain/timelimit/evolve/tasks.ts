import { without, type FamilyState, type TaskState } from '../state.ts'
import { changed, inCategory, type Rows } from './rows.ts'

type TaskEvents =
  | 'ChildTaskCreated'
  | 'ChildTaskUpdated'
  | 'ChildTaskDeleted'
  | 'ChildTaskMarkedPending'
  | 'ChildTaskApproved'
  | 'ChildTaskRejected'

const inTask = (state: FamilyState, taskId: string, set: Partial<TaskState>): FamilyState => ({
  ...state,
  tasks: changed(state.tasks, taskId, (task) => ({ ...task, ...set })),
})

export const TASK_ROWS: Rows<TaskEvents> = {
  ChildTaskCreated: (state, { taskId, categoryId, duration, sealed }) => ({
    ...state,
    tasks: {
      ...state.tasks,
      [taskId]: { categoryId, title: sealed?.title ?? '', duration, pending: false, lastGrant: 0 },
    },
  }),
  ChildTaskUpdated: (state, { taskId, categoryId, duration, sealed }) =>
    inTask(state, taskId, { categoryId, duration, title: sealed?.title ?? '' }),
  ChildTaskDeleted: (state, { taskId }) => ({ ...state, tasks: without(state.tasks, [taskId]) }),
  ChildTaskMarkedPending: (state, { taskId }) => inTask(state, taskId, { pending: true }),
  ChildTaskApproved: (state, { taskId, categoryId, grantedAt, extraTime, extraTimeDay }) => {
    const granted = inTask(state, taskId, { pending: false, lastGrant: grantedAt })
    return inCategory(granted, categoryId, { extraTime, extraTimeDay })
  },
  ChildTaskRejected: (state, { taskId }) => inTask(state, taskId, { pending: false }),
}
