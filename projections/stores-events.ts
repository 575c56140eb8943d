import { dataOf, EntityCreated } from '../src/domain/stores/events.ts'
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
  const concern = concernOf(event)
  if (concern === undefined) return []
  const subject = personalSubject(concern, event)
  const isErased = subject !== undefined && event.data['sealed'] === null
  const hidden: JsonObject = {
    _to: eventTopics(concern.scope, concern.def),
    _st: listPathOf(concern),
    _i: concern.id,
    ...(subject === undefined ? {} : { _s: [subject] }),
  }
  const happened = platformEvents({ ...concern, event, item: itemOf(concern, event) })
  const entries = happened.map((one, ordinal) => ({
    collection: EVENTS,
    id: entryId(event, ordinal),
    put: { ...one, ...hidden },
  }))
  return [
    ...(isErased ? [] : entries.filter(({ put }) => put.event !== 'object-packet')),
    ...(isRepetition(event, happened) ? [] : happened.map((one) => nameOf(concern, one))),
  ]
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
const isRepetition = ({ type, revision }: StoredEvent, happened: readonly PlatformEvent[]): boolean =>
  type === 'PacketReceived' && revision > 0n && happened.length === 1

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
