import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import type { Entry } from './catalog.ts'

/** The catalog as a page, not formatted yet. */
export const catalogPage = (entries: readonly Entry[]): string =>
  [
    '# Every event',
    'This page is made from the codecs of the events by `npm run events`; a test compares the two.',
    'Fields of an event are those of its `data`. Sealed ones are encrypted with the key of the subject, and read as null once that is destroyed. A field in italics may be absent. Times are milliseconds since the Unix epoch where nothing else is said. A decider is named where its `evolve` has the type; a projection where a handler of it has; a live feed where it tells clients.',
    ...[...new Set(entries.map(({ context }) => context))].flatMap((context) => [
      `## ${TITLES[context] ?? context}`,
      ...entries.filter((entry) => entry.context === context).map(entryText),
    ]),
  ].join('\n\n') + '\n'

const TITLES: { readonly [context: string]: string } = {
  stores: 'Stores',
  timelimit: 'TimeLimit',
  afrodite: 'Afrodite',
  cc: 'ConnectyCube',
  platform: 'Platform',
}

const entryText = (entry: Entry): string => {
  const { type, schema, streams, stored, readers } = entry
  const read = Object.entries(readers).filter(([, names]) => names.length > 0)
  const by = read.map(([kind, names]) => `${kind} ${names.map(code).join(', ')}`)
  return [
    `### ${type}`,
    `In ${streams.map(code).join(', ')}. Schema ${schema}.${sealedText(entry)}`,
    fieldsText(entry),
    `\`\`\`json\n${JSON.stringify(stored, undefined, 2)}\n\`\`\``,
    `Read by: ${by.length === 0 ? 'auditors alone' : by.join('; ')}.`,
  ].join('\n\n')
}

const code = (text: string): string => `\`${text}\``

const sealedText = ({ sealed, subjects }: Entry): string =>
  sealed.length === 0
    ? ''
    : ` Sealed: ${sealed.map(code).join(', ')}, for ${subjects.map(code).join(' or ')}.`

const fieldsText = ({ data, sealed }: Entry): string => {
  const rows = fieldsOf(data, '', false)
  if (rows.length === 0) return 'It has no fields.'
  const lines = rows.map(({ path, isOptional, type }) => {
    const isSealed = sealed.some((field) => path === field || path.startsWith(`${field}.`))
    return `| ${isOptional ? `_${code(path)}_` : code(path)} | ${type} | ${isSealed ? 'sealed' : ''} |`
  })
  return ['| field | type | |', '| --- | --- | --- |', ...lines].join('\n')
}

type Row = { readonly path: string; readonly isOptional: boolean; readonly type: string }

/** A field, and below it those of the object, or of the objects in the list, that it is. */
const fieldsOf = (schema: JsonObject, prefix: string, isOptional: boolean): readonly Row[] => {
  const { properties } = schema
  const required = isList(schema['required']) ? schema['required'] : []
  return Object.entries(isObject(properties) ? properties : {}).flatMap(([name, value]) => {
    const field = isObject(value) ? value : {}
    const path = `${prefix}${name}`
    const { items } = field
    const own = { path, isOptional: isOptional || !required.includes(name), type: typeText(field) }
    return [
      own,
      ...(isObject(items) ? fieldsOf(items, `${path}[].`, false) : fieldsOf(field, `${path}.`, false)),
    ]
  })
}

const typeText = (schema: JsonObject): string => {
  const { const: value, enum: values, anyOf, type } = schema
  if (value !== undefined) return code(JSON.stringify(value))
  if (isList(values)) return values.map((one) => code(JSON.stringify(one))).join(' or ')
  if (isList(anyOf)) return anyOf.map((one) => typeText(isObject(one) ? one : {})).join(' or ')
  if (isList(type)) return type.map((one) => typeText({ ...schema, type: one })).join(' or ')
  return ofType(schema, type)
}

const ofType = ({ items, additionalProperties }: JsonObject, type: Json | undefined): string => {
  if (type === 'array') return `list of ${isObject(items) ? typeText(items) : 'anything'}`
  if (type === 'object' && isObject(additionalProperties))
    return `object of ${typeText(additionalProperties)}`
  return typeof type === 'string' ? (NAMES[type] ?? type) : 'any JSON'
}

const NAMES: { readonly [type: string]: string } = { string: 'text', integer: 'whole number' }
