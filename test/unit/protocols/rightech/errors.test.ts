/** The error bodies byte for byte (rightech 4.5, 4.6), for what the domain refuses and for what goes wrong below the protocol. */
import test from 'ava'
import { rejection } from '../../../../src/domain/rejection.ts'
import type { HttpFailure } from '../../../../src/http/protocol.ts'
import {
  failure,
  FORBIDDEN,
  NO_ROUTE,
  rejected,
  UNAUTHORIZED,
} from '../../../../src/protocols/rightech/errors.ts'

const body = (code: string, message: string, tags: string, more = ''): string =>
  `{"success":false,"name":"RicError","code":"${code}","message":"${message}","tags":[${tags}],"codes":[${tags}]${more}}`

test('401 and 403 carry exactly their own tags', (t) => {
  t.is(UNAUTHORIZED.body, body('401', 'Unauthorized', '"error_unauthorized"'))
  t.deepEqual(UNAUTHORIZED.headers, {
    'Content-Type': 'application/json; charset=utf-8',
    'WWW-Authenticate': 'Bearer',
  })
  t.is(FORBIDDEN.body, body('403', 'Forbidden', '"error_credentials","error_forbidden"'))
  t.deepEqual(rejected(rejection('Unauthenticated', 'x', { about: 'users' })), UNAUTHORIZED)
  t.deepEqual(rejected(rejection('Forbidden', 'x', { about: 'users' })), FORBIDDEN)
})

test('404 names the store of an entity and nothing of a route', (t) => {
  t.is(NO_ROUTE.body, body('404', 'Not Found', '"error_not_found"'))
  t.is(
    rejected(rejection('NotFound', 'x', { about: 'tasks/kinds' })).body,
    body('404', 'Not Found', '"error_not_found","error_tasks_kinds"'),
  )
})

test('400 and 409 tell the broken rules, others do not', (t) => {
  const fields = { login: ['required'], email: ['format'] }
  const rules = ',"fields":{"login":["required"],"email":["format"]}'
  t.is(
    rejected(rejection('Invalid', 'x', { about: 'users', fields })).body,
    body('400', 'Bad Request', '"error_validation","error_users"', rules),
  )
  t.is(
    rejected(rejection('Conflict', 'x', { about: 'users', fields })).body,
    body('409', 'Conflict', '"error_conflict","error_users"', rules),
  )
  t.is(
    rejected(rejection('NotFound', 'x', { about: 'users', fields })).body,
    body('404', 'Not Found', '"error_not_found","error_users"'),
  )
})

test('what asks for patience says how long', (t) => {
  const late = rejected(rejection('TooMany', 'x', { retryAfterSeconds: 42 }))
  t.is(late.status, 429)
  t.is(late.headers['Retry-After'], '42')
  t.is(late.body, body('429', 'Too Many Requests', '"error_too_many_requests"'))
  const down = rejected(rejection('Unavailable', 'x'))
  t.is(down.body, body('503', 'Service Unavailable', '"error_unavailable"'))
  t.regex(down.headers['Retry-After'] ?? '', /^\d+$/)
  t.is(
    rejected(rejection('TooLarge', 'x', { about: 'labels' })).body,
    body('413', 'Payload Too Large', '"error_payload_too_large"'),
  )
})

test('failures below the protocol have its form', (t) => {
  const cases: readonly (readonly [HttpFailure, string])[] = [
    [{ _tag: 'BadRequest', reason: 'json' }, body('400', 'Bad Request', '"error_bad_request"')],
    [{ _tag: 'UnsupportedEncoding' }, body('400', 'Bad Request', '"error_bad_request"')],
    [{ _tag: 'BodyTooLarge', bytesMax: 1 }, body('413', 'Payload Too Large', '"error_payload_too_large"')],
    [{ _tag: 'NotFound' }, NO_ROUTE.body.toString()],
    [{ _tag: 'MethodNotAllowed', allow: 'GET' }, NO_ROUTE.body.toString()],
    [
      { _tag: 'TooMany', retryAfterSeconds: 1 },
      body('429', 'Too Many Requests', '"error_too_many_requests"'),
    ],
    [{ _tag: 'Internal' }, body('500', 'Internal Server Error', '"error_internal"')],
    [
      { _tag: 'ShuttingDown', retryAfterSeconds: 1 },
      body('503', 'Service Unavailable', '"error_unavailable"'),
    ],
  ]
  for (const [problem, text] of cases) t.is(failure(problem).body, text, problem._tag)
})
