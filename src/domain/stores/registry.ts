import { SCOPE } from './scopes.ts'
import { COLUMN, DEVICE_ID, EMAIL, FLOOR, KIND, LOGIN, PASSWORD } from './shapes.ts'
import { defineStore, REQUIRED_NAME, type Definition, type StoreDef } from './store-def.ts'

export type {
  Alphabet,
  DefaultSource,
  Field,
  FieldTable,
  Operation,
  StoreDef,
  WhereType,
} from './store-def.ts'
export { SERVER_FIELDS } from './store-def.ts'

/** The store of that path, if there is one. */
export const storeDef = (path: string): StoreDef | undefined =>
  Object.hasOwn(STORES, path) ? STORES[path] : undefined

/** Bounds what is sealed, so that the event of a deletion has room for it. */
const SEALED_CHARS_MAX = 1024

/** Longest address that mail can carry: 64 + 1 + 255. */
const EMAIL_CHARS_MAX = 320

const TRUE = { type: 'boolean', default: { literal: true } } as const
const FALSE = { type: 'boolean', default: { literal: false } } as const
const STRING = { type: 'string' } as const
const NUMBER = { type: 'number' } as const
const SCOPES = {
  type: 'list',
  filled: true,
  grants: 'scopes',
  item: { ...STRING, pattern: SCOPE },
} as const
const ROLE = { type: 'ref', store: 'roles' } as const

const NAME = { type: 'string', max: 1024 } as const

const named = (path: string, stem: string, definition: Definition = {}): StoreDef =>
  defineStore(path, { stem, ...definition, fields: { ...REQUIRED_NAME, ...definition.fields } })

