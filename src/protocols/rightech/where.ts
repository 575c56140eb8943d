import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Filter } from '../../documents/port.ts'

/** What the registry says about a path: how its values are read. `hidden`: nobody may ask for it. */
export type PathType = 'string' | 'id' | 'number' | 'boolean' | 'hidden' | 'any'
export type TypeAt = (path: string) => PathType

/** Whether a parameter's name is a condition: `where.…` or `where_…`. */
export const isWhere = (name: string): boolean => name.startsWith('where.') || name.startsWith('where_')

/**
 * A condition out of a parameter (rightech 2.5), in the query language of the documents. Only literal values and paths made of harmless
 * segments get into it. `undefined`: it holds for everything. Left: the path or the text cannot be read.
 */
export const readWhere = (
  name: string,
  value: string | undefined,
  typeAt: TypeAt,
): Either<'format', Filter | undefined> => {
  const negated = name.endsWith('!')
  const path = name.slice('where.'.length, negated ? -1 : undefined)
  return value === undefined || !isPath(path)
    ? E.left('format')
    : E.right(condition(path, negated, wanted(value, typeAt(path))))
}

/** At most eight harmless segments: what a condition or a sort key may name. */
export const isPath = (path: string): boolean => {
  const segments = path.split('.')
  return (
    segments.length <= SEGMENTS_MAX &&
    segments.every((segment) => SEGMENT.test(segment) && !FORBIDDEN.has(segment))
  )
}

/** Keys that no entity has (rightech 1.3). */
export const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Matches no document. */
export const NOTHING: Filter = { _id: { $in: [] } }

type Literal = string | number | boolean | null

const SEGMENT = /^[A-Za-z0-9_@:+-]+$/
const SEGMENTS_MAX = 8
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const condition = (path: string, negated: boolean, values: readonly Literal[]): Filter | undefined => {
  const [first] = values
  if (first === undefined) return negated ? undefined : NOTHING
  if (values.length === 1) return { [path]: negated ? { $ne: first } : { $eq: first } }
  return { [path]: negated ? { $nin: values } : { $in: values } }
}

/** Parts that cannot be read as the declared type match nothing: they are left out. */
const wanted = (value: string, type: PathType): readonly Literal[] =>
  splitOutsideQuotes(value).flatMap((part) => {
    const literal = readPart(part, type)
    return literal === undefined ? [] : [literal]
  })

const readPart = (part: string, type: PathType): Literal | undefined => {
  const quoted = part.length >= 2 && part.startsWith('"') && part.endsWith('"')
  if (!quoted && part === 'null') return null
  if (type === 'hidden') return undefined
  if (quoted) return part.slice(1, -1)
  return READERS[type](part)
}

const READERS: Readonly<Record<Exclude<PathType, 'hidden'>, (part: string) => Literal | undefined>> = {
  string: (part) => part,
  id: (part) => part.toLowerCase(),
  number: (part) => readNumber(part),
  boolean: (part) => readBoolean(part),
  any: (part) => readBoolean(part) ?? readNumber(part) ?? part,
}

const readBoolean = (part: string): boolean | undefined =>
  part === 'true' ? true : part === 'false' ? false : undefined

const readNumber = (part: string): number | undefined => {
  const number = NUMBER.test(part) ? Number(part) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

const splitOutsideQuotes = (value: string): readonly string[] => {
  if (!value.includes('"')) return value.split(',')
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let index = 0; index < value.length; index += 1) {
    const char = value[index]
    if (char === '"') quoted = !quoted
    if (char !== ',' || quoted) continue
    parts.push(value.slice(start, index))
    start = index + 1
  }
  return [...parts, value.slice(start)]
}
