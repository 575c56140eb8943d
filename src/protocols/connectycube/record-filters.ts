import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Filter } from '../../documents/port.ts'
import type { DataClass } from '../../domain/cc/class.ts'
import { isFieldName, own, type FieldType } from '../../domain/cc/field-types.ts'
import type { DataRecord } from '../../domain/cc/record.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { fieldErrors, RULES } from './answers.ts'
import { readLocation } from './field-values.ts'
import { translate, type Field, type Fields } from './filters.ts'
import { decimal, text } from './params.ts'

/** Names that are options of a list of records, never fields of a class (connectycube 6.4). */
export const RECORD_OPTIONS = ['sort_asc', 'sort_desc', 'skip', 'limit', 'count', 'output', 'group_by']

/** What records of a class are asked for by. */
export type Criteria = {
  readonly filter: Filter
  /** Distances are no matter for the documents: each record that they find has to pass too. */
  readonly near: readonly Near[]
  /** Nothing was asked that excludes any record. */
  readonly isEmpty: boolean
}
export type Near = {
  readonly field: string
  readonly center: readonly [longitude: number, latitude: number]
  readonly metres: number
}

export const readCriteria = (of: DataClass, params: JsonObject): Either<Answer, Criteria> => {
  const near: Near[] = []
  for (const [field, type] of Object.entries(of.fields)) {
    const asked = own(params, field)
    const circle = type === 'Location' && isObject(asked) ? own(asked, 'near') : undefined
    if (circle === undefined) continue
    const read = readNear(field, circle)
    if (read === undefined) return E.left(fieldErrors({ [field]: [RULES.invalid] }))
    near.push(read)
  }
  return E.map((filter: Filter) => ({ filter, near, isEmpty: isVacuous(filter) && near.length === 0 }))(
    translate(params, fieldsOf(of, Object.keys(params)), RECORD_OPTIONS),
  )
}

/** What can be filtered and sorted by: the fields of the class, and of one without a schema whatever is `named`. */
export const fieldsOf = (of: DataClass, named: readonly string[]): Fields => ({
  ...(of.schemaless
    ? Object.fromEntries(named.filter(isAsked).map((name) => [name, field(name, 'any', ['calc'])]))
    : {}),
  ...Object.fromEntries(
    Object.entries(of.fields).flatMap(([name, type]) => {
      const found = FIELDS[type](name)
      return found === undefined ? [] : [[name, found]]
    }),
  ),
  ...OWN_FIELDS,
})

export const isNear = (record: DataRecord, { field: name, center, metres }: Near): boolean => {
  const place = readLocation(own(record.fields, name) ?? null)
  return place !== undefined && distance(place, center) <= metres
}

/** A session's token may stand in a query too. */
const isAsked = (name: string): boolean => isFieldName(name) && name !== 'token'

const OWN_FIELDS: Fields = {
  _id: { type: 'id', path: '_id' },
  _parent_id: { type: 'id', path: 'parent' },
  user_id: { type: 'number', path: 'user' },
  created_at: { type: 'time', path: 'created' },
  updated_at: { type: 'time', path: 'updated' },
}

const field = (name: string, type: Field['type'], elsewhere: readonly string[] = []): Field => ({
  ...{ type, path: `f.${name}` },
  ...(elsewhere.length === 0 ? {} : { elsewhere }),
})

/** Files are not asked for. */
const FIELDS: { readonly [type in FieldType]: (name: string) => Field | undefined } = {
  Integer: (name) => field(name, 'number', ['calc']),
  Float: (name) => field(name, 'number', ['calc']),
  String: (name) => field(name, 'text'),
  Boolean: (name) => field(name, 'boolean'),
  Location: (name) => ({ ...field(name, 'any', ['near']), ops: [] }),
  Date: (name) => field(name, 'time'),
  File: () => undefined,
  'Integer[]': (name) => field(name, 'numbers'),
  'Float[]': (name) => field(name, 'numbers'),
  'String[]': (name) => field(name, 'list'),
  'Boolean[]': (name) => field(name, 'boolean'),
  Array: (name) => field(name, 'any'),
}

/** `lon,lat;metres` */
const readNear = (name: string, value: Json): Near | undefined => {
  const [place, radius, ...more] = (text(value) ?? '').split(';')
  const center = readLocation(place ?? null)
  const metres = decimal(radius?.trim())
  return center === undefined || metres === undefined || metres < 0 || more.length > 0
    ? undefined
    : { field: name, center, metres }
}

const EARTH_METRES = 6_371_008.8
const radians = (degrees: number): number => (degrees * Math.PI) / 180

/** Along a great circle, by haversines: exact for what is near too. */
const distance = (
  [fromLongitude, fromLatitude]: readonly [number, number],
  [toLongitude, toLatitude]: readonly [number, number],
): number => {
  const north = Math.sin(radians(toLatitude - fromLatitude) / 2)
  const east = Math.sin(radians(toLongitude - fromLongitude) / 2)
  const half = north * north + Math.cos(radians(fromLatitude)) * Math.cos(radians(toLatitude)) * east * east
  return 2 * EARTH_METRES * Math.asin(Math.min(1, Math.sqrt(half)))
}

/** `nin` of nothing is a condition that everything meets. */
const isVacuous = (filter: Filter): boolean =>
  Object.entries(filter).every(
    ([key, value]) =>
      key === '$and' && Array.isArray(value) && value.every((part) => isObject(part) && isVacuous(part)),
  )
