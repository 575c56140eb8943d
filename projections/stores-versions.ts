import { dataOf, EntityChanged, EntityCreated, EntityDeleted } from '../src/domain/stores/events.ts'
import type { StoredEvent } from '../src/history/port.ts'
import type { ProjectedWrite, Projection } from '../src/projecting/projection.ts'

/**
 * What lists carry as `X-Ric-Version` (rightech 8.6): for each group and store the position of the last `Entity*` event on an entity that
 * the group reaches. `_id` is `<group>:<store>`.
 */
export const storesVersions: Projection = {
  name: 'stores-versions',
  version: 1,
  prefixes: ['stores.'],
  collections: { stores_versions: { indexes: [] } },
  on: {
    EntityCreated: (event) => versions(event, dataOf(EntityCreated, event).store),
    EntityChanged: (event) => versions(event, dataOf(EntityChanged, event).store),
    EntityDeleted: (event) => versions(event, dataOf(EntityDeleted, event).store),
  },
}

const versions = ({ position, meta }: StoredEvent, store: string): readonly ProjectedWrite[] => {
  const branch = meta.scope?.['branch']
  const groups = new Set(Array.isArray(branch) ? branch.filter((group) => typeof group === 'string') : [])
  const put = { version: Number(position) }
  return [...groups].map((group) => ({ collection: 'stores_versions', id: `${group}:${store}`, put }))
}
