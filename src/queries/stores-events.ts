import { projectFields } from '../documents/fields.ts'
import { compareText, orderOf } from '../documents/order.ts'
import type { Filter, SortKey } from '../documents/port.ts'
import { STORES } from '../domain/stores/registry.ts'
import { callerTopics } from '../domain/stores/topics.ts'
import { mergedPages } from './merged-pages.ts'
import type { Reader } from './reader.ts'
import { EVENT_SOURCES } from './stores-event-sources.ts'
import { mayCall, type Principal } from './stores-principals.ts'

/**
 * The event log as one collection (rightech 3.5): its own entries, and every packet as an `object-packet`. Documents come as clients see
 * them; filters and orders are by what clients see, and by the hidden fields of the entries. The name of the collection is not looked at.
 */
export const eventLog = (reader: Pick<Reader, 'find' | 'count'>): Pick<Reader, 'find' | 'count'> => ({
  find: (_collection, filter, { sort, skip = 0, limit, fields } = {}) => {
    const keys = orderKeys(sort)
    const enough = limit === undefined ? {} : { limit: skip + limit }
    const sources = EVENT_SOURCES.map((source) => ({
      pages: reader.find(source.collection, source.conditions(filter), {
        ...enough,
        sort: source.keys(keys),
      }),
      shown: source.shown,
    }))
    return mergedPages(sources, {
      order: orderOf(keys),
      skip,
      limit,
      project: projectFields(fields),
    })
  },
  count: async (_collection, filter) => {
    const counts = EVENT_SOURCES.map(({ collection, conditions }) =>
      reader.count(collection, conditions(filter)),
    )
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  },
})

/** What of the log somebody may read: what he would be pushed (rightech 6.3), of lists and entities that he may GET. */
export const readableEvents = (principal: Principal): Filter => {
  const mine = { _to: { $in: callerTopics(principal.caller) } }
  if (principal.everything) return mine
  const mayGet = (path: string): boolean => mayCall(principal, 'GET', `/${path}`)
  const stores = Object.keys(STORES)
  const rows = namedIds(principal, 'tables').map((table) => rowsOf(table))
  const listed = [...stores, ...rows].filter(mayGet)
  const single = stores
    .filter((store) => !listed.includes(store))
    .map((store) => ({ store, ids: namedIds(principal, store).filter((id) => mayGet(`${store}/${id}`)) }))
    .filter(({ ids }) => ids.length > 0)
    .map(({ store, ids }) => ({ _st: store, _i: { $in: ids } }))
  const allRows = mayGet(rowsOf(ANY)) ? [{ _st: { $regex: '^tables/[^/]+/rows$' } }] : []
  const others = [...single, ...allRows]
  const whole = { _st: { $in: listed } }
  return others.length === 0 ? { ...mine, ...whole } : { ...mine, $or: [whole, ...others] }
}

const rowsOf = (table: string): string => `tables/${table}/rows`

/** A segment of a path that only a scope for every one allows: no scope can name it. */
const ANY = '#'

/** Names of events that were ever seen in the caller's reach, of stores that he may GET (rightech 3.5). */
export const eventNames = async (reader: Pick<Reader, 'find'>, principal: Principal): Promise<EventNames> => {
  const unique = new Set<string>()
  const byModel = new Map<string, Set<string>>()
  const filter = { branch: principal.caller.group }
  for await (const page of reader.find('stores_event_names', filter)) {
    for (const { event, model, store } of page) {
      if (typeof event !== 'string' || typeof model !== 'string' || typeof store !== 'string') continue
      if (!mayCall(principal, 'GET', `/${store}`)) continue
      unique.add(event)
      byModel.set(model, (byModel.get(model) ?? new Set()).add(event))
    }
  }
  const {
    '-': noModel = [],
    '?': _unknown,
    ...models
  } = Object.fromEntries([...byModel].map(([model, names]) => [model, ordered(names)]))
  return { unique: ordered(unique), byModel: models, noModel }
}

export type EventNames = {
  readonly unique: readonly string[]
  readonly byModel: { readonly [model: string]: readonly string[] }
  /** Of events that concern no object. */
  readonly noModel: readonly string[]
}

const ordered = (names: Iterable<string>): readonly string[] => [...names].sort(compareText)

/** An event's `_id` begins with its time, and indexes have it. */
const orderKeys = (sort: readonly SortKey[] = [['_id', 1]]): readonly SortKey[] => {
  const [first, ...rest] = sort
  const isByTime =
    first?.[0] === 'time' && rest.every(([path, direction]) => path === '_id' && direction === first[1])
  return isByTime ? [['_id', first[1]]] : sort
}

/** Ids that the scopes of a role or a token name. */
const namedIds = ({ caller }: Principal, store: string): readonly string[] => {
  const depth = store.split('/').length
  const scopes = [...caller.credentials, ...(caller.scopes ?? [])]
  const ids = scopes.map((scope) => scope.slice(scope.indexOf('/') + 1).split('/')[depth] ?? '')
  return [...new Set(ids)].filter((id) => id !== '' && id !== '*')
}
