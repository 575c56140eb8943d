/** Proves that broken requests, upgrades and frames get a whole 4xx and end their own connection only; what never became a request gets the platform’s form. */
import { once } from 'node:events'
import test from 'ava'
import { type JsonObject } from '../../src/json.ts'
import { BASE, TOO_LARGE, UNAUTHORIZED } from '../support/client.ts'
import { healthy } from '../support/health.ts'
import { raw } from '../support/http.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { accepted, connectFrames, isRefusal, SOCKET_IO, within } from '../support/sockets.ts'

let server: RunningServer | undefined
let busy: Member
test.before(async () => {
  server = await startServer()
  busy = await newMember(await signInAdmin(server.url))
})
test.after.always(() => cleanUp(server))

const portOf = (): number => Number(new URL(busy.url).port)
const head = (line: string, ...headers: readonly string[]): string =>
  `${[line, ...headers].join('\r\n')}\r\n\r\n`
const HOST = 'Host: localhost'
const authorized = (): string => `Authorization: Bearer ${busy.token}`

test('requests that are none are answered 4xx and closed', async (t) => {
  const body = '{"name":"smuggled"}'
  const smuggled = `POST ${BASE}/labels HTTP/1.1\r\n${HOST}\r\n${authorized()}\r\n`
  const requests: readonly (readonly [string, string])[] = [
    ['garbage', 'this is no HTTP\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    ['two lengths', `${smuggled}Content-Length: 5\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    ['length and chunks', `${smuggled}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a strange coding', `${smuggled}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['no length', `${smuggled}Content-Length: many\r\n\r\n${body}`],
    ['negative length', `${smuggled}Content-Length: -1\r\n\r\n${body}`],
    ['a bad chunk', `${smuggled}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`],
    ['a folded header', head(`GET ${BASE}/labels HTTP/1.1`, HOST, 'X-A: b\r\n c', 'X : y')],
    ['a NUL in a header', head(`GET ${BASE}/labels HTTP/1.1`, HOST, 'X-A: \u0000')],
    ['headers of 80 KB', head(`GET ${BASE}/labels HTTP/1.1`, HOST, `X-A: ${'a'.repeat(80_000)}`)],
    ['a path of 80 KB', head(`GET ${BASE}/${'a'.repeat(80_000)} HTTP/1.1`, HOST)],
    ['no host', head(`GET ${BASE}/labels HTTP/1.1`, 'Connection: close')],
    ['a tunnel', head('CONNECT example.org:443 HTTP/1.1', HOST)],
  ]
  const before = (await busy.get('/labels?where.name=smuggled')).list().length
  for (const [what, bytes] of requests) {
    const answer = await within(raw(portOf(), Buffer.from(bytes, 'latin1')), what)
    t.regex(answer, /^HTTP\/1\.1 (4\d\d) .*\r\n/, what)
    t.regex(answer, /\r\nConnection: close\r\n/i, what)
    t.is(answer.match(/HTTP\/1\.1 /g)?.length, 1, what)
    const text = answer.slice(answer.indexOf('\r\n\r\n') + 4)
    t.notThrows(() => JSON.parse(text) as unknown, `${what}: ${text}`)
    await healthy(t, busy)
  }
  t.is((await busy.get('/labels?where.name=smuggled')).list().length, before)
})

test('pipelined requests are answered in their order', async (t) => {
  const { entity } = await create(busy, 'labels')
  const body = '{"color":"piped"}'
  const get = head(`GET ${BASE}/labels/${entity._id}?only=name HTTP/1.1`, HOST, authorized())
  const patch = head(
    `PATCH ${BASE}/labels/${entity._id} HTTP/1.1`,
    ...[HOST, authorized(), `Content-Length: ${body.length}`],
  )
  const stranger = head(`GET ${BASE}/nothing HTTP/1.1`, HOST)
  const last = head(`GET ${BASE}/labels?limit=0 HTTP/1.1`, HOST, authorized(), 'Connection: close')
  const answer = await within(raw(portOf(), get + patch + body + stranger + last), 'answers')
  const bodies = answer
    .split('HTTP/1.1 ')
    .slice(1)
    .map((part) => part.slice(part.indexOf('\r\n\r\n') + 4))
  t.is(bodies.length, 4)
  t.deepEqual(JSON.parse(bodies[0] ?? ''), { _id: entity._id, name: entity.name, success: true })
  t.is((JSON.parse(bodies[1] ?? '') as JsonObject).color, 'piped')
  t.is(bodies[2], UNAUTHORIZED)
  t.is(bodies[3], '[\n]\n')
  t.is((await busy.get(`/labels/${entity._id}`)).entity().color, 'piped')
})

test('a body that is refused unread does not become the next request', async (t) => {
  const hidden = `${'x'.repeat(2 * 1024 * 1024)}${head(`GET ${BASE}/labels HTTP/1.1`, HOST, authorized())}`
  const first = head(`POST ${BASE}/labels HTTP/1.1`, HOST, authorized(), `Content-Length: ${hidden.length}`)
  const answer = await within(raw(portOf(), first + hidden), 'the refusal')
  t.is(answer.match(/HTTP\/1\.1 /g)?.length, 1)
  t.regex(answer, /^HTTP\/1\.1 413 /)
  t.true(answer.endsWith(TOO_LARGE))
  await healthy(t, busy)
})

test('upgrades that are broken are refused with a whole answer', async (t) => {
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const upgrade = ['Upgrade: websocket', 'Connection: Upgrade']
  const version = 'Sec-WebSocket-Version: 13'
  const at = (path: string): string => `GET ${path} HTTP/1.1`
  const offers: readonly (readonly [string, number, string])[] = [
    ['no key', 400, head(at(SOCKET_IO), HOST, authorized(), ...upgrade, version)],
    [
      'a bad key',
      400,
      head(at(SOCKET_IO), HOST, authorized(), ...upgrade, version, 'Sec-WebSocket-Key: short'),
    ],
    ['no version', 400, head(at(SOCKET_IO), HOST, authorized(), ...upgrade, key)],
    [
      'version 99',
      400,
      head(at(SOCKET_IO), HOST, authorized(), ...upgrade, key, 'Sec-WebSocket-Version: 99'),
    ],
    ['a POST', 400, head(`POST ${SOCKET_IO} HTTP/1.1`, HOST, authorized(), ...upgrade, key, version)],
    ['no such path', 404, head(at(`${BASE}/labels`), HOST, authorized(), ...upgrade, key, version)],
    ['nobody', 401, head(at(`${SOCKET_IO}&accessToken=x`), HOST, ...upgrade, key, version)],
    [
      'polling',
      400,
      head(at('/socket.io/?EIO=3&transport=polling'), HOST, authorized(), ...upgrade, key, version),
    ],
    ['no transport', 400, head(at('/socket.io/'), HOST, authorized(), ...upgrade, key, version)],
    [
      'a bad filter',
      400,
      head(at('/events/stream?where.$a=1'), HOST, authorized(), ...upgrade, key, version),
    ],
  ]
  for (const [what, status, bytes] of offers) {
    const answer = await within(raw(portOf(), bytes), what)
    t.regex(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${what}: ${answer}`)
    t.regex(answer, /\r\nContent-Length: [1-9]\d*\r\n/i, what)
    t.regex(answer, /\r\nConnection: close\r\n/i, what)
  }
  const http2 = head(
    at(`${BASE}/labels?limit=0`),
    ...[
      HOST,
      authorized(),
      'Connection: Upgrade, HTTP2-Settings, close',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    ],
  )
  t.regex(await within(raw(portOf(), http2), 'h2c'), /^HTTP\/1\.1 200 [^]*\[\n\]\n$/)
  await healthy(t, busy)
})

