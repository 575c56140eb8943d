import type { Document, Filter } from '../documents/port.ts'
import type { Fields } from '../domain/rejection.ts'
import type { Caller } from '../domain/stores/commands.ts'
import { collectionOf, isId } from '../domain/stores/names.ts'
import { storeDef } from '../domain/stores/registry.ts'
import type { StoreDef } from '../domain/stores/store-def.ts'
import type { Reference } from '../domain/stores/validate.ts'
import { mayRead } from '../domain/stores/visibility.ts'
import type { Reader } from './reader.ts'

/**
 * The entity that a path means, whoever may see it: by `_id` in either case; an object also by its device id (rightech 3.1).
 */
export const findEntity = async (
  reader: Reader,
  def: StoreDef,
  id: string,
): Promise<Document | undefined> => {
  const byId = isId(id) ? (await reader.get(collectionOf(def.path), id.toLowerCase()))?.value : undefined
  return byId ?? (def.path === 'objects' ? first(reader, 'stores_objects', { id }) : undefined)
}

/** What a body refers to: the documents found, and the rules broken by what is not there or not visible to the caller (rightech 5). */
export const lookUpReferences = async (
  reader: Reader,
  references: readonly Reference[],
  caller: Caller,
): Promise<{ readonly found: ReadonlyMap<string, Document>; readonly broken: Fields }> => {
  const documents = await Promise.all(references.map(({ store, id }) => referred(reader, caller, store, id)))
  const found = new Map<string, Document>()
  const broken = new Set<string>()
  references.forEach(({ path, below }, index) => {
    const document = documents[index]
    if (document === undefined || (below === true && !isBelow(document, caller))) broken.add(path)
    else found.set(path, document)
  })
  return { found, broken: Object.fromEntries([...broken].map((path) => [path, ['reference']])) }
}

/** Whether something refers to an entity that may not go before it (rightech 1.4). */
export const isInUse = async (reader: Reader, def: StoreDef, id: string): Promise<boolean> => {
  const users = def.blockedBy.map(({ store, field }) =>
    first(reader, collectionOf(store), { [field]: id }, ['_id']),
  )
  return (await Promise.all(users)).some((document) => document !== undefined)
}

/** The version of a store as a group sees it (rightech 8.6). */
export const versionOf = async (reader: Reader, group: string, store: string): Promise<number> => {
  const version = (await reader.get('stores_versions', `${group}:${store}`))?.value['version']
  return typeof version === 'number' ? version : 0
}

/** Whose login that is, or else whose mail address; without regard to case. */
export const userByLogin = async (reader: Reader, login: string): Promise<string | undefined> => {
  const folded = login.toLowerCase()
  const found =
    (await first(reader, 'stores_logins', { login: folded })) ??
    (await first(reader, 'stores_logins', { email: folded }))
  return found?._id
}

/** The first of `stem`, `stem_2`, `stem_3` … that no group has as its tagname, from number `from` on. */
export const freeTagname = async (
  reader: Reader,
  stem: string,
  from: number,
): Promise<{ readonly tagname: string; readonly number: number }> => {
  for (let start = from; ; start += TAGNAMES_AT_ONCE) {
    const candidates = Array.from({ length: TAGNAMES_AT_ONCE }, (_, index) => numbered(stem, start + index))
    const taken = new Set<unknown>()
    const filter = { tagname: { $in: candidates } }
    for await (const page of reader.find('stores_groups', filter, { fields: ['tagname'] })) {
      for (const group of page) taken.add(group['tagname'])
    }
    const free = candidates.findIndex((candidate) => !taken.has(candidate))
    if (free !== -1) return { tagname: numbered(stem, start + free), number: start + free }
  }
}

const TAGNAMES_AT_ONCE = 50

const numbered = (stem: string, number: number): string => (number === 1 ? stem : `${stem}_${number}`)

const first = async (
  reader: Reader,
  collection: string,
  filter: Filter,
  fields?: readonly string[],
): Promise<Document | undefined> => {
  for await (const [document] of reader.find(collection, filter, { limit: 1, ...(fields ? { fields } : {}) }))
    return document
  return undefined
}

const referred = async (
  reader: Reader,
  caller: Caller,
  store: string,
  id: string,
): Promise<Document | undefined> => {
  const def = storeDef(store)
  const document = def && (await reader.get(collectionOf(store), id.toLowerCase()))?.value
  return def !== undefined && document !== undefined && mayRead(caller, document, def) ? document : undefined
}

const isBelow = (group: Document, caller: Caller): boolean => {
  const branch = group['branch']
  return Array.isArray(branch) && branch.includes(caller.group)
}
