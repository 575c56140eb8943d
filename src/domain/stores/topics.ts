import type { Json, JsonObject } from '../../json.ts'
import type { Caller } from './commands.ts'
import type { StoreDef } from './store-def.ts'

/**
 * The rule for one entity of rightech 5 as topics: an event about an entity and a caller have one in common exactly if the caller may
 * read the entity. So the hub finds those who get an event without asking each, and the event log is read by an index.
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

/** `meta.scope` of the stores' events, as `scopeOf` makes it. */
export type Scope = {
  readonly store: string
  readonly owner: string
  readonly group: string
  readonly branch: readonly string[]
  readonly access: readonly string[]
  /** The object concerned, if any: `_oid` of rightech 6.5. */
  readonly object?: string
  /** The object's model, where the event is about the object itself. */
  readonly model?: string
  /** The table of a row, which its path has. */
  readonly table?: string
}

/** `undefined`: the event is not about an entity that anybody could see. */
export const readScope = (scope: JsonObject | undefined): Scope | undefined => {
  if (scope === undefined) return undefined
  const { store, owner, group, branch, access, object, model, table } = scope
  if (typeof store !== 'string') return undefined
  return {
    store,
    owner: text(owner),
    group: text(group),
    branch: texts(branch),
    access: texts(access),
    ...(typeof object === 'string' ? { object } : {}),
    ...(typeof model === 'string' ? { model } : {}),
    ...(typeof table === 'string' ? { table } : {}),
  }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const texts = (value: Json | undefined): readonly string[] =>
  value instanceof Array ? value.filter((item) => typeof item === 'string') : []
