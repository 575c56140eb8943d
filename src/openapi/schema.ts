import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { shapeOf } from '../domain/codec-shape.ts'
import { isList, type Json, type JsonObject } from '../json.ts'

/**
 * What a codec takes as JSON Schema (draft 2020-12, that of OpenAPI 3.1). Throws for a codec of which nothing is known: one that is made by
 * hand has to be `shaped`.
 */
export const schemaOf = (codec: t.Mixed): JsonObject => {
  const shape = shapeOf(codec)
  if (shape !== undefined) return typeof shape === 'function' ? shape(schemaOf) : shape
  for (const convert of CONVERTERS) {
    const schema = convert(codec)
    if (schema !== undefined) return schema
  }
  throw new TypeError(`nothing is known of the shape of the codec ${codec.name}`)
}

type Convert = (codec: t.Mixed) => JsonObject | undefined

const simple =
  (made: abstract new (...parts: never[]) => t.Mixed, schema: JsonObject): Convert =>
  (codec) =>
    codec instanceof made ? schema : undefined

const scalars: readonly Convert[] = [
  simple(t.StringType, { type: 'string' }),
  simple(t.NumberType, { type: 'number' }),
  simple(t.BooleanType, { type: 'boolean' }),
  simple(t.NullType, { type: 'null' }),
  simple(t.UnknownType, { description: 'Any JSON' }),
  simple(t.AnyDictionaryType, { type: 'object' }),
  simple(t.AnyArrayType, { type: 'array' }),
  (codec) => (codec instanceof t.LiteralType ? { const: codec.value as Json } : undefined),
  (codec) =>
    codec instanceof t.KeyofType
      ? { type: 'string', enum: Object.keys(codec.keys as Record<string, unknown>) }
      : undefined,
]

const lists: readonly Convert[] = [
  (codec) =>
    codec instanceof t.ArrayType || codec instanceof t.ReadonlyArrayType
      ? { type: 'array', items: schemaOf(codec.type as t.Mixed) }
      : undefined,
  (codec) => {
    if (!(codec instanceof t.TupleType)) return undefined
    const parts = codec.types as readonly t.Mixed[]
    return { type: 'array', prefixItems: parts.map(schemaOf), minItems: parts.length, maxItems: parts.length }
  },
]

const objects: readonly Convert[] = [
  (codec) =>
    codec instanceof t.DictionaryType
      ? { type: 'object', additionalProperties: schemaOf(codec.codomain as t.Mixed) }
      : undefined,
  (codec) => (codec instanceof t.InterfaceType ? objectOf(codec.props as t.Props, mayBeAbsent) : undefined),
  (codec) => (codec instanceof t.PartialType ? objectOf(codec.props as t.Props, () => true) : undefined),
  (codec) =>
    codec instanceof t.ExactType
      ? { ...schemaOf(codec.type as t.Mixed), additionalProperties: false }
      : undefined,
]

const wrapped: readonly Convert[] = [
  (codec) => (codec instanceof t.ReadonlyType ? schemaOf(codec.type as t.Mixed) : undefined),
  (codec) =>
    codec instanceof t.RefinementType
      ? {
          ...schemaOf(codec.type as t.Mixed),
          ...(codec.name.startsWith('(') ? {} : { description: codec.name }),
        }
      : undefined,
  (codec) =>
    codec instanceof t.IntersectionType
      ? allOf((codec.types as readonly t.Mixed[]).map(schemaOf))
      : undefined,
  (codec) => (codec instanceof t.UnionType ? anyOf(codec.types as readonly t.Mixed[]) : undefined),
]

const CONVERTERS: readonly Convert[] = [...scalars, ...lists, ...objects, ...wrapped]

const mayBeAbsent = (codec: t.Mixed): boolean => E.isRight(codec.decode(undefined))

const objectOf = (props: t.Props, isOptional: (codec: t.Mixed) => boolean): JsonObject => {
  const required = Object.keys(props).filter((name) => !isOptional(props[name] ?? t.undefined))
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(props).map(([name, codec]) => [name, schemaOf(codec)])),
    ...(required.length === 0 ? {} : { required }),
  }
}

/** Objects that may have more members become one. */
const allOf = (parts: readonly JsonObject[]): JsonObject => {
  if (!parts.every((part) => part['type'] === 'object' && Object.keys(part).every((key) => PLAIN.has(key))))
    return { allOf: parts }
  const required = parts.flatMap((part) => (isList(part['required']) ? part['required'] : []))
  return {
    type: 'object',
    properties: Object.assign({}, ...parts.map((part) => part['properties'] ?? {})) as JsonObject,
    ...(required.length === 0 ? {} : { required }),
  }
}
const PLAIN: ReadonlySet<string> = new Set(['type', 'properties', 'required'])

/** What is absent is said by `required` of the object around it. */
const anyOf = (codecs: readonly t.Mixed[]): JsonObject => {
  const parts = codecs.filter((codec) => !(codec instanceof t.UndefinedType)).map(schemaOf)
  const [first = {}, second] = parts
  if (second === undefined) return first
  if (parts.every((part) => Object.hasOwn(part, 'const')))
    return { enum: parts.map((part) => part['const'] ?? null) }
  const isNullable = parts.length === 2 && second['type'] === 'null'
  if (isNullable && typeof first['type'] === 'string' && !Object.hasOwn(first, 'enum'))
    return { ...first, type: [first['type'], 'null'] }
  return { anyOf: parts }
}
