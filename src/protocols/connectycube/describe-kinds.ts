import type { Json, JsonObject } from '../../json.ts'
import { jsonReply, schemaRef, type Reply } from '../../openapi/description.ts'
import { isReadable } from './filter-values.ts'
import { OPERATORS, type Field, type Fields } from './filters.ts'

export const TAG = 'connectycube'

/** What is said of a row, by its method and path. */
export type About = {
  readonly summary: string
  readonly description?: string
  /** Its parameters by name. The handler is given these and no others. */
  readonly takes?: Takes
  /** Those without which it is refused. */
  readonly needs?: readonly string[]
  /** What is taken besides, under names that the client chooses: the handler is given everything. */
  readonly others?: string
  /** How it reads a body by itself. */
  readonly body?: 'multipart/form-data'
  /** What it answers when all is well, by status. */
  readonly gives: { readonly [status: string]: Reply }
  /** Its own refusals, beside those of its level. */
  readonly refuses?: readonly (403 | 404 | 422)[]
}
export type Takes = { readonly [name: string]: JsonObject }
export type Abouts = { readonly [route: string]: About }

const SCALAR = ['string', 'number', 'boolean'] as const

/** A parameter may come as JSON or as text: what the readers of `params.ts` make of it. */
export const KINDS = {
  Text: { type: SCALAR, description: 'A scalar, as text' },
  Integer: { type: ['integer', 'string'], description: 'A whole number, as such or in digits' },
  Number: { type: ['number', 'string'], description: 'As such or in decimal' },
  Flag: { type: SCALAR, description: '1 and true, as such or as text; anything else is false' },
  List: {
    anyOf: [{ type: 'array', items: { type: SCALAR } }, { type: SCALAR }],
    description: 'A list, or its elements with commas between them; blanks around them do not count',
  },
  Moment: {
    type: ['number', 'string'],
    description:
      'Seconds since the Unix epoch, from 10^12 on milliseconds; ISO 8601, a day, or as JavaScript writes a date',
  },
} as const satisfies { readonly [name: string]: JsonObject }

const kind = (name: keyof typeof KINDS): JsonObject => schemaRef(TAG, name)
export const TEXT = kind('Text')
export const INTEGER = kind('Integer')
export const FLAG = kind('Flag')
export const LIST = kind('List')
export const MOMENT = kind('Moment')
export const ANYTHING: JsonObject = { description: 'Any JSON' }

/** Several of one kind. */
export const each = (names: readonly string[], schema: JsonObject): Takes =>
  Object.fromEntries(names.map((name) => [name, schema]))

export const within = (properties: Takes, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
})

/** Parameters of connectycube 2.10, by the table that translates them. */
export const filters = (fields: Fields): Takes =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, filterSchema(field)]))

const filterSchema = ({ type, ops = OPERATORS, elsewhere = [] }: Field): JsonObject => ({
  type: [...SCALAR, 'array', 'object'],
  propertyNames: { enum: [...ops.filter((op) => isReadable(type, op)), ...elsewhere] },
  description: `Its value, or \`[operator]=value\`; compared as ${COMPARED[type]}.`,
})

const COMPARED: { readonly [type in Field['type']]: string } = {
  ...{ number: 'a number', text: 'text', id: 'an id', boolean: 'a flag' },
  ...{ time: 'a point in time, by the second', seconds: 'a point in time, by the second' },
  ...{ list: 'a list of texts', numbers: 'a list of numbers', any: 'what it is' },
}

export const sorts = (fields: Fields): Takes =>
  each(['sort_asc', 'sort_desc'], { type: 'string', enum: Object.keys(fields) })

export const SKIP_PAGES: Takes = each(['skip', 'limit'], INTEGER)
export const OFFSET_PAGES: Takes = each(['offset', 'limit'], INTEGER)
export const PAGES: Takes = each(['page', 'per_page'], INTEGER)
/** Only the number of matches. */
export const COUNT: Takes = { count: FLAG }

export const gives = (schema: JsonObject, description = 'Done'): Reply => jsonReply(description, schema)
/** A body in another type. */
export const givesText = (type: string, description: string): Reply => ({
  description,
  content: { [type]: STRING },
})
/** Where the SDK reads text (connectycube 2.7). */
export const NOTHING: Reply = { description: 'Done; the body is empty.' }

export const object = (members: Takes, optional: Takes = {}): JsonObject => ({
  type: 'object',
  properties: { ...members, ...optional },
  required: Object.keys(members),
  additionalProperties: false,
})
export const listOf = (items: JsonObject): JsonObject => ({ type: 'array', items })
export const orNull = (schema: JsonObject): JsonObject =>
  typeof schema['type'] === 'string'
    ? { ...schema, type: [schema['type'], 'null'] }
    : { anyOf: [schema, { type: 'null' }] }
/** Members by names that nobody knows before. */
export const mapOf = (schema: JsonObject): JsonObject => ({ type: 'object', additionalProperties: schema })
export const oneOf = (...values: readonly Json[]): JsonObject => ({ enum: values })
export const either = (...schemas: readonly JsonObject[]): JsonObject => ({ anyOf: schemas })

export const STRING: JsonObject = { type: 'string' }
export const WHOLE: JsonObject = { type: 'integer' }
export const BOOLEAN: JsonObject = { type: 'boolean' }
/** 24 hexadecimal digits. */
export const ID: JsonObject = { type: 'string', pattern: '^[0-9a-f]{24}$' }
/** To the second, UTC (connectycube 2.8). */
export const TIME: JsonObject = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' }
