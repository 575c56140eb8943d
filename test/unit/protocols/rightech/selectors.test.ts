/**
 * What a client writes into a list's query becomes a filter made of parsed values only (rightech 2). Compiled filters are compared as they are, and
 * run against documents in the memory adapter where the meaning matters; hostile queries come from fast-check.
 */
import test from 'ava'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { memoryDocuments } from '../../../../src/documents/memory/memory.ts'
import type { Json, JsonObject } from '../../../../src/json.ts'
import { isObject } from '../../../../src/json.ts'
import { readSelectors } from '../../../../src/protocols/rightech/selectors.ts'
import type { Selectable, Selectors } from '../../../../src/protocols/rightech/selectors.ts'

const TYPES = new Map<string, ReturnType<Selectable['typeAt']>>([
  ['_id', 'id'],
  ['name', 'string'],
  ['id', 'string'],
  ['time', 'number'],
  ['archived', 'boolean'],
  ['config.auth.password', 'hidden'],
])
const selectable: Selectable = { search: ['name', 'id'], typeAt: (path) => TYPES.get(path) ?? 'any' }

const read = (query: string) => readSelectors(query, selectable)
const good = (query: string): Selectors => {
  const selectors = read(query)
  if (E.isLeft(selectors)) throw new Error(JSON.stringify(selectors.left))
  return selectors.right
}
const broken = (query: string): JsonObject => {
  const selectors = read(query)
  return E.isLeft(selectors) ? selectors.left : { nothing: true }
}
const filter = (query: string): JsonObject => good(query).filter

test('no parameter, an empty one and an unknown one ask for everything', (t) => {
  const all = good('')
  t.is(all.limit, 10_000)
  t.deepEqual(good('offset=&limit=&meta=&only=&where.name=&sortBy=&search=&from=&db=1&snaps&with=data'), all)
})

test('paging', (t) => {
  t.is(good('limit=99999').limit, 10_000)
  t.is(good('limit=0').limit, 0)
  t.is(good('offset=10000&limit=5').skip, 10_000)
  t.deepEqual(broken('limit=-1&offset=1.5'), { offset: ['range'], limit: ['range'] })
  t.is(good('nolimit=true').limit, undefined)
  t.is(good('nolimit=true&limit=20000').limit, 20_000)
  t.true(good('nolimit=true').streamed)
  t.is(good('offset=99999999999999999999').skip, Number.MAX_SAFE_INTEGER)
})

test('meta and paging exclude each other', (t) => {
  t.is(good('meta=true').meta, 'all')
  t.is(good('meta=count&offset=').meta, 'count')
  t.is(good('meta=false&limit=5').meta, undefined)
  t.deepEqual(broken('meta=true&limit=5'), { meta: ['exclusive'] })
  t.deepEqual(broken('meta=count&offset=0'), { meta: ['exclusive'] })
  t.deepEqual(broken('meta=yes'), { meta: ['enum'] })
})

test('only is a comma list, may repeat, and keeps what entities can have', (t) => {
  t.deepEqual(good('only=_id,name&only=config.auth').only, ['_id', 'name', 'config.auth'])
  t.deepEqual(good('only=state,state.lat').only, ['state'])
  t.deepEqual(good('only=$x,a..b,__proto__.x,%D0%98%D0%BC%D1%8F').only, ['Имя'])
})

test('time windows', (t) => {
  const at = Date.UTC(2026, 4, 1)
  const window = (text: string): Json | undefined => filter(`from=${text}`)['time']
  for (const text of [
    `${at}`,
    '2026-05-01',
    '2026-05-01T00:00:00',
    '2026-05-01T00:00Z',
    '2026-05-01T00:00:00.000',
  ]) {
    t.deepEqual(window(text), { $gte: at }, text)
  }
  t.deepEqual(window('2026-05-01T03:00%2B03:00'), { $gte: at })
  t.deepEqual(window('2026-05-01T03:00+03:00'), { $gte: at }, 'a plus that nobody encoded')
  t.deepEqual(window('2026-04-30T21:00-03:00'), { $gte: at })
  t.deepEqual(filter('begin=1&end=9'), { time: { $gte: 1, $lte: 9 } })
  t.deepEqual(filter('begin=1&from=2&end=9'), { time: { $gte: 2, $lte: 9 } })
  t.deepEqual(filter(`to=${'9'.repeat(400)}`), { time: { $lte: Number.MAX_SAFE_INTEGER } }, 'for ever')
  for (const text of [
    'yesterday',
    '2026-02-30',
    '2026-13-01',
    '2026-05-01T24:00',
    '2026-05-01T00',
    '-5',
    '1e3',
    '%zz',
  ]) {
    t.deepEqual(broken(`from=${text}`), { from: ['format'] }, text)
  }
  t.deepEqual(broken('begin=1&to=now'), { to: ['format'] })
  t.deepEqual(broken('begin=x&to=now'), { begin: ['format'], to: ['format'] })
})

