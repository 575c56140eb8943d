import { dialogEvents } from '../../src/domain/cc/dialog-events.ts'
import type { Projection } from '../../src/projecting/projection.ts'

const CREATED = 'cc_stats_dialogs'

/** When dialogs came to be, also those that are no more: what the administration counts by day (connectycube 12.1). Milliseconds since the Unix epoch. */
export const ccStats: Projection = {
  name: 'cc-stats',
  version: 1,
  prefixes: ['cc.dialog-'],
  collections: { [CREATED]: { indexes: [{ keys: ['app', 'type', 'createdAt'] }] } },
  on: {
    DialogCreated: (event) => {
      const { app, type, dialog } = dialogEvents.dataOf('DialogCreated', event)
      return [{ collection: CREATED, id: dialog, put: { app, type, createdAt: event.meta.at } }]
    },
  },
}
