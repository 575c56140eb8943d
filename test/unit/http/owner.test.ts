/** Proves who owns a request, row by row and for every look-alike of the table, by asking the pure function. */
import test from 'ava'
import type { IncomingHttpHeaders } from 'node:http'
import { owner, ownerTable } from '../../../src/http/owner.ts'
import { PROTOCOL_NAMES } from '../../../src/http/protocol.ts'
import type { ListenerName, ProtocolName } from '../../../src/http/protocol.ts'

type Asked = {
  readonly on?: readonly ProtocolName[]
  readonly listener?: ListenerName
  readonly internalRoutes?: boolean
  readonly headers?: IncomingHttpHeaders
}

/** `GET /path`, or `WS /path` for an upgrade → `owner path?query`. */
const asked = (
  line: string,
  { on = PROTOCOL_NAMES, listener = 'shared', internalRoutes = false, headers = {} }: Asked = {},
) => {
  const [method = '', target = ''] = line.split(' ')
  const upgrade = method === 'WS'
  const request = { method: upgrade ? 'GET' : method, target, upgrade, headers }
  const answer = owner(request, listener, ownerTable(new Set(on), internalRoutes))
  return `${answer.owner} ${answer.path}${answer.query === '' ? '' : `?${answer.query}`}`
}

const HASHED = '/ZO8ITaid1_2-LDnSvqWobknPkoo'

