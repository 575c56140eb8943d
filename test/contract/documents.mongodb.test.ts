// The MongoDB adapter keeps every promise of the documents port, on FerretDB or on the MongoDB that MONGODB_URL names; and random writes,
// cut anywhere, applied again and by two processes at once, leave byte for byte what they leave in memory.
import test from 'ava'
import fc from 'fast-check'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import { CHECKPOINTS } from '../../src/documents/mongodb/checkpoints.ts'
import { openMongoDocuments } from '../../src/documents/mongodb/documents.ts'
import type { Documents, Filter, Write } from '../../src/documents/port.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { openMongo, type Mongo } from '../../src/mongodb/connection.ts'
import { endMongo, freshMongoUrl, serialMongoTest } from '../support/mongodb.ts'
import { documentsCases, mountDocuments } from './documents.ts'
import { fill, found, ids, put, scanned } from './documents/helpers.ts'
import { WHOLE_BATCH_REFUSED } from './documents/indexes.ts'

const closers: (() => Promise<void>)[] = []
test.after.always(async () => {
  await Promise.all(closers.map((close) => close()))
  await endMongo()
})

const connect = (url: string): Mongo => {
  const mongo = openMongo(url)
  closers.push(() => mongo.close())
  return mongo
}

let database: Promise<Mongo> | undefined
/** One database for all: each case has collections of its own. */
const shared = async (): Promise<Documents> => {
  database ??= freshMongoUrl().then(connect)
  return openMongoDocuments(await database)
}

mountDocuments(
  serialMongoTest,
  shared,
  documentsCases.filter(([name]) => name !== WHOLE_BATCH_REFUSED),
)

const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'b',
    '$x',
    'a.b',
    '\0',
    '%',
    '%A',
    '%24',
    '\ud800',
    'x\udc00',
    '\ue000',
    '\ue000\u0001',
  ),
  fc.constantFrom('\ud7ff', '\ue001', '\u{1f600}'),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const key = fc.oneof(
  text,
  fc.constantFrom('g', 'h', '0', '10', '__proto__', 'constructor', '_bsontype', 'at', 'v', 'e', 'u', '_id'),
)
const scalar: fc.Arbitrary<Json> = fc.oneof(
  text,
  fc.constantFrom<Json>(null, true, false, 0, -0, 1, -1.5, 1e300, 5e-324, 2 ** 31, 2 ** 53, -(2 ** 63)),
)
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'json' },
    { weight: 3, arbitrary: scalar },
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(key, tie('json'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))
const object = fc.dictionary(key, json, { maxKeys: 4, noNullPrototype: true })
const id = fc.constantFrom('a', 'b', 'c', 'd', '\ud800', '\u{1f600}')
const few = fc.constantFrom(1, 2)

const change: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ id, put: fc.tuple(object, few).map(([value, g]) => ({ ...value, g })) }),
  fc.record({
    id,
    update: fc.record({ $set: fc.dictionary(fc.constantFrom('g', 'h.0', 'n.x', 'a b'), json) }),
  }),
  fc.record({ id, update: fc.constant({ $inc: { n: 1 }, $push: { list: 'x' } }) }),
  fc.record({ id, delete: fc.constant(true) }),
  fc.record({ where: fc.record({ g: few }), update: fc.constant({ $inc: { w: 1 } }) }),
  fc.record({ where: fc.record({ g: few }), delete: fc.constant(true) }),
)
const history = fc.array(change, { minLength: 1, maxLength: 30 })

const writesOf = (collection: string, changes: readonly JsonObject[]): readonly Write[] =>
  changes.map((one, n) => ({ ...one, collection, at: BigInt(n + 1) }) as unknown as Write)

const batchesOf = (writes: readonly Write[], size: number): readonly (readonly Write[])[] =>
  Array.from({ length: Math.ceil(writes.length / size) }, (_, n) => writes.slice(n * size, (n + 1) * size))

