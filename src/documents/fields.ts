import { isObject, type Json, type JsonObject } from '../json.ts'
import { own, setOwn } from './paths.ts'
import type { Document } from './port.ts'

export type Project = (document: Document) => Document

/** Keeps the dotted paths and `_id`. Of an array every object is projected and what is no object is left out, as in MongoDB. */
export const projectFields = (fields: readonly string[] | undefined): Project => {
  if (fields === undefined) return (document) => document
  const tree = treeOf(fields)
  return (document) => ({ ...project(document, tree), _id: document._id })
}

type Tree = Map<string, Tree | 'whole'>

const treeOf = (fields: readonly string[]): Tree => {
  const root: Tree = new Map()
  for (const field of fields) insert(root, field.split('.'))
  root.set('_id', 'whole')
  return root
}

const insert = (tree: Tree, path: readonly string[]): void => {
  const [key = '', ...rest] = path
  const below = tree.get(key)
  if (below === 'whole') return
  if (rest.length === 0) tree.set(key, 'whole')
  else {
    const branch: Tree = below ?? new Map<string, Tree | 'whole'>()
    tree.set(key, branch)
    insert(branch, rest)
  }
}

const project = (object: JsonObject, tree: Tree): JsonObject => {
  const kept: Record<string, Json> = {}
  for (const key of Object.keys(object)) {
    const branch = tree.get(key)
    const value = own(object, key)
    if (branch === undefined || value === undefined) continue
    const part = branch === 'whole' ? value : projectValue(value, branch)
    if (part !== undefined) setOwn(kept, key, part)
  }
  return kept
}

const projectValue = (value: Json, tree: Tree): Json | undefined => {
  if (isObject(value)) return project(value, tree)
  if (!Array.isArray(value)) return undefined
  return (value as readonly Json[])
    .filter((item) => isObject(item) || Array.isArray(item))
    .map((item) => projectValue(item, tree) ?? null)
}
