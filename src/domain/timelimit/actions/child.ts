import * as E from 'fp-ts/lib/Either.js'
import { fact } from '../events.ts'
import { at } from '../state.ts'
import { action, userIdOf, type ActionContext } from './action.ts'
import { members } from './codec.ts'
import { childPasswordChanged, openPassword, pwd } from './passwords.ts'

const childOf = ({ state, actor }: ActionContext) => {
  const userId = userIdOf(actor)
  const user = at(state.users, userId)
  return user?.type === 'child' ? { userId, ...user } : undefined
}

/** What a child does with its password (timelimit 4.5). */
export const CHILD_ACTIONS = {
  CHILD_SIGN_IN: action({
    envelope: 'child',
    codec: members({}),
    decide: (_, ctx) => {
      const { deviceId, isPremium } = ctx
      if (!isPremium) return E.left('PREMIUM')
      const child = childOf(ctx)
      if (child === undefined) return E.left('NO_USER')
      const { userId, currentDevice } = child
      const assigned = fact('DeviceUserAssigned', { deviceId, userId })
      return E.right({
        facts: currentDevice === deviceId ? [assigned, fact('PrimaryDeviceCleared', { userId })] : [assigned],
      })
    },
  }),
  CHILD_CHANGE_PASSWORD: action({
    envelope: 'child',
    codec: members({ password: pwd }),
    decide: ({ password }, ctx) => {
      const child = childOf(ctx)
      if (child === undefined) return E.left('NO_USER')
      return E.map(childPasswordChanged(child.userId))(openPassword(password, ctx))
    },
  }),
} as const
