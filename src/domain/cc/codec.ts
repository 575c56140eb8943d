import * as t from 'io-ts'
import type { Json } from '../../json.ts'
import { shaped } from '../codec-shape.ts'
import type { Fact } from '../decider.ts'

/** Any JSON; what it is asked about came out of a parser. */
export const JsonValue = shaped(
  new t.Type<Json>(
    'Json',
    (value): value is Json => value !== undefined,
    (value, context) => (value === undefined ? t.failure(value, context) : t.success(value as Json)),
    t.identity,
  ),
  { description: 'Any JSON' },
)

/** Sealed with its subject's key; null once that is destroyed (decisions 7). */
export const sealed = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])
export const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])

/** What of which events is sealed, and with whose key: rows of the seal table. */
export type Sealing = {
  readonly [eventType: string]: {
    readonly fields: readonly string[]
    readonly subject: (event: Pick<Fact, 'data'>, stream: string) => string | undefined
  }
}

export type EventTable = { readonly [type: string]: t.Mixed }

export type Events<Table extends EventTable> = {
  /** What a command decided. Members that are `undefined` are left out, as in the JSON that is stored. */
  readonly fact: <T extends keyof Table & string>(type: T, data: t.TypeOf<Table[T]>) => Fact
  /** The data of an event of a known type. Throws if it has another shape: such a history must stop its reader, not bend it. */
  readonly dataOf: <T extends keyof Table & string>(type: T, event: Pick<Fact, 'data'>) => t.TypeOf<Table[T]>
}

/** Makes and reads the events of a table, each checked by its codec. */
export const eventsOf = <Table extends EventTable>(table: Table): Events<Table> => ({
  fact: (type, data) => ({ type, data: data }),
  dataOf: (type, { data }) => {
    if (table[type]?.is(data) !== true) throw new TypeError(`Malformed data of ${type}`)
    return data
  },
})
