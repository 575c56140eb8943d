/** Proves that no body, value or query harms the server: what is broken gets the 4xx of the protocol, and the server creates as before. */
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { STORES } from '../../src/domain/stores/registry.ts'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import {
  asText,
  BAD_REQUEST,
  BASE,
  NO_ROUTE,
  tagOf,
  TOO_LARGE,
  type Reply,
  type SendOptions,
} from '../support/client.ts'
import { healthy } from '../support/health.ts'
import { minimalBody, newMember, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
let busy: Member
test.before(async () => {
  server = await startServer()
  busy = await newMember(await signInAdmin(server.url))
})
test.after.always(() => cleanUp(server))

const post = (options: SendOptions): Promise<Reply> => busy.send('POST', `${BASE}/labels`, options)
type Refusal = readonly [status: number, text: string]
const answered = (t: ExecutionContext, reply: Reply, [status, text]: Refusal, what: string): void => {
  t.is(reply.text, text, what)
  t.is(reply.status, status, what)
  t.is(reply.headers['content-type'], 'application/json; charset=utf-8', what)
}

test('bodies that are no JSON text', async (t) => {
  const deep = (open: string, close: string, depth: number): string =>
    open.repeat(depth) + close.repeat(depth)
  const bodies: readonly (readonly [string, string | Buffer])[] = [
    ['cut', '{"name":"x"'],
    ['trailing comma', '{"name":"x",}'],
    ['comment', '{"name":"x"/**/}'],
    ['NaN', '{"name":NaN}'],
    ['two texts', '{}{}'],
    ['lists of depth 10,000', deep('[', ']', 10_000)],
    ['objects of depth 10,000', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['depth 10,000 inside', `{"name":"x","a":${deep('[', ']', 10_000)}}`],
    ['depth 101', `{"name":"x","a":${deep('[', ']', 100)}}`],
    ['a number beyond a double', '{"name":"x","n":1e999}'],
    ['invalid UTF-8', Buffer.from([...Buffer.from('{"name":"'), 0xff, 0xfe, ...Buffer.from('"}')])],
    ['overlong UTF-8', Buffer.from([...Buffer.from('{"name":"'), 0xc0, 0xaf, ...Buffer.from('"}')])],
    ['a cut character', Buffer.from([...Buffer.from('{"name":"'), 0xe2, 0x82, ...Buffer.from('"}')])],
    ['UTF-16', Buffer.from('{"name":"x"}', 'utf16le')],
    ['binary', Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 256))],
  ]
  for (const [what, body] of bodies) {
    answered(t, await post({ body }), [400, BAD_REQUEST], what)
    await healthy(t, busy)
  }
  const fine = await post({ body: `{"name":"x","a":${deep('[', ']', 99)}}` })
  t.is(fine.status, 200, 'depth 100')
  const surrogate = await post({ body: '{"name":"\\ud800"}' })
  t.is(surrogate.status, 400)
})

test('bodies that are too large, plain, chunked or inflating', async (t) => {
  const MIB = 1024 * 1024
  const sized = (bytes: number): string => {
    const frame = JSON.stringify({ name: 'sized', _padding: '' })
    return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`)
  }
  t.is((await post({ body: sized(MIB) })).status, 200, 'exactly 1 MiB')
  const chunked = { 'Transfer-Encoding': 'chunked' }
  const coded = (coding: string) => ({ 'Content-Encoding': coding })
  const two = sized(2 * MIB)
  const bombs: readonly (readonly [string, SendOptions])[] = [
    ['1 MiB and a byte', { body: sized(MIB + 1) }],
    ['2 MB', { body: two }],
    ['2 MB chunked', { body: two, headers: chunked }],
    ['2 MB gzip', { body: gzipSync(two), headers: coded('gzip') }],
    ['2 MB deflate', { body: deflateSync(two), headers: coded('deflate') }],
    ['2 MB raw deflate', { body: deflateRawSync(two), headers: coded('deflate') }],
    ['200 MB gzip', { body: gzipSync(Buffer.alloc(200 * MIB, 0x20)), headers: coded('gzip') }],
    [
      '200 MB gzip chunked',
      { body: gzipSync(Buffer.alloc(200 * MIB, 0x20)), headers: { ...coded('gzip'), ...chunked } },
    ],
  ]
  for (const [what, options] of bombs) {
    answered(t, await post(options), [413, TOO_LARGE], what)
    await healthy(t, busy)
  }
  const broken: readonly (readonly [string, SendOptions])[] = [
    ['no gzip', { body: '{"name":"x"}', headers: coded('gzip') }],
    ['cut gzip', { body: gzipSync('{"name":"x"}').subarray(0, 15), headers: coded('gzip') }],
    ['another coding', { body: '{"name":"x"}', headers: coded('br') }],
    ['two codings', { body: gzipSync(gzipSync('{"name":"x"}')), headers: coded('gzip, gzip') }],
  ]
  for (const [what, options] of broken) answered(t, await post(options), [400, BAD_REQUEST], what)
  for (const [coding, pack] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['Deflate', deflateRawSync],
  ] as const) {
    t.is((await post({ body: pack('{"name":"x"}'), headers: coded(coding) })).entity().name, 'x', coding)
  }
  await healthy(t, busy)
})

test('paths and queries that cannot be read', async (t) => {
  const paths: readonly (readonly [string, number, string?])[] = [
    [`${BASE}/labels/%ff`, 404, NO_ROUTE],
    [`${BASE}/%ff`, 404, NO_ROUTE],
    [`${BASE}/../labels`, 404, NO_ROUTE],
    [`${BASE}/labels/..%2f..`, 404],
    [`//${BASE.slice(1)}//labels//`, 200],
    [`${BASE}/labels?limit=%ff`, 400],
    [`${BASE}/labels?%ff=1`, 200],
    [`${BASE}/labels?where.name=%ff`, 400],
    [`${BASE}/labels?${'a=1&'.repeat(10_000)}`, 200],
    [`${BASE}/labels?where.name=${'x,'.repeat(20_000)}`, 200],
    [`${BASE}/labels?search=${'('.repeat(1_025)}`, 400],
    [`${BASE}/__proto__`, 404, NO_ROUTE],
    [`${BASE}/constructor/${'f'.repeat(24)}`, 404, NO_ROUTE],
    [`${BASE}/labels/__proto__`, 404],
  ]
  for (const [path, status, text] of paths) {
    const reply = await busy.send('GET', path)
    t.is(reply.status, status, `${path.slice(0, 80)} ${reply.text.slice(0, 200)}`)
    if (text !== undefined) t.is(reply.text, text)
  }
  await healthy(t, busy)
})