const bytesOf = async (documents: Documents, collection: string): Promise<string> =>
  JSON.stringify(await scanned(documents, collection), (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )

const runs = process.env['SOAK'] ? 1_000 : 40

serialMongoTest('batches cut anywhere and applied again leave byte for byte what memory has', async (t) => {
  const documents = await shared()
  let run = 0
  const size = fc.integer({ min: 1, max: 12 })
  const property = fc.asyncProperty(history, size, size, async (changes, each, cut) => {
    const c = `cut_${run++}`
    const memory = memoryDocuments()
    const writes = writesOf(c, changes)
    await documents.ensureIndexes(c, [{ keys: ['g'] }])
    for (const batch of batchesOf(writes, each)) {
      await documents.apply(batch.slice(0, cut), [])
      await documents.apply(batch, [])
    }
    await documents.apply(writes, [])
    await memory.apply(writes, [])
    t.is(await bytesOf(documents, c), await bytesOf(memory, c))
  })
  await fc.assert(property, { numRuns: runs })
})

serialMongoTest('two processes that apply the same writes at once leave what one leaves', async (t) => {
  const url = await freshMongoUrl()
  const both = [openMongoDocuments(connect(url)), openMongoDocuments(connect(url))] as const
  let run = 0
  const size = fc.integer({ min: 1, max: 12 })
  const property = fc.asyncProperty(history, size, size, async (changes, first, second) => {
    const c = `both_${run++}`
    const memory = memoryDocuments()
    const writes = writesOf(c, changes)
    await both[0].ensureIndexes(c, [{ keys: ['g'] }])
    const follow = async (documents: Documents, each: number): Promise<void> => {
      for (const [n, batch] of batchesOf(writes, each).entries()) {
        await documents.apply(batch, [{ name: c, position: BigInt(Math.min((n + 1) * each, writes.length)) }])
      }
    }
    await Promise.all([follow(both[0], first), follow(both[1], second)])
    await memory.apply(writes, [])
    t.is(await bytesOf(both[0], c), await bytesOf(memory, c))
    t.is(await both[1].checkpoint(c), BigInt(writes.length))
  })
  await fc.assert(property, { numRuns: runs })
})

const oddDocuments = (
  [
    { s: '\ud800' },
    { s: '\ue000' },
    { s: '\ud7ff' },
    { s: 'plain', o: { a: 1, b: 2 } },
    { s: '\u{1f600}', o: { b: 2, a: 1 } },
    { 'a.b': 1, $x: { '': 'y' }, s: 'Text (1)\n' },
    { l: [[1, 2], [3]], s: 'text' },
    { l: [1, 2], s: 'Straße' },
  ] satisfies readonly JsonObject[]
).map((value, n) => ({ _id: `d${n}`, ...value }))

const oddFilters: readonly Filter[] = [
  { s: '\ud800' },
  { s: { $gt: '\ud7ff', $lt: '\ue000' } },
  { s: { $gte: '\ue000' } },
  { o: { a: 1, b: 2 } },
  { o: { $ne: { b: 2, a: 1 } } },
  { o: { $in: [{ a: 1, b: 2 }, null] } },
  { '$x.': 'y' },
  { 'a.b': 1 },
  { l: [1, 2] },
  { l: { $in: [[3]] } },
  { 'l.0': 1 },
  { 'l.0.1': 2 },
  { l: { $elemMatch: { $gt: 2 } } },
  { s: { $regex: 'TEXT', $options: 'i' } },
  { s: { $regex: '\\(1\\)$' } },
  { s: { $not: { $regex: '^text' } } },
  { s: { $regex: '^.{5}$' } },
  { s: { $regex: 'straẞe', $options: 'i' } },
  { s: { $gt: [] } },
  { $or: [] },
  { $nor: [{ s: { $regex: 'x' } }, { 'l.0': 1 }] },
]

serialMongoTest('what servers see otherwise is found and sorted as in memory', async (t) => {
  const documents = await shared()
  const memory = memoryDocuments()
  for (const store of [documents, memory]) await fill(store, 'odd', oddDocuments)
  for (const filter of oddFilters) {
    const name = JSON.stringify(filter)
    const [expected, failed] = await ids(memory, 'odd', filter).then(
      (all) => [all, false] as const,
      () => [[], true] as const,
    )
    if (failed) {
      await t.throwsAsync(ids(documents, 'odd', filter), undefined, name)
      continue
    }
    t.deepEqual(await ids(documents, 'odd', filter), expected, name)
    t.is(await documents.count('odd', filter), expected.length, name)
  }
  for (const path of ['s', 'o', 'l', 'l.0', 'o.a']) {
    for (const direction of [1, -1] as const) {
      for (const [skip, limit] of [
        [0, 100],
        [1, 3],
        [6, 2],
      ] as const) {
        const options = { sort: [[path, direction]] as const, skip, limit, fields: ['s'] }
        t.deepEqual(await found(documents, 'odd', {}, options), await found(memory, 'odd', {}, options), path)
      }
    }
  }
})

serialMongoTest('objects that servers sort by what is in them keep the order of their ids', async (t) => {
  const documents = await shared()
  const values = Array.from({ length: 30 }, (_, n) => ({
    _id: String(n).padStart(2, '0'),
    k: n % 3 === 0 ? n : { x: 30 - n },
    z: n % 2,
  }))
  const memory = memoryDocuments()
  for (const store of [documents, memory]) await fill(store, 'objects', values)
  for (const direction of [1, -1] as const) {
    for (const skip of [0, 5, 12]) {
      const options = {
        sort: [
          ['k', direction],
          ['z', 1],
        ] as const,
        skip,
        limit: 9,
      }
      t.deepEqual(await ids(documents, 'objects', {}, options), await ids(memory, 'objects', {}, options))
    }
  }
})

serialMongoTest('an id that is empty or too long is refused, and found nowhere', async (t) => {
  const documents = await shared()
  for (const id of ['', 'x'.repeat(513), 'я'.repeat(257)]) {
    await t.throwsAsync(documents.apply([put('ids', 'a', 1, {}), put('ids', id, 1, {})], []), {
      name: 'RangeError',
    })
    t.is(await documents.get('ids', id), undefined)
    t.deepEqual(await ids(documents, 'ids', { _id: id }), [])
  }
  t.is(await documents.count('ids', {}), 0)
})

serialMongoTest('a unique index knows what was there before it, whoever declared it', async (t) => {
  const url = await freshMongoUrl()
  const one = openMongoDocuments(connect(url))
  await fill(one, 'c', [{ _id: 'a', h: 'x' }, { _id: 'b' }, { _id: 'c', h: 'y' }])
  await one.ensureIndexes('c', [{ keys: ['h'], unique: true }])
  const other = openMongoDocuments(connect(url))
  await t.throwsAsync(other.apply([put('c', 'd', 9, { h: 'y' })], []), { message: /h: d has what c has/ })
  await fill(one, 'twice', [
    { _id: 'a', h: 'x' },
    { _id: 'b', h: 'x' },
  ])
  await t.throwsAsync(one.ensureIndexes('twice', [{ keys: ['h'], unique: true }]), {
    message: /unique index h/,
  })
})

serialMongoTest('collections are neither checkpoints nor the vault', async (t) => {
  const mongo = connect(await freshMongoUrl())
  const documents = openMongoDocuments(mongo)
  await mongo.db.collection('vault.entries').insertOne({})
  await documents.apply([put('stores_labels@1.2', 'a', 1, {})], [{ name: 'p', position: 1n }])
  t.deepEqual(await documents.collections(), ['stores_labels@1.2'])
  t.deepEqual(await documents.checkpoints(), new Map([['p', 1n]]))
})

serialMongoTest('a checkpoint as it was stored before, one document each, counts and goes on', async (t) => {
  const mongo = connect(await freshMongoUrl())
  const documents = openMongoDocuments(mongo)
  const stored = mongo.db.collection<{ readonly _id: string; readonly position: bigint }>(CHECKPOINTS)
  await stored.insertOne({ _id: 'stores_labels@1.2', position: 7n })
  t.is(await documents.checkpoint('stores_labels@1.2'), 7n)
  await documents.apply([], [{ name: 'stores_labels@1.2', position: 9n }])
  t.is(await documents.checkpoint('stores_labels@1.2'), 9n)
  await documents.forgetCheckpoint('stores_labels@1.2')
  t.is(await stored.countDocuments(), 0)
})

serialMongoTest('a server that is away is unavailable, in every call', async (t) => {
  const documents = openMongoDocuments(connect('mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=50'))
  const calls = [
    () => documents.get('c', 'a'),
    () => documents.apply([put('c', 'a', 1, {})], []),
    () => ids(documents, 'c'),
    () => documents.count('c', {}),
    () => scanned(documents, 'c'),
    () => documents.ensureIndexes('c', []),
    () => documents.drop('c'),
    () => documents.collections(),
    () => documents.checkpoint('c'),
    () => documents.checkpoints(),
    () => documents.forgetCheckpoint('c'),
  ]
  await Promise.all(calls.map((call) => t.throwsAsync(call(), { name: 'DocumentsUnavailable' })))
})
