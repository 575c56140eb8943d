import fc from 'fast-check'
import { Query } from 'mingo'
import type { Json, JsonObject } from '../../../src/json.ts'
import type { Document, Documents, Filter, Index, SortKey, Write } from '../../../src/documents/port.ts'
import { found, scanned, type Case } from './helpers.ts'

/**
 * Random writes and random searches, on the adapter and on an array that is searched with mingo and sorted naively. mingo shares no
 * code with the adapters' comparisons; where it departs from MongoDB (null within arrays of objects, `$exists` there, strings
 * beyond the BMP) the tables of the other files stand.
 */
export const modelCases: readonly Case[] = [
  [
    'random writes and searches agree with an array',
    async (t, documents, c) => {
      let run = 0
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          await check(documents, `${c}_${run++}`, history)
        }),
        { numRuns: process.env['SOAK'] ? 500 : 40 },
      )
      t.true(run > 0)
    },
  ],
]

const small = fc.integer({ min: -2, max: 3 })
const scalar: fc.Arbitrary<Json> = fc.oneof(
  small,
  fc.constantFrom('', 'A', 'a', 'b', 'ab'),
  fc.boolean(),
  fc.constant(null),
)
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 3, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
)
const item = fc.record({ k: small, v: small }, { requiredKeys: [] })

const body: fc.Arbitrary<JsonObject> = fc.record(
  {
    a: value,
    b: value,
    n: fc.record({ x: scalar }, { requiredKeys: [] }),
    items: fc.array(item, { maxLength: 3 }),
  },
  { requiredKeys: [] },
)

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j')
const indexedPath = fc.constantFrom('a', 'b', 'n.x', 'items.k')

const comparison: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ $eq: scalar }),
  fc.record({ $ne: scalar }),
  fc.record({ $in: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ $nin: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ $gt: small }),
  fc.record({ $gte: fc.constantFrom('', 'a', 'b') }),
  fc.record({ $gte: small, $lt: small }),
  fc.record({ $lte: fc.constantFrom('A', 'a', 'ab') }),
  fc.record({ $lt: fc.boolean() }),
)

/** `null` in an array of objects is for the tables. */
const condition: fc.Arbitrary<Filter> = fc.oneof(
  fc.tuple(fc.constantFrom('a', 'b', 'n.x'), comparison).map(([path, test]) => ({ [path]: test })),
  fc.tuple(fc.constantFrom('a', 'b', 'n.x'), scalar).map(([path, equal]) => ({ [path]: equal })),
  fc
    .tuple(fc.constantFrom('items.k', 'items.v'), fc.oneof(small, fc.record({ $gt: small })))
    .map(([path, test]) => ({ [path]: test })),
  fc.record({ items: fc.record({ $elemMatch: fc.record({ k: small, v: fc.record({ $gte: small }) }) }) }),
  fc
    .tuple(fc.constantFrom('a', 'b'), fc.record({ $exists: fc.boolean() }))
    .map(([path, test]) => ({ [path]: test })),
  fc.record({
    _id: fc.oneof(id, fc.record({ $gt: id }), fc.record({ $in: fc.array(id, { maxLength: 4 }) })),
  }),
)

const filter: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 2, arbitrary: condition },
  fc.tuple(condition, condition).map(([x, y]) => ({ $and: [x, y] })),
  {
    weight: 2,
    arbitrary: fc.array(condition, { minLength: 1, maxLength: 3 }).map((parts) => ({ $or: parts })),
  },
  fc
    .tuple(fc.array(condition, { minLength: 1, maxLength: 3 }), condition)
    .map(([parts, other]) => ({ $and: [{ $or: parts }, other] })),
  fc.array(condition, { minLength: 1, maxLength: 2 }).map((parts) => ({ $nor: parts })),
  fc.constant({}),
)

const sort: fc.Arbitrary<readonly SortKey[]> = fc.array(
  fc.tuple(fc.constantFrom('a', 'b', 'n.x', '_id'), fc.constantFrom<1 | -1>(1, -1)),
  { maxLength: 2 },
)

const writes = fc.array(
  fc.oneof(
    fc.record({ id, put: body }),
    fc.record({ id, put: body }),
    fc.record({
      id,
      update: fc.record({
        $set: fc.record({ a: value }, { requiredKeys: [] }),
        $inc: fc.record({ c: small }),
      }),
    }),
    fc.record({ id, delete: fc.constant<true>(true) }),
    fc.record({ where: condition, update: fc.record({ $push: fc.record({ seen: small }) }) }),
    fc.record({ where: condition, delete: fc.constant<true>(true) }),
  ),
  { minLength: 5, maxLength: 40 },
)

