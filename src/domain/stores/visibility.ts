import { isList, type Json, type JsonObject } from '../../json.ts'
import type { Caller } from './commands.ts'
import type { StoreDef } from './store-def.ts'

type Place = Pick<Caller, 'user' | 'group' | 'branch' | 'credentials'>

/** May the caller read one entity (rightech 5)? */
export const mayRead = (caller: Place, entity: JsonObject, def: StoreDef): boolean =>
  mayWrite(caller, entity, def) ||
  (def.inherited === true && typeof entity['group'] === 'string' && caller.branch.includes(entity['group']))

/** May the caller change or delete it? What is inherited from a group above is readable only. */
export const mayWrite = (caller: Place, entity: JsonObject, def: StoreDef): boolean => {
  if (entity['owner'] === caller.user) return true
  if (def.ownerOnly && !seesAllTokens(caller)) return false
  return includes(entity['access'], caller.user) || includes(entity['branch'], caller.group)
}

/**
 * Everybody whose lists show an entity: its owner, its access list, its group. Documents carry it as `_v`, because one field and one
 * index then answer a list in any order, where owner, access and group would take three of each.
 */
export const withViewers = (entity: JsonObject): JsonObject => {
  const { owner, access, group } = entity
  const viewers = new Set([owner, group, ...(isList(access) ? access : [])])
  viewers.delete(undefined)
  return { ...entity, _v: [...viewers] as Json }
}

/** What a list shows to the caller, in the language of the documents. Not to be mixed with what a client wrote but by `$and`. */
export const visibilityFilter = (caller: Place, def: StoreDef, withChildGroups: boolean): JsonObject => {
  if (def.ownerOnly && !seesAllTokens(caller)) return { _v: caller.user, owner: caller.user }
  const above = def.inherited ? caller.branch : []
  const own = [caller.user, ...above]
  if (withChildGroups) return { $or: [{ _v: { $in: own } }, { branch: caller.group }] }
  return { _v: { $in: def.inherited ? own : [...own, caller.group] } }
}

/** What live delivery and the event log filter by: goes to `meta.scope` of every event about the entity; see `Scope`. */
export const scopeOf = (store: string, entity: JsonObject): JsonObject => {
  const object = entity[OBJECT_FIELDS[store] ?? '']
  const model = store === 'objects' ? entity['model'] : undefined
  return {
    store,
    owner: entity['owner'] ?? null,
    group: entity['group'] ?? null,
    branch: entity['branch'] ?? [],
    access: entity['access'] ?? [],
    ...(typeof object === 'string' && object !== '' ? { object } : {}),
    ...(typeof model === 'string' ? { model } : {}),
  }
}

/** Which field names the object that an entity is about. */
const OBJECT_FIELDS: { readonly [store: string]: string } = {
  objects: '_id',
  tasks: 'object',
  messages: 'id',
}

const seesAllTokens = (caller: Place): boolean => caller.credentials.includes('*')

const includes = (list: Json | undefined, value: string): boolean =>
  Array.isArray(list) && list.includes(value)
