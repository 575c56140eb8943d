import * as E from 'fp-ts/lib/Either.js'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { JSON_DEPTH_MAX, MODEL_TREE_LEVELS_MAX } from '../../limits.ts'
import type { Fact } from '../decider.ts'
import type { Fields, Rejection } from '../rejection.ts'
import { nodeRules } from './checks.ts'
import type { AddNode, Caller, PatchNode, RemoveNode } from './commands.ts'
import type { EntityState } from './evolve.ts'
import {
  changedFacts,
  conflict,
  invalid,
  isTooLarge,
  notFound,
  tooLarge,
  wholeOf,
  type Whole,
} from './facts.ts'
import { deepMerge } from './paths.ts'
import { prepared } from './prepare.ts'
import type { Broken } from './shape-rules.ts'
import type { StoreDef } from './store-def.ts'
import { safeFields } from './validate.ts'
import { mayWrite } from './visibility.ts'

/** What refusals about a node are about (rightech 3.6, 4.6). */
export const NODES = 'models/nodes'

type Decision = E.Either<Rejection, readonly Fact[]>

/** `POST /models/:id/nodes` (rightech 3.6): the node with everything below it. */
export const addNode = (def: StoreDef, command: AddNode, state: EntityState): Decision => {
  const model = writableModel(def, command.caller, state)
  if (!model) return E.left(notFound(def.path))
  const { attachTo, atIndex, body } = command
  const parent = attachTo === undefined ? model.root : findNode(model.root, attachTo)
  if (!parent) return E.left(notFound(NODES))
  const { fields, unsafe } = safeFields(nodeFields(body))
  const node = { ...fields, active: fields['active'] ?? true }
  const broken = brokenFields([
    ...unsafe.map((name): Broken => [name, 'format']),
    ...REQUIRED.filter((name) => isMissing(node, name)).map(required),
    ...nodeRules(node, '', new Set()),
    ...placeRules(model.root, parent, node, atIndex),
  ])
  if (broken) return E.left(invalid(NODES, broken))
  const used = usedId(node, '', idsOf(model.root))
  if (used !== undefined) return E.left(conflict(NODES, used, 'unique'))
  const root = replaced(model.root, parent, {
    ...parent,
    children: inserted(childrenOf(parent), node, atIndex),
  })
  return changed(def, command, model, root)
}

/** `PATCH /models/:id/nodes/:node`: a deep merge that leaves its id and what is below it alone. */
export const patchNode = (def: StoreDef, command: PatchNode, state: EntityState): Decision => {
  const model = writableModel(def, command.caller, state)
  if (!model) return E.left(notFound(def.path))
  const node = findNode(model.root, command.node)
  if (!node) return E.left(notFound(NODES))
  const { id: _id, children: _children, ...sent } = nodeFields(command.body)
  const { fields, unsafe } = safeFields(sent)
  const merged = deepMerge(node, fields)
  const { children: _below, ...alone } = merged
  const broken = brokenFields([
    ...unsafe.map((name): Broken => [name, 'format']),
    ...REQUIRED.filter((name) => Object.hasOwn(fields, name) && isMissing(fields, name)).map(required),
    ...nodeRules(alone, '', new Set()),
    ...depthRules(levelOf(model.root, node), merged, Object.keys(fields)),
  ])
  if (broken) return E.left(invalid(NODES, broken))
  return changed(def, command, model, replaced(model.root, node, merged))
}

/** `DELETE /models/:id/nodes/:node`: with everything below it. */
export const removeNode = (def: StoreDef, command: RemoveNode, state: EntityState): Decision => {
  const model = writableModel(def, command.caller, state)
  if (!model) return E.left(notFound(def.path))
  const node = findNode(model.root, command.node)
  if (!node) return E.left(notFound(NODES))
  if (node === model.root) return E.left(invalid(NODES, { id: ['immutable'] }))
  return changed(def, command, model, replaced(model.root, node, undefined))
}

/** The node of that id in a model's tree, the root included. */
export const findNode = (tree: Json | undefined, id: string): JsonObject | undefined => {
  if (!isObject(tree)) return undefined
  if (tree['id'] === id) return tree
  for (const child of childrenOf(tree)) {
    const found = findNode(child, id)
    if (found) return found
  }
  return undefined
}

export const childrenOf = (node: JsonObject): readonly Json[] =>
  isList(node['children']) ? node['children'] : []

type Model = { readonly before: Whole; readonly root: JsonObject }

const writableModel = (def: StoreDef, caller: Caller, state: EntityState): Model | undefined => {
  const before = wholeOf(state)
  if (!before || !mayWrite(caller, before.entity, def)) return undefined
  const data = before.entity['data']
  return { before, root: isObject(data) ? data : {} }
}

