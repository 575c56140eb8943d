import { LRUCache } from 'lru-cache'
import { evolve, NOTHING, type EntityState } from '../../domain/stores/evolve.ts'
import { collectionOf } from '../../domain/stores/names.ts'
import { present } from '../../domain/stores/present.ts'
import { storeDef, type StoreDef } from '../../domain/stores/registry.ts'
import type { History, StoredEvent } from '../../history/port.ts'
import type { JsonObject } from '../../json.ts'
import { isObject } from '../../json.ts'
import type { Feed } from '../../live/feed.ts'
import type { Reader } from '../../queries/reader.ts'
import { isTold, platformEvents, pushOf, type Push } from './live-events.ts'
import { eventTopics, readScope } from './live-topics.ts'

/**
 * The history of the stores as pushes. `item` is the entity exactly as of its event: the document if nothing newer has changed it, else the
 * stream folded up to there.
 * @param history opens sealed fields.
 */
export const storesFeed = (reader: Pick<Reader, 'get'>, history: Pick<History, 'read'>): Feed<Push> => {
  const itemAsOf = createItems(reader, history)
  return {
    prefixes: ['stores.'],
    topics: ({ type, meta }) => {
      const scope = isTold(type) ? readScope(meta.scope) : undefined
      const def = scope === undefined ? undefined : storeDef(scope.store)
      return scope === undefined || def === undefined ? [] : eventTopics(scope, def)
    },
    render: async (event) => {
      const scope = readScope(event.meta.scope)
      const def = scope === undefined ? undefined : storeDef(scope.store)
      if (scope === undefined || def === undefined) return []
      const id = event.stream.slice(event.stream.indexOf('-') + 1)
      const item = await itemAsOf(event, def, id)
      const told = { event, def, scope, id, item }
      return platformEvents(told).map((one) => pushOf(one, def.path, id))
    },
  }
}

/** Streams in the middle of a burst, so that each of its events is folded once. */
const FOLDED_STREAMS_MAX = 100
const FOLDED_MS = 60_000
/** A shorter stream is folded anew sooner than remembered. */
const FOLDED_REVISIONS_MIN = 8n

type Folded = { readonly revision: bigint; readonly state: EntityState }
type ItemAsOf = (event: StoredEvent, def: StoreDef, id: string) => Promise<JsonObject | undefined>

const createItems = (reader: Pick<Reader, 'get'>, history: Pick<History, 'read'>): ItemAsOf => {
  const folded = new LRUCache<string, Folded>({ max: FOLDED_STREAMS_MAX, ttl: FOLDED_MS })

  const fold = async (event: StoredEvent, def: StoreDef): Promise<EntityState> => {
    if (event.revision === 0n) return evolve(def, NOTHING, event)
    const known = folded.get(event.stream)
    const usable = known !== undefined && known.revision < event.revision ? known : undefined
    let state = usable?.state ?? NOTHING
    const from = usable === undefined ? 0n : usable.revision + 1n
    const limit = Number(event.revision - from)
    if (limit > 0) {
      for await (const page of history.read(event.stream, { from, limit })) {
        state = page.reduce((before, earlier) => evolve(def, before, earlier), state)
      }
    }
    state = evolve(def, state, event)
    if (event.revision >= FOLDED_REVISIONS_MIN) folded.set(event.stream, { revision: event.revision, state })
    return state
  }

  return async (event, def, id) => {
    if (event.type === 'EntityDeleted')
      return isObject(event.data.last) ? present(def.path, event.data.last) : undefined
    if (event.type === 'SessionOpened') return undefined
    if (event.revision > 0n) {
      // Behind the documents only while they start; the stream answers as well.
      const document = await reader.get(collectionOf(def.path), id).catch(() => undefined)
      if (document?.at === event.position) return present(def.path, document.value)
    }
    const { entity } = await fold(event, def)
    return entity === undefined ? undefined : present(def.path, entity)
  }
}
