import { STATUS_CODES } from 'node:http'
import type { Fields, Rejection, RejectionKind } from '../../domain/rejection.ts'
import type { Answer, HttpFailure } from '../../http/protocol.ts'
import { RETRY_AFTER_SECONDS } from '../../limits.ts'

/** A refusal in the stores' own form (rightech 4.5, 4.6). */
export const rejected = (rejection: Rejection): Answer => {
  const status = STATUS_OF[rejection.kind]
  const waits = status === 429 || status === 503
  const seconds = rejection.retryAfterSeconds ?? (waits ? RETRY_AFTER_SECONDS : undefined)
  const answer = failed(
    status,
    tagsOf(rejection),
    status === 400 || status === 409 ? rejection.fields : undefined,
  )
  return seconds === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, 'Retry-After': String(seconds) } }
}

/** What went wrong before, around or below the protocol. */
export const failure = (problem: HttpFailure): Answer => FAILURES[problem._tag]

/** The error body; the socket's refusals need it without a reply around it. */
export const errorBody = (status: number, tags: readonly string[], fields?: Fields): string =>
  JSON.stringify({
    success: false,
    name: 'RicError',
    code: String(status),
    message: STATUS_CODES[status],
    tags,
    codes: tags,
    ...(fields === undefined || Object.keys(fields).length === 0 ? {} : { fields }),
  })

/** The second tag of a store: `tasks/kinds` is `error_tasks_kinds`. */
const storeTag = (store: string): string => `error_${store.replaceAll('/', '_')}`

export const JSON_TYPE = 'application/json; charset=utf-8'

const failed = (status: number, tags: readonly string[], fields?: Fields): Answer => ({
  status,
  headers: {
    'Content-Type': JSON_TYPE,
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  },
  body: errorBody(status, tags, fields),
})

export const UNAUTHORIZED: Answer = failed(401, ['error_unauthorized'])
export const FORBIDDEN: Answer = failed(403, ['error_credentials', 'error_forbidden'])
/** No such route or store; an entity's has a second tag. */
export const NO_ROUTE: Answer = failed(404, ['error_not_found'])

const BAD_REQUEST = failed(400, ['error_bad_request'])
const INTERNAL = failed(500, ['error_internal'])
const UNAVAILABLE = failed(503, ['error_unavailable'])

const FAILURES: Readonly<Record<HttpFailure['_tag'], Answer>> = {
  BadRequest: BAD_REQUEST,
  UnsupportedEncoding: BAD_REQUEST,
  UnsupportedMediaType: BAD_REQUEST,
  BodyTooLarge: failed(413, ['error_payload_too_large']),
  Timeout: failed(408, ['error_bad_request']),
  HeadersTooLarge: failed(431, ['error_bad_request']),
  NotFound: NO_ROUTE,
  MethodNotAllowed: NO_ROUTE,
  TooMany: failed(429, ['error_too_many_requests']),
  Internal: INTERNAL,
  Unavailable: UNAVAILABLE,
  ShuttingDown: UNAVAILABLE,
}

const STATUS_OF: Readonly<Record<RejectionKind, number>> = {
  Invalid: 400,
  Unprocessable: 400,
  NotAcceptable: 400,
  Unauthenticated: 401,
  Forbidden: 403,
  NotFound: 404,
  Gone: 404,
  Conflict: 409,
  TooLarge: 413,
  TooMany: 429,
  Unavailable: 503,
}

const TAG_OF: Readonly<Record<number, string>> = {
  400: 'error_validation',
  404: 'error_not_found',
  409: 'error_conflict',
}

/** 401 and 403 carry exactly their own tags; only what is about a thing names it. */
const tagsOf = ({ kind, about, reason }: Rejection): readonly string[] => {
  const status = STATUS_OF[kind]
  const general = TAG_OF[status]
  if (general === undefined) return TAGS_OF[status] ?? ['error_internal']
  return [
    general,
    ...(about === undefined ? [] : [storeTag(about)]),
    ...(reason === 'object_offline' ? ['error_object_offline'] : []),
  ]
}

const TAGS_OF: Readonly<Record<number, readonly string[]>> = {
  401: ['error_unauthorized'],
  403: ['error_credentials', 'error_forbidden'],
  413: ['error_payload_too_large'],
  429: ['error_too_many_requests'],
  503: ['error_unavailable'],
}
