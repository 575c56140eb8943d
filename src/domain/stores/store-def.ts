import type { Json } from '../../json.ts'

/** One store of the stores protocol as data (rightech 1.6, 8.2): validation, documents, indexes and event names come out of it. */
export type StoreDef = {
  /** As in the URL: `labels`, `tasks/kinds`. */
  readonly path: string
  /** Of the pushed events `<stem>-insert`, `-update`, `-remove`; a store without one pushes in its own way (messages). */
  readonly stem?: string
  /** The store's tag in error bodies: `error_tasks_kinds`. */
  readonly errorTag: string
  readonly operations: readonly Operation[]
  /** What the tables of 1.6 name, with `name` and `description`; any other field is stored as it comes. */
  readonly fields: FieldTable
  /** Paths that `search` looks through. */
  readonly search: readonly string[]
  /** Default order of a list; `-id` is newest first. */
  readonly order: 'id' | '-id'
  /** Readable, not writable, in the groups below (rightech 5). */
  readonly inherited?: true
  /** Only its owner sees it, unless the caller's role has `*` (rightech 5, tokens). */
  readonly ownerOnly?: true
  /** The entity is a group: its own group, at the end of its branch. */
  readonly ownGroup?: true
  /** Its own id is in its access list (rightech 1.3, users). */
  readonly ownAccess?: true
  /** Deleting is refused while a document of `store` has the id in `field` (a declared index). */
  readonly blockedBy: readonly { readonly store: string; readonly field: string }[]
  readonly indexes: readonly (readonly string[])[]
  /** Types that `where` reads values as, by path. */
  readonly where: { readonly [path: string]: WhereType }
  /** Top-level fields sealed in events and shown in documents. */
  readonly personal: readonly string[]
  /** Dotted paths sealed in events; documents show `***` or nothing. */
  readonly secrets: readonly string[]
  /** Whose key seals: the entity itself under this kind, or its owner. */
  readonly subject?: 'user' | 'invite' | 'object' | 'owner'
  readonly prepare?: PrepareName
  readonly check?: CheckName
}

export type Operation = 'list' | 'get' | 'post' | 'patch' | 'delete'
export type WhereType = 'id' | 'string' | 'number' | 'boolean'
export type FieldTable = { readonly [name: string]: Field }

export type Field = Shape & {
  /** On POST neither absent nor null nor `''`; on PATCH not set to null or `''`. */
  readonly required?: true
  /** Never null or `''`: on POST those take the default, on PATCH they break `required`. */
  readonly filled?: true
  readonly readOnly?: true
  /** The client's on POST, ignored on PATCH. */
  readonly immutable?: true
  /** Never stored and never shown. */
  readonly writeOnly?: true
  readonly personal?: true
  readonly secret?: true
  /** Gives rights away, which the caller must have (rightech 4.4): as a list of scopes, or as a role. */
  readonly grants?: 'scopes' | 'role'
  readonly unique?: { readonly claim: string; readonly fold?: 'lower' }
  /** Broken: `format`. */
  readonly pattern?: RegExp
  /** Most characters of a string; broken: `max`. */
  readonly max?: number
  readonly oneOf?: readonly string[]
  readonly default?: DefaultSource
}

type Shape =
  | { readonly type: 'string' | 'number' | 'boolean' | 'any' }
  | { readonly type: 'object'; readonly fields?: FieldTable; readonly values?: Field }
  | { readonly type: 'list'; readonly item?: Field }
  | { readonly type: 'ref'; readonly store: string; readonly many?: true }

/**
 * Where a value comes from that the client leaves out. `random`: the protocol makes that many characters of the alphabet and
 * passes them in `command.defaults` under the field's name. `slugOf`: made from another field with `slug`, unless
 * `command.defaults` has one (the protocol's next try after a taken one). What a hook computes is not here.
 */
export type DefaultSource =
  | { readonly literal: Json }
  | { readonly random: number; readonly alphabet: Alphabet }
  | { readonly slugOf: string }
/** `base36`: `a-z0-9`. `url`: `A-Za-z0-9_-`. */
export type Alphabet = 'base36' | 'url'

export type PrepareName = 'model' | 'object' | 'automaton' | 'group' | 'token' | 'task' | 'table'
export type CheckName = 'model' | 'automaton' | 'geofence' | 'table' | 'token'

export type Definition = Partial<Omit<StoreDef, 'path' | 'errorTag' | 'where' | 'personal' | 'secrets'>>

/** Fields that only the server sets, in every store (rightech 1.3). Keys that begin with `_` are the server's anyway. */
export const SERVER_FIELDS: ReadonlySet<string> = new Set([
  'owner',
  'group',
  'access',
  'branch',
  'time',
  'links',
  'success',
  'sucess',
])

/** Completes a definition with what every store has. */
export const defineStore = (path: string, definition: Definition): StoreDef => {
  const fields: FieldTable = { name: NAME, description: { type: 'string' }, ...definition.fields }
  return {
    operations: ['list', 'get', 'post', 'patch', 'delete'],
    search: ['name', 'description'],
    order: 'id',
    blockedBy: [],
    ...definition,
    path,
    errorTag: `error_${path.replaceAll('/', '_')}`,
    fields,
    indexes: [...COMMON_INDEXES, ...(definition.indexes ?? [])],
    where: { ...COMMON_WHERE, ...whereTypes(fields) },
    personal: Object.keys(fields).filter((name) => fields[name]?.personal === true),
    secrets: secretPaths(fields, ''),
  }
}

const NAME: Field = { type: 'string', max: 1024 }
export const REQUIRED_NAME: FieldTable = { name: { ...NAME, required: true } }

/** What rightech 8.4 asks for, by viewer (`withViewers`); the `_id` that ends every index is left out. */
const COMMON_INDEXES = [['_v'], ['branch'], ['_v', 'time'], ['_v', 'name']]

const COMMON_WHERE: { readonly [path: string]: WhereType } = {
  _id: 'id',
  owner: 'id',
  group: 'id',
  access: 'id',
  branch: 'id',
  time: 'number',
  _at: 'number',
}

const whereTypes = (fields: FieldTable): { readonly [path: string]: WhereType } =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]): [string, WhereType][] => {
      if (field.type === 'ref') return [[name, 'id']]
      const scalar = field.type === 'string' || field.type === 'number' || field.type === 'boolean'
      return scalar ? [[name, field.type]] : []
    }),
  )

const secretPaths = (fields: FieldTable, prefix: string): readonly string[] =>
  Object.entries(fields).flatMap(([name, field]) => {
    if (field.secret) return [prefix + name]
    return field.type === 'object' && field.fields ? secretPaths(field.fields, `${prefix}${name}.`) : []
  })
