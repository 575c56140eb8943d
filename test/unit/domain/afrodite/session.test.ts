/** Proves the table of afrodite 7.2: what each command brings about in which state of a session. */
import test from 'ava'
import { fact } from '../../../../src/domain/afrodite/events.ts'
import { accountStream, sessionStream } from '../../../../src/domain/afrodite/names.ts'
import { sessionDecider } from '../../../../src/domain/afrodite/session-decide.ts'
import type { SessionCommand } from '../../../../src/domain/afrodite/session.ts'
import type { Fact } from '../../../../src/domain/decider.ts'
import { after, AID, CLIENT, decided, exchange, live, login, NOW } from '../../../support/afrodite-domain.ts'

const when = (command: SessionCommand, given: readonly Fact[]) => decided(sessionDecider, given, command)
const given = (...commands: readonly SessionCommand[]) => live(sessionDecider, commands).facts
const state = (facts: readonly Fact[]) => after(sessionDecider, facts)

const NOBODY = given()
const LOGGED_IN = given(login('a'))
const CONNECTED = given(login('a'), exchange('a', 'b'))
const DELETED = given(login('a'), { type: 'EndForGood' })

const closed = (cause: string, connectionId = 'connection-b') => ['ConnectionClosed', { connectionId, cause }]
const revoked = (cause: string) => ['SessionRevoked', { loginId: 'login-a', cause }]
const refused = (cause: string, connectionId: string, step = 2) => [
  'HandshakeRefused',
  { connectionId, step, cause, at: NOW },
]

const started = [
  'LoginStarted',
  {
    loginId: 'login-c',
    method: 'bot',
    sealed: { accessHash: 'access-c', refreshHash: 'refresh-c', ip: '127.0.0.1' },
  },
]

test('a login ends the one before it, with its connection', (t) => {
  t.deepEqual(when(login('c'), NOBODY), [started])
  t.deepEqual(when(login('c'), LOGGED_IN), [started])
  t.deepEqual(when(login('c'), CONNECTED), [closed('revoked'), started])
  t.is(when(login('c'), DELETED), 'NotFound no_account')
  t.deepEqual(state(given(login('a'), exchange('a', 'b'), login('c'))).login, {
    loginId: 'login-c',
    accessHash: 'access-c',
    refreshHash: 'refresh-c',
    connection: null,
  })
})

test('the right token is exchanged, and the connection is the current one', (t) => {
  const opened = (pair: string) => {
    const of = { loginId: 'login-a', connectionId: `connection-${pair}` }
    return [
      ['RefreshTokenRotated', { ...of, sealed: { refreshHash: `refresh-${pair}` } }],
      ['AccessTokenIssued', { ...of, sealed: { accessHash: `access-${pair}` } }],
      [
        'ConnectionOpened',
        {
          connectionId: `connection-${pair}`,
          node: 'node1',
          client: CLIENT,
          sealed: { ip: '127.0.0.1', port: 4711 },
        },
      ],
    ]
  }
  t.deepEqual(when(exchange('a', 'b'), LOGGED_IN), opened('b'))
  t.deepEqual(when(exchange('b', 'c'), CONNECTED), [closed('replaced'), ...opened('c')])
  t.deepEqual(state(CONNECTED).login, {
    loginId: 'login-a',
    accessHash: 'access-b',
    refreshHash: 'refresh-b',
    connection: { id: 'connection-b', ip: '127.0.0.1', node: 'node1' },
  })
})

test('any other token revokes the session', (t) => {
  const mismatch = refused('refresh-mismatch', 'connection-c')
  for (const wrong of ['', 'a', 'B', 'bb']) {
    const facts = when(exchange(wrong, 'c'), CONNECTED)
    t.deepEqual(facts, [mismatch, closed('revoked'), revoked('refresh-mismatch')], wrong)
  }
  t.deepEqual(when(exchange('b', 'c'), LOGGED_IN), [mismatch, revoked('refresh-mismatch')])
  t.deepEqual(when(exchange('a', 'c'), NOBODY), [mismatch], 'nothing to revoke')
  t.deepEqual(when(exchange('a', 'c'), DELETED), [])
  t.is(state(given(login('a'), exchange('b', 'c'))).login, undefined)
})

test('an unsupported client keeps what it has, but only with the right token', (t) => {
  const unsupported = (presented: string) => exchange(presented, 'c', { isSupported: false })
  t.deepEqual(when(unsupported('b'), CONNECTED), [refused('unsupported', 'connection-c')])
  t.deepEqual(when(unsupported('a'), CONNECTED), [
    refused('refresh-mismatch', 'connection-c'),
    closed('revoked'),
    revoked('refresh-mismatch'),
  ])
  t.deepEqual(state(given(login('a'), exchange('a', 'b'), unsupported('b'))).login, state(CONNECTED).login)
})

const malformed = (connectionId: string, step: 1 | 2 | 5, revoke: boolean): SessionCommand => ({
  type: 'RefuseMalformed',
  connectionId,
  step,
  revoke,
  at: NOW,
})