const rows: readonly (readonly [string, string])[] = [
  // 1
  ['GET /live', 'platform /live'],
  ['POST /ready', 'platform /ready'],
  ['GET /metrics?x=1', 'platform /metrics?x=1'],
  ['GET /openapi.json', 'platform /openapi.json'],
  ['GET /history', 'platform /history'],
  ['GET /history/streams/a', 'platform /history/streams/a'],
  ['GET /live/', 'platform /live'],
  ['GET /live/x', 'connectycube /live/x'],
  ['GET /live.json', 'connectycube /live'],
  ['GET /openapi.json/x', 'connectycube /openapi.json/x'],
  ['GET /historyx', 'connectycube /historyx'],
  // 2
  ['GET /api/v1', 'rightech /api/v1'],
  ['HEAD /api/v1/', 'rightech /api/v1'],
  ['POST /api/v1/auth', 'rightech /api/v1/auth'],
  ['GET //api//v1///objects//', 'rightech /api/v1/objects'],
  ['GET /api/v1/x.json', 'rightech /api/v1/x.json'],
  ['GET /api/v2/objects', 'connectycube /api/v2/objects'],
  ['GET /api/v11', 'connectycube /api/v11'],
  ['GET /API/v1', 'connectycube /API/v1'],
  ['GET /%61pi/v1', 'connectycube /%61pi/v1'],
  // 3
  ['WS /events/stream?accessToken=x', 'rightech /events/stream?accessToken=x'],
  ['GET /events/stream', 'rightech /events/stream'],
  ['WS /api/v1/events/stream', 'rightech /api/v1/events/stream'],
  ['GET /events/stream.json', 'connectycube /events/stream'],
  ['POST /events', 'connectycube /events'],
  ['POST /events.json', 'connectycube /events'],
  // 4
  ['GET /', 'rightech /'],
  ['HEAD /', 'rightech /'],
  ['GET ///', 'rightech /'],
  ['GET /?a=b', 'rightech /?a=b'],
  ['POST /', 'connectycube /'],
  ['WS /', 'connectycube /'],
  // 6
  ['WS /socket.io/?EIO=3&transport=websocket', 'timelimit /socket.io?EIO=3&transport=websocket'],
  ['GET /socket.io', 'timelimit /socket.io'],
  ['POST /socket.io/x', 'timelimit /socket.io/x'],
  ['GET /socket.iox', 'connectycube /socket.iox'],
  // 7
  ['GET /time', 'timelimit /time'],
  ['GET /time.json', 'connectycube /time'],
  ['GET /time/x', 'connectycube /time/x'],
  ['POST /auth/send-mail-login-code-v2', 'timelimit /auth/send-mail-login-code-v2'],
  ['POST /auth.json', 'connectycube /auth'],
  ['POST /parent/delete-account', 'timelimit /parent/delete-account'],
  ['GET /child', 'timelimit /child'],
  ['POST /sync/push-actions/', 'timelimit /sync/push-actions'],
  ['POST /purchase/x', 'timelimit /purchase/x'],
  // 8
  ['GET /admin/status', 'timelimit /admin/status'],
  ['POST /admin/status/', 'timelimit /admin/status'],
  ['POST /admin/unlock-premium-v2', 'timelimit /admin/unlock-premium-v2'],
  ['GET /admin/status/x', 'connectycube /admin/status/x'],
  ['GET /admin/status.json', 'connectycube /admin/status'],
  ['GET /admin/chat', 'connectycube /admin/chat'],
  // 9
  [`POST ${HASHED}`, `afrodite ${HASHED}`],
  [`POST /${HASHED}`, `afrodite ${HASHED}`],
  [`POST ${HASHED}/`, `afrodite ${HASHED}/`],
  [`GET ${HASHED}/a/b`, `afrodite ${HASHED}/a/b`],
  ['WS /6qQZ2jQO5exMKFI2jCzGAdMysxE', 'afrodite /6qQZ2jQO5exMKFI2jCzGAdMysxE'],
  ['GET /6qQZ2jQO5exMKFI2jCzGAdMysxEx', 'connectycube /6qQZ2jQO5exMKFI2jCzGAdMysxEx'],
  ['GET /6qQZ2jQO5exMKFI2jCzGAdMysx', 'connectycube /6qQZ2jQO5exMKFI2jCzGAdMysx'],
  ['GET /6qQZ2jQO5exMKFI2jCzGAdMysx.', 'connectycube /6qQZ2jQO5exMKFI2jCzGAdMysx.'],
  // 10 is off by default
  ['POST /account_api/login', 'connectycube /account_api/login'],
  // 11
  ['POST /session', 'connectycube /session'],
  ['POST //session.json', 'connectycube /session'],
  ['DELETE /session.json/', 'connectycube /session'],
  ['GET /users/5.json?x', 'connectycube /users/5?x'],
  ['GET /users.json/5', 'connectycube /users.json/5'],
  ['GET /chat/Dialog.json', 'connectycube /chat/Dialog'],
  ['WS /xmpp', 'connectycube /xmpp'],
  // 12
  ['GET /favicon.ico', 'connectycube /favicon.ico'],
  ['OPTIONS *', 'connectycube *'],
  ['GET /.json', 'connectycube /'],
  // 1: absolute targets
  ['GET http://example.org/api/v1/objects?a', 'rightech /api/v1/objects?a'],
  ['GET HTTPS://example.org', 'rightech /'],
  ['GET http://example.org?a=1', 'rightech /?a=1'],
  ['GET //example.org/session.json', 'connectycube /example.org/session'],
  ['GET /a/../api/v1', 'connectycube /a/../api/v1'],
]

for (const [line, expected] of rows) test(`shared: ${line}`, (t) => t.is(asked(line), expected))

for (const headers of [
  { cookie: 'sid=bad' },
  { cookie: 'a=b; sid=' },
  { authorization: 'Bearer x' },
  { authorization: 'bearer' },
] satisfies IncomingHttpHeaders[]) {
  test(`row 5: /socket.io with ${JSON.stringify(headers)} is the stores'`, (t) => {
    t.is(asked('WS /socket.io/', { headers }), 'rightech /socket.io')
    t.is(asked('POST /socket.io/', { headers }), 'rightech /socket.io')
    t.is(asked('WS /socket.io/', { headers, on: ['timelimit'] }), 'timelimit /socket.io')
    t.is(asked('WS /socket.io/', { headers, on: ['connectycube'] }), 'connectycube /socket.io')
  })
}

