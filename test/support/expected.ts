/** What rightech 1.6 says the server adds to the minimal body of each store. */
import type { ExecutionContext } from 'ava'
import { BASE_MODELS } from '../../src/domain/stores/base-models.ts'
import { STORES } from '../../src/domain/stores/registry.ts'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import { asText, type Entity } from './client.ts'
import type { Member } from './members.ts'

/** The whole entity that a POST of `body` has to answer; what the server makes up is taken from `reply` once its form is right. */
export const expectedEntity = (
  t: ExecutionContext,
  member: Member,
  posted: { readonly store: string; readonly body: JsonObject; readonly reply: Entity },
): JsonObject => {
  const { store, body, reply } = posted
  const writeOnly = Object.entries(STORES[store]?.fields ?? {}).flatMap(([name, field]) =>
    field.writeOnly === true ? [name] : [],
  )
  const shown = Object.fromEntries(Object.entries(body).filter(([name]) => !writeOnly.includes(name)))
  const { defaults = literals(store), made = {} } = ADDED[store]?.(body, member, reply) ?? {}
  const forms = { _id: /^[0-9a-f]{24}$/, ...made }
  for (const [name, form] of Object.entries(forms)) t.regex(asText(reply[name]), form, `${store}.${name}`)
  const madeUp = Object.fromEntries(Object.keys(forms).map((name) => [name, reply[name] ?? null]))
  t.true(Math.abs(Number(reply.time) - Date.now()) < 60_000, 'time is now, in milliseconds')
  return {
    owner: member.user,
    group: member.group,
    branch: member.branch,
    access: [],
    links: {},
    time: Number(reply.time),
    ...defaults,
    ...shown,
    ...madeUp,
  }
}

type Added = {
  readonly defaults?: { readonly [name: string]: Json }
  /** Fields that the server makes up, and their form. */
  readonly made?: { readonly [name: string]: RegExp }
}

/** The defaults that the registry gives as they are: all that a store has which stands in no table below. */
const literals = (store: string): JsonObject =>
  Object.fromEntries(
    Object.entries(STORES[store]?.fields ?? {}).flatMap(([name, { default: from }]) =>
      from !== undefined && 'literal' in from ? [[name, from.literal]] : [],
    ),
  )

const MILLISECONDS = /^\d{13}$/

const ADDED: { readonly [store: string]: (body: JsonObject, member: Member, reply: Entity) => Added } = {
  models: ({ name = null }) => {
    const base = BASE_MODELS.find(({ id }) => id === 'mqtt')
    return { defaults: { data: { ...base?.data, name }, props: base?.props ?? null } }
  },
  objects: () => ({
    defaults: { config: { auth: {}, x509: {}, levels: {}, position: {} }, active: true },
  }),
  automatons: ({ model = null }) => ({
    defaults: { models: [model] },
    made: { processId: /^[a-z0-9]{8}$/ },
  }),
  groups: ({ name }, { group, branch, role }, { _id }) => ({
    defaults: {
      role,
      tagname: slug(asText(name)),
      parent: group,
      active: true,
      group: _id,
      branch: [...branch, _id],
    },
    made: { code: /^[A-Za-z0-9_-]{9}$/ },
  }),
  roles: () => ({ defaults: { credentials: [] } }),
  users: (_body, _member, { _id }) => ({ defaults: { access: [_id], messages: true, rights: 1.5 } }),
  invites: () => ({ made: { code: /^[A-Za-z0-9_-]{20,}$/ } }),
  tokens: () => ({
    defaults: { scopes: ['*'], type: 'access' },
    made: { token: /^\S{22,}$/, issuedAt: MILLISECONDS, expiresAt: MILLISECONDS },
  }),
  messages: () => ({ defaults: { importance: 'info' } }),
  tasks: (_body, { user }) => ({
    defaults: {
      priority: 3,
      status: 'created',
      createdBy: { id: user, store: 'users' },
      archived: false,
      notification: false,
      expired: false,
    },
  }),
  tables: () => ({
    defaults: {
      columns: [
        { id: 'name', name: 'Name', dataType: 'string' },
        { id: 'time', name: 'Created', dataType: 'date', deletable: false },
        { id: '_id', name: 'ID', dataType: 'string', deletable: false },
      ],
      displayColumn: 'name',
    },
  }),
}

const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')

/** Without what only the reply to a POST shows (rightech 4.4). */
export const asRead = (entity: Entity): Entity => {
  if (!('token' in entity)) return entity
  const { token: _shownOnce, ...rest } = entity
  return isObject(rest) ? { ...rest, _id: entity._id } : entity
}
