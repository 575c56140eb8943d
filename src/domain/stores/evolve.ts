import type { JsonObject } from '../../json.ts'
import type { Fact } from '../decider.ts'
import { dataOf, EntityChanged, EntityCreated, EntityDeleted, PasswordSet } from './events.ts'
import { applySet, applyUnset } from './paths.ts'
import { openedChange, openedDoc } from './sealed.ts'
import type { StoreDef } from './store-def.ts'

export type EntityState = {
  /** It is there now: created and not deleted. */
  readonly exists: boolean
  /** It was there; its id never comes back. */
  readonly deleted: boolean
  /** As stored: personal fields open, `***` for a secret that is set. Clients see `present(store, entity)`. */
  readonly entity: JsonObject | undefined
  /** The secrets by dotted path: `config.auth.password` of an object, `hash` of a token. */
  readonly secrets: JsonObject
  /** users: the verifier; null once the user is erased. */
  readonly passwordHash: string | null | undefined
}

export const NOTHING: EntityState = {
  exists: false,
  deleted: false,
  entity: undefined,
  secrets: {},
  passwordHash: undefined,
}

export const evolve = (def: StoreDef, state: EntityState, event: Fact): EntityState => {
  switch (event.type) {
    case 'EntityCreated': {
      const { doc, sealed } = dataOf(EntityCreated, event)
      return {
        ...state,
        exists: true,
        entity: openedDoc(def, doc, sealed),
        secrets: secretsOf(def, sealed),
      }
    }
    case 'EntityChanged':
      return state.entity ? { ...state, ...changed(def, state, dataOf(EntityChanged, event)) } : state
    case 'EntityDeleted':
      dataOf(EntityDeleted, event)
      return { ...NOTHING, deleted: true }
    case 'PasswordSet':
      return { ...state, passwordHash: dataOf(PasswordSet, event).hash }
    default:
      return state
  }
}

type Opened = Pick<EntityState, 'entity' | 'secrets'>

const changed = (def: StoreDef, state: EntityState, data: EntityChanged): Opened => {
  const { set, unset } = openedChange(def, data)
  const entity = applyUnset(applySet(state.entity ?? {}, set), unset)
  if (!data.sealed) return { entity, secrets: state.secrets }
  const secrets = { ...state.secrets, ...secretsOf(def, data.sealed.set) }
  return { entity, secrets: data.sealed.unset.reduce(withoutKey, secrets) }
}

const secretsOf = (def: StoreDef, sealed: JsonObject | null | undefined): JsonObject =>
  sealed ? Object.fromEntries(Object.entries(sealed).filter(([path]) => def.secrets.includes(path))) : {}

const withoutKey = (values: JsonObject, key: string): JsonObject => {
  const { [key]: _gone, ...rest } = values
  return rest
}
