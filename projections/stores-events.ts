import { dataOf, EntityCreated, PacketReceived } from '../src/domain/stores/events.ts'
import { subjectOf } from '../src/domain/stores/names.ts'
import {
  concernOf,
  entryId,
  listPathOf,
  platformEvents,
  toldTypes,
  type Concern,
  type PlatformEvent,
} from '../src/domain/stores/platform-events.ts'
import { present } from '../src/domain/stores/present.ts'
import { openedDoc } from '../src/domain/stores/sealed.ts'
import { eventTopics } from '../src/domain/stores/topics.ts'
import type { StoredEvent } from '../src/history/port.ts'
import type { JsonObject } from '../src/json.ts'
import type { ProjectedWrite, Projection } from '../src/projecting/projection.ts'

const EVENTS = 'stores_events'
const NAMES = 'stores_event_names'

/**
 * The event log (rightech 3.5, 6.5, 8.5) and, for `events/org`, which names were ever seen in which group.
 *
 * An entry is what was pushed but for one thing: an `-update` has no `item`, and in its `changes` only what changed of a field, because a
 * handler cannot read what the event leaves alone. It also has, for the queries, who may read it in `_to`, the path of its list in `_st`, its
 * entity in `_i`, and the subject of personal values in `_s`. Of an erased subject no entry is written that would have had such values.
 *
 * An `object-packet` is no entry: the packet's document is read as one, so that nothing is stored twice that comes by the million.
 */
export const storesEvents: Projection = {
  name: 'stores-events',
  version: 1,
  prefixes: ['stores.'],
  collections: {
    [EVENTS]: { indexes: [{ keys: ['_to'] }, { keys: ['_oid'] }, { keys: ['event'] }, { keys: ['_s'] }] },
    [NAMES]: { indexes: [{ keys: ['branch'] }] },
  },
  on: Object.fromEntries(toldTypes().map((type) => [type, (event) => told(event)])),
}

const told = (event: StoredEvent): readonly ProjectedWrite[] => {
  const concern = isRepetition(event) ? undefined : concernOf(event)
  if (concern === undefined) return []
  const subject = personalSubject(concern, event)
  const isErased = subject !== undefined && event.data['sealed'] === null
  const happened = platformEvents({ ...concern, event, item: itemOf(concern, event) })
  const entries = isErased ? [] : entriesOf(concern, event, happened, subject)
  return [...entries, ...happened.map((one) => nameOf(concern, one))]
}

const entriesOf = (
  concern: Concern,
  event: StoredEvent,
  happened: readonly PlatformEvent[],
  subject: string | undefined,
): readonly ProjectedWrite[] => {
  const _to = eventTopics(concern.scope, concern.def)
  const _st = listPathOf(concern)
  return happened.flatMap((one, ordinal): ProjectedWrite[] => {
    if (one.event === 'object-packet') return []
    const entry = { ...one, _to, _st, _i: concern.id }
    const put = subject === undefined ? entry : { ...entry, _s: [subject] }
    return [{ collection: EVENTS, id: entryId(event, ordinal), put }]
  })
}

const itemOf = ({ def }: Concern, event: StoredEvent): JsonObject | undefined => {
  if (event.type !== 'EntityCreated') return undefined
  const { doc, sealed } = dataOf(EntityCreated, event)
  return present(def.path, openedDoc(def, doc, sealed))
}

/** Whose values the entry shows that are sealed in the history. */
const personalSubject = ({ def, id }: Concern, { type, data }: StoredEvent): string | undefined =>
  def.personal.length > 0 && SHOWING.has(type) && data['sealed'] !== undefined
    ? subjectOf(def.path, id)
    : undefined

const SHOWING: ReadonlySet<string> = new Set(['EntityCreated', 'EntityChanged'])

/** That an object sends packets is written once and whenever it comes and goes, not with each of them. */
const isRepetition = (event: StoredEvent): boolean =>
  event.type === 'PacketReceived' && event.revision > 0n && dataOf(PacketReceived, event).became === undefined

/** `model`: of the object concerned; `-` if there is none, `?` if the event does not say which. Rights are about each table's rows. */
const nameOf = (concern: Concern, { event }: PlatformEvent): ProjectedWrite => {
  const { scope } = concern
  const model = scope.model ?? (scope.object === undefined ? '-' : '?')
  return {
    collection: NAMES,
    id: [scope.group, model, event, ...(scope.table === undefined ? [] : [scope.table])].join(':'),
    put: { model, event, store: listPathOf(concern), branch: scope.branch },
  }
}
