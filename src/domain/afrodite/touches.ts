import { isList, type Json, type JsonObject } from '../../json.ts'
import { storeDef } from '../stores/registry.ts'
import { familyEvent } from '../timelimit/events.ts'
import { FAMILY_PREFIX, familyOf } from '../timelimit/names.ts'
import type { CategoryPart, Scope } from '../timelimit/scopes.ts'
import { SYNC_TYPES, type FamilyPart } from './sync-types.ts'

/** What an event changes of what clients keep in step (afrodite 9.1), and for whom. */
export type Touched = {
  /** Whose counts it raises by one: `groupScope` and `familyScope`. */
  readonly scopes: readonly string[]
  /** Each type once. */
  readonly touches: readonly Touch[]
}

export type Touch = {
  readonly type: number
  /** What changed, as the store's own protocol names it; empty if the event does not say. */
  readonly ids: readonly string[]
  /** Who may know the ids besides those who may do everything; absent: whoever may read the store. */
  readonly owner?: string
}

export const groupScope = (group: string): string => `stores:${group}`
export const familyScope = (family: string): string => `timelimit:${family}`

/** Of the streams that have something to say here. Throws if the data of an event has another shape than its type's. */
export const touchesOf = (event: {
  readonly stream: string
  readonly type: string
  readonly data: JsonObject
  readonly meta: { readonly scope?: JsonObject }
}): Touched => {
  if (ENTITY_EVENTS.has(event.type)) return ofEntity(event.data, event.meta.scope)
  if (event.stream.startsWith(FAMILY_PREFIX)) return ofFamily(event)
  return NOTHING
}

const NOTHING: Touched = { scopes: [], touches: [] }
const ENTITY_EVENTS: ReadonlySet<string> = new Set(['EntityCreated', 'EntityChanged', 'EntityDeleted'])

const STORE_TYPES: ReadonlyMap<string, number> = new Map(
  SYNC_TYPES.flatMap(({ number, source }) => (source?.of === 'stores' ? [[source.store, number]] : [])),
)
const PART_TYPES: ReadonlyMap<FamilyPart, number> = new Map(
  SYNC_TYPES.flatMap(({ number, source }) => (source?.of === 'timelimit' ? [[source.part, number]] : [])),
)

/** The groups are those whose version of the store changes too (rightech 8.6). */
const ofEntity = (data: JsonObject, scope: JsonObject | undefined): Touched => {
  const { store, id } = data
  if (typeof store !== 'string' || typeof id !== 'string') throw new TypeError('Malformed data of an entity')
  const type = STORE_TYPES.get(store)
  if (type === undefined) return NOTHING
  const owner = storeDef(store)?.ownerOnly ? { owner: text(scope?.['owner']) } : {}
  const groups = new Set(strings(scope?.['branch']))
  return { scopes: [...groups].map(groupScope), touches: [{ type, ids: [id], ...owner }] }
}

const ofFamily = ({ stream, type, data }: { stream: string; type: string; data: JsonObject }): Touched => {
  const row = familyEvent(type)
  if (row === undefined) return NOTHING
  if (!row.codec.is(data)) throw new TypeError(`Malformed data of ${type}`)
  const ids = new Map<FamilyPart, Set<string>>()
  const touch = (part: FamilyPart, names: readonly string[]): void => {
    ids.set(part, new Set([...(ids.get(part) ?? []), ...names]))
  }
  for (const scope of row.scopes(data)) touch(...ofScope(scope, data))
  for (const [part, names] of MORE[type]?.(data) ?? []) touch(part, names)
  const touches = [...ids].flatMap(([part, names]) => {
    const number = PART_TYPES.get(part)
    return number === undefined ? [] : [{ type: number, ids: [...names] }]
  })
  return touches.length === 0 ? NOTHING : { scopes: [familyScope(familyOf(stream))], touches }
}

type OfPart = readonly [part: FamilyPart, ids: readonly string[]]

const CATEGORY_PARTS: { readonly [part in CategoryPart]: FamilyPart } = {
  base: 'categories',
  apps: 'categoryApps',
  rules: 'rules',
  tasks: 'tasks',
  usedTime: 'usedTimes',
}

/** What has a version of its own in the family's protocol; keys for signing in are the user's. */
const ofScope = (scope: Scope, data: JsonObject): OfPart => {
  if (scope === 'devices') return ['devices', strings([data['deviceId']])]
  if (typeof scope === 'string') return ['users', strings([data['userId']])]
  if ('category' in scope) return [CATEGORY_PARTS[scope.part], [scope.category]]
  return ['installedApps', [scope.device]]
}

const requests = (numbers: Json | undefined): readonly OfPart[] =>
  isList(numbers) && numbers.length > 0 ? [['keyRequests', numbers.map(String)]] : []

const purchase = (): readonly OfPart[] => [['purchases', []]]

/** What the versions of the family's protocol do not speak of: what goes together with something else, key requests, purchases. */
const MORE: { readonly [type: string]: (data: JsonObject) => readonly OfPart[] } = {
  CategoryDeleted: ({ categoryId, requests: open }) => [
    ...Object.values(CATEGORY_PARTS).map((part): OfPart => [part, strings([categoryId])]),
    ...requests(open),
  ],
  DeviceRemoved: ({ deviceId, requests: open }) => [
    ['installedApps', strings([deviceId])],
    ...requests(open),
  ],
  KeyRequested: ({ serverSeq, replaces }) =>
    requests([serverSeq ?? null, ...(isList(replaces) ? replaces : [])]),
  KeyRequestReplied: ({ serverSeq }) => requests([serverSeq ?? null]),
  KeyRequestFinished: ({ serverSeqs }) => requests(serverSeqs),
  PremiumExtended: purchase,
  PremiumExpired: purchase,
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const strings = (values: Json | readonly (Json | undefined)[] | undefined): readonly string[] =>
  Array.isArray(values) ? values.filter((value): value is string => typeof value === 'string') : []
