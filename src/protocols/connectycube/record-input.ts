import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { DataClass } from '../../domain/cc/class.ts'
import { elementType, isFieldName, own, type FieldType } from '../../domain/cc/field-types.ts'
import { RECORD_ACTIONS } from '../../domain/cc/permissions.ts'
import {
  CONDITION_OPS,
  isByIndex,
  type Condition,
  type ConditionOp,
  type Step,
} from '../../domain/cc/record-operators.ts'
import type { Change } from '../../domain/cc/record.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { fieldErrors, RULES } from './answers.ts'
import { readElements, readValue } from './field-values.ts'
import { listed, type OfKeyed } from './forms.ts'
import { decimal, integer, list, text } from './params.ts'
import { readRules } from './record-rules.ts'

/**
 * What a client wants of a record, in the types of its class (connectycube 6.3, 6.5). Fields that the class does not have are left out; 422
 * by field for what cannot be converted, and for an operator on a field of a type that it does not work on; by operator for one that names none.
 */
export const readChange = (of: DataClass, body: JsonObject): Either<Answer, Change> => {
  const permissions = readRules(body['permissions'], RECORD_ACTIONS, false)
  if (E.isLeft(permissions)) return permissions
  const parent = parentOf(body['_parent_id'])
  const { steps, files, broken } = stepsOf(of, body)
  if (E.isLeft(parent) || Object.keys(broken).length > 0)
    return E.left(fieldErrors({ ...broken, ...(E.isLeft(parent) ? parent.left : {}) }))
  return E.right({
    ...{ steps, permissions: permissions.right },
    ...(Object.keys(files).length === 0 ? {} : { files }),
    ...(parent.right === undefined ? {} : { parent: parent.right }),
  })
}

/** A new record takes no operators: everything starts from nothing. */
export const readDraft = (of: DataClass, body: JsonObject): Either<Answer, Change> => {
  const plain = Object.entries(body).filter(([name]) => !OPERATORS.has(name))
  return E.map(({ files: _none, ...change }: Change) => change)(readChange(of, Object.fromEntries(plain)))
}

/** `{record: {"1": …, "2": …}}`: in order of the numbers, wherever they begin; the brackets of forms make a list of it. */
export const readMany = (body: JsonObject): readonly JsonObject[] | undefined => {
  const record = body['record']
  if (isList(record)) return record.every(isObject) ? record.filter(isObject) : undefined
  if (!isObject(record)) return undefined
  const keys = Object.keys(record).sort((a, b) => Number(a) - Number(b))
  const all = keys.map((key) => record[key])
  return keys.every((key) => /^\d{1,9}$/.test(key)) && all.every(isObject) ? all.filter(isObject) : undefined
}

/** In a form of an update `tags[2]=x` is an element by its index; the operands of all other operators are lists. */
export const byIndexes: OfKeyed = (form) =>
  changed(form, (name, value) => {
    if (name === 'record' && isObject(value))
      return changed(value, (_, one) => (isObject(one) ? byIndexes(one) : one))
    return name === 'update_by_index' || (!isOption(name) && isByIndex(value)) ? value : listed(value)
  })

const changed = (object: JsonObject, change: (name: string, value: Json) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(name, value)]))

const isOption = (name: string): boolean =>
  OPERATORS.has(name) || name === 'permissions' || name === 'search_criteria'

/** 24 hexadecimal digits in lower case. */
export const recordId = (value: Json | undefined): string | undefined => {
  const id = text(value)?.trim().toLowerCase()
  return id !== undefined && /^[0-9a-f]{24}$/.test(id) ? id : undefined
}

type Op =
  'set' | 'inc' | 'push' | 'add_to_set' | 'pull' | 'pull_with_filter' | 'pull_all' | 'pop' | 'update_by_index'
type Asked = { readonly op: Op; readonly field: string; readonly value: Json }
/** `free`: a field of a class without a schema that it did not declare. */
type Type = FieldType | 'free'

/** Keys of an update that are no fields (connectycube 6.5). */
export const OPERATORS: ReadonlyMap<string, Op> = new Map(
  (
    ['inc', 'push', 'add_to_set', 'pull', 'pull_with_filter', 'pull_all', 'pop', 'update_by_index'] as const
  ).map((op) => [op, op]),
)

type Broken = { readonly [field: string]: readonly string[] }

const parentOf = (value: Json | undefined): Either<Broken, string | null | undefined> => {
  if (value === undefined || value === null) return E.right(value)
  const id = recordId(value)
  return id === undefined ? E.left({ _parent_id: [RULES.invalid] }) : E.right(id)
}

type Steps = {
  readonly steps: readonly Step[]
  /** A file comes another way, but goes like any value. */
  readonly files: { readonly [field: string]: null }
  readonly broken: Broken
}

