import { Context } from 'mingo/core'
import { $and, $nor, $not, $or } from 'mingo/operators/query/logical'
import { Query } from 'mingo/query'
import { equalJson, isObject, type Json, type JsonObject } from '../json.ts'
import { compareValues, isComparable, typeRank } from './order.ts'
import { candidates, pathOf, reach } from './paths.ts'
import type { Filter } from './port.ts'

export type Matches = (document: JsonObject) => boolean

/**
 * Compiles a filter. mingo takes the query apart; the comparisons are ours, because mingo's differ from MongoDB's where our
 * indexes would disagree: strings by UTF-16 units, `null` and `$exists` in arrays of objects, `$in` with a list a document.
 * A regular expression runs as it stands: whoever lets strangers write one has to bound it. Throws on an unknown operator, a wrong
 * operand or a bad expression.
 */
export const compileFilter = (filter: Filter): Matches => {
  if (Object.keys(filter).length === 0) return () => true
  const query = new Query(prepared(filter), OPTIONS)
  return (document) => query.test(document)
}

type Test = (value: Json | undefined) => boolean

/** True if what stands at the path, or an element of it, passes. */
const some = (path: string, test: Test): Matches => {
  const steps = pathOf(path)
  return (document) => candidates(document, steps).some(test)
}

const not =
  (matches: Matches): Matches =>
  (document) =>
    !matches(document)

const equals = (operand: Json): Test => {
  if (operand === null) return (value) => value === undefined || value === null
  if (typeof operand !== 'object') return (value) => value === operand
  return (value) => equalJson(value, operand)
}

const isOneOf = (operands: readonly Json[]): Test => {
  const plain = new Set<Json | undefined>(
    operands.filter((item) => typeof item !== 'object' || item === null),
  )
  if (plain.has(null)) plain.add(undefined)
  const deep = operands.filter((item) => typeof item === 'object' && item !== null)
  return (value) => plain.has(value) || deep.some((item) => equalJson(value, item))
}

/** Only values of the operand's type compare; `null` compares with nothing but itself. */
const compares =
  (accepts: (difference: number) => boolean) =>
  (path: string, operand: Json): Matches => {
    const rank = typeRank(operand)
    return isComparable(operand)
      ? some(path, (value) => typeRank(value) === rank && accepts(compareValues(value, operand)))
      : () => false
  }

/** True if an array (not its elements) stands at the path and passes. */
const someArray = (path: string, test: (array: readonly Json[]) => boolean): Matches => {
  const steps = pathOf(path)
  return (document) => {
    let found = false
    reach(document, steps, (value) => {
      found ||= Array.isArray(value) && test(value as readonly Json[])
    })
    return found
  }
}

const array = (operator: string, operand: Json): readonly Json[] => {
  if (!Array.isArray(operand)) throw new TypeError(`${operator} needs an array`)
  return operand as readonly Json[]
}

const pattern = (operand: unknown): RegExp => {
  if (operand instanceof RegExp) return operand
  if (typeof operand === 'string') return new RegExp(operand)
  throw new TypeError('$regex needs a string')
}

const elementMatches = (operand: Json): Test => {
  if (!isObject(operand)) throw new TypeError('$elemMatch needs an object')
  const keys = Object.keys(operand)
  const onElement = keys.length > 0 && keys.every((key) => key.startsWith('$') && !LOGICAL.has(key))
  const matches = compileFilter(onElement ? { element: operand } : operand)
  return (element) =>
    onElement ? matches({ element: element ?? null }) : isObject(element) && matches(element)
}

const LOGICAL: ReadonlySet<string> = new Set(['$and', '$or', '$nor'])

const OPERATORS: Readonly<Record<`$${string}`, (path: string, operand: Json) => Matches>> = {
  $eq: (path, operand) => some(path, equals(operand)),
  $ne: (path, operand) => not(some(path, equals(operand))),
  $in: (path, operand) => some(path, isOneOf(array('$in', operand))),
  $nin: (path, operand) => not(some(path, isOneOf(array('$nin', operand)))),
  $gt: compares((difference) => difference > 0),
  $gte: compares((difference) => difference >= 0),
  $lt: compares((difference) => difference < 0),
  $lte: compares((difference) => difference <= 0),
  $exists: (path, operand) => {
    const exists = some(path, (value) => value !== undefined)
    return operand === false || operand === 0 || operand === null ? not(exists) : exists
  },
  $regex: (path, operand) => {
    const expression = pattern(operand)
    return some(path, (value) => typeof value === 'string' && expression.test(value))
  },
  $elemMatch: (path, operand) => {
    const test = elementMatches(operand)
    return someArray(path, (items) => items.some(test))
  },
  $size: (path, operand) => someArray(path, (items) => items.length === operand),
}

/** mingo's own operators stay out, above all those that run code. */
const CONTEXT = Context.init()
  .addQueryOps({ $and, $or, $nor, $not })
  .addQueryOps(OPERATORS as unknown as Parameters<Context['addQueryOps']>[0])
const OPTIONS = { context: CONTEXT, scriptEnabled: false }

/** mingo would drop a key named `__proto__` and match everything; such a field counts as missing. */
const prepared = (filter: Filter): Filter =>
  Object.fromEntries(
    Object.entries(filter).map(([key, value]) => [
      key.split('.').includes('__proto__') ? `${key}\0` : key,
      LOGICAL.has(key) ? array(key, value).map(preparedPart) : checked(key, value),
    ]),
  )

const preparedPart = (part: Json): Json => {
  if (!isObject(part)) throw new TypeError('$and, $or and $nor join objects')
  return prepared(part)
}

/** Operators beside plain fields are a mistake that mingo may find late or never. */
const checked = (key: string, value: Json): Json => {
  if (!isObject(value)) return value
  const keys = Object.keys(value)
  const operators = keys.filter((name) => name.startsWith('$')).length
  if (operators > 0 && operators < keys.length) throw new TypeError(`${key} mixes operators with fields`)
  return value
}
