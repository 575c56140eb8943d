import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { fact } from '../events.ts'
import type { Rule } from '../events/rules.ts'
import { at, WHOLE_DAY } from '../state.ts'
import { action } from './action.ts'
import { bits, bool, id6, int, int32, members, minute, strictObject } from './codec.ts'
import { isAsTightARule, ofCategory, selfRefusal } from './self-limit.ts'

const EVERY_DAY = 127
const needed = { time: int32(0), days: bits(EVERY_DAY), extraTime: bool }
const optional = { start: minute, end: minute, dur: int32(0), pause: int32(0), perDay: bool, e: int(1) }

const update = members({ ruleId: id6, ...needed }, optional)
type Values = Omit<t.TypeOf<typeof update>, 'ruleId'>

/** What parents, and within limits children, do with time limit rules (timelimit 4.4). */
export const RULE_ACTIONS = {
  CREATE_TIMELIMIT_RULE: action({
    envelope: 'parent',
    codec: members({ rule: strictObject({ ruleId: id6, categoryId: id6, ...needed }, optional) }),
    selfLimit: true,
    decide: ({ rule: { ruleId, categoryId, ...values } }, ctx) => {
      const rule = ruleOf(values)
      if (rule.start > rule.end) return E.left('VALUE')
      if (at(ctx.state.rules, ruleId) !== undefined) return E.left('DUPLICATE')
      return ofCategory(
        ctx,
        categoryId,
        () => [fact('TimeLimitRuleCreated', { ruleId, categoryId, rule })],
        () => true,
      )
    },
  }),
  UPDATE_TIMELIMIT_RULE: action({
    envelope: 'parent',
    codec: update,
    selfLimit: true,
    decide: ({ ruleId, ...values }, { state, actor }) => {
      const rule = ruleOf(values)
      if (rule.start > rule.end) return E.left('VALUE')
      const before = at(state.rules, ruleId)
      if (before === undefined) return E.left('NO_RULE')
      const { categoryId } = before
      const childId = at(state.categories, categoryId)?.childId
      const refused = selfRefusal(actor, childId, () => isAsTightARule(before, rule))
      return refused === undefined
        ? E.right({ facts: [fact('TimeLimitRuleUpdated', { ruleId, categoryId, rule })] })
        : E.left(refused)
    },
  }),
  DELETE_TIMELIMIT_RULE: action({
    envelope: 'parent',
    codec: members({ ruleId: id6 }),
    decide: ({ ruleId }, { state }) => {
      const rule = at(state.rules, ruleId)
      if (rule === undefined) return E.left('NO_RULE')
      return E.right({ facts: [fact('TimeLimitRuleDeleted', { ruleId, categoryId: rule.categoryId })] })
    },
  }),
} as const

/** What is left out has its default, also when a rule that had a value is updated. */
const ruleOf = ({ time, days, extraTime, start, end, dur, pause, perDay, e }: Values): Rule => ({
  extraTime,
  dayMask: days,
  maxTime: time,
  start: start ?? WHOLE_DAY.start,
  end: end ?? WHOLE_DAY.end,
  session: dur ?? 0,
  pause: pause ?? 0,
  perDay: perDay ?? false,
  ...(e === undefined ? {} : { e }),
})
