import type { Filter } from '../../documents/port.ts'
import { folded } from '../../domain/cc/user.ts'
import type { Json } from '../../json.ts'
import { decimal, text, time, truthy } from './params.ts'

/**
 * What a document holds at a field's path: `time` in milliseconds, `seconds` in seconds, `id` and `text` as text, `list` a list of
 * texts, `numbers` a list of numbers, `any` whatever JSON came first.
 */
export type FieldType = 'number' | 'text' | 'time' | 'seconds' | 'id' | 'list' | 'numbers' | 'boolean' | 'any'

export type Comparison = 'gt' | 'gte' | 'lt' | 'lte'

/** A value that was read by the type of its field. */
export type Operand = {
  readonly isNull: boolean
  readonly equals: (path: string) => Filter
  readonly compare: (path: string, op: Comparison) => Filter
}

export const isComparison = (op: string): op is Comparison => COMPARISONS.has(op)

/** Whether an operator means anything for that type. */
export const isReadable = (type: FieldType, op: string): boolean => {
  if (op === 'ctn' || op === 'start_with') return TEXTS.has(type)
  return type !== 'boolean' || !COMPARISONS.has(op)
}

/** `undefined`: the value is none of that type. The SDK writes null into a query as `null`: where that could be a text, it is one. */
export const valueReader =
  (type: FieldType, fold: boolean) =>
  (value: Json): Operand | undefined => {
    if (value === null || (value === 'null' && !WORDED.has(type))) return NULL
    const operand = READERS[type](value)
    return operand === undefined || !fold ? operand : plain(folded(text(value) ?? ''))
  }

const TEXTS: ReadonlySet<FieldType> = new Set(['text', 'id', 'list', 'any'])
const WORDED: ReadonlySet<FieldType> = new Set(['text', 'list', 'any'])
const COMPARISONS: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte'])

const SECOND_MS = 1_000

/** A value as it stands in the document. */
const plain = (value: string | number | boolean): Operand => ({
  isNull: false,
  equals: (path) => ({ [path]: value }),
  compare: (path, op) => ({ [path]: { [`$${op}`]: value } }),
})

const NULL: Operand = { ...plain(0), isNull: true, equals: (path) => ({ [path]: null }) }

const textual = (value: Json): Operand | undefined => {
  const read = text(value)
  return read === undefined ? undefined : plain(read)
}

const numeric = (value: Json): Operand | undefined => {
  const read = decimal(value)
  return read === undefined ? undefined : plain(read)
}

/** Times are kept and compared in whole seconds (connectycube 2.8); the document has the milliseconds. */
const moment = (value: Json): Operand | undefined => {
  const ms = time(value)
  if (ms === undefined || ms === 'invalid') return undefined
  const from = Math.floor(ms / SECOND_MS) * SECOND_MS
  const to = from + SECOND_MS
  return {
    isNull: false,
    equals: (path) => ({ [path]: { $gte: from, $lt: to } }),
    compare: (path, op) => ({
      [path]: { gt: { $gte: to }, gte: { $gte: from }, lt: { $lt: from }, lte: { $lt: to } }[op],
    }),
  }
}

const wholeSeconds = (value: Json): Operand | undefined => {
  const ms = time(value)
  return ms === undefined || ms === 'invalid' ? undefined : plain(Math.floor(ms / SECOND_MS))
}

/** Of a query nobody can tell whether `5` is meant as a text: then it is either. */
const either = (value: Json): Operand | undefined => {
  const read = text(value)
  if (read === undefined) return undefined
  if (typeof value !== 'string') return plain(typeof value === 'number' ? value : value === true)
  const number = decimal(read)
  const flag = read === 'true' ? true : read === 'false' ? false : undefined
  const values = [read, number, flag].filter((one) => one !== undefined)
  return {
    isNull: false,
    equals: (path) => ({ $or: values.map((one) => ({ [path]: one })) }),
    compare: plain(number ?? read).compare,
  }
}

const READERS: Readonly<Record<FieldType, (value: Json) => Operand | undefined>> = {
  number: numeric,
  numbers: numeric,
  text: textual,
  id: textual,
  list: textual,
  time: moment,
  seconds: wholeSeconds,
  boolean: (value) => (text(value) === undefined ? undefined : plain(truthy(value))),
  any: either,
}
