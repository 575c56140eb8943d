/** Proves that the table of end points is that of timelimit 2, and that errors are pages of their status. */
import test from 'ava'
import { errorPage, rejected } from '../../../src/protocols/timelimit/errors.ts'
import { rejection, type RejectionKind } from '../../../src/domain/rejection.ts'
import { isAdmin } from '../../../src/protocols/timelimit/admin.ts'
import { ENDPOINTS } from '../../../src/protocols/timelimit/routes.ts'

const ROWS = [
  'GET /admin/status',
  'GET /admin/status-message',
  'GET /time',
  'POST /admin/reset-counters',
  'POST /admin/status-message',
  'POST /admin/unlock-premium',
  'POST /admin/unlock-premium-v2',
  'POST /auth/send-mail-login-code-v2',
  'POST /auth/sign-in-by-mail-code',
  'POST /child/add-device',
  'POST /child/logout-at-primary-device',
  'POST /child/update-primary-device',
  'POST /parent/create-add-device-token',
  'POST /parent/create-family',
  'POST /parent/create-identity-token',
  'POST /parent/delete-account',
  'POST /parent/get-status-by-mail-address',
  'POST /parent/link-mail-address',
  'POST /parent/recover-parent-password',
  'POST /parent/remove-device',
  'POST /parent/sign-in-into-family',
  'POST /purchase/can-do-purchase',
  'POST /purchase/finish-purchase-by-google-play',
  'POST /sync/is-device-removed',
  'POST /sync/pull-status',
  'POST /sync/push-actions',
  'POST /sync/report-removed',
]

test('27 end points, each once', (t) => {
  t.deepEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).sort(), ROWS)
})

test('only what is pushed may be large, and no body is read where there is none', (t) => {
  for (const { method, path, policy } of ENDPOINTS) {
    const has = method === 'POST' && path !== '/admin/reset-counters'
    const expected = has ? (path === '/sync/push-actions' ? 5_242_880 : 102_400) : undefined
    t.is(policy?.bytesMax, expected, path)
  }
})

test('an error page says its status, and when to come again', (t) => {
  t.is(errorPage(409).headers['Content-Type'], 'text/html; charset=utf-8')
  t.true(String(errorPage(409).body).includes('<pre>Conflict</pre>'))
  const kinds: readonly (readonly [RejectionKind, number])[] = [
    ['Invalid', 400],
    ['Unauthenticated', 401],
    ['Forbidden', 403],
    ['NotFound', 404],
    ['Conflict', 409],
    ['Gone', 410],
    ['TooLarge', 413],
    ['TooMany', 429],
    ['Unavailable', 503],
  ]
  for (const [kind, status] of kinds) {
    const answer = rejected(rejection(kind, 'reason'))
    t.is(answer.status, status)
    t.is(answer.headers['Retry-After'] !== undefined, status === 429 || status === 503)
    t.false(String(answer.body).includes('reason'))
  }
  t.is(rejected(rejection('TooMany', 'mails', { retryAfterSeconds: 7 })).headers['Retry-After'], '7')
})

test('the admin password, with any user', (t) => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
  t.true(isAdmin(basic('any:pass:word'), 'pass:word'))
  t.true(isAdmin(basic(':pass'), 'pass'))
  for (const wrong of [
    undefined,
    '',
    'Basic',
    basic('pass'),
    basic('pass:'),
    basic('any:passx'),
    'Bearer pass',
  ])
    t.false(isAdmin(wrong, 'pass'), wrong)
  for (const unset of [basic(':'), basic('any:undefined'), undefined])
    t.false(isAdmin(unset, undefined), unset)
})
