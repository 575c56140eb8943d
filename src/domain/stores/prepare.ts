import { isObject, type Json, type JsonObject } from '../../json.ts'
import { baseModel } from './base-models.ts'
import type { Caller } from './commands.ts'
import { isId, slug } from './names.ts'
import { deepMerge, without } from './paths.ts'
import type { Mode } from './validate.ts'
import type { DefaultSource, PrepareName, StoreDef } from './store-def.ts'

/** What a store's hook knows beside the entity. */
export type Preparing = {
  readonly mode: Mode
  readonly at: number
  readonly caller: Caller
  /** POST: the entity's group, of a group its parent. */
  readonly group?: { readonly _id: string; readonly branch: readonly string[] }
  /** PATCH: the entity before, and what of the body is the client's to set. */
  readonly before?: JsonObject
  readonly patch?: JsonObject
}

/** The registry's defaults for what the client left out; a `filled` field takes its default for null and `''` too. */
export const withDefaults = (def: StoreDef, fields: JsonObject, computed: JsonObject): JsonObject => {
  const complete: { [name: string]: Json } = { ...fields }
  for (const [name, field] of Object.entries(def.fields)) {
    if (!field.default) continue
    const given = fields[name]
    if (given !== undefined && !(field.filled && isEmpty(given))) continue
    const value = computed[name] ?? defaultValue(field.default, fields)
    if (value !== undefined) complete[name] = value
  }
  return complete
}

/** What a store computes on every write before validation: the named hooks of the registry (rightech 1.6). */
export const prepared = (def: StoreDef, doc: JsonObject, preparing: Preparing): JsonObject =>
  def.prepare ? PREPARE[def.prepare](doc, preparing) : doc

const defaultValue = (source: DefaultSource, fields: JsonObject): Json | undefined => {
  if ('literal' in source) return source.literal
  if (!('slugOf' in source)) return undefined
  const from = fields[source.slugOf]
  return typeof from === 'string' ? slug(from) : undefined
}

const isEmpty = (value: Json | undefined): boolean => value === undefined || value === null || value === ''

const DAY_MS = 86_400_000
const OBJECT_CONFIG = { auth: {}, x509: {}, levels: {}, position: {} }

type Prepare = (doc: JsonObject, preparing: Preparing) => JsonObject

const model: Prepare = (doc, { mode, before }) => {
  const complete = mode === 'create' ? fromBase(doc) : doc
  const source = complete['data']
  if (!isObject(source) || source === before?.['data']) return complete
  const data = tree({ ...ROOT, ...nameOf(complete), ...source })
  return { ...complete, data, _tables: tablesOf(data) }
}

const ROOT = { id: 'root', type: 'subsystem', active: true, _isRoot: true }

/** A name that is no text is told of once, where it stands. */
const nameOf = ({ name }: JsonObject): JsonObject => (typeof name === 'string' ? { name } : {})

const fromBase = (doc: JsonObject): JsonObject => {
  const base = baseModel(doc['base'])
  if (!base) return doc
  return {
    ...doc,
    data: isEmpty(doc['data']) ? { ...base.data, ...nameOf(doc) } : (doc['data'] ?? null),
    props: isEmpty(doc['props']) ? base.props : (doc['props'] ?? null),
  }
}

/** Subsystems always have a list of children: clients walk them blindly (rightech 11, 14). */
const tree = (node: JsonObject): JsonObject => {
  const children = node['children'] ?? (node['type'] === 'subsystem' ? [] : undefined)
  if (!Array.isArray(children)) return node
  return { ...node, children: children.map((child: Json) => (isObject(child) ? tree(child) : child)) }
}

/** Ids of the tables that a model's config nodes use: what deleting a table asks for. */
const tablesOf = (data: JsonObject): readonly string[] => {
  const found = new Set<string>()
  const visit = (node: Json): void => {
    if (!isObject(node)) return
    if (node['type'] === 'config' && isId(node['table'])) found.add(node['table'].toLowerCase())
    if (Array.isArray(node['children'])) node['children'].forEach(visit)
  }
  visit(data)
  return [...found].sort()
}

const object: Prepare = (doc, { mode }) => {
  if (mode === 'patch' || !(isEmpty(doc['config']) || isObject(doc['config']))) return doc
  return { ...doc, config: deepMerge(OBJECT_CONFIG, isObject(doc['config']) ? doc['config'] : {}) }
}

