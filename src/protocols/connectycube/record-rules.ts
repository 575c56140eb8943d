import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { RECORD_ACTIONS, type Rule, type RecordPermissions } from '../../domain/cc/permissions.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { baseError, fieldErrors, RULES } from './answers.ts'
import { integer, list, text } from './params.ts'

/** Rules by action, of those that are named (connectycube 6.2); what is named besides is left out. */
export const readRules = <A extends string>(
  value: Json | undefined,
  actions: readonly A[],
  isOfClass: boolean,
): Either<Answer, { readonly [action in A]?: Rule }> => {
  if (value === undefined || value === null) return E.right({})
  if (!isObject(value)) return INVALID
  const rules: { [action in A]?: Rule } = {}
  for (const action of actions) {
    const given = value[action]
    if (given === undefined || given === null) continue
    const rule = isObject(given) ? readRule(given, isOfClass) : INVALID
    if (E.isLeft(rule)) return rule
    rules[action] = rule.right
  }
  return E.right(rules)
}

/** With `users_ids` and `users_groups`, where a request has `ids` and `groups`. */
export const showRules = (permissions: RecordPermissions): JsonObject =>
  Object.fromEntries(RECORD_ACTIONS.map((action) => [action, showRule(permissions[action])]))

export const showRule = (rule: Rule): JsonObject => {
  if ('ids' in rule) return { access: rule.access, users_ids: rule.ids }
  return 'groups' in rule ? { access: rule.access, users_groups: rule.groups } : { access: rule.access }
}

const INVALID = E.left(fieldErrors({ permissions: [RULES.invalid] }))

const readRule = (given: JsonObject, isOfClass: boolean): Either<Answer, Rule> => {
  const access = text(given['access'])
  switch (access) {
    case 'open':
    case 'owner':
      return E.right({ access })
    case 'not_allowed':
      return isOfClass ? E.right({ access }) : INVALID
    case 'open_for_users_ids':
      return forUsers(given['ids'])
    case 'open_for_groups':
      return forGroups(given['groups'])
    default:
      return INVALID
  }
}

const forUsers = (value: Json | undefined): Either<Answer, Rule> => {
  const ids = items(value)
  const read = ids?.flatMap((id) => integer(id) ?? [])
  return read === undefined || read.length !== ids?.length
    ? noList('ids')
    : E.right({ access: 'open_for_users_ids', ids: [...new Set(read.map(String))] })
}

const forGroups = (value: Json | undefined): Either<Answer, Rule> => {
  const groups = items(value)
  return groups === undefined
    ? noList('groups')
    : E.right({ access: 'open_for_groups', groups: [...new Set(groups)] })
}

const items = (value: Json | undefined): readonly string[] | undefined =>
  isList(value) || text(value) !== undefined ? list(value) : undefined

const noList = (name: string): Either<Answer, never> =>
  E.left(baseError(422, `Field ${name} should be an array`))