const changed = (
  def: StoreDef,
  { id, at, caller }: Pick<AddNode, 'id' | 'at' | 'caller'>,
  { before }: Model,
  data: JsonObject,
): Decision => {
  const entity = prepared(
    def,
    { ...before.entity, data },
    { mode: 'patch', at, caller, before: before.entity },
  )
  const after = { ...before, entity }
  if (isTooLarge(after)) return E.left(tooLarge(def.path))
  return E.right(changedFacts(def, id, { before, after, at }))
}

const REQUIRED = ['id', 'type', 'name'] as const

/** Clients send back what they read: not `success`, nor what the server marks with `_` (rightech 1.3). */
const nodeFields = (body: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(body).filter(
      ([name]) => name === '__proto__' || !(name.startsWith('_') || name === 'success' || name === 'sucess'),
    ),
  )

const isMissing = (node: JsonObject, name: string): boolean => (node[name] ?? '') === ''

const required = (name: string): Broken => [name, 'required']

/** What is missing, or not safe to look at, breaks no other rule. */
const brokenFields = (broken: readonly Broken[]): Fields | undefined => {
  const found = new Map<string, readonly string[]>()
  for (const [path, rule] of broken) {
    const rules = found.get(path) ?? []
    const isTold = rules.includes('required') || rules.includes('format') || rules.includes(rule)
    if (!isTold) found.set(path, [...rules, rule])
  }
  return found.size === 0 ? undefined : Object.fromEntries(found)
}

const placeRules = (
  root: JsonObject,
  parent: JsonObject,
  node: JsonObject,
  atIndex: number | undefined,
): readonly Broken[] => [
  ...(atIndex === undefined || Number.isInteger(atIndex) ? [] : [['atIndex', 'range'] as const]),
  ...(levelOf(root, parent) + heightOf(node) > MODEL_TREE_LEVELS_MAX ? [['attachTo', 'max'] as const] : []),
  ...depthRules(levelOf(root, parent) + 1, node),
]

/** A model that was read can be sent back: each level of its tree is two of JSON. */
const depthRules = (level: number, node: JsonObject, names = Object.keys(node)): readonly Broken[] =>
  names
    .filter((name) => depthOf(node[name] ?? null) > JSON_DEPTH_MAX - 2 * level)
    .map((name) => [name, 'max'])

const depthOf = (value: Json): number =>
  typeof value !== 'object' || value === null
    ? 0
    : 1 + Object.values<Json>(value).reduce<number>((most, member) => Math.max(most, depthOf(member)), 0)

/** The root is on level 1. */
const levelOf = (tree: JsonObject, node: JsonObject): number => {
  if (tree === node) return 1
  for (const child of childrenOf(tree)) {
    const below = isObject(child) ? levelOf(child, node) : 0
    if (below > 0) return below + 1
  }
  return 0
}

const heightOf = (node: JsonObject): number =>
  1 +
  childrenOf(node).reduce<number>((most, child) => Math.max(most, isObject(child) ? heightOf(child) : 0), 0)

const idsOf = (tree: JsonObject, ids = new Set<Json | undefined>()): ReadonlySet<Json | undefined> => {
  ids.add(tree['id'])
  for (const child of childrenOf(tree)) if (isObject(child)) idsOf(child, ids)
  return ids
}

/** Path of the first id that is there already. */
const usedId = (
  node: JsonObject,
  prefix: string,
  used: ReadonlySet<Json | undefined>,
): string | undefined => {
  if (used.has(node['id'])) return `${prefix}id`
  for (const [index, child] of childrenOf(node).entries()) {
    const found = isObject(child) ? usedId(child, `${prefix}children.${String(index)}.`, used) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

const inserted = (children: readonly Json[], node: JsonObject, atIndex = children.length): readonly Json[] =>
  // A negative place would count from the end.
  children.toSpliced(Math.max(0, atIndex), 0, node)

/** The tree with another node in a node's place, or none. Nodes beside the way to it stay the same objects. */
const replaced = (tree: JsonObject, node: JsonObject, by: JsonObject | undefined): JsonObject =>
  tree === node ? (by ?? {}) : { ...tree, children: replacedIn(childrenOf(tree), node, by) }

const replacedIn = (
  children: readonly Json[],
  node: JsonObject,
  by: JsonObject | undefined,
): readonly Json[] =>
  children.flatMap((child) => {
    if (child === node) return by === undefined ? [] : [by]
    return isObject(child) && levelOf(child, node) > 0 ? [replaced(child, node, by)] : [child]
  })
