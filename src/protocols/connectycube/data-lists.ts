import * as E from 'fp-ts/lib/Either.js'
import type { Acting } from '../../commands/cc/records.ts'
import type { Filter, FindOptions, SortKey } from '../../documents/port.ts'
import type { DataRecord } from '../../domain/cc/record.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type JsonObject } from '../../json.ts'
import { countRecords, inClass, permitted, recordsWhere } from '../../queries/cc/records.ts'
import { json } from './answers.ts'
import type { Call } from './endpoint.ts'
import { countOnly, sortOf } from './filters.ts'
import { integer, list, paging, text } from './params.ts'
import { fieldsOf, isNear, readCriteria, type Near } from './record-filters.ts'
import { createGroups, readCalculation, type Calculation } from './record-groups.ts'
import { recordView } from './record-view.ts'
import type { Services } from './services.ts'

/** `GET /data/{class}` (connectycube 6.4): what the caller may not read is neither shown nor counted. */
export const serveList = async (
  { reader }: Pick<Services, 'reader'>,
  { params }: Pick<Call, 'params'>,
  { of, who }: Acting,
): Promise<Answer> => {
  const criteria = readCriteria(of, params)
  if (E.isLeft(criteria)) return criteria.left
  const calculation = readCalculation(of, params)
  if (E.isLeft(calculation)) return calculation.left
  const readable = permitted(of, 'read', who)
  const { filter, near } = criteria.right
  const asked: Asked = {
    filter: { ...filter, ...inClass(of), ...(readable ?? NOTHING) },
    near,
    sort: orderOf(of, params),
    ...windowOf(params),
  }
  if (calculation.right !== undefined) return grouped(reader, of, { ...asked, params }, calculation.right)
  if (countOnly(params)) return json(200, { items: { count: await count(reader, asked) } })
  const { skip, limit } = asked
  const items = await page(reader, asked)
  const only = outputOf(params)
  return json(200, { class_name: of.name, skip, limit, items: items.map((one) => only(recordView(of, one))) })
}

const NOTHING: Filter = { _id: { $in: [] } }

type Reader = Services['reader']
type Asked = {
  readonly filter: Filter
  readonly near: readonly Near[]
  readonly sort: readonly SortKey[]
  readonly skip: number
  /** -1: the last one alone. */
  readonly limit: number
}

const windowOf = (params: JsonObject): Pick<Asked, 'skip' | 'limit'> =>
  integer(params['limit']) === -1 ? { skip: 0, limit: -1 } : paging(params, PAGES)

const PAGES = { kind: 'skip', default: 100, max: 100 } as const

const orderOf = (of: Acting['of'], params: JsonObject): readonly SortKey[] => {
  const named = [params['sort_asc'], params['sort_desc']].flatMap((name) => text(name) ?? [])
  return sortOf(params, fieldsOf(of, named), [])
}

/** The order turned round, ties too. */
const reversed = (sort: readonly SortKey[]): readonly SortKey[] => [
  ...sort.map(([path, direction]): SortKey => [path, direction === 1 ? -1 : 1]),
  ['_id', -1],
]

const page = async (reader: Reader, asked: Asked): Promise<readonly DataRecord[]> => {
  const isLast = asked.limit === -1
  const { skip, limit } = isLast ? { skip: 0, limit: 1 } : asked
  const sort = isLast ? reversed(asked.sort) : asked.sort
  const isWhole = asked.near.length === 0
  const found: DataRecord[] = []
  let passed = 0
  for await (const record of matching(reader, asked, isWhole ? { sort, skip, limit } : { sort })) {
    passed += 1
    if (isWhole || passed > skip) found.push(record)
    if (found.length === limit) break
  }
  return found
}

const count = async (reader: Reader, asked: Asked): Promise<number> => {
  if (asked.near.length === 0) return countRecords(reader, asked.filter)
  let sum = 0
  for await (const _record of matching(reader, asked, {})) sum += 1
  return sum
}

async function* matching(
  reader: Reader,
  { filter, near }: Pick<Asked, 'filter' | 'near'>,
  options: FindOptions,
): AsyncGenerator<DataRecord> {
  for await (const record of recordsWhere(reader, filter, options))
    if (near.every((one) => isNear(record, one))) yield record
}

const grouped = async (
  reader: Reader,
  of: Acting['of'],
  asked: Asked & { readonly params: JsonObject },
  calculation: Calculation,
): Promise<Answer> => {
  const groups = createGroups(of, calculation)
  for await (const record of matching(reader, asked, {})) groups.add(record)
  const all = groups.items()
  const { skip, limit } = asked
  if (countOnly(asked.params)) return json(200, { items: { count: all.length } })
  const items = limit === -1 ? all.slice(-1) : all.slice(skip, skip + limit)
  return json(200, { class_name: of.name, skip, limit, items })
}

/** `output[include]` keeps what it names and `_id`, `output[exclude]` all else. */
const outputOf = ({ output }: JsonObject): ((view: JsonObject) => JsonObject) => {
  if (!isObject(output)) return (view) => view
  const kept = output['include'] === undefined ? undefined : new Set(list(output['include']))
  const dropped = new Set(list(output['exclude']))
  return (view) =>
    Object.fromEntries(
      Object.entries(view).filter(
        ([name]) => name === '_id' || ((kept?.has(name) ?? true) && !dropped.has(name)),
      ),
    )
}
