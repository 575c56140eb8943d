import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Filter, SortKey } from '../../documents/port.ts'
import { folded } from '../../domain/cc/user.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, type Json, type JsonObject } from '../../json.ts'
import { LAST_REQUEST_AT, pageOfUsers, type Active } from '../../queries/cc/users-page.ts'
import { baseError, fieldErrors, json, RULES } from './answers.ts'
import type { Endpoint } from './endpoint.ts'
import { operationsOf, translate, type Field, type Fields, type Operator } from './filters.ts'
import { list, paging, text, time } from './params.ts'

/** Connectycube 4.3. */
export const USERS_V2_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/users/v2',
    level: 'app',
    serve: async ({ reader, vault }, { caller: { app }, params }) => {
      const question = questionOf(params)
      if (E.isLeft(question)) return question.left
      const { filter, active, isStart } = question.right
      const asked = paging(params, { kind: 'offset', default: 100, max: 100 })
      const limit = isStart ? START_LIMIT : asked.limit
      const found = await pageOfUsers(
        { reader, vault },
        { app, filter, active, sort: sortOf(params), skip: asked.skip, limit },
      )
      return json(200, { limit, skip: asked.skip, total_entries: found.total, items: found.users })
    },
  },
]

const START_LIMIT = 5
const START_CHARACTERS_MIN = 4

const PRIMARY: readonly Operator[] = ['eq', 'in', 'start_with']
const STAND_ALONE: readonly Operator[] = [...PRIMARY, 'nin']
const ADDITIONAL: readonly Operator[] = ['eq', 'in', 'gt', 'gte', 'lt', 'lte']

const named = (path: string, more: Partial<Field> = {}): Field => ({
  ...{ type: 'text', path, ops: STAND_ALONE },
  ...more,
})

const FIELDS: Fields = {
  id: named('id', { type: 'number', ops: ['eq', 'in', 'nin'] }),
  login: named('loginLc', { fold: true }),
  email: named('emailLc', { fold: true }),
  full_name: named('fullName'),
  phone: named('phone'),
  external_id: named('externalId'),
  facebook_id: named('facebookId'),
  twitter_id: named('twitterId'),
  user_tags: named('tags', { type: 'list' }),
  created_at: { type: 'time', path: 'createdAt', ops: ADDITIONAL },
  updated_at: { type: 'time', path: 'updatedAt', ops: ADDITIONAL },
}
/** It is in no document: see `pageOfUsers`. */
const LAST_REQUEST = 'last_request_at'

/** What version 2 filters and sorts by (connectycube 4.3). */
export const USERS_V2_FIELDS: Fields = {
  ...FIELDS,
  [LAST_REQUEST]: { type: 'time', path: LAST_REQUEST_AT, ops: ADDITIONAL },
}

const ADDITIONAL_NAMES: ReadonlySet<string> = new Set(['created_at', 'updated_at', LAST_REQUEST])

type Clause = { readonly name: string; readonly op: string; readonly value: Json }
type Question = { readonly filter: Filter; readonly active: readonly Active[]; readonly isStart: boolean }

const questionOf = (params: JsonObject): Either<Answer, Question> => {
  const clauses = Object.entries(params).flatMap(([name, value]) =>
    Object.hasOwn(FIELDS, name) || name === LAST_REQUEST ? clausesOf(name, value) : [],
  )
  const isPrimary = ({ name, op }: Clause): boolean =>
    !ADDITIONAL_NAMES.has(name) && (PRIMARY as readonly string[]).includes(op)
  if (!clauses.some(isPrimary)) return refused('At least one field has to be given to search by')
  const filters: Filter[] = []
  const active: Active[] = []
  for (const clause of clauses) {
    const read = clause.name === LAST_REQUEST ? activeOf(clause) : filterOf(clause)
    if (E.isLeft(read)) return read
    if (typeof read.right === 'function') active.push(read.right)
    else filters.push(read.right)
  }
  return E.right({
    filter: { $and: filters },
    active,
    isStart: clauses.some(({ op }) => op === 'start_with'),
  })
}

