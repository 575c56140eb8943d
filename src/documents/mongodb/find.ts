import type { Document as Projection, FindCursor } from 'mongodb'
import { DOCUMENTS_PAGE } from '../../limits.ts'
import { projectFields, type Project } from '../fields.ts'
import { compileFilter, type Matches } from '../filter.ts'
import { orderOf, type Order, type Sortable } from '../order.ts'
import type { Document, Filter, FindOptions, Scanned, SortKey } from '../port.ts'
import { encodeKey, encodePath, encodeText, VALUE } from './encoding.ts'
import { cannotSort } from './errors.ts'
import { queryOn, type Query } from './query.ts'
import { ask, collectionOf, documentIn, idOf, type Engine, type Stored } from './stored.ts'
import { readMany } from './write.ts'

export async function* find(
  engine: Engine,
  name: string,
  filter: Filter,
  options: FindOptions = {},
): AsyncGenerator<readonly Document[]> {
  const search = await searchFor(engine, name, filter, options)
  if (search.limit <= 0) return
  const progress: Progress = { skipped: search.exact ? search.skip : 0, given: 0, whole: false }
  if (isSortable(search)) yield* inServerOrder(search, progress)
  if (!progress.whole) yield* inOwnOrder(search, progress.given)
}

export const count = async (engine: Engine, name: string, filter: Filter): Promise<number> => {
  const matches = compileFilter(filter)
  const { query, exact } = await queryOn(engine, name, filter)
  const collection = collectionOf(engine, name)
  if (exact) return ask(() => collection.countDocuments(query))
  let total = 0
  for await (const page of pagesOf(collection.find(query))) {
    total += documentsIn(page).filter(matches).length
  }
  return total
}

/** Everything by id, tombstones too. */
export async function* scan(engine: Engine, name: string, after = ''): AsyncGenerator<readonly Scanned[]> {
  const cursor = collectionOf(engine, name)
    .find({ _id: { $gt: encodeText(after) } })
    .sort({ _id: 1 })
  for await (const page of pagesOf(cursor)) {
    yield page.map((stored) => {
      const value = documentIn(stored)
      const { at } = stored
      return value ? { id: value._id, at, value } : { id: idOf(stored), at }
    })
  }
}

type Search = Query & {
  readonly engine: Engine
  readonly name: string
  readonly matches: Matches
  readonly project: Project
  readonly order: Order
  readonly sort: readonly SortKey[]
  readonly fields: readonly string[] | undefined
  readonly skip: number
  readonly limit: number
}

type Progress = { skipped: number; given: number; whole: boolean }

const searchFor = async (
  engine: Engine,
  name: string,
  filter: Filter,
  options: FindOptions,
): Promise<Search> => {
  const { skip = 0, limit = Infinity, fields } = options
  const sort = untilId(options.sort ?? [])
  const matches = compileFilter(filter)
  return {
    engine,
    name,
    matches,
    ...(await queryOn(engine, name, filter)),
    project: projectFields(fields),
    order: orderOf(sort),
    sort,
    fields,
    skip,
    limit,
  }
}

/** Nothing behind an id matters. */
const untilId = (sort: readonly SortKey[]): readonly SortKey[] => {
  const at = sort.findIndex(([path]) => path === '_id')
  return at < 0 ? sort : sort.slice(0, at + 1)
}

/** Of two paths into one array MongoDB compares pairs, the port each by itself. */
const isSortable = ({ sort, unsortable }: Search): boolean =>
  sort.length === 0 ||
  (unsortable !== true && new Set(sort.map(([path]) => topOf(path))).size === sort.length)

const topOf = (path: string): string => path.split('.', 1)[0] ?? ''

/**
 * As the server sorts. Ends early, with `whole` unset, where the server cannot sort, or at the first document that is sorted by an object
 * or by an array within an array: MongoDB looks into these, to the port all are equal. They stand together in both orders, so what was
 * given up to there is right.
 */
