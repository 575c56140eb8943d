import { elementType, type FieldType } from '../../domain/cc/field-types.ts'
import { isList, type Json } from '../../json.ts'
import { decimal, isoSeconds, text, time, truthy } from './params.ts'

/**
 * A value of a field as it is kept, out of what a client sent (connectycube 6.1); `undefined`: it cannot be converted. null clears any field.
 * Files come another way.
 */
export const readValue = (type: FieldType, value: Json): Json | undefined => {
  if (value === null) return null
  const element = elementType(type)
  return element === undefined ? READERS[type]?.(value) : readList(value, element)
}

/** The elements of a list field that an operator brings: a scalar is one of them. */
export const readElements = (type: FieldType, value: Json): readonly Json[] | undefined =>
  allOf(isList(value) ? value : [value], elementType(type) ?? 'any')

/** A value as it is shown: in the type that its field has now, null if it was kept in another one and cannot be converted. */
export const showValue = (type: FieldType | undefined, value: Json): Json => {
  if (type === undefined || value === null) return value
  if (type === 'Date') return showDate(typeof value === 'number' ? value : wholeSecond(value))
  return readValue(type, value) ?? null
}

/** `lon,lat` or a list of both; within the earth. */
export const readLocation = (value: Json): readonly [number, number] | undefined => {
  const parts = typeof value === 'string' ? value.split(',') : isList(value) ? value : []
  const [longitude, latitude] = parts.map(decimal)
  if (parts.length !== 2 || longitude === undefined || latitude === undefined) return undefined
  return Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90 ? [longitude, latitude] : undefined
}

type Element = NonNullable<ReturnType<typeof elementType>>
const whole = (value: Json): number | undefined => {
  const number = typeof value === 'boolean' ? undefined : decimal(value)
  const integer = number === undefined ? undefined : Math.trunc(number) + 0
  return Number.isSafeInteger(integer) ? integer : undefined
}

/** Compared and shown in whole seconds (connectycube 2.8). */
const wholeSecond = (value: Json): number | undefined => {
  const ms = time(value)
  return typeof ms === 'number' ? Math.floor(ms / SECOND_MS) * SECOND_MS : undefined
}

const SECOND_MS = 1_000
/** What a `Date` of JavaScript can hold. */
const MS_MAX = 8.64e15

const showDate = (ms: number | undefined): string | null =>
  ms === undefined || Math.abs(ms) > MS_MAX ? null : isoSeconds(ms)

const READERS: { readonly [type in FieldType | Element]?: (value: Json) => Json | undefined } = {
  Integer: whole,
  Float: (value) => decimal(value),
  String: (value) => text(value),
  Boolean: (value) => (text(value) === undefined ? undefined : truthy(value)),
  Location: (value) => readLocation(value),
  Date: wholeSecond,
  any: (value) => (text(value) === undefined ? undefined : value),
}

/** A list, or text with commas. */
const readList = (value: Json, element: Element): readonly Json[] | undefined => {
  if (isList(value)) return allOf(value, element)
  const joined = text(value)
  if (joined === undefined) return undefined
  return allOf(joined.trim() === '' ? [] : joined.split(',').map((item) => item.trim()), element)
}

const allOf = (items: readonly Json[], element: Element): readonly Json[] | undefined => {
  const read = items.map((item) => (item === null ? null : READERS[element]?.(item)))
  const known = read.filter((item) => item !== undefined)
  return known.length === read.length ? known : undefined
}
