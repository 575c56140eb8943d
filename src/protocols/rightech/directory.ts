import { collectionOf } from '../../domain/stores/names.ts'
import { STORES } from '../../domain/stores/registry.ts'
import type { Operation, StoreDef } from '../../domain/stores/store-def.ts'
import { rejection } from '../../domain/rejection.ts'
import { decodeSegment } from '../../http/target.ts'
import type { Answer } from '../../http/protocol.ts'
import { rejected } from './errors.ts'
import type { Selectable } from './selectors.ts'

/** A store of the registry with everything about it that no request changes. */
export type StoreRoute = {
  readonly def: StoreDef
  readonly collection: string
  readonly selectable: Selectable
  readonly notFound: Answer
}

/** What a path below `/api/v1/` and a method mean; `undefined` if that is no route (rightech 1.4, 1.6). */
export type Directory = (method: string, path: string) => Found | undefined
export type Found = {
  readonly route: StoreRoute
  readonly operation: Operation
  /** Decoded; `''` for the list. */
  readonly id: string
}

/** Built out of the registry: a new store is served by being there. A store's own name wins over an id: `tasks/kinds`. */
export const storesDirectory = (stores: Readonly<Record<string, StoreDef>> = STORES): Directory => {
  const routes = new Map(Object.values(stores).map((def) => [def.path, routeOf(def)]))
  return (method, path) => {
    const store = routes.get(path)
    if (store !== undefined) return offered(store, LIST_OPERATIONS[method], '')
    const cut = path.lastIndexOf('/')
    const parent = cut === -1 ? undefined : routes.get(path.slice(0, cut))
    const id = decodeSegment(path.slice(cut + 1))
    return parent === undefined || id === undefined
      ? undefined
      : offered(parent, ENTITY_OPERATIONS[method], id)
  }
}

const LIST_OPERATIONS: Readonly<Record<string, Operation>> = { GET: 'list', HEAD: 'list', POST: 'post' }
const ENTITY_OPERATIONS: Readonly<Record<string, Operation>> = {
  GET: 'get',
  HEAD: 'get',
  PATCH: 'patch',
  DELETE: 'delete',
}

const offered = (route: StoreRoute, operation: Operation | undefined, id: string): Found | undefined =>
  operation !== undefined && route.def.operations.includes(operation) ? { route, operation, id } : undefined

const routeOf = (def: StoreDef): StoreRoute => ({
  def,
  collection: collectionOf(def.path),
  selectable: { search: def.search, typeAt: (path) => typeAt(def, path) },
  notFound: rejected(rejection('NotFound', 'no_such_entity', { about: def.path })),
})

/** What only the server knows (fields of the documents that no client sees, secrets) is as absent. */
const typeAt = (def: StoreDef, path: string): ReturnType<Selectable['typeAt']> => {
  if (Object.hasOwn(def.where, path)) return def.where[path] ?? 'any'
  const secret = def.secrets.some((own) => path === own || path.startsWith(`${own}.`))
  return secret || path.startsWith('_') ? 'hidden' : 'any'
}
