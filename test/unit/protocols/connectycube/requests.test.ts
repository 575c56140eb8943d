/**
 * Proves how a request is read: parameters, times, paging, queries, forms and flat keys (connectycube 2.2, 2.8, 2.9), signatures by the vectors
 * of 3.2, which row serves a path (2.1), and who may call at each level (2.4). Pure, but for sessions that are played.
 */
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import { tokenHashOf, type LiveSession } from '../../../../src/commands/cc/sessions.ts'
import { admit, type AccessParts } from '../../../../src/protocols/connectycube/access.ts'
import { json } from '../../../../src/protocols/connectycube/answers.ts'
import type { Endpoint, Level, Method } from '../../../../src/protocols/connectycube/endpoint.ts'
import { bodyPolicy, expand, parseQuery } from '../../../../src/protocols/connectycube/forms.ts'
import { createRateLimit } from '../../../../src/protocols/connectycube/rate.ts'
import {
  integer,
  isoSeconds,
  list,
  paging,
  time,
  truthy,
} from '../../../../src/protocols/connectycube/params.ts'
import { byIndexes } from '../../../../src/protocols/connectycube/record-input.ts'
import { finder } from '../../../../src/protocols/connectycube/routes.ts'
import { isSigned, signedText } from '../../../../src/protocols/connectycube/signatures.ts'
import { sha256Hex } from '../../../../src/crypto/hashes.ts'
import type { JsonObject } from '../../../../src/json.ts'

const queryOf = (query: string) => {
  const parsed = parseQuery(query)
  return E.isLeft(parsed) ? parsed.left : parsed.right
}

test('a list comes in three forms, and each element is trimmed', (t) => {
  for (const query of ['a=3,%202', 'a[]=3&a[]=2', 'a=3&a=2', 'a[0]=3&a[1]=2', 'a=3%2C+2,'])
    t.deepEqual(list((queryOf(query) as Record<string, never>)['a']), ['3', '2'], query)
  t.deepEqual(list([3, '2 ', null, {}]), ['3', '2'])
  t.deepEqual([list(''), list(null), list(undefined), list(7)], [[], [], [], ['7']])
})

test('brackets are nesting, up to the limits, and never a prototype', (t) => {
  t.deepEqual(queryOf('a[b]=1&a[c][]=x&id[in][]=1&id[in][]=2&'), {
    a: { b: '1', c: ['x'] },
    id: { in: ['1', '2'] },
  })
  t.deepEqual(queryOf(''), {})
  t.deepEqual(queryOf('q=a+b%20c&n=%zz'), { q: 'a b c', n: '%zz' })
  t.deepEqual(queryOf('__proto__[x]=1&constructor[prototype][x]=1&a[__proto__][x]=1&toString=1&a[y]=1'), {
    toString: '1',
    a: { y: '1' },
  })
  t.is(Reflect.get({}, 'x'), undefined)
  const many = (count: number) => queryOf(Array.from({ length: count }, (_, n) => `a[]=${n}`).join('&'))
  t.is(list((many(1_000) as Record<string, never>)['a']).length, 1_000)
  t.deepEqual(many(1_001), { _tag: 'BadRequest', reason: 'json' })
})

test('flat keys of JSON are nesting too', (t) => {
  const flat: JsonObject = JSON.parse(
    '{"p[project_id]":"x","p[token]":1,"l[]":1,"l":[0],"a[__proto__][b]":1,"__proto__":{"z":1},"o":{"constructor":1,"y":[{"__proto__":1}]},"o[w]":2,"[x]":1}',
  ) as JsonObject
  t.deepEqual(
    expand(flat),
    E.right({ p: { project_id: 'x', token: 1 }, l: [0], o: { y: [{}], w: 2 }, '[x]': 1 }),
  )
  t.deepEqual(
    expand({ 'l[]': [1, 2], 'o[in][]': [], 'o[x]': 1 }),
    E.right({ l: [1, 2], o: { in: [], x: 1 } }),
  )
  const many = Object.fromEntries(Array.from({ length: 3_001 }, (_, n) => [`a[${n}]`, 1]))
  t.true(E.isLeft(expand(many)))
})