const DEFINITIONS: readonly StoreDef[] = [
  named('models', 'model', {
    fields: {
      base: { ...STRING, required: true, immutable: true },
      data: { type: 'object', filled: true },
      props: { type: 'object', filled: true },
    },
    indexes: [['_tables']],
    blockedBy: [{ store: 'objects', field: 'model' }],
    prepare: 'model',
    check: 'model',
  }),
  named('objects', 'object', {
    fields: {
      model: { type: 'ref', store: 'models', required: true },
      id: { ...STRING, required: true, pattern: DEVICE_ID, unique: { claim: 'object-id' } },
      type: STRING,
      status: STRING,
      config: {
        type: 'object',
        filled: true,
        fields: {
          auth: {
            type: 'object',
            fields: { password: { ...STRING, secret: true, max: SEALED_CHARS_MAX } },
          },
        },
      },
      active: TRUE,
      state: { type: 'object', readOnly: true },
    },
    subject: 'object',
    search: ['name', 'id', 'description'],
    indexes: [
      ['id'],
      ['_v', 'model'],
      ['model'],
      ['links.automatons.id'],
      ['links.handlers.id'],
      ['links.geofences.id'],
    ],
    prepare: 'object',
  }),
  named('automatons', 'automaton', {
    fields: {
      model: { type: 'ref', store: 'models' },
      models: { type: 'ref', store: 'models', many: true },
      data: STRING,
      processId: { ...STRING, readOnly: true, default: { random: 8, alphabet: 'base36' } },
    },
    blockedBy: [{ store: 'objects', field: 'links.automatons.id' }],
    prepare: 'automaton',
    check: 'automaton',
  }),
  named('handlers', 'handler', {
    fields: { userCode: { ...STRING, required: true } },
    blockedBy: [{ store: 'objects', field: 'links.handlers.id' }],
  }),
  named('labels', 'label', { fields: { color: STRING } }),
  named('geofences', 'geofence', {
    fields: {
      color: STRING,
      shape: { type: 'object' },
      floors: { type: 'list', item: { type: 'object', fields: FLOOR } },
    },
    blockedBy: [{ store: 'objects', field: 'links.geofences.id' }],
    check: 'geofence',
  }),
  named('scenes', 'scene', {
    fields: {
      type: { ...STRING, required: true, oneOf: ['2d', '3d'] },
      file: { type: 'ref', store: 'files', required: true },
      props: { type: 'object', values: STRING },
    },
  }),
  named('dashboards', 'dashboard'),
  named('files', 'file', { fields: { type: STRING, size: NUMBER, folder: STRING, field: STRING } }),
  named('groups', 'group', {
    fields: {
      role: ROLE,
      tagname: {
        ...STRING,
        filled: true,
        max: 1024,
        unique: { claim: 'group-tagname' },
        default: { slugOf: 'name' },
      },
      parent: { type: 'ref', store: 'groups', immutable: true },
      active: TRUE,
      code: { ...STRING, readOnly: true, default: { random: 9, alphabet: 'url' } },
      license: STRING,
      filters: STRING,
      dataplan: { type: 'object' },
    },
    inherited: true,
    ownGroup: true,
    indexes: [['parent']],
    blockedBy: [
      // A group is among the viewers of what is in it; that field has the index.
      { store: 'users', field: '_v' },
      { store: 'objects', field: '_v' },
      { store: 'groups', field: 'parent' },
    ],
    prepare: 'group',
  }),
  named('roles', 'role', {
    fields: {
      credentials: { ...SCOPES, default: { literal: [] } },
    },
    inherited: true,
    blockedBy: [{ store: 'users', field: 'role' }],
  }),
  named('users', 'user', {
    fields: {
      name: { ...NAME, required: true, personal: true },
      role: { ...ROLE, required: true, grants: 'role' },
      email: {
        ...STRING,
        required: true,
        personal: true,
        pattern: EMAIL,
        max: EMAIL_CHARS_MAX,
        unique: { claim: 'user-email', fold: 'lower' },
      },
      login: {
        ...STRING,
        required: true,
        personal: true,
        pattern: LOGIN,
        unique: { claim: 'user-login', fold: 'lower' },
      },
      password: { ...STRING, required: true, writeOnly: true, pattern: PASSWORD, max: SEALED_CHARS_MAX },
      phone: { ...STRING, personal: true, max: SEALED_CHARS_MAX },
      locale: STRING,
      timezoneOffset: NUMBER,
      disabled: { type: 'boolean' },
      webDisabled: { type: 'boolean' },
      temp: { type: 'boolean' },
      messages: TRUE,
      rights: { ...NUMBER, readOnly: true, default: { literal: 1.5 } },
    },
    subject: 'user',
    search: ['name', 'login', 'email', 'phone'],
    ownAccess: true,
    indexes: [['role'], ['_s']],
  }),
  defineStore('invites', {
    stem: 'invite',
    operations: ['list', 'get', 'post', 'delete'],
    fields: {
      email: { ...STRING, required: true, personal: true, pattern: EMAIL, max: EMAIL_CHARS_MAX },
      role: { ...ROLE, required: true, grants: 'role' },
      code: { ...STRING, readOnly: true, personal: true, default: { random: 32, alphabet: 'url' } },
    },
    subject: 'invite',
    indexes: [['_s']],
  }),
  defineStore('tokens', {
    stem: 'token',
    fields: {
      scopes: { ...SCOPES, default: { literal: ['*'] } },
      expiresAt: { ...NUMBER, filled: true, immutable: true },
      type: { ...STRING, readOnly: true, default: { literal: 'access' } },
      issuedAt: { ...NUMBER, readOnly: true },
      token: { ...STRING, readOnly: true },
      hash: { ...STRING, readOnly: true, secret: true },
    },
    subject: 'owner',
    ownerOnly: true,
    prepare: 'token',
    check: 'token',
  }),
  defineStore('messages', {
    operations: ['list', 'get', 'post', 'delete'],
    fields: {
      id: { type: 'ref', store: 'objects' },
      'message-body': { ...STRING, required: true },
      importance: {
        ...STRING,
        filled: true,
        oneOf: ['info', 'important', 'critical'],
        default: { literal: 'info' },
      },
    },
    order: '-id',
  }),
  named('tasks', 'task', {
    fields: {
      kind: { type: 'ref', store: 'tasks/kinds' },
      object: { type: 'ref', store: 'objects' },
      assignee: { type: 'ref', store: 'users' },
      priority: { ...NUMBER, default: { literal: 3 } },
      status: STRING,
      deadlines: { type: 'object' },
      createdBy: { type: 'object', readOnly: true },
      archived: FALSE,
      notification: FALSE,
      expired: { ...FALSE, readOnly: true },
    },
    indexes: [['kind'], ['object'], ['assignee'], ['_v', 'status'], ['_due']],
    prepare: 'task',
  }),
  defineStore('tasks/kinds', {
    stem: 'task-kind',
    fields: KIND,
    inherited: true,
    blockedBy: [{ store: 'tasks', field: 'kind' }],
  }),
  named('tables', 'table', {
    fields: {
      columns: {
        type: 'list',
        filled: true,
        item: { type: 'object', fields: COLUMN },
        default: { literal: [{ id: 'name', name: 'Name', dataType: 'string' }] },
      },
      displayColumn: STRING,
    },
    blockedBy: [{ store: 'models', field: '_tables' }],
    prepare: 'table',
    check: 'table',
  }),
  named('reports', 'report'),
  defineStore('reports/builds', {
    stem: 'report-build',
    operations: ['list', 'get'],
    fields: {
      report: { type: 'ref', store: 'reports', readOnly: true },
      status: { ...STRING, readOnly: true },
      progress: { ...NUMBER, readOnly: true },
      payload: { type: 'object', readOnly: true },
      createdAt: { ...NUMBER, readOnly: true },
      startedAt: { ...NUMBER, readOnly: true },
      completedAt: { ...NUMBER, readOnly: true },
      error: { ...STRING, readOnly: true },
      _cancelRequested: { type: 'boolean', readOnly: true },
    },
    indexes: [['status']],
  }),
]

/** Every store by its path. Adding one is an entry of the table above. */
export const STORES: { readonly [path: string]: StoreDef } = Object.fromEntries(
  DEFINITIONS.map((def) => [def.path, def]),
)
