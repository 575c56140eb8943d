import { compileFilter } from '../documents/filter.ts'
import type { Document, Filter, SortKey } from '../documents/port.ts'
import { entryIdFrom } from '../domain/stores/platform-events.ts'
import { isList, isObject, type Json, type JsonObject } from '../json.ts'

/** Where events of the log come from, and how what is asked of them is asked there. */
export type EventSource = {
  readonly collection: string
  readonly conditions: (filter: Filter) => Filter
  /** The same order; `_id` always ends it. */
  readonly keys: (sort: readonly SortKey[]) => readonly SortKey[]
  /** The event as clients see it. */
  readonly shown: (document: Document) => Document
}

/** Where a document has what its event has at a path; `undefined`: nowhere, because all its kind have the same. */
type Place = (path: string) => string | undefined

/** What every packet has as an event, so that conditions on it are decided without a look at packets. */
const PACKET = { event: 'object-packet', service: 'api', _st: 'objects', data: {} } as const

const sourceAt = (place: Place): Pick<EventSource, 'conditions' | 'keys'> => {
  const id = place('_id') ?? '_id'
  const condition = (path: string, wanted: Json): Filter => {
    const found = place(path)
    if (found === undefined) return compileFilter({ [path]: wanted })(PACKET) ? {} : { _id: { $in: [] } }
    const range = path === 'time' ? idsAt(wanted) : undefined
    return { [found]: wanted, ...(range === undefined ? {} : { [id]: range }) }
  }
  const conditions = (filter: Filter): Filter => {
    const all = Object.entries(filter).map(([key, wanted]) =>
      key.startsWith('$') && isList(wanted)
        ? { [key]: wanted.map((part) => (isObject(part) ? conditions(part) : part)) }
        : condition(key, wanted),
    )
    return all.length > 1 ? { $and: all } : (all[0] ?? {})
  }
  return {
    conditions,
    keys: (sort) => {
      const keys = sort.flatMap(([path, direction]): SortKey[] => {
        const found = place(path)
        return found === undefined ? [] : [[found, direction]]
      })
      return keys.some(([path]) => path === id) ? keys : [...keys, [id, 1]]
    },
  }
}

/** Ids of events at such times, where the condition is about times alone. */
const idsAt = (wanted: Json): JsonObject | undefined => {
  if (!isObject(wanted)) return undefined
  const { $eq, $gte = $eq, $lte = $eq } = wanted
  const range = {
    ...(Number.isInteger($gte) ? { $gte: entryIdFrom(Number($gte)) } : {}),
    ...(Number.isInteger($lte) ? { $lt: entryIdFrom(Number($lte) + 1) } : {}),
  }
  return Object.keys(range).length === 0 ? undefined : range
}

const LOG: EventSource = {
  collection: 'stores_events',
  ...sourceAt((path) => path),
  shown: ({ _to, _st, _i, _s, ...event }) => event,
}

/** Where packets' documents have what events have, beside `data`, which is the packet. */
const PLACES: ReadonlyMap<string, string> = new Map([
  ['_id', '_e._id'],
  ['_msgid', '_e._msgid'],
  ['_org', '_e._org'],
  ['time', '_e.time'],
  ['_oid', '_oid'],
  ['_i', '_oid'],
  ['_gid', '_gid'],
  ['_to', '_to'],
])

const PACKETS: EventSource = {
  collection: 'stores_packets',
  ...sourceAt((path) => (path.startsWith('data.') ? path.slice('data.'.length) : PLACES.get(path))),
  shown: ({ _e, _to, ...packet }) => {
    const { _id, _msgid = null, ...entry } = isObject(_e) ? _e : {}
    const { _oid = null, _gid = null } = packet
    return {
      _id: typeof _id === 'string' ? _id : packet._id,
      _msgid,
      _oid,
      _gid,
      ...entry,
      service: PACKET.service,
      event: PACKET.event,
      data: packet,
    }
  },
}

export const EVENT_SOURCES: readonly EventSource[] = [LOG, PACKETS]
