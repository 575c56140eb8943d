import { blobEvents } from '../../src/domain/cc/blob-events.ts'
import { wordsSubject } from '../../src/domain/cc/names.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'

const BLOBS = 'cc_blobs'

type Place = { readonly app: number; readonly blob: number }

const changed = (
  { app, blob }: Place,
  { meta }: StoredEvent,
  change: JsonObject,
): readonly ProjectedWrite[] => [
  {
    collection: BLOBS,
    id: `${app}-${blob}`,
    update: { $set: { ...change, updatedAt: meta.at } },
  },
]

/** Files (connectycube 7) by `<app>-<number>`; times are milliseconds since the Unix epoch. */
export const ccBlobs: Projection = {
  name: 'cc-blobs',
  version: 1,
  prefixes: ['cc.blob-'],
  collections: {
    [BLOBS]: {
      indexes: [
        { keys: ['_s'] },
        { keys: ['uid'] },
        { keys: ['app', 'id'] },
        { keys: ['app', 'owner', 'id'] },
      ],
    },
  },
  on: {
    BlobDeclared: (event) => {
      const data = blobEvents.dataOf('BlobDeclared', event)
      const { app, blob: id, owner, uid, sealed } = data
      if (sealed === null || sealed === undefined) return []
      const { at } = event.meta
      const put = {
        ...{ app, id, owner, uid, public: data.public, ...sealed, content: null },
        ...{ completedAt: null, createdAt: at, updatedAt: at, _s: [wordsSubject(app, owner)] },
      }
      return [{ collection: BLOBS, id: `${app}-${id}`, put }]
    },
    BlobUploaded: (event) => {
      const data = blobEvents.dataOf('BlobUploaded', event)
      return changed(data, event, { content: data.content })
    },
    BlobCompleted: (event) =>
      changed(blobEvents.dataOf('BlobCompleted', event), event, { completedAt: event.meta.at }),
    BlobRenamed: (event) => {
      const data = blobEvents.dataOf('BlobRenamed', event)
      return changed(data, event, { ...data.sealed })
    },
    BlobReopened: (event) =>
      changed(blobEvents.dataOf('BlobReopened', event), event, { content: null, completedAt: null }),
    BlobDeleted: (event) => {
      const { app, blob } = blobEvents.dataOf('BlobDeleted', event)
      return [{ collection: BLOBS, id: `${app}-${blob}`, delete: true }]
    },
  },
}