test('null in a form is null where something is written', (t) => {
  const parse = (method: string) =>
    bodyPolicy(method).parsers['application/x-www-form-urlencoded']?.(Buffer.from('a=null&b[c]=null&d=x'))
  t.deepEqual(parse('PUT'), E.right({ a: null, b: { c: null }, d: 'x' }))
  t.deepEqual(parse('DELETE'), E.right({ a: 'null', b: { c: 'null' }, d: 'x' }))
})

test('digits in brackets are keys where a form may change elements by index, and lists elsewhere', (t) => {
  const read = (form: string) =>
    bodyPolicy('PUT', byIndexes).parsers['application/x-www-form-urlencoded']?.(Buffer.from(form))
  const one = 'tags[0]=x&tags%5B12%5D=null&s=a[0]b&o[n][1]=y&l[]=p&l[]=[2]&push[tags][1]=v&push[tags][0]=u'
  const made = {
    ...{ tags: { '0': 'x', '12': null }, s: 'a[0]b', o: { n: ['y'] }, l: ['p', '[2]'] },
    push: { tags: ['u', 'v'] },
  }
  t.deepEqual(
    read(`${one}&update_by_index[t][%31]=z`),
    E.right({ ...made, update_by_index: { t: { '1': 'z' } } }),
  )
  t.deepEqual(
    read('record[7][tags][1]=x&record[7][in][0]=y&search_criteria[a][in][0]=1&a[__proto__][0]=1&record[x]=1'),
    E.right({
      record: { '7': { tags: { '1': 'x' }, in: { '0': 'y' } }, x: '1' },
      search_criteria: { a: { in: ['1'] } },
      a: {},
    }),
  )
})

test('scalars are read from JSON and from text', (t) => {
  t.deepEqual([1, '1', true, 'true', 0, 'yes', 2, null, undefined].map(truthy), [
    ...[true, true, true, true],
    ...[false, false, false, false, false],
  ])
  t.deepEqual([5, '5', ' 5 ', '-5', 5.5, '5.0', '', 'x', '99999999999999999999', null, true].map(integer), [
    5,
    5,
    5,
    -5,
    ...Array<undefined>(7).fill(undefined),
  ])
})

const JAN_1 = Date.UTC(2026, 0, 1)

test('a point in time has many forms', (t) => {
  for (const form of [
    1767225600,
    '1767225600',
    '1767225600.0',
    1767225600000,
    '1767225600000',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.000Z',
    '2026-01-01T02:00:00+02:00',
    '2026-01-01T02:00:00 02:00',
    '2026-01-01T02:00:00+02',
    '2025-12-31T19:00-0500',
    '2026-01-01T00:00:00',
    'Thu Jan 01 2026 00:00:00 GMT+0000 (Coordinated Universal Time)',
    'Thu Jan 01 2026 02:00:00 GMT+0200',
    '2026-01-01',
    '2026.01.01',
  ])
    t.is(time(form), JAN_1, String(form))
  for (const form of ['2026-02-30', '2026-13-01', '2026-01-01T24:00:00Z', 'now', '', true, [], '1e99', 1e300])
    t.is(time(form), 'invalid', JSON.stringify(form))
  t.is(time(null), undefined)
  t.is(isoSeconds(JAN_1 + 999), '2026-01-01T00:00:00Z')
})

test('pages are clamped', (t) => {
  const rule = { kind: 'skip', default: 100, max: 100 } as const
  t.deepEqual(paging({}, rule), { skip: 0, limit: 100, page: 1 })
  t.deepEqual(paging({ skip: '50', limit: '1000' }, rule), { skip: 50, limit: 100, page: 1 })
  t.deepEqual(paging({ skip: '-1', limit: '0' }, rule), { skip: 0, limit: 100, page: 1 })
  const huge = '9'.repeat(30)
  t.deepEqual(paging({ skip: huge, limit: huge }, rule), { skip: 2 ** 31 - 1, limit: 100, page: 21_474_837 })
  t.like(paging({ page: huge, per_page: '1e3' }, { kind: 'page', default: 10, max: 100 }), {
    skip: 2 ** 31 - 1,
    limit: 10,
  })
  t.deepEqual(paging({ skip: `-${huge}`, limit: `-${huge}` }, rule), { skip: 0, limit: 100, page: 1 })
  t.deepEqual(paging({ page: 3, per_page: 5 }, { kind: 'page', default: 10, max: 100 }), {
    skip: 10,
    limit: 5,
    page: 3,
  })
  t.deepEqual(paging({ offset: 7, skip: 9 }, { ...rule, kind: 'offset' }), { skip: 7, limit: 100, page: 1 })
})

