import type { Filter } from '../../documents/port.ts'
import { eventLog, eventNames, readableEvents } from '../../queries/stores-events.ts'
import { listDocuments } from './lists.ts'
import { readQuery } from './query.ts'
import { readable } from './reads.ts'
import { replyJson } from './replies.ts'
import { objectCall, type Resource, type ResourceCall } from './resources.ts'
import { allConditions, type Selectable } from './selectors.ts'
import type { PathType } from './where.ts'

/** The event log (rightech 3.5). Its order is that of time, then `_id`. */
export const EVENT_RESOURCES: readonly Resource[] = [
  { method: 'GET', path: 'events', serve: (call) => listEvents(call, 'events', {}) },
  {
    method: 'GET',
    path: 'events/org',
    serve: async ({ services, ctx, principal }) => {
      const names = await eventNames(services.reader, principal)
      replyJson(ctx, JSON.stringify({ ...names, success: true }))
    },
  },
  {
    method: 'GET',
    path: 'objects/:id/events',
    serve: async (call, { id = '' }) => {
      const object = await readable(objectCall(call), id)
      if (object === undefined) return
      return listEvents(call, 'objects', { _oid: object._id })
    },
  },
]

const listEvents = (call: ResourceCall, about: string, filter: Filter): Promise<void> => {
  const { services, ctx, principal } = call
  const named = eventNamesIn(ctx.state.request.query)
  return listDocuments(
    ctx,
    { reader: { ...services.reader, ...eventLog(services.reader) } },
    {
      collection: 'stores_events',
      selectable: EVENTS,
      filter: allConditions([readableEvents(principal), filter, ...named]),
      encode: (event) => event,
      about,
    },
  )
}

/** `events=a,b` and `events!=c,d`. */
const eventNamesIn = (query: string): readonly Filter[] =>
  readQuery(query).flatMap(({ name, value = '' }): Filter[] => {
    if (name !== 'events' && name !== 'events!') return []
    const names = value.split(',').map((part) => part.trim())
    return [{ event: name === 'events' ? { $in: names } : { $nin: names } }]
  })

const TYPES: ReadonlyMap<string, PathType> = new Map<string, PathType>([
  ['_id', 'id'],
  ['_oid', 'id'],
  ['_gid', 'id'],
  ['_org', 'id'],
  ['_msgid', 'string'],
  ['service', 'string'],
  ['event', 'string'],
  ['time', 'number'],
  ['_v', 'number'],
  ['data.id', 'string'],
  ['data.store', 'string'],
])

/** What only documents have, of entries and of packets; and `data` itself, which packets have in pieces, so that they have no order by it. */
const HIDDEN = /^(?:data|(?:data\.)?_(?:to|st|i|s|e)(?:\..+)?)$/

/** How conditions and orders of the log are read. */
export const EVENTS: Selectable = {
  typeAt: (path) => (HIDDEN.test(path) ? 'hidden' : (TYPES.get(path) ?? 'any')),
  search: ['event'],
}