test('conditions read values by quotes, null, declared type and look', (t) => {
  t.deepEqual(filter('where.a.b=true'), { 'a.b': { $eq: true } })
  t.deepEqual(filter('where_a.b=-1.5e3'), { 'a.b': { $eq: -1500 } })
  t.deepEqual(filter('where.a="1234"'), { a: { $eq: '1234' } })
  t.deepEqual(filter('where.a=%22a,b%22,c'), { a: { $in: ['a,b', 'c'] } })
  t.deepEqual(filter('where.a=null,"null"'), { a: { $in: [null, 'null'] } })
  t.deepEqual(filter('where.name=1234'), { name: { $eq: '1234' } })
  t.deepEqual(filter('where.time=1,2'), { time: { $in: [1, 2] } })
  t.deepEqual(filter('where.archived=no'), { _id: { $in: [] } })
  t.deepEqual(filter('where._id=ABCDEF'), { _id: { $eq: 'abcdef' } })
  t.deepEqual(filter('where__id=AB'), { _id: { $eq: 'ab' } })
  t.deepEqual(filter('where_id=pump-1'), { id: { $eq: 'pump-1' } })
  t.deepEqual(filter('where.a=01'), { a: { $eq: '01' } })
  t.deepEqual(filter('where.a=1e999'), { a: { $eq: '1e999' } })
  t.deepEqual(filter('where.a=hello+world'), { a: { $eq: 'hello world' } })
  t.deepEqual(filter('where.a=1%2B1'), { a: { $eq: '1+1' } })
  t.deepEqual(filter('where.a@b:c+d=1'), { 'a@b:c+d': { $eq: 1 } })
})

test('several conditions hold together, also for one path; ! negates', (t) => {
  t.deepEqual(filter('where.a=1&where.a=2'), { $and: [{ a: { $eq: 1 } }, { a: { $eq: 2 } }] })
  t.deepEqual(filter('where.a!=1'), { a: { $ne: 1 } })
  t.deepEqual(filter('where.a%21=1,null'), { a: { $nin: [1, null] } })
  t.deepEqual(filter('where.archived!=nonsense'), {})
})

test('nobody asks for what is hidden', (t) => {
  t.deepEqual(filter('where.config.auth.password=secret'), { _id: { $in: [] } })
  t.deepEqual(filter('where.config.auth.password="secret"'), { _id: { $in: [] } })
})

test('a path that is none breaks format', (t) => {
  const paths = [
    'where.$where',
    'where.a.$gt',
    'where.a..b',
    'where.',
    'where_',
    'where.a b',
    'where.__proto__',
    'where.constructor.name',
  ]
  for (const name of [...paths, `where.${Array.from({ length: 9 }, () => 'a').join('.')}`]) {
    t.deepEqual(broken(`${encodeURIComponent(name)}=1`), { [name]: ['format'] })
  }
  t.deepEqual(broken('where.a=%ff'), { 'where.a': ['format'] })
  t.deepEqual(filter('where=1&wherever=2'), {})
})

test('order', (t) => {
  t.deepEqual(good('sortBy=name').sort, [['name', 1]])
  t.deepEqual(good('sort=-time,name,-name').sort, [
    ['time', -1],
    ['name', 1],
  ])
  t.deepEqual(good('sortBy=name&sort=time').sort, [['name', 1]])
  t.deepEqual(broken('sortBy=$natural'), { sortBy: ['format'] })
})

