import { familyScope, groupScope, touchesOf, type Touched } from '../src/domain/afrodite/touches.ts'
import { FAMILY_EVENT_TABLE } from '../src/domain/timelimit/events.ts'
import { FAMILY_PREFIX, familyOf } from '../src/domain/timelimit/names.ts'
import type { StoredEvent } from '../src/history/port.ts'
import type { ProjectedWrite, Projection } from '../src/projecting/projection.ts'

const COUNTS = 'afrodite_sync_counts'

/** Begins with the group or the family, because only a document that is there can be raised. */
const begun = (
  scope: string,
  event: StoredEvent,
  more: { readonly _s?: readonly string[] },
): ProjectedWrite => {
  const { scopes, touches } = touchesOf(event)
  const counts = scopes.includes(scope) ? Object.fromEntries(touches.map(({ type }) => [type, 1])) : {}
  return { collection: COUNTS, id: scope, put: { counts, ...more } }
}

const raised = ({ scopes, touches }: Touched, but?: string): readonly ProjectedWrite[] => {
  const $inc = Object.fromEntries(touches.map(({ type }) => [`counts.${type}`, 1]))
  return scopes.flatMap((id) => (id === but ? [] : [{ collection: COUNTS, id, update: { $inc } }]))
}

const counted = (event: StoredEvent): readonly ProjectedWrite[] => raised(touchesOf(event))

const entityCreated = (event: StoredEvent): readonly ProjectedWrite[] => {
  const { store, id } = event.data
  if (store !== 'groups' || typeof id !== 'string') return counted(event)
  const scope = groupScope(id)
  return [begun(scope, event, {}), ...raised(touchesOf(event), scope)]
}

/**
 * How often what a group or a family sees has changed, by the number of its type (afrodite 9.2): from the history alone, and never reset, because
 * others share it. A type that is not there was never touched. A group keeps its counts when it is deleted: what is in it may outlive it.
 */
export const afroditeSyncCounts: Projection = {
  name: 'afrodite-sync-counts',
  version: 1,
  prefixes: ['stores.', FAMILY_PREFIX],
  collections: { [COUNTS]: { indexes: [{ keys: ['_s'] }] } },
  on: {
    ...Object.fromEntries(Object.keys(FAMILY_EVENT_TABLE).map((type) => [type, counted])),
    FamilyCreated: (event) => [begun(familyScope(familyOf(event.stream)), event, { _s: [event.stream] })],
    EntityCreated: entityCreated,
    EntityChanged: counted,
    EntityDeleted: counted,
  },
}