const SECRET = 's3cr3t-Key_for.Tests'
const BODY = { application_id: 42, auth_key: 'wJHd4cQSxpQGWx5', nonce: 7351, timestamp: 1700000000 }
const VECTORS = [
  {
    body: BODY,
    text: 'application_id=42&auth_key=wJHd4cQSxpQGWx5&nonce=7351&timestamp=1700000000',
    sha1: 'c652be8192f86d26413a558d2a10d97d87cba033',
    sha256: '34917997b136dbd0ea16d9743006090a1e4e40ae371da20fafc388f6b2c1c167',
  },
  {
    body: { ...BODY, user: { password: 'p@ss&word=1', login: 'jane doe' } },
    text: 'application_id=42&auth_key=wJHd4cQSxpQGWx5&nonce=7351&timestamp=1700000000&user[login]=jane doe&user[password]=p@ss&word=1',
    sha1: 'd8679ad8ea46a99873c67af785fdcce3acb9b236',
    sha256: 'd24cfde0b281c083516366fa42193b7104e6e9771809b40ff4b266892e129574',
  },
  {
    body: { provider: 'facebook', keys: { token: 'EAAB', secret: 'zz' }, ...BODY },
    text: 'application_id=42&auth_key=wJHd4cQSxpQGWx5&keys[secret]=zz&keys[token]=EAAB&nonce=7351&provider=facebook&timestamp=1700000000',
    sha1: 'e7d7afdc018ab8e07a14d7efbf2eee399d07d099',
    sha256: '8e40afeba6121a9f4a34c20040637617a9eead0dc5d7bfbc03ee1c3df9b73b9c',
  },
] as const

test('signatures are those of older SDKs', (t) => {
  for (const { body, text, sha1, sha256 } of VECTORS) {
    t.is(signedText({ ...body, signature: sha1 }), text)
    t.true(isSigned({ ...body, signature: sha1 }, sha1, SECRET))
    t.true(isSigned({ ...body, signature: sha256 }, sha256, SECRET))
    for (const wrong of [
      sha1.replace(/./, (digit) => (digit === '0' ? '1' : '0')),
      sha1.slice(1),
      '',
      sha256.toUpperCase(),
    ])
      t.false(isSigned(body, wrong, SECRET))
    t.false(isSigned({ ...body, nonce: 7352 }, sha1, SECRET))
  }
})

const row = (method: Method, path: string): Endpoint => ({
  method,
  path,
  level: 'none',
  serve: () => json(200, { path }),
})

test('the first row that fits serves a path', (t) => {
  const find = finder(
    [
      ['GET', '/users/v2'],
      ['GET', '/users/:id'],
      ['PUT', '/users/:id'],
      ['GET', '/chat/dialog/:id/admins'],
      ['GET', '/chat/message'],
    ].map(([method, path]) => row(method as Method, path ?? '')),
  )
  const pathOf = (method: string, path: string) => {
    const found = find(method, path)
    return found === undefined ? undefined : [found.row.path, found.path]
  }
  t.deepEqual(pathOf('GET', '/users/v2'), ['/users/v2', {}])
  t.deepEqual(pathOf('HEAD', '/users/7'), ['/users/:id', { id: '7' }])
  t.deepEqual(pathOf('GET', '/users/a%2Fb'), ['/users/:id', { id: 'a/b' }])
  for (const chat of ['Dialog', 'dialog', 'DIALOG'])
    t.deepEqual(pathOf('GET', `/chat/${chat}/Ab/admins`), ['/chat/dialog/:id/admins', { id: 'Ab' }])
  t.deepEqual(pathOf('GET', '/chat/Message'), ['/chat/message', {}])
  for (const [method, path] of [
    ['GET', '/users'],
    ['GET', '/Users/7'],
    ['GET', '/users/7/8'],
    ['GET', '/users/%zz'],
    ['DELETE', '/users/7'],
    ['PATCH', '/users/7'],
    ['GET', '/'],
  ] as const)
    t.is(pathOf(method, path), undefined, `${method} ${path}`)
})

