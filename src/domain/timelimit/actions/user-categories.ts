import * as E from 'fp-ts/lib/Either.js'
import { fact } from '../events.ts'
import { at } from '../state.ts'
import { action, userIdOf } from './action.ts'
import { id6, id6OrNone, int, members } from './codec.ts'

/** Which categories stand for what to users (timelimit 4.4). */
export const USER_CATEGORY_ACTIONS = {
  SET_CATEGORY_FOR_UNASSIGNED_APPS: action({
    envelope: 'parent',
    codec: members({ childId: id6, categoryId: id6OrNone }),
    decide: ({ childId, categoryId }, { state }) => {
      if (at(state.users, childId)?.type !== 'child') return E.left('NO_USER')
      const set = E.right({ facts: [fact('UnassignedAppsCategorySet', { userId: childId, categoryId })] })
      if (categoryId === '') return set
      const category = at(state.categories, categoryId)
      if (category === undefined) return E.left('NO_CATEGORY')
      return category.childId === childId ? set : E.left('STATE')
    },
  }),
  UPDATE_USER_LIMIT_LOGIN_CATEGORY: action({
    envelope: 'parent',
    codec: members({ userId: id6 }, { categoryId: id6 }),
    decide: ({ userId, categoryId }, { state, actor }) => {
      if (at(state.users, userId)?.type !== 'parent') return E.left('NO_USER')
      if (categoryId === undefined) return E.right({ facts: [fact('LimitLoginCategoryCleared', { userId })] })
      if (userId !== userIdOf(actor)) return E.left('STATE')
      if (at(state.categories, categoryId) === undefined) return E.left('NO_CATEGORY')
      return E.right({ facts: [fact('LimitLoginCategorySet', { userId, categoryId, preBlock: 0 })] })
    },
  }),
  UPDATE_USER_LIMIT_LOGIN_PRE_BLOCK_DURATION: action({
    envelope: 'parent',
    codec: members({ userId: id6, preBlockDuration: int(0, 86_400_000) }),
    decide: ({ userId, preBlockDuration: preBlock }, { state, actor }) => {
      const user = at(state.users, userId)
      if (user?.type !== 'parent') return E.left('NO_USER')
      if (preBlock !== 0 && userId !== userIdOf(actor)) return E.left('STATE')
      if (user.limitLogin === undefined) return E.left('NO_ITEM')
      return E.right({ facts: [fact('LimitLoginPreBlockDurationSet', { userId, preBlock })] })
    },
  }),
} as const