const stepsOf = (of: DataClass, body: JsonObject): Steps => {
  const steps: Step[] = []
  const files: { [field: string]: null } = {}
  const broken: { [field: string]: readonly string[] } = fieldless(body)
  for (const { op, field, value } of askedIn(of, body)) {
    const type = own(of.fields, field) ?? 'free'
    const step = READERS[op](type, field, value)
    if (type === 'File' && op === 'set' && value === null) files[field] = null
    else if (step === undefined) broken[field] = [RULES.invalid]
    else steps.push(step)
  }
  return { steps, files, broken }
}

/** Operators that name no field to work on: passed over, they would have an update answered that was not made. */
const fieldless = (body: JsonObject): Broken =>
  Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) =>
      OPERATORS.has(name) && value !== null && !isObject(value) ? [[name, [RULES.invalid]]] : [],
    ),
  )

/** What is no option of the call and no field of the class is dropped silently. */
const askedIn = (of: DataClass, body: JsonObject): readonly Asked[] =>
  Object.entries(body)
    .flatMap(([name, value]): readonly Asked[] => {
      const op = OPERATORS.get(name)
      if (op === undefined) return [{ op: 'set', field: name, value }]
      return isObject(value)
        ? Object.entries(value).map(([field, operand]) => ({ op, field, value: operand }))
        : []
    })
    .filter(({ field }) => own(of.fields, field) !== undefined || (of.schemaless && isFieldName(field)))

type ReadStep = (type: Type, field: string, value: Json) => Step | undefined

const isListType = (type: Type): boolean => type === 'free' || elementType(type) !== undefined

const set: ReadStep = (type, field, value) => {
  if (type === 'free') return { op: 'set', field, value }
  if (elementType(type) !== undefined && isByIndex(value)) return byIndex(type, field, value)
  // The two of a location, in a form.
  const read = readValue(type, isByIndex(value) ? Object.values(value) : value)
  return read === undefined ? undefined : { op: 'set', field, value: read }
}

const byIndex: ReadStep = (type, field, value) => {
  if (!isListType(type) || !isByIndex(value)) return undefined
  const keys = Object.keys(value)
  const read = elements(type, Object.values(value))
  return (
    read && { op: 'at', field, value: Object.fromEntries(keys.map((key, at) => [key, read[at] ?? null])) }
  )
}

const inc: ReadStep = (type, field, value) => {
  const by = typeof value === 'boolean' ? undefined : decimal(value)
  if (by === undefined) return undefined
  if (type === 'Integer') return { op: 'inc', field, value: Math.trunc(by), whole: true }
  return type === 'Float' || type === 'free' ? { op: 'inc', field, value: by } : undefined
}

const elements = (type: Type, value: Json): readonly Json[] | undefined => {
  if (type === 'free') return isList(value) ? value : [value]
  return isListType(type) ? readElements(type, value) : undefined
}

const withElements =
  (op: 'push' | 'add_to_set' | 'pull' | 'pull_all'): ReadStep =>
  (type, field, value) => {
    const read = elements(type, value)
    return read && { op, field, value: read }
  }

const pullMatching: ReadStep = (type, field, value) => {
  if (!isListType(type) || !isObject(value) || Object.keys(value).length === 0) return undefined
  const read = Object.entries(value).map(([op, operand]) => condition(type, op, operand))
  const known = read.filter((one) => one !== undefined)
  return known.length === read.length ? { op: 'pull_matching', field, value: known } : undefined
}

const condition = (type: Type, op: string, operand: Json): Condition | undefined => {
  if (!isConditionOp(op)) return undefined
  if (op === 'ctn') return textCondition(operand)
  const isMany = MANY.has(op)
  const read = elements(type, isMany && !isList(operand) ? list(operand) : operand)
  if (read === undefined || isMany) return read && { op, value: read }
  return read.length === 1 ? { op, value: read[0] ?? null } : undefined
}

const MANY: ReadonlySet<ConditionOp> = new Set(['in', 'nin', 'or'])

const textCondition = (operand: Json): Condition | undefined => {
  const part = text(operand)
  return part === undefined ? undefined : { op: 'ctn', value: part }
}

const isConditionOp = (op: string): op is ConditionOp => (CONDITION_OPS as readonly string[]).includes(op)

const READERS: { readonly [op in Op]: ReadStep } = {
  set,
  inc,
  push: withElements('push'),
  add_to_set: withElements('add_to_set'),
  pull: (type, field, value) =>
    isObject(value) ? pullMatching(type, field, value) : withElements('pull')(type, field, value),
  pull_with_filter: pullMatching,
  pull_all: (type, field, value) =>
    withElements('pull_all')(type, field, typeof value === 'string' ? list(value) : value),
  pop: (type, field, value) => {
    const end = integer(value)
    return isListType(type) && (end === 1 || end === -1) ? { op: 'pop', field, value: end } : undefined
  },
  update_by_index: byIndex,
}
