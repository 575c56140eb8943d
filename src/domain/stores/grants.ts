import { equalJson, type Json, type JsonObject } from '../../json.ts'
import type { CreateEntity, PatchEntity } from './commands.ts'
import { covers, mayGrant } from './scopes.ts'
import type { StoreDef } from './store-def.ts'

/**
 * Nobody gives away what they lack (rightech 4.4): neither scopes in a token or a role, nor a role that allows more than they may. Only
 * what a write adds counts. The default scopes of a token are no more than the caller's role by themselves; a caller who came
 * with an API token must have them there.
 */
export const mayGive = (
  def: StoreDef,
  command: CreateEntity | PatchEntity,
  before: JsonObject | undefined,
  after: JsonObject,
): boolean =>
  Object.entries(def.fields).every(([name, { grants }]) => {
    if (!grants || equalJson(before?.[name], after[name])) return true
    if (grants === 'role')
      return command.roleCredentials?.every((scope) => mayGrant(command.caller, scope)) ?? false
    const had = strings(before?.[name])
    const sent = Array.isArray(command.body[name])
    const { scopes } = command.caller
    return strings(after[name])
      .filter((scope) => !had.includes(scope))
      .every((scope) =>
        sent ? mayGrant(command.caller, scope) : scopes === undefined || covers(scopes, scope),
      )
  })

const strings = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((each: Json) => typeof each === 'string') : []