test('what is malformed revokes the session', (t) => {
  t.deepEqual(when(malformed('x', 1, true), CONNECTED), [
    refused('malformed', 'x', 1),
    closed('revoked'),
    revoked('malformed'),
  ])
  t.deepEqual(when(malformed('connection-b', 5, true), CONNECTED), [
    refused('malformed', 'connection-b', 5),
    closed('malformed'),
    revoked('malformed'),
  ])
  t.deepEqual(when(malformed('x', 2, true), LOGGED_IN), [refused('malformed', 'x'), revoked('malformed')])
  t.deepEqual(when(malformed('x', 2, true), NOBODY), [refused('malformed', 'x')])
})

test('or only ends its connection, where the operator wants that', (t) => {
  t.deepEqual(when(malformed('x', 1, false), CONNECTED), [refused('malformed', 'x', 1)])
  t.deepEqual(when(malformed('connection-b', 5, false), CONNECTED), [
    refused('malformed', 'connection-b', 5),
    closed('malformed'),
  ])
  const kept = state(given(login('a'), exchange('a', 'b'), malformed('connection-b', 5, false)))
  t.like(kept.login, { accessHash: 'access-b', refreshHash: 'refresh-b', connection: null })
})

test('refusals are noted once a minute, what they bring about always happens', (t) => {
  const noted = (wait: number) =>
    when(exchange('a', 'c', { at: NOW + wait }), [
      ...CONNECTED,
      fact('HandshakeRefused', { connectionId: 'x', step: 1, cause: 'malformed', at: NOW }),
    ])
  const both = [closed('revoked'), revoked('refresh-mismatch')]
  t.deepEqual(noted(59_999), both)
  t.deepEqual(noted(-59_999), both, 'by another clock')
  t.is(noted(60_000).length, 3)
  t.is(noted(-60_000).length, 3, 'a clock that was set back does not silence it')
  const unsupported = exchange('b', 'c', { isSupported: false })
  t.deepEqual(when(unsupported, given(login('a'), exchange('a', 'b'), unsupported)), [])
})

test('a connection ends once, and only while it is the current one', (t) => {
  const end = (connectionId: string): SessionCommand => ({
    type: 'EndConnection',
    connectionId,
    cause: 'timeout',
  })
  t.deepEqual(when(end('connection-b'), CONNECTED), [closed('timeout')])
  t.deepEqual(when(end('connection-a'), CONNECTED), [])
  t.deepEqual(when(end('connection-b'), LOGGED_IN), [])
  t.deepEqual(when(end('connection-b'), NOBODY), [])
  t.deepEqual(when(end('connection-b'), given(login('a'), exchange('a', 'b'), end('connection-b'))), [])
  const late = fact('ConnectionClosed', { connectionId: 'connection-a', cause: 'lost' })
  t.deepEqual(state([...CONNECTED, late]), state(CONNECTED), 'folded, it clears no other connection')
  const replaced = given(login('a'), exchange('a', 'b'), exchange('b', 'c'))
  t.deepEqual(when(end('connection-b'), replaced), [], 'replaced')
  t.like(state(given(login('a'), exchange('a', 'b'), end('connection-b'))).login, {
    accessHash: 'access-b',
    refreshHash: 'refresh-b',
    connection: null,
  })
})

test('logout', (t) => {
  t.deepEqual(when({ type: 'Logout' }, CONNECTED), [closed('revoked'), revoked('logout')])
  t.deepEqual(when({ type: 'Logout' }, LOGGED_IN), [revoked('logout')])
  t.deepEqual(when({ type: 'Logout' }, NOBODY), [])
  t.deepEqual(state(given(login('a'), { type: 'Logout' })), state(NOBODY))
})

test('the end for good is told once, also of nobody', (t) => {
  t.deepEqual(when({ type: 'EndForGood' }, CONNECTED), [closed('revoked'), revoked('deleted')])
  t.deepEqual(when({ type: 'EndForGood' }, LOGGED_IN), [revoked('deleted')])
  t.deepEqual(when({ type: 'EndForGood' }, NOBODY), [['SessionRevoked', { loginId: null, cause: 'deleted' }]])
  t.deepEqual(when({ type: 'EndForGood' }, DELETED), [])
  t.deepEqual(state(DELETED), { deleted: true, refusedAt: null })
})

test('nobody acts for an erased account', (t) => {
  const erased = CONNECTED.map((one): Fact =>
    'sealed' in one.data ? { ...one, data: { ...one.data, sealed: null } } : one,
  )
  t.is(state(erased).login, undefined)
  // The newer of a pair alone may be gone too, while a key is being destroyed.
  for (const cut of [2, 3, 4]) {
    const partly = [...CONNECTED.slice(0, cut - 1), ...erased.slice(cut - 1, cut)]
    t.is(state(partly).login, undefined, String(cut))
  }
  t.deepEqual(when(exchange('null', 'c'), erased), [refused('refresh-mismatch', 'connection-c')])
})

test('unknown types leave it alone; a known one of another shape stops the reader', (t) => {
  t.deepEqual(state([...CONNECTED, { type: 'FromTheFuture', data: {} }]), state(CONNECTED))
  t.throws(() => state([{ type: 'ConnectionClosed', data: { connectionId: 'x', cause: 'weather' } }]), {
    message: /ConnectionClosed/,
  })
})

test('its subject is the account', (t) => {
  t.is(sessionDecider.subject?.(sessionStream(AID)), accountStream(AID))
})