test('any query of a list is answered with a list or the reasons why not', async (t) => {
  const parameters = fc.constantFrom(
    ...[
      'limit',
      'offset',
      'nolimit',
      'meta',
      'only',
      'from',
      'to',
      'begin',
      'end',
      'where.name',
      'where.config.a.b!',
    ],
    ...[
      'where_id',
      'where.time',
      'where.',
      'sortBy',
      'sort',
      'search',
      'withChildGroups',
      'streamed',
      'with',
    ],
  )
  const values = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom(
      '1',
      '-1',
      '"',
      '""',
      'a,"b',
      ',',
      'true',
      'null',
      '-name',
      'name,-time',
      '$where',
      '1e5',
      '.',
      '*',
      '(',
    ),
  )
  const query = fc.array(fc.tuple(parameters, values), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(query, async (pairs) => {
      const text = pairs
        .map(([name, value]) => `${name}=${encodeURIComponent(Buffer.from(value).toString())}`)
        .join('&')
      const reply = await busy.get(`/objects?${text}`)
      t.true(isProper(reply, 'objects'), `${text}: ${reply.status} ${reply.text.slice(0, 300)}`)
    }),
    { numRuns: process.env['SOAK'] === undefined ? 200 : 5_000 },
  )
  await healthy(t, busy)
})

const RULES = new Set(
  'required type format min max range enum reference unique exclusive immutable unknown in_use'.split(' '),
)

/** 200, or a refusal in the store's own form. */
const isProper = (reply: Reply, store: string): boolean => {
  if (reply.status === 200) return true
  const body = reply.object()
  const { code, tags, fields } = body
  const own = ['400', '409'].includes(asText(code))
  const general = { 400: 'error_validation', 409: 'error_conflict' }[reply.status]
  const wellFormed =
    body.success === false &&
    code === asText(reply.status) &&
    JSON.stringify(tags) === JSON.stringify(body.codes)
  if (!own) return wellFormed && [403, 413].includes(reply.status)
  return (
    wellFormed &&
    JSON.stringify(tags) === JSON.stringify([general, tagOf(store)]) &&
    isObject(fields) &&
    Object.values(fields).every(
      (rules) =>
        Array.isArray(rules) && rules.length > 0 && rules.every((rule: Json) => RULES.has(asText(rule))),
    )
  )
}

const anyJson = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as Json)
const oddities: fc.Arbitrary<Json> = fc.constantFrom<Json[]>(
  ...[
    null,
    '',
    0,
    -1,
    1.5,
    1e308,
    true,
    false,
    [],
    {},
    [[]],
    [null],
    [{}],
    { a: null },
    '\u0000',
    'x'.repeat(2_000),
  ],
  ...[
    'f'.repeat(24),
    ['f'.repeat(24)],
    [1],
    { '': 1 },
    '***',
    { length: 5 },
    { toString: null },
    '2026-01-01',
    -0,
  ],
)

for (const { path, fields, operations } of Object.values(STORES)) {
  if (!operations.includes('post')) continue
  test(`wrong types for every field of ${path}: never a fault of the server`, async (t) => {
    const valid = await minimalBody(busy, path)
    const made = (await busy.post(`/${path}`, valid)).entity()
    const names = [
      ...Object.keys(fields),
      'links',
      'config',
      'columns',
      'shape',
      'floors',
      'data',
      'anything',
    ]
    const runs = process.env['SOAK'] === undefined ? 40 : 1_000
    const check = async (body: JsonObject): Promise<void> => {
      const posted = await busy.post(`/${path}`, body)
      t.true(
        isProper(posted, path),
        `POST ${JSON.stringify(body)}: ${posted.status} ${posted.text.slice(0, 300)}`,
      )
      if (!operations.includes('patch')) return
      const patched = await busy.patch(`/${path}/${made._id}`, body)
      t.true(
        isProper(patched, path),
        `PATCH ${JSON.stringify(body)}: ${patched.status} ${patched.text.slice(0, 300)}`,
      )
    }
    for (const name of Object.keys(fields)) {
      for (const value of [null, '', 5, true, [], {}, [[]], [{}], { a: { b: 1 } }, 'x'.repeat(5_000)]) {
        await check({ ...valid, [name]: value })
      }
    }
    const changes = fc.dictionary(fc.constantFrom(...names), fc.oneof(oddities, anyJson), { maxKeys: 4 })
    await fc.assert(
      fc.asyncProperty(changes, fc.boolean(), (change, whole) =>
        check(whole ? { ...valid, ...change } : change),
      ),
      { numRuns: runs },
    )
    t.is((await busy.get(`/${path}`)).status, 200)
  })
}
