import * as t from 'io-ts'
import { rules } from '../scopes.ts'
import { event } from './event.ts'

/** As devices read it (timelimit 5.4): milliseconds, minutes of the day, bit 0 of `dayMask` is Monday; `e` is when it expires. */
export const Rule = t.intersection([
  t.type({
    extraTime: t.boolean,
    dayMask: t.number,
    maxTime: t.number,
    start: t.number,
    end: t.number,
    session: t.number,
    pause: t.number,
    perDay: t.boolean,
  }),
  t.partial({ e: t.number }),
])
export type Rule = Readonly<t.TypeOf<typeof Rule>>

export const TimeLimitRuleSet = t.type({ ruleId: t.string, categoryId: t.string, rule: Rule })
export const TimeLimitRuleDeleted = t.type({ ruleId: t.string, categoryId: t.string })

const R = ({ categoryId }: { readonly categoryId: string }) => [rules(categoryId)]

export const RULE_EVENTS = {
  TimeLimitRuleCreated: event(TimeLimitRuleSet, R, 2),
  TimeLimitRuleUpdated: event(TimeLimitRuleSet, R, 2),
  TimeLimitRuleDeleted: event(TimeLimitRuleDeleted, R, 2),
} as const
