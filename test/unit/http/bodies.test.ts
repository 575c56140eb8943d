/**
 * Proves what becomes of a request's body under each protocol's policy: through a real server and real sockets, with bodies
 * that are large, slow, deep, compressed or broken.
 */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { connect } from 'node:net'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { BODY_POLICIES, readBody } from '../../../src/http/bodies.ts'
import type { BodyPolicy } from '../../../src/http/bodies.ts'
import { refuse } from '../../../src/http/answers.ts'
import type { Handler } from '../../../src/http/protocol.ts'
import { ask, echoProtocol, raw, startHttp } from '../../support/http.ts'

const reader =
  (policy: BodyPolicy): Handler =>
  async (ctx) => {
    const body = await readBody(ctx, policy)
    if (E.isLeft(body)) return refuse(ctx, body.left)
    ctx.body = { keys: Object.keys(body.right).length, first: Object.keys(body.right)[0] ?? null }
  }

const start = async (t: ExecutionContext, policy: BodyPolicy) =>
  (await startHttp(t, { protocols: [echoProtocol('rightech', { handle: reader(policy) })] })).port

const JSON_HEADERS = { 'content-type': 'application/json' }
/** A JSON object of exactly so many bytes. */
const objectOf = (bytes: number): Buffer => Buffer.from(`{"a":"${'x'.repeat(bytes - 8)}"}`)
const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`

const stores = BODY_POLICIES.rightech

test('stores: every type is JSON, empty is {}, and only POST and PATCH are read', async (t) => {
  const port = await start(t, stores)
  const post = async (body: string | undefined, headers = {}, method = 'POST') => {
    const reply = await ask(port, '/', { method, headers, ...(body === undefined ? {} : { body }) })
    return `${reply.status} ${reply.body}`
  }
  t.is(await post('{"x":1}', { 'content-type': 'text/plain' }), '200 {"keys":1,"first":"x"}')
  t.is(await post(undefined, JSON_HEADERS), '200 {"keys":0,"first":null}')
  t.is(await post('{"x":1}', {}, 'PATCH'), '200 {"keys":1,"first":"x"}')
  t.is(await post('not json', {}, 'DELETE'), '200 {"keys":0,"first":null}')
  t.is(await post('{"__proto__":{"a":1}}'), '200 {"keys":1,"first":"__proto__"}')
  for (const bad of ['{', 'null', '[]', '"a"', '1', '{"a":1}{', '{"a":1e999}', '\ufeff{}', '{"a":NaN}']) {
    t.is(await post(bad), '400 rightech:BadRequest', bad)
  }
})

test('invalid UTF-8 is refused', async (t) => {
  const port = await start(t, stores)
  for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])
    t.is((await ask(port, '/', { method: 'POST', body })).status, 400)
  }
  t.is((await ask(port, '/', { method: 'POST', body: '{"ä":"\u{1f600}"}' })).body, '{"keys":1,"first":"ä"}')
})

test('nesting: 100 is taken, 101 and 10,000 and 500,000 are refused', async (t) => {
  const port = await start(t, stores)
  const status = async (depth: number) =>
    (await ask(port, '/', { method: 'POST', body: nested(depth) })).status
  t.is(await status(100), 200)
  t.is(await status(101), 400)
  t.is(await status(10_000), 400)
  t.is(await status(500_000), 400)
  t.is(await status(2), 200)
})

test('a body of exactly the limit is taken, one byte more is refused, declared, chunked or compressed', async (t) => {
  const port = await start(t, stores)
  const post = async (body: Buffer, headers = {}) =>
    (await ask(port, '/', { method: 'POST', body, headers })).status
  const limit = stores.bytesMax
  const chunked = { 'transfer-encoding': 'chunked' }
  t.is(await post(objectOf(limit)), 200)
  t.is(await post(objectOf(limit + 1)), 413)
  t.is(await post(objectOf(limit), chunked), 200)
  t.is(await post(objectOf(limit + 1), chunked), 413)
  for (const [coding, compress] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['GZIP', gzipSync],
  ] as const) {
    const headers = { 'content-encoding': coding }
    t.is(await post(compress(objectOf(limit)), headers), 200, coding)
    t.is(await post(compress(objectOf(limit + 1)), headers), 413, coding)
    t.is(await post(compress(objectOf(limit), { level: 0 }), headers), 200, coding)
  }
})

test('a bomb is stopped at the limit; broken and unknown codings are refused', async (t) => {
  const port = await start(t, stores)
  const post = async (body: Buffer, coding: string) =>
    (await ask(port, '/', { method: 'POST', body, headers: { 'content-encoding': coding } })).body
  const before = process.memoryUsage.rss()
  t.is(await post(gzipSync(Buffer.alloc(256 * 1024 * 1024)), 'gzip'), 'rightech:BodyTooLarge')
  t.true(process.memoryUsage.rss() - before < 400 * 1024 * 1024)
  t.is(await post(gzipSync('{"a":1}').subarray(0, 20), 'gzip'), 'rightech:BadRequest')
  t.is(await post(Buffer.from('{"a":1}'), 'gzip'), 'rightech:BadRequest')
  t.is(await post(Buffer.from('{"a":1}'), 'br'), 'rightech:UnsupportedEncoding')
  t.is(await post(Buffer.from('{"a":1}'), 'gzip, gzip'), 'rightech:UnsupportedEncoding')
  t.is(await post(Buffer.from('{"a":1}'), 'identity'), '{"keys":1,"first":"a"}')
})

test('a declared length over the limit is answered before a byte arrives, then the connection closes', async (t) => {
  const port = await start(t, stores)
  const answer = await raw(
    port,
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${stores.bytesMax + 1}\r\n\r\n`,
  )
  t.regex(answer, /^HTTP\/1\.1 413 /)
  t.regex(answer, /\r\nConnection: close\r\n/)
  t.true(answer.endsWith('rightech:BodyTooLarge'))
})