async function* inServerOrder(search: Search, progress: Progress): AsyncGenerator<readonly Document[]> {
  const { limit, sort, exact, matches, project } = search
  try {
    for await (const page of pagesOf(serverCursor(search))) {
      const documents = exact ? documentsIn(page) : documentsIn(page).filter(matches)
      const vague = documents.findIndex((document) => isVague(search, document))
      const certain = vague < 0 ? documents : documents.slice(0, vague)
      const from = Math.min(certain.length, search.skip - progress.skipped)
      const wanted = certain.slice(from, from + limit - progress.given)
      progress.skipped += from
      progress.given += wanted.length
      if (wanted.length > 0) yield wanted.map(project)
      if (progress.given >= limit) break
      if (vague >= 0) return
    }
    progress.whole = true
  } catch (error) {
    if (sort.length === 0 || !cannotSort(error)) throw error
  }
}

const serverCursor = (search: Search): FindCursor<Stored> => {
  const { engine, name, query, sort, exact, fields, skip, limit } = search
  const keys = new Map<string, 1 | -1>(sort.map(([path, direction]) => [encodePath(path), direction]))
  if (!keys.has('_id')) keys.set('_id', 1)
  const cursor = collectionOf(engine, name).find(query).sort(keys)
  if (!exact) return cursor
  if (fields) cursor.project<Stored>(projectionOf([...fields, ...sort.map(([path]) => path)]))
  if (skip > 0) cursor.skip(skip)
  return Number.isFinite(limit) ? cursor.limit(limit) : cursor
}

/** Fields of the uppermost level are enough to leave out what is large. */
const projectionOf = (paths: readonly string[]): Projection => ({
  e: 1,
  ...Object.fromEntries(['_id', ...paths].map((path) => [`${VALUE}.${encodeKey(topOf(path))}`, 1])),
})

const isVague = ({ sort, order }: Search, document: Document): boolean =>
  sort.length > 0 &&
  order.sortable(document).values.some((value) => typeof value === 'object' && value !== null)

/**
 * As the port sorts: keeps what every matching document is sorted by, and reads the documents of a page when it is asked for, without those
 * that have ceased to match.
 */
async function* inOwnOrder(search: Search, given: number): AsyncGenerator<readonly Document[]> {
  const { engine, name, skip, limit, order, matches, project } = search
  const sorted = (await sortables(search)).sort(order.compare).slice(skip + given, skip + limit)
  for (let from = 0; from < sorted.length; from += DOCUMENTS_PAGE) {
    const ids = sorted.slice(from, from + DOCUMENTS_PAGE).map(({ id }) => id)
    const { stored } = await readMany(engine, name, ids)
    const page = documentsIn(ids.flatMap((id) => stored.get(id) ?? [])).filter(matches)
    if (page.length > 0) yield page.map(project)
  }
}

const sortables = async (search: Search): Promise<Sortable[]> => {
  const { engine, name, query, sort, exact, matches, order } = search
  const cursor = collectionOf(engine, name).find(query)
  if (exact) cursor.project<Stored>(projectionOf(sort.map(([path]) => path)))
  const found: Sortable[] = []
  for await (const page of pagesOf(cursor)) {
    const documents = exact ? documentsIn(page) : documentsIn(page).filter(matches)
    for (const document of documents) found.push(order.sortable(document))
  }
  return found
}

const documentsIn = (page: readonly Stored[]): readonly Document[] =>
  page.flatMap((stored) => documentIn(stored) ?? [])

/** Each page is read when it is asked for; who asks for no more leaves nothing open. */
async function* pagesOf(cursor: FindCursor<Stored>): AsyncGenerator<readonly Stored[]> {
  cursor.batchSize(DOCUMENTS_PAGE)
  try {
    while (await ask(() => cursor.hasNext())) yield cursor.readBufferedDocuments()
  } finally {
    await cursor.close().catch(() => undefined)
  }
}
