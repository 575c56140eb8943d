import type { RULE_EVENTS } from '../events/rules.ts'
import { without } from '../state.ts'
import type { Rows } from './rows.ts'

export const RULE_ROWS: Rows<keyof typeof RULE_EVENTS> = {
  TimeLimitRuleCreated: (state, { ruleId, categoryId, rule }) => ({
    ...state,
    rules: { ...state.rules, [ruleId]: { ...rule, categoryId } },
  }),
  TimeLimitRuleUpdated: (state, { ruleId, categoryId, rule }) => ({
    ...state,
    rules: { ...state.rules, [ruleId]: { ...rule, categoryId } },
  }),
  TimeLimitRuleDeleted: (state, { ruleId }) => ({ ...state, rules: without(state.rules, [ruleId]) }),
}