test('search is for the text itself', async (t) => {
  const documents = memoryDocuments()
  const names = ['a.b', 'axb', 'A.B', '(x)', 'Я', '\\d', 'c^$*+?{}[]|']
  await documents.apply(
    names.map((name, n) => ({ collection: 'c', id: `${n}`, put: { name }, at: BigInt(n + 1) })),
    [],
  )
  const found = async (text: string): Promise<readonly Json[]> => {
    const hits: Json[] = []
    for await (const page of documents.find('c', filter(`search=${encodeURIComponent(text)}`))) {
      hits.push(...page.map(({ name }) => name ?? null))
    }
    return hits
  }
  t.deepEqual(await found('a.b'), ['a.b', 'A.B'])
  t.deepEqual(await found('(X'), ['(x)'])
  t.deepEqual(await found('я'), ['Я'])
  t.deepEqual(await found('\\D'), ['\\d'])
  t.deepEqual(await found('^$*+?{}[]|'), ['c^$*+?{}[]|'])
  t.deepEqual(await found('\0'), [])
  t.deepEqual(broken(`search=${'a'.repeat(1025)}`), { search: ['max'] })
})

test('an entity matches as the client means it', async (t) => {
  const documents = memoryDocuments()
  const entities: readonly JsonObject[] = [
    { config: { v: '1234', flag: true }, models: ['m1', 'm2'] },
    { config: { v: 1234, flag: null }, models: ['m3'] },
    { config: {}, models: [] },
  ]
  await documents.apply(
    entities.map((put, n) => ({ collection: 'c', id: `${n}`, put, at: BigInt(n + 1) })),
    [],
  )
  const found = async (query: string): Promise<string> => {
    const hits: string[] = []
    for await (const page of documents.find('c', filter(query))) hits.push(...page.map(({ _id }) => _id))
    return hits.join()
  }
  t.is(await found('where.config.v="1234"'), '0')
  t.is(await found('where.config.v=1234'), '1')
  t.is(await found('where.config.flag=null'), '1,2')
  t.is(await found('where.config.flag!=null'), '0')
  t.is(await found('where.config.flag=true,null'), '0,1,2')
  t.is(await found('where.models=m2'), '0')
  t.is(await found('where.models=m2,m3'), '0,1')
  t.is(await found('where.models!=m2'), '1,2')
  t.is(await found('where.archived=false,perhaps'), '')
})

const OPERATORS = new Set(['$and', '$or', '$eq', '$ne', '$in', '$nin', '$gte', '$lte', '$regex', '$options'])

/** Every key of a filter that is no harmless path; below an operator of ours only values stand. */
const strangers = (value: Json): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap((item: Json) => strangers(item))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, below]) => {
    const known = OPERATORS.has(key) || /^[A-Za-z0-9_@:+-]+(\.[A-Za-z0-9_@:+-]+){0,7}$/.test(key)
    return [...(known ? [] : [key]), ...strangers(below)]
  })
}

const hostile = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '$where',
    '$gt',
    '__proto__',
    'a.$ne',
    '{"$gt":""}',
    '[$ne]',
    'a',
    'null',
    '"',
    ',',
    '.',
    '!',
  ),
)

test('no operator of the client gets through, whatever the query', (t) => {
  const pair = fc
    .tuple(
      fc.constantFrom('where.', 'where_', '', 'search', 'sortBy', 'only', 'from', 'limit'),
      hostile,
      hostile,
      fc.boolean(),
    )
    .map(([prefix, name, value, encoded]) =>
      encoded
        ? `${encodeURIComponent(prefix + name)}=${encodeURIComponent(value)}`
        : `${prefix}${name}=${value}`,
    )
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 6 }), (pairs) => {
      const selectors = read(pairs.join('&'))
      if (E.isLeft(selectors)) return true
      t.deepEqual(strangers(selectors.right.filter), [])
      for (const path of selectors.right.only ?? [])
        t.false(path.split('.').some((key) => key.startsWith('$')))
      for (const [path] of selectors.right.sort ?? []) t.false(path.includes('$'))
      return true
    }),
    { numRuns: 3_000 },
  )
  t.pass()
})

test('any text can be asked for in quotes, encoded either way', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const value = `"${text.replaceAll('"', '')}"`
      const wanted = { a: { $eq: value.slice(1, -1) } }
      if (/\p{Surrogate}/u.test(value)) return true
      t.deepEqual(filter(`where.a=${encodeURIComponent(value)}`), wanted)
      t.deepEqual(filter(new URLSearchParams([['where.a', value]]).toString()), wanted)
      return true
    }),
  )
  t.pass()
})
