import { CONTEXTS, EVENT_TYPES, type Context } from '../../src/domain/event-types.ts'
import { STORES } from '../../src/domain/stores/registry.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import { schemaOf } from '../../src/openapi/schema.ts'
import { SEALED } from '../../src/stores.ts'
import { exampleOf, sealedExample } from './example.ts'
import { readersOf, type Readers } from './readers.ts'
import { STREAM_KINDS } from './streams.ts'

/** What is to be known of a type of event. */
export type Entry = {
  readonly type: string
  readonly context: Context
  readonly schema: number
  readonly streams: readonly string[]
  /** JSON Schema of the data, sealed fields opened. */
  readonly data: JsonObject
  readonly sealed: readonly string[]
  /** Whose keys seal them. */
  readonly subjects: readonly string[]
  /** Data that the codec takes. */
  readonly opened: JsonObject
  /** The same as it is stored. */
  readonly stored: JsonObject
  readonly readers: Readers
}

/** Every type that this version writes, context by context. */
export const eventCatalog = (): readonly Entry[] => {
  const opened = [...EVENT_TYPES].map(([type, { codec }]) => ({
    type,
    data: openedExample(type, schemaOf(codec)),
  }))
  const known = new Map(opened.map((fact) => [fact.type, fact]))
  return CONTEXTS.flatMap((context) =>
    [...EVENT_TYPES].flatMap(([type, event]): Entry[] => {
      const example = known.get(type)
      if (event.context !== context || example === undefined) return []
      const kinds = STREAM_KINDS.filter(({ types }) => types.includes(type))
      const streams = kinds.map(({ name }) => name)
      const sealed = SEALED[type]?.fields ?? []
      const stored = eventOf(type, example.data, streams[0] ?? '')
      return [
        {
          ...{ type, context, schema: event.schema, streams, sealed },
          data: schemaOf(event.codec),
          subjects: subjectsOf(type, example.data, streams),
          opened: example.data,
          stored: sealed.reduce(
            (data, field) =>
              data[field] === undefined ? data : { ...data, [field]: sealedExample(`${type} ${field}`) },
            example.data,
          ),
          readers: readersOf(stored, kinds, opened),
        },
      ]
    }),
  )
}

const openedExample = (type: string, schema: JsonObject): JsonObject => {
  const example = exampleOf(schema)
  if (!isObject(example)) throw new TypeError(`the data of ${type} are no object`)
  return example
}

const eventOf = (type: string, data: JsonObject, stream: string, more: JsonObject = {}): StoredEvent => ({
  ...{ id: '', type, stream, revision: 0n, position: 1n },
  data,
  meta: {
    ...{ at: 0, actor: '', commandId: '', correlationId: '', schema: 1 },
    scope: { store: 'objects', owner: '<owner>', group: '<group>', branch: ['<group>'], access: [], ...more },
    subject: '<subject of who asked>',
  },
})

/** By asking the table of what is sealed, for an entity of every store. */
const subjectsOf = (type: string, data: JsonObject, streams: readonly string[]): readonly string[] => {
  const rule = SEALED[type]
  if (rule === undefined) return []
  const stores = data['store'] === undefined ? [''] : Object.keys(STORES)
  const named = Object.fromEntries(
    ['id', 'user'].flatMap((name) => (typeof data[name] !== 'string' ? [] : [[name, `<${name}>`]])),
  )
  const found = stores.flatMap((store) => {
    const event = eventOf(type, { ...data, ...named, ...(store === '' ? {} : { store }) }, streams[0] ?? '')
    return rule.subject(event, streams[0] ?? '') ?? []
  })
  return [...new Set(found)]
}