for (const headers of [
  { cookie: 'xsid=1; SID=2; sid' },
  { authorization: 'Basic eDp5' },
  { authorization: 'Bearerx y' },
] satisfies IncomingHttpHeaders[]) {
  test(`row 6: /socket.io with ${JSON.stringify(headers)} is TimeLimit's`, (t) =>
    t.is(asked('WS /socket.io/', { headers }), 'timelimit /socket.io'))
}

test('row 5: a query parameter accessToken, decoded, whatever its value', (t) => {
  for (const query of ['accessToken', 'accessToken=', 'a=1&accessToken=x', '%61ccessToken=x']) {
    t.is(asked(`WS /socket.io?${query}`), `rightech /socket.io?${query}`)
  }
  for (const query of ['accesstoken=x', 'xaccessToken=x', 'a=accessToken', '%zz=1']) {
    t.is(asked(`WS /socket.io?${query}`), `timelimit /socket.io?${query}`)
  }
})

test('the stores alone own all of /socket.io', (t) =>
  t.is(asked('GET /socket.io', { on: ['rightech', 'connectycube'] }), 'rightech /socket.io'))

test('row 10 is there with bot login and no port of its own', (t) => {
  t.is(asked('POST /account_api/login', { internalRoutes: true }), 'afrodite /account_api/login')
  t.is(asked('POST /account_api/register', { internalRoutes: true }), 'afrodite /account_api/register')
  t.is(asked('POST /account_api/other', { internalRoutes: true }), 'connectycube /account_api/other')
  t.is(
    asked('POST /account_api/login', { internalRoutes: true, on: ['timelimit'] }),
    'timelimit /account_api/login',
  )
})

test('row 11: an upgrade on / that offers xmpp', (t) => {
  const headers = { 'sec-websocket-protocol': 'a, xmpp' }
  t.is(asked('WS /', { headers }), 'connectycube /')
  t.is(asked('WS /', { headers, on: ['rightech'] }), 'rightech /')
  t.is(asked('GET /', { headers }), 'rightech /')
})

test('row 12 goes to the first that is on, and a protocol that is off falls through', (t) => {
  t.is(asked('GET /x', { on: ['rightech', 'timelimit', 'afrodite'] }), 'rightech /x')
  t.is(asked('GET /x', { on: ['timelimit', 'afrodite'] }), 'timelimit /x')
  t.is(asked('GET /x/', { on: ['afrodite'] }), 'afrodite /x/')
  t.is(asked('POST /session.json', { on: ['rightech'] }), 'rightech /session.json')
  t.is(asked('GET /api/v1', { on: ['timelimit'] }), 'timelimit /api/v1')
  t.is(asked('GET /time', { on: ['rightech'] }), 'rightech /time')
  t.is(asked(`GET ${HASHED}/`, { on: ['rightech'] }), `rightech ${HASHED}`)
  t.is(asked('GET /live', { on: ['rightech'] }), 'platform /live')
  t.is(asked('GET /', { on: ['afrodite'] }), 'afrodite /')
})

test('a listener of its own owns every path, and keeps the reading of its protocol', (t) => {
  t.is(asked('GET /live', { listener: 'rightech' }), 'rightech /live')
  t.is(asked('GET /time.json/', { listener: 'rightech' }), 'rightech /time.json')
  t.is(asked('GET /socket.io', { listener: 'rightech' }), 'rightech /socket.io')
  t.is(
    asked('WS /socket.io', { listener: 'timelimit', headers: { cookie: 'sid=1' } }),
    'timelimit /socket.io',
  )
  t.is(asked('GET /x//y/', { listener: 'afrodite' }), 'afrodite /x/y/')
  t.is(asked('GET /live.json', { listener: 'connectycube' }), 'connectycube /live')
  t.is(asked('POST /account_api/login', { listener: 'internal' }), 'afrodite /account_api/login')
})
