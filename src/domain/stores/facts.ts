import { ENTITY_BYTES_MAX } from '../../limits.ts'
import type { JsonObject } from '../../json.ts'
import type { Fact } from '../decider.ts'
import { rejection, type Fields, type Rejection } from '../rejection.ts'
import type { EntityState } from './evolve.ts'
import { split, splitChange } from './sealed.ts'
import type { StoreDef } from './store-def.ts'
import { scopeOf } from './visibility.ts'

/** The entity with its secrets still apart, as deciding leaves it. */
export type Whole = { readonly entity: JsonObject; readonly secrets: JsonObject }

export const createdFact = (def: StoreDef, id: string, { entity, secrets }: Whole): Fact => ({
  type: 'EntityCreated',
  data: { store: def.path, id, ...split(def, entity, secrets) },
  scope: scopeOf(def.path, entity),
})

/** No fact if nothing differs, unless `anyway`: then one that only sets `_at`. */
export const changedFacts = (
  def: StoreDef,
  id: string,
  change: { readonly before: Whole; readonly after: Whole; readonly at: number; readonly anyway?: boolean },
): readonly Fact[] => {
  const { before, after, at } = change
  const found = splitChange(def, before, after) ?? (change.anyway ? { set: {}, unset: [] } : undefined)
  if (!found) return []
  const data = { store: def.path, id, ...found, at }
  return [{ type: 'EntityChanged', data, scope: scopeOf(def.path, after.entity) }]
}

export const deletedFact = (def: StoreDef, id: string, { entity, secrets }: Whole): Fact => {
  const { doc, sealed } = split(def, entity, secrets)
  return {
    type: 'EntityDeleted',
    data: { store: def.path, id, last: doc, ...(sealed ? { sealed } : {}) },
    scope: scopeOf(def.path, entity),
  }
}

export const passwordFact = (user: string, hash: string, entity: JsonObject): Fact => ({
  type: 'PasswordSet',
  data: { user, hash },
  scope: scopeOf('users', entity),
})

/** The entity of a state that has one. */
export const wholeOf = (state: EntityState): Whole | undefined =>
  state.entity ? { entity: state.entity, secrets: state.secrets } : undefined

/** More than `ENTITY_BYTES_MAX` as JSON in UTF-8, so that the event of its deletion would not fit (decisions 16). */
export const isTooLarge = ({ entity, secrets }: Whole): boolean => {
  const length = JSON.stringify(entity).length + JSON.stringify(secrets).length
  if (length * 3 <= ENTITY_BYTES_MAX) return false
  const bytes = new TextEncoder().encode(JSON.stringify([entity, secrets])).length
  return bytes > ENTITY_BYTES_MAX
}

export const notFound = (store: string): Rejection => rejection('NotFound', 'not_found', { about: store })

export const invalid = (store: string, fields: Fields): Rejection =>
  rejection('Invalid', 'validation', { about: store, fields })

export const conflict = (store: string, path: string, rule: string): Rejection =>
  rejection('Conflict', rule, { about: store, fields: { [path]: [rule] } })

export const forbidden = (store: string): Rejection => rejection('Forbidden', 'credentials', { about: store })

export const tooLarge = (store: string): Rejection =>
  rejection('TooLarge', 'entity_too_large', { about: store })