test('frames that are too large or unknown close their socket and no other', async (t) => {
  const headers = { headers: busy.headers as Record<string, string> }
  const other = accepted(await connectFrames(t, busy.url, SOCKET_IO, headers))
  const frames: readonly (readonly [string, string | Buffer, number])[] = [
    ['of 65 KiB', `2${'x'.repeat(65 * 1024)}`, 1009],
    ['of 2 MB', '4'.repeat(2_000_000), 1009],
    ['binary', Buffer.from([1, 2, 3]), 1003],
    ['an attachment', '451-["x",{"_placeholder":true,"num":0}]', 1003],
    ['no JSON', '42[', 1003],
    ['nothing known', 'hello', 1003],
    ['an empty one', '', 1003],
  ]
  for (const [what, frame, code] of frames) {
    const { socket, closed } = accepted(await connectFrames(t, busy.url, SOCKET_IO, headers))
    socket.send(frame)
    t.is((await within(closed, what)).code, code, what)
  }
  const stream = accepted(await connectFrames(t, busy.url, '/events/stream', headers))
  stream.socket.send('x'.repeat(70_000))
  t.is((await within(stream.closed, 'a large frame')).code, 1009)
  other.socket.send('2still here')
  while (!other.frames.includes('3still here')) await within(once(other.socket, 'message'), 'a pong')
  await healthy(t, busy)
})

test('an upgrade by cookie from a strange page is refused', async (t) => {
  const page = { Origin: 'http://evil.example' }
  const reply = await busy.send('POST', `${BASE}/auth`, {
    body: JSON.stringify({ login: busy.login, password: busy.password }),
  })
  const Cookie = /^sid=[^;]+/.exec(reply.headers['set-cookie']?.[0] ?? '')?.[0] ?? ''
  const strange = await connectFrames(t, busy.url, SOCKET_IO, { headers: { Cookie, ...page } })
  t.true(isRefusal(strange) && strange.status === 401 && strange.text === UNAUTHORIZED)
  accepted(await connectFrames(t, busy.url, SOCKET_IO, { headers: { Cookie, Origin: busy.url } }))
  accepted(await connectFrames(t, busy.url, SOCKET_IO, { headers: { Cookie } }))
})
