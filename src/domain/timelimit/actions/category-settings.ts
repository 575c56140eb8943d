import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Fact } from '../../decider.ts'
import { fact } from '../events.ts'
import { at, type CategoryState, type FamilyState } from '../state.ts'
import { action, type ActionError, type Decision } from './action.ts'
import { blockedTimes, blocksAll } from './blocked-times.ts'
import { bits, bool, id6, int, int32, members, ms } from './codec.ts'
import { ofCategory } from './self-limit.ts'

const NO_DAY = -1
const day = int32(NO_DAY)
const percent = int(0, 100)
const NETWORKS_ARE_BLOCKED = 1
const TIME_WARNINGS = 31
/** A week without its last minutes. */
const WARNING_MINUTES_MAX = 10_078

const until = int(0)

/** How a category limits (timelimit 4.4). */
export const CATEGORY_SETTING_ACTIONS = {
  SET_CATEGORY_EXTRA_TIME: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, newExtraTime: ms }, { day }),
    decide: ({ categoryId, newExtraTime: extraTime, day: extraTimeDay = NO_DAY }, ctx) =>
      ctx.isPremium
        ? ofCategory(ctx, categoryId, () => [
            fact('CategoryExtraTimeSet', { categoryId, extraTime, extraTimeDay }),
          ])
        : E.left('PREMIUM'),
  }),
  INCREMENT_CATEGORY_EXTRATIME: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, addedExtraTime: ms }, { day }),
    decide: ({ categoryId, addedExtraTime: added, day: extraTimeDay = NO_DAY }, { state, isPremium }) =>
      isPremium ? incremented(state, categoryId, added, extraTimeDay) : E.left('PREMIUM'),
  }),
  UPDATE_CATEGORY_BLOCKED_TIMES: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, times: blockedTimes }),
    selfLimit: true,
    decide: ({ categoryId, times }, ctx) =>
      ofCategory(
        ctx,
        categoryId,
        () => [fact('CategoryBlockedTimesChanged', { categoryId, blockedTimes: times })],
        (category) => blocksAll(times, category.blockedTimes),
      ),
  }),
  UPDATE_CATEGORY_TEMPORARILY_BLOCKED: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, blocked: bool }, { endTime: until }),
    selfLimit: true,
    decide: ({ categoryId, blocked, endTime }, ctx) => {
      if (!blocked && endTime !== undefined) return E.left('VALUE')
      if (blocked && !ctx.isPremium) return E.left('PREMIUM')
      return ofCategory(
        ctx,
        categoryId,
        () => [
          blocked
            ? fact('CategoryTemporarilyBlocked', { categoryId, until: endTime ?? 0 })
            : fact('CategoryTemporaryBlockLifted', { categoryId }),
        ],
        ({ tempBlocked, tempBlockTime }) =>
          endTime !== undefined && (!tempBlocked || (tempBlockTime !== 0 && endTime >= tempBlockTime)),
      )
    },
  }),
  UPDATE_CATEGORY_DISABLE_LIMITS: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, endTime: until }),
    selfLimit: true,
    decide: ({ categoryId, endTime }, ctx) =>
      endTime !== 0 && !ctx.isPremium
        ? E.left('PREMIUM')
        : ofCategory(
            ctx,
            categoryId,
            () => [fact('CategoryLimitsDisabledUntilSet', { categoryId, until: endTime })],
            () => endTime === 0,
          ),
  }),
  UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, blocked: bool }, { blockDelay: ms }),
    selfLimit: true,
    decide: ({ categoryId, blocked, blockDelay: delay }, ctx) =>
      ofCategory(
        ctx,
        categoryId,
        () => [
          fact('CategoryNotificationBlockingChanged', {
            categoryId,
            blocked,
            ...(delay === undefined ? {} : { delay }),
          }),
        ],
        ({ blocksNotifications }) => blocked && (!blocksNotifications || delay === undefined),
      ),
  }),
  UPDATE_CATEGORY_BATTERY_LIMIT: action({
    envelope: 'parent',
    codec: members({ categoryId: id6 }, { chargeLimit: percent, mobileLimit: percent }),
    decide: ({ categoryId, chargeLimit: charging, mobileLimit: mobile }, ctx) =>
      ofCategory(ctx, categoryId, () => [
        fact('CategoryBatteryLimitChanged', {
          categoryId,
          ...(charging === undefined ? {} : { charging }),
          ...(mobile === undefined ? {} : { mobile }),
        }),
      ]),
  }),
  UPDATE_CATEGORY_FLAGS: action({
    envelope: 'parent',
    codec: members({
      categoryId: id6,
      modified: bits(NETWORKS_ARE_BLOCKED),
      values: bits(NETWORKS_ARE_BLOCKED),
    }),
    decide: ({ categoryId, modified, values }, ctx) =>
      (values & ~modified) === 0
        ? ofCategory(ctx, categoryId, ({ flags }) => [
            fact('CategoryFlagsChanged', { categoryId, flags: (flags & ~modified) | values }),
          ])
        : E.left('VALUE'),
  }),
  UPDATE_CATEGORY_TIME_WARNINGS: action({
    envelope: 'parent',
    codec: members(
      { categoryId: id6, enable: bool, flags: bits(TIME_WARNINGS) },
      { minutes: int(1, WARNING_MINUTES_MAX) },
    ),
    decide: ({ categoryId, enable, flags, minutes }, ctx) =>
      ofCategory(ctx, categoryId, (category) => {
        const others = category.minutes.filter((one) => one !== minutes)
        const timeWarnings = enable ? category.timeWarnings | flags : category.timeWarnings & ~flags
        const added = enable && minutes !== undefined ? [minutes] : []
        const ascending = [...others, ...added].sort((one, other) => one - other)
        return [fact('CategoryTimeWarningsChanged', { categoryId, timeWarnings, minutes: ascending })]
      }),
  }),
} as const

/** The category, then its parent if there is one. A sum that is no exact number is refused. */
const incremented = (
  { categories }: FamilyState,
  categoryId: string,
  added: number,
  extraTimeDay: number,
): Either<ActionError, Decision> => {
  const category = at(categories, categoryId)
  if (category === undefined) return E.left('NO_CATEGORY')
  const parent = at(categories, category.parentId)
  const credit = (id: string, { extraTime, extraTimeDay: before }: CategoryState) => ({
    categoryId: id,
    added,
    extraTime: before === NO_DAY || before === extraTimeDay ? extraTime + added : added,
    extraTimeDay,
  })
  const credits = [
    credit(categoryId, category),
    ...(parent === undefined ? [] : [credit(category.parentId, parent)]),
  ]
  const facts: readonly Fact[] = credits.map((one) => fact('CategoryExtraTimeIncremented', one))
  return credits.every(({ extraTime }) => Number.isSafeInteger(extraTime))
    ? E.right({ facts })
    : E.left('VALUE')
}
