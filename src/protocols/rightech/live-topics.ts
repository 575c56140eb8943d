import type { Caller } from '../../domain/stores/commands.ts'
import type { StoreDef } from '../../domain/stores/registry.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'

/**
 * The rule for one entity of rightech 5 as topics: an event about an entity and a caller have one in common exactly if the caller may
 * read the entity. So the hub finds those who get an event without asking each.
 */
export const eventTopics = (scope: Scope, def: StoreDef): readonly string[] => {
  const { owner, group, branch, access } = scope
  const wide = def.ownerOnly ? 'all:' : ''
  return [
    `user:${owner}`,
    ...access.map((user) => `${wide}user:${user}`),
    ...branch.map((above) => `${wide}group:${above}`),
    ...(def.inherited ? [`below:${group}`] : []),
  ]
}

export const callerTopics = ({ user, group, branch, credentials }: Caller): readonly string[] => [
  `user:${user}`,
  `group:${group}`,
  ...branch.map((above) => `below:${above}`),
  // What only its owner sees is shown to others who may do everything.
  ...(credentials.includes('*') ? [`all:user:${user}`, `all:group:${group}`] : []),
]

/** `meta.scope` of the stores' events. */
export type Scope = {
  readonly store: string
  readonly owner: string
  readonly group: string
  readonly branch: readonly string[]
  readonly access: readonly string[]
}

/** `undefined`: the event is not about an entity that anybody could see. */
export const readScope = (scope: JsonObject | undefined): Scope | undefined => {
  if (scope === undefined) return undefined
  const { store, owner, group, branch, access } = scope
  if (typeof store !== 'string') return undefined
  return { store, owner: text(owner), group: text(group), branch: texts(branch), access: texts(access) }
}

/** The object that an entity is about, if any (`_oid` of rightech 6.5). */
export const objectOf = (store: string, entity: Json | undefined): string | undefined => {
  const field = OBJECT_FIELDS[store]
  const object = field === undefined || !isObject(entity) ? undefined : entity[field]
  return typeof object === 'string' && object !== '' ? object : undefined
}

const OBJECT_FIELDS: { readonly [store: string]: string } = {
  objects: '_id',
  tasks: 'object',
  messages: 'id',
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const texts = (value: Json | undefined): readonly string[] =>
  value instanceof Array ? value.filter((item) => typeof item === 'string') : []