test('a client that goes on sending gets the answer nevertheless', async (t) => {
  const port = await start(t, stores)
  const answer = await raw(
    port,
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
    ...Array.from({ length: 64 }, () => `10000\r\n${'x'.repeat(65_536)}\r\n`),
  )
  t.regex(answer, /^HTTP\/1\.1 413 /)
})

test('Expect: 100-continue is answered only where the body is wanted', async (t) => {
  const port = await start(t, stores)
  const send = (length: number, ...rest: string[]) =>
    raw(
      port,
      `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`,
      ...rest,
    )
  t.regex(await send(7, '{"a":1}'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  t.regex(await send(stores.bytesMax + 1), /^HTTP\/1\.1 413 .*Connection: close/s)
})

test('a slow body is cut when its time is over, one that goes away leaves the server well', async (t) => {
  const port = await start(t, { ...stores, msMax: 150 })
  const answer = await raw(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{')
  t.regex(answer, /^HTTP\/1\.1 408 .*rightech:Timeout$/s)
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{', () => socket.destroy())
      socket.on('close', () => resolve())
    })
  })
  t.is((await ask(port, '/', { method: 'POST', body: '{}' })).status, 200)
})

test('two pipelined bodies are two answers, in order', async (t) => {
  const port = await start(t, stores)
  const one = (key: string, more = '') =>
    `POST / HTTP/1.1\r\nHost: x\r\n${more}Content-Length: 7\r\n\r\n{"${key}":1}`
  const answer = await raw(port, one('a') + one('b', 'Connection: close\r\n'))
  t.deepEqual(answer.match(/"first":"."/g), ['"first":"a"', '"first":"b"'])
})

test('timelimit: only JSON counts as a body, and none is refused; its limit', async (t) => {
  const port = await start(t, BODY_POLICIES.timelimit)
  const post = async (body: Buffer | string, headers: Record<string, string> = JSON_HEADERS) =>
    (await ask(port, '/', { method: 'POST', body, headers })).status
  t.is(await post('{"a":1}', { 'content-type': 'Application/JSON; charset=utf-8' }), 200)
  t.is(await post('{"a":1}', {}), 400)
  t.is(await post('{"a":1}', { 'content-type': 'text/plain' }), 400)
  t.is(await post(''), 400)
  t.is(await post(objectOf(102_400)), 200)
  t.is(await post(objectOf(102_401)), 413)
})

test('afrodite: another type is 415, an empty body is refused; its limit', async (t) => {
  const port = await start(t, BODY_POLICIES.afrodite)
  const send = async (
    method: string,
    body: Buffer | string,
    headers: Record<string, string> = JSON_HEADERS,
  ) => (await ask(port, '/', { method, body, headers })).status
  t.is(await send('PUT', '{"a":1}'), 200)
  t.is(await send('POST', '{"a":1}', {}), 415)
  t.is(await send('POST', ''), 400)
  t.is(await send('POST', objectOf(65_536)), 200)
  t.is(await send('POST', objectOf(65_537)), 413)
})

test('connectycube: every method is read, another type is refused if it has bytes; a form parser plugs in', async (t) => {
  const policy: BodyPolicy = {
    ...BODY_POLICIES.connectycube,
    parsers: {
      ...BODY_POLICIES.connectycube.parsers,
      'application/x-www-form-urlencoded': (bytes) => E.right({ [bytes.toString()]: 1 }),
    },
  }
  const port = await start(t, policy)
  const send = async (method: string, body: string, type?: string) =>
    (await ask(port, '/', { method, body, headers: type === undefined ? {} : { 'content-type': type } })).body
  t.is(await send('GET', '{"a":1}', 'application/json'), '{"keys":1,"first":"a"}')
  t.is(await send('DELETE', 'a[b]=1', 'application/x-www-form-urlencoded'), '{"keys":1,"first":"a[b]=1"}')
  t.is(await send('PUT', ''), '{"keys":0,"first":null}')
  t.is(await send('POST', '', 'text/plain'), '{"keys":0,"first":null}')
  t.is(await send('POST', 'x', 'text/plain'), 'rightech:BadRequest')
  t.is(await send('POST', 'x'), 'rightech:BadRequest')
})

test('no prototype is touched by any key', async (t) => {
  const port = await start(t, stores)
  await ask(port, '/', {
    method: 'POST',
    body: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  })
  t.false('polluted' in {})
})
