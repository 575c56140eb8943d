import type { Json, JsonObject } from '../../json.ts'
import type { EntityChanged } from './events.ts'
import { difference, MASK, valueAt, withValueAt, type Difference } from './paths.ts'
import type { StoreDef } from './store-def.ts'

/** An entity as an event may carry it: `doc` in the clear, `sealed` by dotted path; absent if there is nothing to seal. */
export type Split = { readonly doc: JsonObject; readonly sealed?: JsonObject }

/** Takes secrets that a client set out of an entity; `***` stays where one was, or where one already is. */
export const takeSecrets = (
  def: StoreDef,
  doc: JsonObject,
): { readonly doc: JsonObject; readonly secrets: JsonObject } => {
  const secrets: { [path: string]: Json } = {}
  let masked = doc
  for (const path of def.secrets) {
    const value = valueAt(doc, path)
    if (value === MASK || !isSecret(value)) continue
    secrets[path] = value
    masked = withValueAt(masked, path, MASK)
  }
  return { doc: masked, secrets }
}

export const split = (def: StoreDef, entity: JsonObject, secrets: JsonObject): Split => {
  if (def.personal.length === 0 && Object.keys(secrets).length === 0) return { doc: entity }
  const doc: { [name: string]: Json } = {}
  const sealed: { [path: string]: Json } = { ...secrets }
  for (const name of Object.keys(entity)) {
    const part = def.personal.includes(name) ? sealed : doc
    part[name] = entity[name] ?? null
  }
  return Object.keys(sealed).length === 0 ? { doc } : { doc, sealed }
}

/** The data of an `EntityChanged` without its names, or `undefined` if nothing differs. */
export const splitChange = (
  def: StoreDef,
  before: { readonly entity: JsonObject; readonly secrets: JsonObject },
  after: { readonly entity: JsonObject; readonly secrets: JsonObject },
): (Difference & { readonly sealed?: Difference }) | undefined => {
  const all = difference(before.entity, after.entity)
  const hidden = secretDifference(def, before.secrets, after)
  const sealed = {
    set: { ...pick(all.set, (path) => def.personal.includes(path)), ...hidden.set },
    unset: [...all.unset.filter((path) => def.personal.includes(path)), ...hidden.unset],
  }
  const clear = {
    set: pick(all.set, (path) => !def.personal.includes(path)),
    unset: all.unset.filter((path) => !def.personal.includes(path)),
  }
  if (!isEmpty(sealed)) return { ...clear, sealed }
  return isEmpty(clear) ? undefined : clear
}

/** The whole entity out of an event's parts. Of an erased subject its personal fields are missing. */
export const openedDoc = (
  def: StoreDef,
  doc: JsonObject,
  sealed: JsonObject | null | undefined,
): JsonObject => (sealed ? { ...doc, ...pick(sealed, (path) => def.personal.includes(path)) } : doc)

/** What an `EntityChanged` does to the entity as documents and states have it. */
export const openedChange = (def: StoreDef, { set, unset, at, sealed }: EntityChanged): Difference => ({
  set: { ...set, ...(sealed ? pick(sealed.set, (path) => def.personal.includes(path)) : {}), _at: at },
  unset: sealed ? [...unset, ...sealed.unset.filter((path) => def.personal.includes(path))] : unset,
})

/** A secret that is no longer where `***` was is gone. */
const secretDifference = (
  def: StoreDef,
  before: JsonObject,
  after: { readonly entity: JsonObject; readonly secrets: JsonObject },
): Difference => {
  const gone = (path: string): boolean =>
    path in before && !(path in after.secrets) && isUnmasked(def, path, after.entity)
  return {
    set: pick(after.secrets, (path) => before[path] !== after.secrets[path]),
    unset: def.secrets.filter(gone),
  }
}

/** A secret that is never shown (a token's hash) has no mask to lose. */
const isUnmasked = (def: StoreDef, path: string, entity: JsonObject): boolean =>
  def.fields[path]?.readOnly !== true && valueAt(entity, path) !== MASK

const isSecret = (value: Json | undefined): value is string => typeof value === 'string' && value !== ''

const isEmpty = ({ set, unset }: Difference): boolean => unset.length === 0 && Object.keys(set).length === 0

const pick = (values: JsonObject, wanted: (path: string) => boolean): { readonly [path: string]: Json } =>
  Object.fromEntries(Object.entries(values).filter(([path]) => wanted(path)))
