import { isObject, type Json, type JsonObject } from '../../json.ts'
import { baseModel } from './base-models.ts'
import type { CheckName } from './store-def.ts'
import { shapeRules, type Broken } from './shape-rules.ts'

/**
 * A node of a model's tree and everything below it (rightech 1.6, models).
 * @param prefix of the paths: where the node stands, with a dot behind it, or empty.
 * @param ids of the nodes before it; its own are added.
 */
export const nodeRules = (node: JsonObject, prefix: string, ids: Set<string>): readonly Broken[] => {
  const found: Broken[] = [...idRules(node['id'], `${prefix}id`, ids)]
  if (!NODE_TYPES.has(node['type'] ?? ''))
    found.push([`${prefix}type`, node['type'] === undefined ? 'required' : 'enum'])
  if (node['name'] !== undefined && typeof node['name'] !== 'string') found.push([`${prefix}name`, 'type'])
  if (node['active'] !== undefined && typeof node['active'] !== 'boolean')
    found.push([`${prefix}active`, 'type'])
  const children = node['children']
  if (children === undefined) return found
  if (!Array.isArray(children)) return [...found, [`${prefix}children`, 'type']]
  children.forEach((child: Json, index) => {
    const place = `${prefix}children.${index}`
    if (isObject(child)) found.push(...nodeRules(child, `${place}.`, ids))
    else found.push([place, 'type'])
  })
  return found
}

const NODE_TYPES: ReadonlySet<Json> = new Set([
  'subsystem',
  'argument',
  'config',
  'action',
  'event',
  'event-logic',
])

const model = (doc: JsonObject): readonly Broken[] => {
  const base = doc['base']
  const unknown: readonly Broken[] =
    typeof base === 'string' && base !== '' && !baseModel(base) ? [['base', 'reference']] : []
  const data = doc['data']
  return isObject(data) ? [...unknown, ...nodeRules(data, 'data.', new Set())] : unknown
}

const idRules = (id: Json | undefined, path: string, ids: Set<string>): readonly Broken[] => {
  if (id === undefined || id === null || id === '') return [[path, 'required']]
  if (typeof id !== 'string') return [[path, 'type']]
  if (ids.has(id)) return [[path, 'unique']]
  ids.add(id)
  return []
}

const automaton = (doc: JsonObject): readonly Broken[] => {
  const models = doc['models']
  const empty = doc['model'] === undefined || doc['model'] === null || doc['model'] === ''
  if (!empty) return []
  return models === undefined ||
    models === null ||
    models === '' ||
    (Array.isArray(models) && models.length === 0)
    ? [['model', 'required']]
    : []
}

const geofence = (doc: JsonObject): readonly Broken[] =>
  isObject(doc['shape']) ? shapeRules(doc['shape'], 'shape') : []

const table = (doc: JsonObject): readonly Broken[] => {
  if (!Array.isArray(doc['columns'])) return []
  const columns: readonly Json[] = doc['columns']
  const ids = columns.flatMap((column) =>
    isObject(column) && typeof column['id'] === 'string' ? [column['id']] : [],
  )
  const repeated: readonly Broken[] = new Set(ids).size < ids.length ? [['columns', 'unique']] : []
  const shown = doc['displayColumn']
  return typeof shown === 'string' && !ids.includes(shown)
    ? [...repeated, ['displayColumn', 'reference']]
    : repeated
}

const token = (doc: JsonObject): readonly Broken[] => {
  const { expiresAt, issuedAt } = doc
  return typeof expiresAt === 'number' && typeof issuedAt === 'number' && expiresAt <= issuedAt
    ? [['expiresAt', 'range']]
    : []
}

/** Rules that no single field shows: the named hooks of the registry. They leave wrong types of named fields to the codec. */
export const CHECKS: { readonly [name in CheckName]: (doc: JsonObject) => readonly Broken[] } = {
  model,
  automaton,
  geofence,
  table,
  token,
}