const refused = (why: string): Either<Answer, never> => E.left(baseError(422, why))

const clausesOf = (name: string, value: Json): readonly Clause[] =>
  operationsOf(value).map(([op, operand]) => ({ name, op, value: operand }))

const filterOf = (clause: Clause): Either<Answer, Filter> => {
  const { name, op, value } = clause
  const field = FIELDS[name]
  if (field === undefined) return E.right({})
  if (op === 'start_with' && field.ops?.includes(op) === true) return startingWith(clause, field)
  const operand = field.fold === true ? mapTexts(value, folded) : value
  const exact = translate({ [name]: { [op]: operand } }, FIELDS)
  if (!isFoundFolded(field, op)) return exact
  return E.map((filter: Filter): Filter => ({ $and: [oneOf(foldedPath(field.path), value), filter] }))(exact)
}

const startingWith = ({ name, op, value }: Clause, { type, path }: Field): Either<Answer, Filter> => {
  const part = text(value)
  if (part === undefined || Array.from(part).length < START_CHARACTERS_MIN)
    return E.left(fieldErrors({ [name]: [RULES.tooShort(START_CHARACTERS_MIN)] }))
  // Tags have no index in lower case.
  return type === 'text'
    ? E.right(beginningWith(foldedPath(path), part))
    : translate({ [name]: { [op]: part } }, FIELDS)
}

/** A text that is compared as it is: the index has it in lower case. */
const isFoundFolded = ({ type, fold }: Field, op: string): boolean =>
  type === 'text' && fold !== true && (op === 'eq' || op === 'in')

const foldedPath = (path: string): string => (path.endsWith('Lc') ? path : `${path}Lc`)

/** By an index, which has every text in lower case. */
const beginningWith = (path: string, part: string): Filter => {
  const from = folded(part)
  return { [path]: { $gte: from, $lt: `${from}\u{10FFFF}` } }
}

const oneOf = (path: string, value: Json): Filter => {
  const texts = isList(value) ? value : (text(value)?.split(',') ?? [null])
  const all = [...texts.map((one) => text(one)?.trim() ?? null), text(value) ?? null]
  return { [path]: { $in: all.map((one) => (one === null ? null : folded(one))) } }
}

const mapTexts = (value: Json, change: (text: string) => string): Json => {
  if (isList(value)) return value.map((one) => mapTexts(one, change))
  return typeof value === 'string' ? change(value) : value
}

const COMPARISONS: { readonly [op: string]: (at: number, than: number) => boolean } = {
  eq: (at, than) => at === than,
  in: (at, than) => at === than,
  gt: (at, than) => at > than,
  gte: (at, than) => at >= than,
  lt: (at, than) => at < than,
  lte: (at, than) => at <= than,
}

const activeOf = ({ op, value }: Clause): Either<Answer, Active> => {
  const compare = Object.hasOwn(COMPARISONS, op) ? COMPARISONS[op] : undefined
  if (compare === undefined) return refused(`Operator ${op} is not supported for the field ${LAST_REQUEST}`)
  const values = op === 'in' ? list(value) : [value]
  const moments = values.map(time)
  if (moments.some((moment) => typeof moment !== 'number'))
    return E.left(fieldErrors({ [LAST_REQUEST]: [RULES.invalid] }))
  const wanted = moments.map((moment) => wholeSecond(Number(moment)))
  return E.right((at) => wanted.some((than) => compare(wholeSecond(at), than)))
}

const wholeSecond = (ms: number): number => Math.floor(ms / 1_000)

const sortOf = (params: JsonObject): SortKey => {
  for (const [name, direction] of SORTS) {
    const field = text(params[name])?.trim() ?? ''
    if (field === LAST_REQUEST) return [LAST_REQUEST_AT, direction]
    const path = Object.hasOwn(FIELDS, field) ? FIELDS[field]?.path : undefined
    if (path !== undefined) return [path, direction]
  }
  return ['id', 1]
}

const SORTS = [
  ['sort_asc', 1],
  ['sort_desc', -1],
] as const
