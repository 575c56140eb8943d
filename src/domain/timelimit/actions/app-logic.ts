import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { fact } from '../events.ts'
import { at } from '../state.ts'
import { action } from './action.ts'
import { bool, check, distinct, id6, members, oneOf, strictObject, text } from './codec.ts'
import { mailsTo, TASK_MAILS } from './mails.ts'

const app = strictObject({
  packageName: text,
  title: text,
  isLaunchable: bool,
  recommendation: oneOf('whitelist', 'blacklist', 'none'),
})
const isName = (value: unknown): boolean => typeof value === 'string' && value !== ''
const activityName = check(
  'activity name',
  (value): value is readonly [string, string] =>
    Array.isArray(value) && value.length === 2 && value.every(isName),
  {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    minItems: 2,
    maxItems: 2,
    description: 'Package and class',
  },
)
const notEmpty = check(
  'non-empty text',
  (value): value is string => typeof value === 'string' && value !== '',
  { type: 'string', minLength: 1 },
)
const activity = strictObject({ p: notEmpty, c: notEmpty, t: t.string })
const activities = members({
  removed: distinct(activityName, (name) => JSON.stringify(name)),
  updatedOrAdded: distinct(activity, ({ p, c }) => JSON.stringify([p, c])),
})

const nothing = () => E.right({ facts: [] })

/** What a device does without a user (timelimit 4.3), as far as it is not about times, its status or keys. */
export const APP_LOGIC_ACTIONS = {
  FORCE_SYNC: action({
    envelope: 'appLogic',
    codec: members({}),
    decide: () => E.right({ facts: [fact('ForceSyncRequested', {})] }),
  }),
  SIGN_OUT_AT_DEVICE: action({
    envelope: 'appLogic',
    codec: members({}),
    decide: (_, { state, deviceId, isPremium }) => {
      if (!isPremium) return E.left('PREMIUM')
      const device = at(state.devices, deviceId)
      if (device === undefined || device.defaultUser === '') return E.left('STATE')
      if (at(state.users, device.defaultUser) === undefined) return E.left('NO_USER')
      if (device.userId === device.defaultUser) return E.right({ facts: [], told: 1 })
      return E.right({ facts: [fact('DeviceUserAssigned', { deviceId, userId: device.defaultUser })] })
    },
  }),
  MARK_TASK_PENDING: action({
    envelope: 'appLogic',
    codec: members({ taskId: id6 }),
    decide: ({ taskId }, { state, deviceId, now }) => {
      const task = at(state.tasks, taskId)
      if (task === undefined) return E.left('NO_TASK')
      if (task.pending) return E.right({ facts: [] })
      const device = at(state.devices, deviceId)
      const category = at(state.categories, task.categoryId)
      if (device === undefined || category?.childId !== device.userId) return E.left('STATE')
      const mail = { kind: 'task-done', params: { taskTitle: task.title, deviceName: device.name } }
      const marked = fact('ChildTaskMarkedPending', { taskId, categoryId: task.categoryId })
      return E.right({ facts: [marked, ...mailsTo(state, TASK_MAILS, mail, now)] })
    },
  }),
  ADD_INSTALLED_APPS: action({
    envelope: 'appLogic',
    codec: members({ apps: distinct(app, ({ packageName }) => packageName) }),
    decide: nothing,
  }),
  REMOVE_INSTALLED_APPS: action({
    envelope: 'appLogic',
    codec: members({ packageNames: distinct(text, (name) => name) }),
    decide: nothing,
  }),
  UPDATE_APP_ACTIVITIES: action({
    envelope: 'appLogic',
    codec: activities,
    decide: ({ removed, updatedOrAdded }) =>
      removed.length + updatedOrAdded.length === 0 ? E.left('VALUE') : nothing(),
  }),
} as const
