import type { Filter, SortKey } from '../../documents/port.ts'
import { isObject, type JsonObject } from '../../json.ts'
import type { Vault } from '../../vault/port.ts'
import type { Reader } from '../reader.ts'
import { lastRequests, USERS, usersWhere, userViews, type UserDocument } from './users.ts'

/** Whether a time is one of those asked for. Milliseconds since the Unix epoch, whole seconds. */
export type Active = (at: number) => boolean

export type UsersQuestion = {
  readonly app: number
  readonly filter: Filter
  /** On when users were last heard of; all have to hold. Of who never was nothing holds. */
  readonly active: readonly Active[]
  /** By a path of the document, or `lastRequestAt`. */
  readonly sort: SortKey
  readonly skip: number
  readonly limit: number
}

/**
 * A page of the application's users, as clients see them, and how many there are. When somebody was last heard of is not in the documents: a
 * question about that reads the times of the whole application, and an order by it all matching ids; anything else is answered by an index.
 */
export const pageOfUsers = async (
  {
    reader,
    vault,
  }: { readonly reader: Pick<Reader, 'find' | 'count'>; readonly vault: Pick<Vault, 'get' | 'list'> },
  question: UsersQuestion,
): Promise<{ readonly total: number; readonly users: readonly JsonObject[] }> => {
  const { app, skip, limit, sort } = question
  const isByActivity = sort[0] === LAST_REQUEST_AT
  const times =
    isByActivity || question.active.length > 0 ? await lastRequests(vault, app) : new Map<number, number>()
  const filter = filterOf(question, times)
  const users = isByActivity
    ? await byActivity(reader, filter, times, question)
    : await usersWhere(reader, filter, { sort: [sort], skip, limit })
  const isAll = skip === 0 && users.length < limit
  const total = isAll ? users.length : await reader.count(USERS, filter)
  return { total, users: await userViews(vault, users) }
}

export const LAST_REQUEST_AT = 'lastRequestAt'

const filterOf = ({ app, filter, active }: UsersQuestion, times: ReadonlyMap<number, number>): Filter => {
  const own = { $and: [{ app }, ...(isObject(filter) && Object.keys(filter).length > 0 ? [filter] : [])] }
  if (active.length === 0) return own
  const ids = [...times].flatMap(([id, at]) => (active.every((holds) => holds(at)) ? [id] : []))
  return { $and: [...own.$and, { id: { $in: ids } }] }
}

/** Who was never heard of comes first, as whatever is missing does. */
const byActivity = async (
  reader: Pick<Reader, 'find'>,
  filter: Filter,
  times: ReadonlyMap<number, number>,
  { app, sort: [, direction], skip, limit }: UsersQuestion,
): Promise<readonly UserDocument[]> => {
  const ids: number[] = []
  for await (const page of reader.find(USERS, filter, { fields: ['id'] }))
    ids.push(...page.map(({ id }) => Number(id)))
  const at = (id: number): number => times.get(id) ?? Number.NEGATIVE_INFINITY
  const compare = (a: number, b: number): number => {
    const [left, right] = [at(a), at(b)]
    return left === right ? a - b : (left < right ? -1 : 1) * direction
  }
  const chosen = ids.sort(compare).slice(skip, skip + limit)
  const users = await usersWhere(reader, { _id: { $in: chosen.map((id) => `${app}-${id}`) } })
  const byId = new Map(users.map((user) => [Number(user['id']), user]))
  return chosen.flatMap((id) => byId.get(id) ?? [])
}
