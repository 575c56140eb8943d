import type { JsonObject } from '../src/json.ts'
import {
  dataOf,
  EntityChanged,
  EntityCreated,
  EntityDeleted,
  PacketReceived,
} from '../src/domain/stores/events.ts'
import { collectionOf, subjectOf } from '../src/domain/stores/names.ts'
import { storeDef, STORES } from '../src/domain/stores/registry.ts'
import { openedChange, openedDoc } from '../src/domain/stores/sealed.ts'
import type { StoreDef } from '../src/domain/stores/store-def.ts'
import { withViewers } from '../src/domain/stores/visibility.ts'
import type { ProjectedWrite, Projection } from '../src/projecting/projection.ts'

/**
 * The entities of every store, one collection a store (rightech 8.4), as `present` shows them and the subjects of the personal
 * values in `_s`. Names are unique by the claims of the write side, so no index enforces it: two events of two streams that
 * hand a name over could meet in one unordered bulk.
 */
export const stores: Projection = {
  name: 'stores',
  version: 2,
  prefixes: ['stores.'],
  collections: Object.fromEntries(
    Object.values(STORES).map((def) => [
      collectionOf(def.path),
      { indexes: def.indexes.map((keys) => ({ keys })) },
    ]),
  ),
  on: {
    EntityCreated: (event) => {
      const { store, id, doc, sealed } = dataOf(EntityCreated, event)
      return forStore(store, (def) => ({
        id,
        put: withSubject(def, id, withViewers(openedDoc(def, doc, sealed))),
      }))
    },
    EntityChanged: (event) => {
      const data = dataOf(EntityChanged, event)
      return forStore(data.store, (def) => ({ id: data.id, update: updateOf(def, data) }))
    },
    EntityDeleted: (event) => {
      const { store, id } = dataOf(EntityDeleted, event)
      return forStore(store, () => ({ id, delete: true }))
    },
    PacketReceived: (event) => {
      const { object, packet, late } = dataOf(PacketReceived, event)
      if (late) return []
      const state = Object.fromEntries(Object.entries(packet).map(([key, value]) => [`state.${key}`, value]))
      return [{ collection: collectionOf('objects'), id: object, update: { $set: state } }]
    },
  },
}

type Change = ProjectedWrite extends infer W
  ? W extends ProjectedWrite
    ? Omit<W, 'collection'>
    : never
  : never

/** Stores that are not of the registry have projections of their own. */
const forStore = (store: string, change: (def: StoreDef) => Change): readonly ProjectedWrite[] => {
  const def = storeDef(store)
  return def ? [{ collection: collectionOf(store), ...change(def) }] : []
}

const withSubject = (def: StoreDef, id: string, entity: JsonObject): JsonObject => {
  const subject = def.personal.length > 0 ? subjectOf(def.path, id) : undefined
  return subject === undefined ? entity : { ...entity, _s: [subject] }
}

const updateOf = (def: StoreDef, data: EntityChanged) => {
  const { set, unset } = openedChange(def, data)
  return unset.length === 0
    ? { $set: set }
    : { $set: set, $unset: Object.fromEntries(unset.map((path) => [path, '' as const])) }
}
