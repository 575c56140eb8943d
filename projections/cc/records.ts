import { classEvents } from '../../src/domain/cc/class-events.ts'
import { recordSet } from '../../src/domain/cc/class.ts'
import { wordsSubject } from '../../src/domain/cc/names.ts'
import { keysFor, RECORD_ACTIONS, type RecordPermissions } from '../../src/domain/cc/permissions.ts'
import { recordEvents } from '../../src/domain/cc/record-events.ts'
import type { JsonObject } from '../../src/json.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'

const CLASSES = 'cc_classes'
const RECORDS = 'cc_records'
const CASCADES = 'cc_cascades'

type Definition = {
  readonly app: number
  readonly class: string
  readonly generation: number
  readonly fields: JsonObject
  readonly permissions: JsonObject
  readonly useClassPermissions: readonly string[]
  readonly schemaless: boolean
}
const definition = (data: Definition): readonly ProjectedWrite[] => {
  const { app, class: name, generation, fields, permissions, useClassPermissions, schemaless } = data
  const put = { app, name, generation, fields, permissions, useClassPermissions, schemaless }
  return [{ collection: CLASSES, id: `${app}-${name}`, put }]
}

/** Who may do what, as the keys that open it. */
const access = (permissions: RecordPermissions, owner: number): JsonObject => ({
  permissions,
  may: Object.fromEntries(RECORD_ACTIONS.map((action) => [action, keysFor(permissions[action], owner)])),
})

/** Each field at its own path. */
const below = (path: string, fields: JsonObject = {}): JsonObject =>
  Object.fromEntries(Object.entries(fields).map(([field, value]) => [`${path}.${field}`, value]))

const cascade = (id: string, put: JsonObject): ProjectedWrite => ({ collection: CASCADES, id, put })
const cascadeEnded = (id: string): ProjectedWrite => ({ collection: CASCADES, id, delete: true })

/**
 * Classes and their records (connectycube 6), and whose children are still to be deleted. A record's `_id` is its own, `set` names its class
 * with its generation, `f` holds the fields by name and `files` those of type `File`, `may` the keys that open it for an action. Times are milliseconds since the Unix epoch.
 * Fields of classes have no index: whoever asks by one looks at the records of one class.
 */
export const ccRecords: Projection = {
  name: 'cc-records',
  version: 1,
  prefixes: ['cc.class-', 'cc.record-'],
  collections: {
    [CLASSES]: { indexes: [{ keys: ['app'] }] },
    [RECORDS]: {
      indexes: [{ keys: ['_s'] }, { keys: ['set'] }, { keys: ['set', 'user'] }, { keys: ['app', 'parent'] }],
    },
    [CASCADES]: { indexes: [{ keys: ['at'] }] },
  },
  on: {
    DataClassDefined: (event) => definition(classEvents.dataOf('DataClassDefined', event)),
    DataClassChanged: (event) => definition(classEvents.dataOf('DataClassChanged', event)),
    DataClassRemoved: (event) => {
      const { app, class: name, generation, at } = classEvents.dataOf('DataClassRemoved', event)
      return [
        { collection: CLASSES, id: `${app}-${name}`, delete: true },
        cascade(recordSet(app, name, generation), { app, class: name, generation, at }),
      ]
    },
    DataClassCleared: (event) => {
      const { app, class: name, generation } = classEvents.dataOf('DataClassCleared', event)
      const set = recordSet(app, name, generation)
      return [{ collection: RECORDS, where: { set }, delete: true }, cascadeEnded(set)]
    },
    RecordCreated: (event) => {
      const data = recordEvents.dataOf('RecordCreated', event)
      const { app, class: name, generation, record, owner, parent, at, sealed } = data
      // Nobody can read it any more; the erasure that comes takes it away.
      if (sealed === null) return []
      const put = {
        ...{ app, class: name, set: recordSet(app, name, generation), generation, user: owner, parent },
        ...{ created: at, updated: at, f: sealed.fields, files: {}, ...access(sealed.permissions, owner) },
        _s: [wordsSubject(app, owner)],
      }
      return [{ collection: RECORDS, id: record, put }]
    },
    RecordChanged: (event) => {
      const { record, owner, parent, at, sealed } = recordEvents.dataOf('RecordChanged', event)
      const changes = { ...below('f', sealed?.set), ...below('files', sealed?.files) }
      const permissions = sealed?.permissions
      const $set = {
        ...{ updated: at, ...(parent === undefined ? {} : { parent }) },
        ...changes,
        ...(permissions === undefined ? {} : access(permissions, owner)),
      }
      return [{ collection: RECORDS, id: record, update: { $set } }]
    },
    RecordDeleted: (event) => {
      const {
        app,
        class: name,
        record,
        owner,
        by,
        at,
        cascades,
      } = recordEvents.dataOf('RecordDeleted', event)
      return [
        { collection: RECORDS, id: record, delete: true },
        ...(cascades ? [cascade(record, { app, class: name, record, owner, by, at })] : []),
      ]
    },
    RecordCascadeEnded: (event) => [cascadeEnded(recordEvents.dataOf('RecordCascadeEnded', event).record)],
  },
}