const histories = fc.record({
  writes,
  batch: fc.integer({ min: 1, max: 20 }),
  indexes: fc.array(fc.uniqueArray(indexedPath, { minLength: 1, maxLength: 2 }), { maxLength: 4 }),
  searches: fc.array(
    fc.record({
      filter,
      sort,
      skip: fc.integer({ min: 0, max: 3 }),
      limit: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    }),
    { minLength: 5, maxLength: 10 },
  ),
})

type History = typeof histories extends fc.Arbitrary<infer H> ? H : never

const check = async (documents: Documents, c: string, history: History): Promise<void> => {
  const model = new Map<string, Kept>()
  await documents.ensureIndexes(
    c,
    history.indexes.map((keys): Index => ({ keys })),
  )
  const all = history.writes.map((write, index): Write => ({
    ...write,
    collection: c,
    at: BigInt(index + 1),
  }))
  for (let from = 0; from < all.length; from += history.batch) {
    await documents.apply(all.slice(from, from + history.batch), [])
  }
  for (const write of all) applyToModel(model, write)
  const byId = [...model].sort(([x], [y]) => (x < y ? -1 : 1))
  same(
    await scanned(documents, c),
    byId.map(([id, { at, value }]) => (value ? { id, at, value } : { id, at })),
    'scan',
  )
  const live = byId.flatMap(([, { value }]) => value ?? [])
  for (const { filter, sort, skip, limit } of history.searches) {
    const query = new Query<Document>(filter)
    const matching = live.filter((document) => query.test(document)).sort(naiveOrder(sort))
    const name = JSON.stringify({ filter, sort, skip, limit, indexes: history.indexes })
    const options = { sort, skip, ...(limit !== undefined && { limit }) }
    same(await found(documents, c, filter, options), matching.slice(skip, limit && skip + limit), name)
    same(await documents.count(c, filter), matching.length, `count ${name}`)
  }
}

type Kept = { readonly at: bigint; readonly value: Document | undefined }

const applyToModel = (model: Map<string, Kept>, write: Write): void => {
  const query = 'where' in write ? new Query<Document>(write.where) : undefined
  const targets =
    'id' in write
      ? [write.id]
      : [...model].flatMap(([id, { value }]) => (value && query?.test(value) ? [id] : []))
  for (const target of targets) {
    const old = model.get(target)?.value
    if ('put' in write) model.set(target, { at: write.at, value: { _id: target, ...write.put } })
    else if ('delete' in write) model.set(target, { at: write.at, value: undefined })
    else if (old) model.set(target, { at: write.at, value: updated(old, write.update as Changes) })
  }
}

type Changes = {
  readonly $set?: { readonly a?: Json }
  readonly $inc?: { readonly c: number }
  readonly $push?: { readonly seen: number }
}

const updated = (old: Document, { $set, $inc, $push }: Changes): Document => ({
  ...old,
  ...$set,
  ...($inc && { c: Number(old['c'] ?? 0) + $inc.c }),
  ...($push && {
    seen: [...(Array.isArray(old['seen']) ? (old['seen'] as readonly Json[]) : []), $push.seen],
  }),
})

const rank = (item: Json): number =>
  item === null
    ? 1
    : typeof item === 'number'
      ? 2
      : typeof item === 'string'
        ? 3
        : typeof item === 'boolean'
          ? 4
          : 0

const order = (x: Json, y: Json): number =>
  rank(x) - rank(y) || (x === y || rank(x) === 0 ? 0 : (x ?? 0) < (y ?? 0) ? -1 : 1)

/** The least or greatest element of an array; an empty one is less than null. */
const sortedBy = (document: Document, path: string, direction: 1 | -1): Json => {
  const whole = path === 'n.x' ? (document['n'] as JsonObject | undefined)?.['x'] : document[path]
  if (!Array.isArray(whole)) return whole ?? null
  const sorted = [...(whole as readonly Json[])].sort(order)
  return (direction === 1 ? sorted[0] : sorted.at(-1)) ?? (sorted.length === 0 ? [] : null)
}

const naiveOrder =
  (keys: readonly SortKey[]) =>
  (x: Document, y: Document): number => {
    for (const [path, direction] of keys) {
      const difference = order(sortedBy(x, path, direction), sortedBy(y, path, direction))
      if (difference !== 0) return difference * direction
    }
    return x._id < y._id ? -1 : 1
  }

const same = (actual: unknown, expected: unknown, what: string): void => {
  const [a, e] = [actual, expected].map((value) => JSON.stringify(value, sorted))
  if (a !== e) throw new Error(`${what}\n  got      ${String(a)}\n  expected ${String(e)}`)
}

const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint'
    ? `${value}n`
    : typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)))
      : value
