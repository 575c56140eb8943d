import { storeDef } from './registry.ts'

/** One stream an entity (decisions 3, 22): `stores.labels-6a…`, `stores.tasks.kinds-6a…`. */
export const entityStream = (store: string, id: string): string =>
  `stores.${store.replaceAll('/', '.')}-${id}`

/** Logical name of a store's documents: `stores_labels`, `stores_tasks_kinds`; rows of tables are in `stores_rows` (decisions 22). */
export const collectionOf = (store: string): string =>
  store === 'tables/rows' ? 'stores_rows' : `stores_${store.replaceAll('/', '_')}`

export const userSubject = (user: string): string => `stores.user-${user}`

/**
 * Whose key seals what an entity's events hide (decisions 22): the user, invite or object itself, of a token its owner.
 * `undefined` for a store without sealed fields.
 */
export const subjectOf = (store: string, id: string, owner?: string): string | undefined => {
  const kind = storeDef(store)?.subject
  if (kind === undefined) return undefined
  if (kind !== 'owner') return `stores.${kind}-${id}`
  return owner === undefined ? undefined : userSubject(owner)
}

/** A group's default tagname: lower case, every run outside `[a-z0-9]` an underscore, trimmed (rightech 1.6); never empty. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '') || 'group'

const ID = /^[0-9a-f]{24}$/i
/** An entity's `_id` as 24 hexadecimal digits in either case (rightech 1.2); compare and store `toLowerCase()` of it. */
export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value)
