import type { Field, FieldTable, StoreDef } from '../../domain/stores/store-def.ts'
import type { Json, JsonObject } from '../../json.ts'

/** What the entities of a store are, as JSON Schema, out of its table of fields. */
export const entitySchema = (def: StoreDef): JsonObject => ({
  type: 'object',
  properties: {
    _id: ID,
    ...mapValues(shownFields(def), fieldSchema),
    ...SERVER_SCHEMAS,
  },
  required: ['_id'],
  description: 'Fields that are not named here are stored and shown as they came.',
})

/** What creates one: what is not the client's to set is not in it. */
export const createSchema = ({ fields }: StoreDef): JsonObject => {
  const own = Object.entries(fields).filter(([, field]) => field.readOnly === undefined)
  const required = own.flatMap(([name, field]) => (field.required ? [name] : []))
  return {
    type: 'object',
    properties: Object.fromEntries(own.map(([name, field]) => [name, fieldSchema(field)])),
    ...(required.length === 0 ? {} : { required }),
  }
}

/** What changes one: a member alone replaces that member, objects are merged. */
export const patchSchema = ({ fields }: StoreDef): JsonObject => ({
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) =>
      field.readOnly || field.immutable ? [] : [[name, fieldSchema(field)]],
    ),
  ),
})

export const ID: JsonObject = { type: 'string', pattern: '^[0-9A-Fa-f]{24}$' }
export const MS: JsonObject = { type: 'integer', description: 'Milliseconds since the Unix epoch' }

/** What every entity may have besides (rightech 1.3). */
const SERVER_SCHEMAS: JsonObject = {
  owner: ID,
  group: ID,
  access: { type: 'array', items: ID, description: 'Users who may see it, whatever their group' },
  branch: { type: 'array', items: ID, description: 'The groups from the root group down to its own' },
  time: { ...MS, description: 'When it was created, in milliseconds since the Unix epoch' },
  _at: { ...MS, description: 'When it was changed last, in milliseconds since the Unix epoch' },
  success: { const: true, description: 'Where the reply is one entity' },
}

const shownFields = ({ fields }: StoreDef): FieldTable =>
  Object.fromEntries(Object.entries(fields).filter(([, field]) => field.writeOnly === undefined))

const fieldSchema = (field: Field): JsonObject => {
  const { type, ...rules } = typeOf(field)
  const notes = notesOf(field)
  return {
    ...(type === undefined ? {} : { type: mayBeNull(field) ? nullable(type) : type }),
    ...rules,
    ...rulesOf(field),
    ...(field.readOnly ? { readOnly: true } : {}),
    ...(field.writeOnly ? { writeOnly: true } : {}),
    ...(notes.length === 0 ? {} : { description: notes.join('. ') }),
  }
}

const rulesOf = (field: Field): JsonObject => ({
  ...(field.pattern === undefined ? {} : { pattern: field.pattern.source }),
  ...(field.max === undefined ? {} : { maxLength: field.max }),
  ...(field.oneOf === undefined ? {} : { enum: enumOf(field, field.oneOf) }),
  ...(field.default !== undefined && 'literal' in field.default ? { default: field.default.literal } : {}),
})

/** Only what is neither required nor always filled can be null (rightech 4.6). */
const mayBeNull = ({ required, filled }: Field): boolean => required === undefined && filled === undefined
const nullable = (type: Json): Json => [type, 'null']
const enumOf = (field: Field, values: readonly string[]): readonly Json[] =>
  mayBeNull(field) ? [...values, null] : values

const typeOf = (field: Field): JsonObject => {
  switch (field.type) {
    case 'any':
      return {}
    case 'ref':
      return field.many ? { type: 'array', items: ID } : ID
    case 'list':
      return field.item === undefined
        ? { type: 'array' }
        : { type: 'array', items: fieldSchema({ ...field.item, filled: true }) }
    case 'object':
      return {
        type: 'object',
        ...(field.fields === undefined ? {} : membersOf(field.fields)),
        ...(field.values === undefined ? {} : { additionalProperties: fieldSchema(field.values) }),
      }
    default:
      return { type: field.type }
  }
}

const membersOf = (fields: FieldTable): JsonObject => {
  const required = Object.entries(fields).flatMap(([name, field]) => (field.required ? [name] : []))
  return {
    properties: mapValues(fields, fieldSchema),
    ...(required.length === 0 ? {} : { required }),
  }
}

const notesOf = (field: Field): readonly string[] => [
  ...(field.type === 'any' ? ['Any JSON'] : []),
  ...(field.type === 'ref' ? [`${field.many ? 'Ids' : 'Id'} of ${field.store}`] : []),
  ...(field.immutable ? ['Set once, when it is created'] : []),
  ...(field.secret ? ['A secret: shown as `***` or not at all'] : []),
  ...(field.unique ? ['Unique in the installation'] : []),
  ...(field.default === undefined || 'literal' in field.default ? [] : [defaultText(field.default)]),
]

const defaultText = (source: Exclude<NonNullable<Field['default']>, { literal: Json }>): string =>
  'slugOf' in source
    ? `Default: made from \`${source.slugOf}\``
    : `Default: ${source.random} random characters`

const mapValues = (fields: FieldTable, map: (field: Field) => JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, map(field)]))
