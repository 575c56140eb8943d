import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { openChangedPassword, verifyRemoveUser } from '../../../crypto/parent-password.ts'
import type { Fact } from '../../decider.ts'
import { fact } from '../events.ts'
import { at, type FamilyState, type UserState } from '../state.ts'
import { action, userIdOf, type ActionContext, type ActionError, type Decision } from './action.ts'
import { userRemoved, withoutReplies } from './cascades.ts'
import { bits, bool, hex, id6, label, members, ms, oneOf, text } from './codec.ts'
import { childPasswordChanged, openPassword, pwd } from './passwords.ts'
import { U2F_KEY_ACTIONS } from './u2f-keys.ts'
import { USER_CATEGORY_ACTIONS } from './user-categories.ts'

/** What parents do with users (timelimit 4.4). */
export const USER_ACTIONS = {
  ADD_USER: action({
    envelope: 'parent',
    codec: members(
      { name: label, userType: oneOf('parent', 'child'), userId: id6, timeZone: label },
      { password: pwd },
    ),
    decide: ({ name, userType, userId, timeZone, password }, ctx) => {
      if (password === undefined && userType === 'parent') return E.left('VALUE')
      const opened = password === undefined ? E.right(NO_PASSWORD) : openPassword(password, ctx)
      if (E.isLeft(opened)) return opened
      if (at(ctx.state.users, userId) !== undefined) return E.left('DUPLICATE')
      const { effects, ...secrets } = opened.right
      const sealed = { name, timeZone, mail: '', locale: '', ...secrets }
      return E.right({
        facts: [fact('UserAdded', { userId, userType, notificationFlags: 0, sealed })],
        effects,
      })
    },
  }),
  REMOVE_USER: action({
    envelope: 'parent',
    codec: members({ userId: id6 }, { authentication: text }),
    decide: ({ userId, authentication = '' }, ctx) => {
      const user = at(ctx.state.users, userId)
      if (user === undefined) return E.left('NO_USER')
      const kept = user.type === 'child' ? undefined : keeps(userId, user, authentication, ctx)
      return kept === undefined
        ? E.right(withoutReplies(ctx.state, userRemoved(ctx.state, userId)))
        : E.left(kept)
    },
  }),
  RENAME_CHILD: action({
    envelope: 'parent',
    codec: members({ childId: id6, newName: label }),
    decide: ({ childId, newName }, ctx) =>
      ofUser(ctx, childId, 'child', () => [
        fact('ChildRenamed', { userId: childId, sealed: { name: newName } }),
      ]),
  }),
  SET_USER_TIMEZONE: action({
    envelope: 'parent',
    codec: members({ userId: id6, timezone: label }),
    decide: ({ userId, timezone }, ctx) =>
      ofUser(ctx, userId, 'any', () => [
        fact('UserTimezoneChanged', { userId, sealed: { timeZone: timezone } }),
      ]),
  }),
  SET_CHILD_PASSWORD: action({
    envelope: 'parent',
    codec: members({ childId: id6, newPassword: pwd }),
    decide: ({ childId, newPassword }, ctx) =>
      at(ctx.state.users, childId)?.type === 'child'
        ? E.map(childPasswordChanged(childId))(openPassword(newPassword, ctx))
        : E.left('NO_USER'),
  }),
  CHANGE_PARENT_PASSWORD: action({
    envelope: 'parent',
    codec: members({
      userId: id6,
      hash: text,
      secondSalt: text,
      secondHashEncrypted: text,
      integrity: hex(128),
    }),
    decide: ({ userId, hash, secondSalt, secondHashEncrypted, integrity }, { state }) => {
      const user = at(state.users, userId)
      if (user?.type !== 'parent') return E.left('NO_USER')
      const opened = openChangedPassword({
        old: user.secondHash,
        userId,
        hash,
        secondSalt,
        secondHashEncrypted,
        integrity,
      })
      return E.map((secondHash: string) => ({
        facts: [fact('ParentPasswordChanged', { userId, sealed: { hash, secondHash, secondSalt } })],
      }))(opened)
    },
  }),
  UPDATE_PARENT_NOTIFICATION_FLAGS: action({
    envelope: 'parent',
    codec: members({ parentId: id6, flags: bits(3), set: bool }),
    decide: ({ parentId: userId, flags, set }, ctx) =>
      ofUser(ctx, userId, 'parent', ({ notificationFlags: old }) => [
        fact('ParentNotificationFlagsChanged', { userId, flags: set ? old | flags : old & ~flags }),
      ]),
  }),
  UPDATE_USER_FLAGS: action({
    envelope: 'parent',
    codec: members({ userId: id6, modified: bits(3), values: bits(3) }),
    decide: ({ userId, modified, values }, ctx) =>
      (values & ~modified) === 0
        ? ofUser(ctx, userId, 'any', ({ flags }) => [
            fact('UserFlagsChanged', { userId, flags: (flags & ~modified) | values }),
          ])
        : E.left('VALUE'),
  }),
  SET_USER_DISABLE_LIMITS_UNTIL: action({
    envelope: 'parent',
    codec: members({ childId: id6, time: ms }),
    decide: ({ childId: userId, time }, ctx) =>
      time !== 0 && !ctx.isPremium
        ? E.left('PREMIUM')
        : ofUser(ctx, userId, 'child', () => [fact('ChildLimitsDisabledUntilSet', { userId, until: time })]),
  }),
  SET_RELAX_PRIMARY_DEVICE: action({
    envelope: 'parent',
    codec: members({ userId: id6, relax: bool }),
    decide: ({ userId, relax }, { state }) => {
      const isChild = at(state.users, userId)?.type === 'child'
      const ignored = isChild ? {} : { ignored: true as const }
      return E.right({ facts: [fact('PrimaryDeviceRuleRelaxed', { userId, relax, ...ignored })] })
    },
  }),
  ...USER_CATEGORY_ACTIONS,
  ...U2F_KEY_ACTIONS,
} as const

const NO_PASSWORD = { hash: '', secondHash: '', secondSalt: '', effects: [] }

const ofUser = (
  { state }: ActionContext,
  userId: string,
  type: UserState['type'] | 'any',
  facts: (user: UserState) => readonly Fact[],
): Either<ActionError, Decision> => {
  const user = at(state.users, userId)
  const isOne = user !== undefined && (type === 'any' || user.type === type)
  return isOne ? E.right({ facts: facts(user) }) : E.left('NO_USER')
}

/** Why a parent cannot be removed. */
const keeps = (
  userId: string,
  user: UserState,
  authentication: string,
  { state, actor }: ActionContext,
): ActionError | undefined => {
  if (userId === userIdOf(actor)) return 'STATE'
  if (!verifyRemoveUser(userId, user.secondHash, authentication)) return 'AUTH'
  const others = otherParents(state, userId)
  const isLastMail = user.mail !== '' && others.every(({ mail }) => mail === '')
  return isLastMail || others.every(({ limitLogin }) => limitLogin !== undefined) ? 'STATE' : undefined
}

const otherParents = ({ users }: FamilyState, userId: string): readonly UserState[] =>
  Object.entries(users).flatMap(([id, user]) => (id !== userId && user.type === 'parent' ? [user] : []))
