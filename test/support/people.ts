/** A read model for tests of projecting: one document a person. */
import type { Projection } from '../../src/projecting/projection.ts'

export const people = (version = 1, more: Projection['on'] = {}): Projection => ({
  name: 'people',
  version,
  prefixes: ['test.person-'],
  collections: { people: { indexes: [{ keys: ['name'] }, { keys: ['_s'] }] } },
  on: {
    Named: ({ stream, data }) => [
      { collection: 'people', id: stream, put: { name: data.name ?? null, v: version, _s: [stream] } },
    ],
    Renamed: ({ stream, data }) => [
      { collection: 'people', id: stream, update: { $set: { name: data.name ?? null } } },
    ],
    ...more,
  },
})
