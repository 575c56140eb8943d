import { isObject, type Json, type JsonObject } from '../../json.ts'
import type { Fields } from '../rejection.ts'
import { CHECKS } from './checks.ts'
import { entityCodec } from './codecs.ts'
import { isId } from './names.ts'
import { MASK, valueAt, without } from './paths.ts'
import { STORES } from './registry.ts'
import { SERVER_FIELDS, type Field, type StoreDef } from './store-def.ts'

export type Mode = 'create' | 'patch'

export type Reference = {
  readonly path: string
  readonly store: string
  readonly id: string
  /** It must not only be visible: the caller's group itself or one below it. */
  readonly below?: true
}

/**
 * Every broken rule of an entity, path → rules (rightech 4.6), by what the registry says. `patch` is what a PATCH sent: with
 * it, `required` only applies to keys that it sets to null or `''`. A write-only field is looked at if `doc` has it.
 */
export const validate = (def: StoreDef, doc: JsonObject, patch?: JsonObject): Fields => {
  const found = new Map<string, readonly string[]>()
  for (const [name, field] of Object.entries(def.fields)) {
    if (isMissing(name, field, doc, patch)) found.set(name, ['required'])
  }
  const decoded = entityCodec(def).decode(doc)
  if (decoded._tag === 'Left') {
    for (const { context, message } of decoded.left) {
      addRule(found, context.flatMap(({ key }) => (key === '' ? [] : [key])).join('.'), message ?? 'type')
    }
  }
  if (def.check) {
    for (const [path, rule] of CHECKS[def.check](doc)) addRule(found, path, rule)
  }
  return found.size === 0 ? NO_FIELDS : Object.fromEntries(found)
}

/** `validate`, with what else is known to be broken; unsafe fields were taken out of `doc`, so they are not missed in it. */
export const brokenRules = (
  def: StoreDef,
  doc: JsonObject,
  more: { readonly patch?: JsonObject; readonly unsafe: readonly string[]; readonly references: Fields },
): Fields => {
  const { unsafe, references, patch } = more
  const found = validate(def, doc, patch)
  if (unsafe.length === 0 && Object.keys(references).length === 0) return found
  const others = Object.entries(references).filter(([path]) => !Object.hasOwn(found, path))
  return Object.fromEntries([
    ...Object.entries(found),
    ...others,
    ...unsafe.map((name) => [name, ['format']] as const),
  ])
}

/** The one object of "no rule is broken". */
export const NO_FIELDS: Fields = {}

/** May this be a user's password (rightech 1.6)? Ask before making its verifier, which is slow. */
export const validPassword = (password: unknown): password is string => {
  const rules = STORES['users']?.fields['password']
  return (
    typeof password === 'string' &&
    rules?.pattern?.test(password) === true &&
    password.length <= (rules.max ?? Infinity)
  )
}

/**
 * What of a body is the client's to set: not what begins with `_`, is the server's, read-only or, on PATCH, immutable. Ids are
 * lower-cased, a secret sent back as `***` is left out. Write-only fields are kept.
 */
export const bodyFields = (def: StoreDef, body: JsonObject, mode: Mode): JsonObject => {
  const own: [string, Json][] = []
  for (const [name, value] of Object.entries(body)) {
    const field = Object.hasOwn(def.fields, name) ? def.fields[name] : undefined
    if (isDropped(name, field, mode)) continue
    own.push([name, field?.type === 'ref' ? lowerCased(value) : value])
  }
  const fields = Object.fromEntries(own)
  return def.secrets.reduce(
    (kept, path) => (valueAt(kept, path) === MASK ? without(kept, path) : kept),
    fields,
  )
}

/** What a body refers to and the protocol has to look up: it must be there and visible to the caller (rightech 5). */
export const referencesOf = (def: StoreDef, body: JsonObject, mode: Mode): readonly Reference[] => {
  const fields = bodyFields(def, body, mode)
  const found = Object.entries(fields).flatMap(([path, value]): readonly Reference[] => {
    const field = Object.hasOwn(def.fields, path) ? def.fields[path] : undefined
    if (field?.type !== 'ref') return []
    const ids: readonly Json[] = Array.isArray(value) ? value : [value]
    return ids.filter(isId).map((id) => ({ path, store: field.store, id }))
  })
  if (mode === 'patch' || !isId(body['group'])) return found
  return [...found, { path: 'group', store: 'groups', id: body['group'].toLowerCase(), below: true }]
}

/**
 * Parts the top-level fields that have, at any depth, a key that rightech 1.3 forbids or a value that JSON text cannot carry
 * unchanged. An empty name of a top-level field counts as one: no path of an update could name it.
 */
export const safeFields = (
  fields: JsonObject,
): { readonly fields: JsonObject; readonly unsafe: readonly string[] } => {
  const unsafe = Object.keys(fields).filter(
    (name) => name === '' || isUnsafeKey(name) || isUnsafe(fields[name] ?? null),
  )
  if (unsafe.length === 0) return { fields, unsafe }
  return {
    fields: Object.fromEntries(Object.entries(fields).filter(([name]) => !unsafe.includes(name))),
    unsafe,
  }
}

export const withoutWriteOnly = (def: StoreDef, doc: JsonObject): JsonObject =>
  Object.keys(def.fields)
    .filter((name) => def.fields[name]?.writeOnly)
    .reduce(without, doc)

const isDropped = (name: string, field: Field | undefined, mode: Mode): boolean => {
  if (name === '__proto__') return false
  if (name.startsWith('_') || SERVER_FIELDS.has(name)) return true
  return field?.readOnly === true || (mode === 'patch' && field?.immutable === true)
}

const isMissing = (name: string, field: Field, doc: JsonObject, patch: JsonObject | undefined): boolean => {
  if (!field.required && !field.filled) return false
  if (patch) return Object.hasOwn(patch, name) && isEmpty(patch[name])
  return field.required === true && isEmpty(doc[name])
}

const isEmpty = (value: Json | undefined): boolean => value === undefined || value === null || value === ''

const addRule = (found: Map<string, readonly string[]>, path: string, rule: string): void => {
  const rules = found.get(path) ?? []
  if (rules.includes('required') || rules.includes(rule)) return
  // What is missing breaks no other rule.
  found.set(path, rule === 'required' ? [rule] : [...rules, rule])
}

const lowerCased = (value: Json): Json => {
  if (Array.isArray(value)) return value.map((item: Json) => lowerCased(item))
  return isId(value) ? value.toLowerCase() : value
}

const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const FORBIDDEN_CHARS = /[.\0]|^\$/
const LONE_SURROGATE = /\p{Surrogate}/u

const isUnsafeKey = (key: string): boolean =>
  FORBIDDEN.has(key) || FORBIDDEN_CHARS.test(key) || LONE_SURROGATE.test(key)

/** Numbers beyond a double's range are parsed to Infinity and would be written as null; half a surrogate pair is no UTF-8. */
const isUnsafe = (value: Json): boolean => {
  if (typeof value === 'string') return LONE_SURROGATE.test(value)
  if (typeof value === 'number') return !Number.isFinite(value)
  if (Array.isArray(value)) return value.some((item: Json) => isUnsafe(item))
  if (!isObject(value)) return false
  return Object.keys(value).some((key) => isUnsafeKey(key) || isUnsafe(value[key] ?? null))
}
