import { canonicalJson } from '../../canonical-json.ts'
import { equalJson, isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { own, type Fields } from './field-types.ts'

/** What an update does to one field (connectycube 6.5), values in the type of the field. */
export type Step =
  /** null clears. On a list, an object whose keys are all indexes replaces elements. */
  | { readonly op: 'set'; readonly field: string; readonly value: Json }
  | { readonly op: 'at'; readonly field: string; readonly value: JsonObject }
  | { readonly op: 'inc'; readonly field: string; readonly value: number; readonly whole?: true }
  | { readonly op: 'push' | 'add_to_set'; readonly field: string; readonly value: readonly Json[] }
  | { readonly op: 'pull' | 'pull_all'; readonly field: string; readonly value: readonly Json[] }
  | { readonly op: 'pull_matching'; readonly field: string; readonly value: readonly Condition[] }
  | { readonly op: 'pop'; readonly field: string; readonly value: 1 | -1 }

/** All conditions of a filter have to hold for an element. */
export type Condition = { readonly op: ConditionOp; readonly value: Json }
export const CONDITION_OPS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'or', 'nin', 'ctn'] as const
export type ConditionOp = (typeof CONDITION_OPS)[number]

export type Applied = {
  readonly fields: Fields
  /** Fields that hold something of another type than the operator works on. */
  readonly wrong: readonly string[]
}

/**
 * The fields after all steps, in the order of connectycube 6.5 whatever order they came in: plain fields, inc, push, add_to_set, pull,
 * pull_all, pop. A field that is absent or null is 0 to `inc` and an empty list to what adds to lists.
 */
export const applySteps = (fields: Fields, steps: readonly Step[]): Applied => {
  const now: { [field: string]: Json } = Object.fromEntries(Object.entries(fields))
  const wrong = new Set<string>()
  for (const step of [...steps].sort((a, b) => ORDER.indexOf(a.op) - ORDER.indexOf(b.op))) {
    const next = applyStep(own(now, step.field) ?? null, step)
    if (next === undefined) wrong.add(step.field)
    else now[step.field] = next
  }
  return { fields: now, wrong: [...wrong] }
}

/** `{"0": …, "2": …}` */
export const isByIndex = (value: Json): value is JsonObject => {
  const keys = isObject(value) ? Object.keys(value) : []
  return keys.length > 0 && keys.every((key) => /^\d{1,6}$/.test(key))
}

const ORDER: readonly Step['op'][] = [
  ...(['set', 'at', 'inc', 'push', 'add_to_set', 'pull', 'pull_matching', 'pull_all', 'pop'] as const),
]
/** Elements that an index may lie behind the end of its list: each of them becomes null. */
const GAP_MAX = 1_000

/** `undefined`: the value is of another type. What adds begins with nothing. */
const applyStep = (value: Json, step: Step): Json | undefined => {
  switch (step.op) {
    case 'set':
      return replaced(value, step.value)
    case 'inc':
      return added(value ?? 0, step)
    case 'at':
      return onList(value ?? [], (items) => atIndexes(items, step.value))
    case 'push':
    case 'add_to_set':
      return onList(value ?? [], (items) => ADDING[step.op](items, step.value))
    default:
      return onList(value, (items) => without(items, step))
  }
}

/** By index, where there is a list and the new value names indexes. */
const replaced = (value: Json, by: Json): Json | undefined =>
  isList(value) && isByIndex(by) ? atIndexes(value, by) : by

const ADDING = {
  push: (items: readonly Json[], more: readonly Json[]) => [...items, ...more],
  add_to_set: (items: readonly Json[], more: readonly Json[]) => {
    const known = keysOf(items)
    return [...items, ...more.filter((item) => adds(known, canonicalJson(item)))]
  },
}

type Removing = Extract<Step, { op: 'pull' | 'pull_all' | 'pull_matching' | 'pop' }>
const without = (items: readonly Json[], step: Removing): readonly Json[] => {
  if (step.op === 'pop') return step.value === 1 ? items.slice(0, -1) : items.slice(1)
  if (step.op === 'pull_matching') {
    const tests = step.value.map(({ op, value }) => CONDITIONS[op](value))
    return items.filter((item) => !tests.every((test) => test(item)))
  }
  return items.filter(not(isOneOf(step.value)))
}

const onList = (
  value: Json,
  change: (items: readonly Json[]) => readonly Json[] | undefined,
): Json | undefined => {
  // What takes away has nothing to do where nothing is.
  if (value === null) return null
  return isList(value) ? change(value) : undefined
}

const added = (value: Json, { value: by, whole }: Extract<Step, { op: 'inc' }>): Json | undefined => {
  if (typeof value !== 'number') return undefined
  const sum = value + by
  return (whole === true ? Number.isSafeInteger(sum) : Number.isFinite(sum)) ? sum : undefined
}

const atIndexes = (items: readonly Json[], elements: JsonObject): readonly Json[] | undefined => {
  const copy = [...items]
  for (const [key, element] of Object.entries(elements)) {
    const index = Number(key)
    if (index >= items.length + GAP_MAX) return undefined
    while (copy.length < index) copy.push(null)
    copy[index] = element
  }
  return copy
}

/** By these, lists of a whole record are met with lists of a whole request in time that grows with the sum of both. */
const keysOf = (items: readonly Json[]): Set<string> => new Set(items.map(canonicalJson))
const adds = (known: Set<string>, key: string): boolean => known.size < known.add(key).size

/** Of an element; what there is to know of the operand is found out once. */
type Test = (item: Json) => boolean

const not =
  (test: Test): Test =>
  (item) =>
    !test(item)
const isOneOf = (value: Json): Test => {
  const known = keysOf(isList(value) ? value : [])
  return (item) => known.has(canonicalJson(item))
}
const contains = (value: Json): Test => {
  const part = typeof value === 'string' ? value.toLowerCase() : undefined
  return (item) => typeof item === 'string' && part !== undefined && item.toLowerCase().includes(part)
}
const comparing =
  (accepts: (difference: number) => boolean) =>
  (value: Json): Test =>
  (item) => {
    const difference = compare(item, value)
    return difference !== undefined && accepts(difference)
  }

const CONDITIONS: { readonly [op in ConditionOp]: (value: Json) => Test } = {
  eq: (value) => (item) => equalJson(item, value),
  ne: (value) => (item) => !equalJson(item, value),
  gt: comparing((difference) => difference > 0),
  gte: comparing((difference) => difference >= 0),
  lt: comparing((difference) => difference < 0),
  lte: comparing((difference) => difference <= 0),
  in: isOneOf,
  or: isOneOf,
  nin: (value) => not(isOneOf(value)),
  ctn: contains,
}

/** Numbers as such, texts by code points (connectycube 2.10); nothing else compares. */
const compare = (a: Json, b: Json): number | undefined => {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return typeof a === 'string' && typeof b === 'string' ? compareTexts(a, b) : undefined
}

const compareTexts = (a: string, b: string): number => {
  let at = 0
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1
  // Between the halves of a pair it is the whole pairs that differ.
  const from = isFirstHalf(a.charCodeAt(at - 1)) ? at - 1 : at
  return (a.codePointAt(from) ?? -1) - (b.codePointAt(from) ?? -1)
}

const isFirstHalf = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
