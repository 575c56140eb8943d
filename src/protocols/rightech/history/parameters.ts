import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Fields } from '../../../domain/rejection.ts'
import { HISTORY_SELECTOR_CHARACTERS_MAX } from '../../../limits.ts'
import { readPairs } from '../query.ts'
import { readTime } from '../window.ts'

/** Left: the rule that the text breaks. */
export type Reads<A> = (text: string) => Either<string, A>

/**
 * The parameters of a query, each at most once, by their names and how they are read. Left: every broken rule by the name of its parameter.
 * An auditor who mistypes a name must not take everything for what he selected, so an unknown or an empty one is refused too.
 */
export const readParameters = <A extends object>(
  query: string,
  readers: { readonly [name in keyof A]-?: Reads<NonNullable<A[name]>> },
): Either<Fields, Partial<A>> => {
  const values: Partial<A> = {}
  const broken = new Map<string, readonly string[]>()
  const given = new Set<string>()
  for (const { name, value } of query.split('&').filter(isSome).flatMap(pairOf)) {
    const read = isKey(name, readers) ? readOne(name, value, readers, given) : E.left('unknown')
    if (E.isLeft(read)) broken.set(name.slice(0, NAME_CHARACTERS_MAX), [read.left])
    else Object.assign(values, { [name]: read.right })
    given.add(name)
  }
  return broken.size === 0 ? E.right(values) : E.left(Object.fromEntries(broken))
}

export const text: Reads<string> = (value) =>
  value.length > HISTORY_SELECTOR_CHARACTERS_MAX ? E.left('max') : E.right(value)

/** Milliseconds, or ISO 8601. */
export const time: Reads<number> = (value) => {
  const read = readTime(value)
  return read === undefined || Number.isNaN(read) ? E.left('format') : E.right(read)
}

export const position: Reads<bigint> = (value) => {
  if (!/^\d{1,19}$/.test(value)) return E.left('format')
  const read = BigInt(value)
  return read > POSITION_MAX ? E.left('range') : E.right(read)
}

export const count =
  (least: number, most: number): Reads<number> =>
  (value) => {
    if (!/^\d{1,15}$/.test(value)) return E.left('format')
    const read = Number(value)
    return read < least || read > most ? E.left('range') : E.right(read)
  }

export const oneOf =
  <const A extends string>(...allowed: readonly A[]): Reads<A> =>
  (value) => {
    const found = allowed.find((one) => one === value)
    return found === undefined ? E.left('enum') : E.right(found)
  }

const POSITION_MAX = 2n ** 63n - 1n
/** Of a name that is said back. */
const NAME_CHARACTERS_MAX = 40

const isSome = (pair: string): boolean => pair !== ''

/** A parameter without `=` has no value. */
const pairOf = (pair: string): ReturnType<typeof readPairs> => {
  const [read] = readPairs(pair)
  return [read ?? { name: pair, value: undefined }]
}

const isKey = <A extends object>(name: string, readers: A): name is Extract<keyof A, string> =>
  Object.hasOwn(readers, name)

const readOne = <A extends object, K extends Extract<keyof A, string>>(
  name: K,
  value: string | undefined,
  readers: { readonly [name in keyof A]-?: Reads<NonNullable<A[name]>> },
  given: ReadonlySet<string>,
): Either<string, NonNullable<A[K]>> => {
  if (given.has(name)) return E.left('repeated')
  return value === undefined || value === '' ? E.left('format') : readers[name](value)
}