const session = (user: number): LiveSession => ({
  ...{ id: 1, app: 1, user, createdAt: 0, updatedAt: 0, ts: 0, expiresAt: 1 },
})
const SESSIONS = new Map([
  [tokenHashOf('of the application'), session(0)],
  [tokenHashOf('of a user'), session(7)],
])
const KEYS = [
  { _id: '1-authKey', app: 1, kind: 'authKey', hash: sha256Hex('auth') },
  { _id: '1-adminKey', app: 1, kind: 'adminKey', hash: sha256Hex('admin') },
]
const PARTS = {
  settings: { appId: 1 },
  sessions: { find: (hash: string) => Promise.resolve(SESSIONS.get(hash)) },
  reader: {
    find: async function* (_: string, { hash, kind }: { hash: string; kind: string }) {
      yield await Promise.resolve(KEYS.filter((key) => key.hash === hash && key.kind === kind))
    },
  },
} as unknown as AccessParts

const TOKENS = {
  none: {},
  dead: { 'cb-token': 'x' },
  app: { 'cb-token': 'of the application' },
  user: { 'cb-token': 'of a user' },
}
const AUTH = { none: {}, wrong: { 'cb-authkey': 'admin' }, right: { 'cb-authkey': 'auth' } }
const LEVELS: readonly Level[] = ['none', 'key', 'app', 'user', 'user or admin', 'admin']

const NEEDED = [401, { errors: ['Token is required'] }] as const
const DEAD = [401, { errors: { base: ['Required session does not exist'] } }] as const
const NO_USER = [403, { errors: { base: ['Forbidden. Need user.'] } }] as const
const WRONG = [401, { errors: ['Unauthorized'] }] as const

/** The table of connectycube 2.4, in other words: of tokens without a user, by level and key. */
const WITHOUT: Readonly<
  Record<Exclude<Level, 'admin'>, (isDead: boolean, auth: keyof typeof AUTH) => unknown>
> = {
  none: () => 0,
  key: (isDead, auth) => {
    if (auth === 'right') return 0
    return isDead ? DEAD : { none: NEEDED, wrong: WRONG }[auth]
  },
  app: (isDead) => (isDead ? DEAD : NEEDED),
  user: (isDead) => (isDead ? DEAD : NEEDED),
  'user or admin': (isDead) => (isDead ? DEAD : NEEDED),
}

const expected = (level: Level, token: keyof typeof TOKENS, auth: keyof typeof AUTH): unknown => {
  if (level === 'admin') return WRONG
  if (token === 'user') return 7
  if (token === 'app') return level.startsWith('user') ? NO_USER : 0
  return WITHOUT[level](token === 'dead', auth)
}

test('who may call depends on the level, and refusals are exact', async (t) => {
  for (const level of LEVELS)
    for (const token of ['none', 'dead', 'app', 'user'] as const)
      for (const auth of ['none', 'wrong', 'right'] as const) {
        const admitted = await admit(PARTS, level, { ...TOKENS[token], ...AUTH[auth] }, {})
        const got: unknown = E.isRight(admitted)
          ? admitted.right.user
          : [admitted.left.status, JSON.parse(String(admitted.left.body))]
        t.deepEqual(got, expected(level, token, auth), `${level} ${token} ${auth}`)
      }
  const admin = await admit(PARTS, 'admin', { 'cb-administration-api-key': 'admin' }, {})
  t.deepEqual(admin, E.right({ app: 1, user: 0, isAdmin: true }))
  t.deepEqual(
    await admit(PARTS, 'user or admin', { 'cb-administration-api-key': 'admin', ...TOKENS.dead }, {}),
    admin,
  )
  t.true(E.isLeft(await admit(PARTS, 'admin', { 'cb-administration-api-key': 'auth' }, {})))
  const byQuery = await admit(PARTS, 'user', {}, { token: 'of a user' })
  t.is(E.isRight(byQuery) ? byQuery.right.user : -1, 7)
})

test('a minute fills the bucket of an address again', (t) => {
  let now = 0
  const wait = createRateLimit(2, () => now)
  t.deepEqual([wait('a'), wait('a'), wait('a'), wait('b')], [0, 0, 30, 0])
  now = 15_000
  t.is(wait('a'), 15)
  now = 30_000
  t.deepEqual([wait('a'), wait('a')], [0, 30])
})
