import { isUtf8 } from 'node:buffer'
import * as E from 'fp-ts/lib/Either.js'
import { parse, type IParseOptions } from 'qs'
import { BODY_POLICIES, type BodyPolicy } from '../../http/bodies.ts'
import { parseJsonObject } from '../../http/json-body.ts'
import type { HttpFailure } from '../../http/protocol.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'

/** Queries and bodies as parameters: brackets are nesting, and no key ever reaches a prototype (connectycube 2.2, one-port 5). */

export const parseQuery = (query: string): E.Either<HttpFailure, JsonObject> => parseText(query)

/**
 * How bodies are read; the text `null` of a form means null where something is written.
 * @param made what is made of a form whose digits in brackets may be keys
 */
export const bodyPolicy = (method: string, made?: OfKeyed): BodyPolicy => {
  if (method !== 'POST' && method !== 'PUT') return READING
  return made === undefined
    ? WRITING
    : parsersWith((bytes) => E.map((form: JsonObject) => withNulls(made(form)))(parseKeyed(bytes)))
}

/** Is given a form in which digits in brackets are keys, `{a: {"0": "x"}}` for `a[0]=x`. */
export type OfKeyed = (form: JsonObject) => JsonObject

/** With lists for objects that have digits for keys, as they are elsewhere: only the order counts. */
export const listed = (value: Json): Json => {
  if (isList(value)) return value.map(listed)
  if (!isObject(value)) return value
  const members = Object.entries(value).map(([key, member]) => [key, listed(member)] as const)
  return members.length > 0 && members.every(([key]) => DIGITS.test(key))
    ? members.map(([, member]) => member)
    : Object.fromEntries(members)
}

/** Flat keys in brackets, `a[b]`, mean nesting in JSON too. Keys that could name a prototype are left out, however deep. */
export const expand = (body: JsonObject): E.Either<HttpFailure, JsonObject> => {
  const cleaned = cleanObject(body)
  const keys = Object.keys(cleaned)
  const flat = keys.filter((key) => FLAT.test(key)).length
  if (flat === 0) return E.right(cleaned)
  if (flat > PARAMETERS_MAX) return MALFORMED
  const root: Node = new Map()
  for (const key of keys) {
    const value = cleaned[key] ?? null
    // JSON has a key once: `a[]` with a list is that list.
    const path = isList(value) && FLAT.test(key) ? key.replace(/\[\]$/, '') : key
    const steps = FLAT.test(path) ? path.replaceAll(']', '').split('[') : [path]
    if (steps.length <= DEPTH_MAX + 1 && !steps.some((step) => UNSAFE.has(step))) place(root, steps, value)
  }
  return E.right(objectOf(root))
}

const DEPTH_MAX = 5
const ELEMENTS_MAX = 1_000
/** A list of full length of objects with three members. */
const PARAMETERS_MAX = 3_000
const UNSAFE: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const FLAT = /^[^[\]]+(?:\[[^[\]]*\])+$/
const DIGITS = /^\d+$/

const parseText = (text: string, options: IParseOptions = {}): E.Either<HttpFailure, JsonObject> => {
  try {
    const parsed: unknown = parse(text, {
      ...options,
      depth: DEPTH_MAX,
      arrayLimit: ELEMENTS_MAX,
      parameterLimit: PARAMETERS_MAX,
      throwOnLimitExceeded: true,
      plainObjects: true,
    })
    return E.right(isObject(parsed) ? cleanObject(parsed) : {})
  } catch {
    return MALFORMED
  }
}

const MALFORMED = E.left<HttpFailure>({ _tag: 'BadRequest', reason: 'json' })
const NOT_UTF8 = E.left<HttpFailure>({ _tag: 'BadRequest', reason: 'utf-8' })

const parseForm = (bytes: Buffer, options?: IParseOptions): E.Either<HttpFailure, JsonObject> =>
  isUtf8(bytes) ? parseText(bytes.toString('utf8'), options) : NOT_UTF8

const parseKeyed = (bytes: Buffer): E.Either<HttpFailure, JsonObject> =>
  E.map(unmarked)(parseForm(bytes, { decoder: marking }))

/** Behind a blank, digits are a key like any other to the parser. */
const marking: IParseOptions['decoder'] = (text, decode, charset, type) => {
  const decoded: string = decode(text, decode, charset)
  return type === 'key' ? decoded.replace(/\[(?=\d+\])/g, '[ ') : decoded
}

const unmarked = (object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key.replace(/^ (?=\d+$)/, ''),
      isObject(value) ? unmarked(value) : value,
    ]),
  )

const parsersWith = (form: (bytes: Buffer) => E.Either<HttpFailure, JsonObject>): BodyPolicy => ({
  ...BODY_POLICIES.connectycube,
  parsers: {
    'application/json': (bytes) => E.chain(expand)(parseJsonObject(bytes)),
    'application/x-www-form-urlencoded': form,
  },
})

const READING = parsersWith((bytes) => parseForm(bytes))
const WRITING = parsersWith((bytes) => E.map(withNulls)(parseForm(bytes)))

/** Objects are made anew: those of the parser have no prototype, those of JSON may have a key that would be taken for one. */
const clean = (value: Json): Json => {
  if (isList(value)) return value.map(clean)
  return isObject(value) ? cleanObject(value) : value
}

const cleanObject = (object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) => (UNSAFE.has(key) ? [] : [[key, clean(value)]])),
  )

const nulled = (value: Json): Json => {
  if (isList(value)) return value.map(nulled)
  if (isObject(value)) return withNulls(value)
  return value === 'null' ? null : value
}

const withNulls = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, nulled(value)]))

/** What is being put together: by key, or by nothing but the order if every key is empty. */
type Node = Map<string, Leaf>
type Leaf = { readonly value: Json } | { readonly node: Node }

const place = (root: Node, steps: readonly string[], value: Json): void => {
  let node = root
  for (const [index, step] of steps.entries()) {
    const key = step === '' ? `${APPENDED}${node.size}` : step
    if (index === steps.length - 1) return void node.set(key, { value })
    const leaf = node.get(key)
    const next = leaf === undefined ? new Map<string, Leaf>() : nodeOf(leaf)
    node.set(key, { node: next })
    node = next
  }
}

/** Begins the keys of what was appended: no key of JSON that came as a step has a bracket. */
const APPENDED = '['

const nodeOf = (leaf: Leaf): Node => {
  if ('node' in leaf) return leaf.node
  const { value } = leaf
  if (isList(value)) return new Map(value.map((item, index) => [`${APPENDED}${index}`, { value: item }]))
  return new Map(isObject(value) ? Object.entries(value).map(([key, item]) => [key, { value: item }]) : [])
}

const jsonOf = (leaf: Leaf): Json => {
  if ('value' in leaf) return leaf.value
  const isAppended = leaf.node.size > 0 && [...leaf.node.keys()].every((key) => key.startsWith(APPENDED))
  return isAppended ? [...leaf.node.values()].map(jsonOf) : objectOf(leaf.node)
}

const objectOf = (node: Node): JsonObject =>
  Object.fromEntries([...node].map(([key, leaf]) => [key, jsonOf(leaf)]))
