import { LRUCache } from 'lru-cache'
import { evolve, NOTHING, type EntityState } from '../../domain/stores/evolve.ts'
import { collectionOf } from '../../domain/stores/names.ts'
import { present, withStateOf } from '../../domain/stores/present.ts'
import { concernOf, listPathOf, platformEvents } from '../../domain/stores/platform-events.ts'
import type { StoreDef } from '../../domain/stores/registry.ts'
import { eventTopics } from '../../domain/stores/topics.ts'
import type { History, StoredEvent } from '../../history/port.ts'
import type { JsonObject } from '../../json.ts'
import { isObject } from '../../json.ts'
import type { Feed } from '../../live/feed.ts'
import type { Reader } from '../../queries/reader.ts'
import { pushOf, type Push } from './live-events.ts'

/**
 * The history of the stores as pushes. `item` is the entity exactly as of its event: the document if nothing newer has changed it, else the
 * stream folded up to there.
 * @param history opens sealed fields.
 */
export const storesFeed = (reader: Pick<Reader, 'get'>, history: Pick<History, 'read'>): Feed<Push> => {
  const itemAsOf = createItems(reader, history)
  return {
    prefixes: ['stores.'],
    topics: (event) => {
      const concern = concernOf(event)
      return concern === undefined ? [] : eventTopics(concern.scope, concern.def)
    },
    render: async (event) => {
      const concern = concernOf(event)
      if (concern === undefined) return []
      const { def, id } = concern
      const item = await itemAsOf(event, def, id)
      return platformEvents({ ...concern, event, item }).map((one) => pushOf(one, listPathOf(concern), id))
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
    // What else is told of an entity says all that there is to say.
    if (event.type !== 'EntityCreated' && event.type !== 'EntityChanged') return undefined
    // Behind the documents only while they start; the stream answers as well.
    const document =
      event.revision > 0n ? await reader.get(collectionOf(def.path), id).catch(() => undefined) : undefined
    if (document?.at === event.position) return present(def.path, document.value)
    const { entity } = await fold(event, def)
    return entity === undefined
      ? undefined
      : present(def.path, withStateOf(def.path, entity, document?.value))
  }
}
