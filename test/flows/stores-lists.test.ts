/** Proves paging, meta, windows, selection and framing of lists: the cases 25–28 and 34 of rightech 10, against the real server. */
import test from 'ava'
import { type JsonObject } from '../../src/json.ts'

import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { AS_IT_SHOULD, listed, refusal } from '../support/lists.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const made = (store: string, bodies: readonly JsonObject[]) => listed(admin, store, bodies)

const names = (count: number): readonly JsonObject[] =>
  Array.from({ length: count }, (_, index) => ({ name: `Object ${index}` }))

test('25: offset and limit', async (t) => {
  const { found } = await made('objects', names(5))
  t.deepEqual(await found('offset=2&limit=2'), [2, 3])
  t.deepEqual(await found('limit=2'), [0, 1])
  t.deepEqual(await found('offset=4'), [4])
  t.deepEqual(await found('offset=5'), [])
  t.deepEqual(await found('limit=0'), [])
  t.deepEqual(await found('offset=1&limit=3&sortBy=-_id'), [3, 2, 1])
  t.deepEqual(await found('offset=1&limit=3&streamed=true'), [1, 2, 3])
  t.deepEqual(await found('nolimit=true'), [0, 1, 2, 3, 4])
})

test('26: limits that are too large, negative, empty or no number', async (t) => {
  const { member, found } = await made('objects', names(2))
  t.deepEqual(await found('limit=99999'), [0, 1])
  t.deepEqual(await found('limit='), [0, 1])
  t.deepEqual(await found('limit=&offset=&only=&where.name=&sortBy=&search=&from=&to=&meta='), [0, 1])
  t.deepEqual(await found('db=x&snaps&with=data&where=1&=5&unknown=%'), [0, 1])
  for (const name of ['limit', 'offset']) {
    for (const value of ['-1', '1.5', 'many', '1e3', '0x10', '%20', 'NaN', 'Infinity', '--1']) {
      const reply = await member.get(`/objects?${name}=${value}`)
      t.deepEqual(refusal(reply, 'objects', [name, 'range']), AS_IT_SHOULD, `${name}=${value}`)
    }
  }
})

test('27: meta, and meta with paging', async (t) => {
  const { member, entities } = await made('objects', names(3))
  const [first = {}, second = {}, last = {}] = entities
  const meta = async (query: string) => (await member.get(`/objects?${query}`)).json()
  t.deepEqual(await meta('meta=true'), { count: 3, first, last, success: true })
  t.deepEqual(await meta('meta=true&sortBy=-name'), { count: 3, first, last, success: true })
  t.deepEqual(await meta('meta=true&where.name=Object%201'), {
    count: 1,
    first: second,
    last: second,
    success: true,
  })
  t.deepEqual(await meta('meta=true&where.name=x'), { count: 0, first: null, last: null, success: true })
  t.deepEqual(await meta('meta=true&only=name&limit='), {
    count: 3,
    first: { _id: entities[0]?._id, name: 'Object 0' },
    last: { _id: entities[2]?._id, name: 'Object 2' },
    success: true,
  })
  t.is((await member.get('/objects?meta=count')).text, '{"count":3,"success":true}')
  t.is((await member.get('/objects?meta=false&offset=2')).list().length, 1)
  for (const paging of ['offset=0', 'limit=5']) {
    for (const kind of ['true', 'count']) {
      const reply = await member.get(`/objects?meta=${kind}&${paging}`)
      t.deepEqual(refusal(reply, 'objects', ['meta', 'exclusive']), AS_IT_SHOULD, paging)
    }
  }
})

test('28: a time window in every form', async (t) => {
  const { member, entities, found } = await made('objects', names(4))
  const [t0 = 0, t1 = 0, t2 = 0] = entities.map(({ time }) => Number(time))
  const iso = (ms: number): string => new Date(ms).toISOString()
  const bare = (ms: number): string => iso(ms).slice(0, -1)
  /** The same moment on a clock of another zone. */
  const zoned = (ms: number, zone: string, minutes: number): string => bare(ms + minutes * 60_000) + zone
  const windows = [
    `from=${t1}&to=${t2}`,
    `begin=${t1}&end=${t2}`,
    `from=${iso(t1)}&to=${iso(t2)}`,
    `begin=${bare(t1)}&end=${bare(t2)}`,
    `from=${encodeURIComponent(zoned(t1, '+05:30', 330))}&to=${zoned(t2, '-03:00', -180)}`,
    `from=${zoned(t1, '+05:30', 330)}&to=${zoned(t2, '%2B01:00', 60)}`,
    `from=${encodeURIComponent(iso(t1))}&to=${t2}&begin=1&end=2`,
  ]
  for (const window of windows) t.deepEqual(await found(window), [1, 2], window)
  t.deepEqual(await found(`from=${t2}`), [2, 3])
  t.deepEqual(await found(`to=${t1}`), [0, 1])
  t.deepEqual(await found(`from=${t2}&to=${t1}`), [])
  t.deepEqual(await found('from=2020-02-29'), [0, 1, 2, 3])
  t.deepEqual(await found(`to=${iso(t0 - 60_000).slice(0, 16)}`), [])
  for (const [name, value] of [
    ['from', 'yesterday'],
    ['to', '2026-02-30'],
    ['begin', '2026-01-01 00:00'],
    ['end', '2026-13-01T00:00'],
    ['from', '-5'],
  ] as const) {
    const reply = await member.get(`/objects?${name}=${value.replace(' ', '%20')}`)
    t.deepEqual(refusal(reply, 'objects', [name, 'format']), AS_IT_SHOULD, `${name}=${value}`)
  }
})

