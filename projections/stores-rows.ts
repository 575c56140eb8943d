import { dataOf, EntityChanged, EntityCreated, EntityDeleted } from '../src/domain/stores/events.ts'
import { collectionOf } from '../src/domain/stores/names.ts'
import { openedChange } from '../src/domain/stores/sealed.ts'
import { ROWS } from '../src/domain/stores/sub-stores.ts'
import type { Projection } from '../src/projecting/projection.ts'

const COLLECTION = collectionOf(ROWS.path)

/** The rows of all tables (rightech 8.4), each with its table; those of a deleted table go with it. */
export const storesRows: Projection = {
  name: 'stores-rows',
  version: 1,
  prefixes: ['stores.tables.rows-', 'stores.tables-'],
  collections: { [COLLECTION]: { indexes: [{ keys: ['table'] }, { keys: ['table', 'time'] }] } },
  on: {
    EntityCreated: (event) => {
      const { store, id, doc } = dataOf(EntityCreated, event)
      return store === ROWS.path ? [{ collection: COLLECTION, id, put: doc }] : []
    },
    EntityChanged: (event) => {
      const data = dataOf(EntityChanged, event)
      const { set } = openedChange(ROWS, data)
      return data.store === ROWS.path ? [{ collection: COLLECTION, id: data.id, update: { $set: set } }] : []
    },
    EntityDeleted: (event) => {
      const { store, id } = dataOf(EntityDeleted, event)
      if (store === ROWS.path) return [{ collection: COLLECTION, id, delete: true }]
      return store === 'tables' ? [{ collection: COLLECTION, where: { table: id }, delete: true }] : []
    },
  },
}
