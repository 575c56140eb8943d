import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Filter, SortKey } from '../../documents/port.ts'
import type { Fields } from '../../domain/rejection.ts'
import { LIST_ENTITIES_MAX, LIST_SORT_KEYS_MAX, SEARCH_CHARACTERS_MAX } from '../../limits.ts'
import { fieldPaths } from './only.ts'
import { allOf, lastOf, readQuery } from './query.ts'
import type { Parameter } from './query.ts'
import { isPath, isWhere, NOTHING, readWhere } from './where.ts'
import type { TypeAt } from './where.ts'
import { readTime } from './window.ts'

/** What a client asks of a list (rightech 2), compiled. Whom it may see is not in here. */
export type Selectors = {
  readonly filter: Filter
  readonly skip: number
  /** `undefined`: no end. */
  readonly limit: number | undefined
  /** `undefined`: the store's own order. */
  readonly sort: readonly SortKey[] | undefined
  /** Paths to keep; `undefined`: everything. */
  readonly only: readonly string[] | undefined
  readonly meta: 'all' | 'count' | undefined
  readonly streamed: boolean
  readonly withChildGroups: boolean
}

export type Selectable = {
  readonly typeAt: TypeAt
  /** Paths that `search` looks into. */
  readonly search: readonly string[]
}

/** Compiles the raw query of a list; Left: every broken rule by the name of its parameter. Unknown parameters are ignored. */
export const readSelectors = (query: string, selectable: Selectable): Either<Fields, Selectors> => {
  if (query === '') return E.right(EVERYTHING)
  const parameters = readQuery(query)
  const broken: Broken[] = []
  const read = <A>(result: Either<Broken, A>, otherwise: A): A => {
    if (E.isRight(result)) return result.right
    broken.push(result.left)
    return otherwise
  }
  const is = (name: string): boolean => /^true$/i.test(lastOf(parameters, name)?.value ?? '')
  const unlimited = is('nolimit')
  const selectors: Selectors = {
    filter: allConditions([
      timeWindow(
        read(timeBound(parameters, 'from', 'begin'), undefined),
        read(timeBound(parameters, 'to', 'end'), undefined),
      ),
      read(search(lastOf(parameters, 'search'), selectable.search), undefined),
      ...parameters
        .filter(({ name }) => isWhere(name))
        .map((where) => read(condition(where, selectable.typeAt), undefined)),
    ]),
    skip: read(count(lastOf(parameters, 'offset')), undefined) ?? 0,
    limit: atMost(read(count(lastOf(parameters, 'limit')), undefined), unlimited),
    sort: read(
      sortKeys(lastOf(parameters, 'sortBy') ?? lastOf(parameters, 'sort'), selectable.typeAt),
      undefined,
    ),
    only: fieldPaths(allOf(parameters, 'only').flatMap(({ value }) => (value === undefined ? [] : [value]))),
    meta: read(meta(parameters), undefined),
    streamed: unlimited || is('streamed'),
    withChildGroups: is('withChildGroups'),
  }
  return broken.length === 0 ? E.right(selectors) : E.left(gathered(broken))
}

/** Joins conditions by AND; those that hold for everything are left out. */
export const allConditions = (filters: readonly (Filter | undefined)[]): Filter => {
  const real = filters.filter(
    (filter) => filter !== undefined && Object.keys(filter).length > 0,
  ) as readonly Filter[]
  return real.length > 1 ? { $and: real } : (real[0] ?? {})
}

type Broken = { readonly name: string; readonly rule: string }

const EVERYTHING: Selectors = {
  filter: {},
  skip: 0,
  limit: LIST_ENTITIES_MAX,
  sort: undefined,
  only: undefined,
  meta: undefined,
  streamed: false,
  withChildGroups: false,
}

const breaks = (name: string, rule: string): Either<Broken, never> => E.left({ name, rule })

const count = (parameter: Parameter | undefined): Either<Broken, number | undefined> => {
  if (parameter === undefined) return E.right(undefined)
  return /^\d+$/.test(parameter.value ?? '')
    ? E.right(Math.min(Number(parameter.value), Number.MAX_SAFE_INTEGER))
    : breaks(parameter.name, 'range')
}

const atMost = (limit: number | undefined, unlimited: boolean): number | undefined =>
  unlimited ? limit : Math.min(limit ?? LIST_ENTITIES_MAX, LIST_ENTITIES_MAX)

const meta = (parameters: readonly Parameter[]): Either<Broken, Selectors['meta']> => {
  const value = lastOf(parameters, 'meta')?.value?.toLowerCase()
  if (value === undefined || value === 'false') return E.right(undefined)
  if (value !== 'true' && value !== 'count') return breaks('meta', 'enum')
  const paged = lastOf(parameters, 'offset') !== undefined || lastOf(parameters, 'limit') !== undefined
  return paged ? breaks('meta', 'exclusive') : E.right(value === 'true' ? 'all' : 'count')
}

/** `synonym` only counts where `name` is not given. */
const timeBound = (
  parameters: readonly Parameter[],
  name: string,
  synonym: string,
): Either<Broken, number | undefined> => {
  const parameter = lastOf(parameters, name) ?? lastOf(parameters, synonym)
  if (parameter === undefined) return E.right(undefined)
  const time = readTime(parameter.value ?? '')
  return time === undefined ? breaks(parameter.name, 'format') : E.right(time)
}

const timeWindow = (from: number | undefined, to: number | undefined): Filter | undefined =>
  from === undefined && to === undefined
    ? undefined
    : { time: { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) } }

const search = (
  parameter: Parameter | undefined,
  paths: readonly string[],
): Either<Broken, Filter | undefined> => {
  if (parameter === undefined) return E.right(undefined)
  const { name, value } = parameter
  if (value === undefined) return breaks(name, 'format')
  if (value.length > SEARCH_CHARACTERS_MAX) return breaks(name, 'max')
  // A pattern ends at NUL for some servers.
  if (value.includes('\0')) return E.right(NOTHING)
  const pattern = { $regex: value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), $options: 'i' }
  return E.right({ $or: paths.map((path) => ({ [path]: pattern })) })
}

const condition = ({ name, value }: Parameter, typeAt: TypeAt): Either<Broken, Filter | undefined> =>
  E.mapLeft((rule: string) => ({ name, rule }))(readWhere(name, value, typeAt))

/** What is hidden is as absent in all, so it makes no order. */
const sortKeys = (
  parameter: Parameter | undefined,
  typeAt: TypeAt,
): Either<Broken, readonly SortKey[] | undefined> => {
  if (parameter === undefined) return E.right(undefined)
  const keys = (parameter.value ?? '').split(',').map((part): SortKey => {
    const key = part.trim()
    return key.startsWith('-') ? [key.slice(1), -1] : [key, 1]
  })
  if (keys.length > LIST_SORT_KEYS_MAX) return breaks(parameter.name, 'max')
  if (!keys.every(([path]) => isPath(path))) return breaks(parameter.name, 'format')
  const open = keys.filter(
    ([path], index) => typeAt(path) !== 'hidden' && keys.findIndex(([other]) => other === path) === index,
  )
  return E.right(open.length === 0 ? undefined : open)
}

const gathered = (broken: readonly Broken[]): Fields => {
  const fields = new Map<string, string[]>()
  for (const { name, rule } of broken) {
    const rules = fields.get(name) ?? []
    if (!rules.includes(rule)) rules.push(rule)
    fields.set(name, rules)
  }
  return Object.fromEntries(fields)
}