const automaton: Prepare = (doc) => {
  const { model: one = null, models: many = null } = doc
  const list: readonly Json[] = Array.isArray(many) ? many : []
  if (isEmpty(one)) return list[0] === undefined ? doc : { ...doc, model: list[0] }
  const none = isEmpty(many) || (Array.isArray(many) && many.length === 0)
  return none ? { ...doc, models: [one] } : doc
}

const group: Prepare = (doc, { mode, caller, group: parent }) => {
  if (mode === 'patch') return doc
  const role = isEmpty(doc['role']) ? caller.role : undefined
  const grown = role === undefined ? doc : { ...doc, role }
  if (!isEmpty(doc['parent']) && !isId(doc['parent'])) return grown
  return parent && parent.branch.length > 0 ? { ...grown, parent: parent._id } : without(grown, 'parent')
}

const token: Prepare = (doc, { mode, at }) => {
  if (mode === 'patch') return doc
  return {
    ...doc,
    issuedAt: at,
    expiresAt: isEmpty(doc['expiresAt']) ? at + DAY_MS : (doc['expiresAt'] ?? null),
  }
}

/**
 * `_due`, the earliest deadline of a task that can still expire, is what the job looks for. A task that has expired can do so
 * again once its deadlines were moved into the future: then `expired` goes back to `false`.
 */
const task: Prepare = (doc, { mode, at, caller, patch }) => {
  const created = mode === 'create' ? { ...doc, ...newTask(doc, caller) } : doc
  const times = deadlineTimes(created)
  const moved = patch !== undefined && Object.hasOwn(patch, 'deadlines')
  const postponed = moved && created['expired'] === true && times.every((time) => time >= at)
  return withDue(postponed ? { ...created, expired: false } : created)
}

const newTask = (doc: JsonObject, caller: Caller): JsonObject => ({
  status: isEmpty(doc['status'])
    ? isEmpty(doc['assignee'])
      ? 'created'
      : 'assigned'
    : (doc['status'] ?? null),
  createdBy: { id: caller.user, store: 'users' },
})

/** A task with the `_due` that fits its deadlines, status and `expired`. */
export const withDue = (doc: JsonObject): JsonObject => {
  const times = deadlineTimes(doc)
  const open = doc['expired'] !== true && doc['status'] !== 'closed' && times.length > 0
  return open ? { ...doc, _due: times.reduce((least, time) => Math.min(least, time)) } : without(doc, '_due')
}

/** Some deadline lies before `at` (milliseconds) and the task is neither closed nor expired already (rightech 1.6, tasks). */
export const hasExpired = (doc: JsonObject, at: number): boolean => {
  const due = withDue(doc)['_due']
  return typeof due === 'number' && due < at
}

const deadlineTimes = (doc: JsonObject): readonly number[] =>
  Object.values(isObject(doc['deadlines']) ? doc['deadlines'] : {}).flatMap((deadline) => {
    const time = isObject(deadline) ? deadline['time'] : deadline
    return typeof time === 'number' ? [time] : []
  })

const VIRTUAL_COLUMNS: readonly JsonObject[] = [
  { id: 'time', name: 'Created', dataType: 'date', deletable: false },
  { id: '_id', name: 'ID', dataType: 'string', deletable: false },
]

/** The default of `displayColumn` holds on: a PATCH that takes its column away without naming another gets the first one. */
const table: Prepare = (doc, { patch }) => {
  const given = doc['columns']
  if (!Array.isArray(given)) return doc
  const own: readonly Json[] = given
  const has = (id: Json | undefined): boolean => own.some((column) => isObject(column) && column['id'] === id)
  const columns = [...own, ...VIRTUAL_COLUMNS.filter((column) => !has(column['id']))]
  const shown = doc['displayColumn']
  const lost =
    patch !== undefined &&
    !Object.hasOwn(patch, 'displayColumn') &&
    !columns.some((c) => isObject(c) && c['id'] === shown)
  const first = columns[0]
  if (!(isEmpty(shown) || lost) || !isObject(first)) return { ...doc, columns }
  return { ...doc, columns, displayColumn: first['id'] ?? null }
}

const PREPARE: { readonly [name in PrepareName]: Prepare } = {
  model,
  object,
  automaton,
  group,
  token,
  task,
  table,
}