test('34: lists are framed byte for byte', async (t) => {
  const { member, entities } = await made('labels', [
    { name: 'Ünï\n"x"' },
    { name: 'two', nested: { a: [1, {}] } },
  ])
  const [first, second] = entities.map((entity) => JSON.stringify(entity))
  const version = (await member.get('/labels?limit=0')).headers['x-ric-version']
  const framings = [
    ['', `[\n${first ?? ''}\n,\n${second ?? ''}\n]\n`],
    ['?limit=1', `[\n${first ?? ''}\n]\n`],
    ['?where.name=nothing', '[\n]\n'],
    ['?limit=0', '[\n]\n'],
  ] as const
  for (const [query, expected] of framings) {
    const plain = await member.get(`/labels${query}`)
    t.is(plain.text, expected)
    t.is(plain.headers['content-length'], String(Buffer.byteLength(expected)))
    t.is(plain.headers['content-type'], 'application/json; charset=utf-8')
    t.is(plain.headers['x-ric-version'], version)
    const streamed = await member.get(`/labels${query}${query === '' ? '?' : '&'}streamed=true`)
    t.is(streamed.text, expected)
    t.is(streamed.headers['x-ric-version'], version)
  }
  const streamed = await member.get('/labels?streamed=true')
  t.is(streamed.headers['transfer-encoding'], 'chunked')
  t.is(streamed.headers['content-length'], undefined)
  for (const chunk of streamed.chunks) t.notRegex(chunk.toString(), /^(\]\n|,\n?|\n)$/)
  const head = await member.send('HEAD', '/api/v1/labels')
  t.is(head.headers['x-ric-version'], version)
})

test('34: a list larger than a buffer arrives whole, buffered or streamed', async (t) => {
  const count = process.env['SOAK'] === undefined ? 60 : 12_000
  const member = await newMember(admin)
  const text = 'x'.repeat(process.env['SOAK'] === undefined ? 40_000 : 100)
  const ids: string[] = []
  for (let from = 0; from < count; from += 50) {
    const batch = Array.from({ length: Math.min(50, count - from) }, () =>
      create(member, 'dashboards', { text }),
    )
    ids.push(...(await Promise.all(batch)).map(({ entity }) => entity._id))
  }
  const lists = await Promise.all(
    ['', '?streamed=true', '?nolimit=true&streamed=true'].map((query) => member.get(`/dashboards${query}`)),
  )
  const sorted = ids.toSorted()
  for (const [index, reply] of lists.entries()) {
    const expected = index === 2 ? sorted : sorted.slice(0, 10_000)
    t.deepEqual(
      reply.list().map(({ _id }) => _id),
      expected,
    )
  }
})

test('2.3: only selects inside and keeps the nesting', async (t) => {
  const { member, entities } = await made('objects', [{ config: { a: { x: 1, y: 2 }, b: 3 }, name: 'One' }])
  const [{ _id } = { _id: '' }] = entities
  const only = async (query: string) => (await member.get(`/objects?${query}`)).list()[0]
  t.deepEqual(await only('only=config.a.x'), { _id, config: { a: { x: 1 } } })
  t.deepEqual(await only('only=name&only=config.b,config.a.y'), {
    _id,
    name: 'One',
    config: { a: { y: 2 }, b: 3 },
  })
  t.deepEqual(await only('only=nothing'), { _id })
  t.deepEqual(await only('only=config,config.a'), { _id, config: entities[0]?.config })
  t.deepEqual(await only('only=,name,'), { _id, name: 'One' })
  t.deepEqual(await only('only=__proto__,constructor,$x,name.length'), { _id })
  const users = await member.get('/users?only=password,hash,passwordHash,_s')
  for (const user of users.list()) t.deepEqual(Object.keys(user), ['_id'])
})
