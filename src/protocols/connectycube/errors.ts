import type { Rejection, RejectionKind } from '../../domain/rejection.ts'
import type { Answer, HttpFailure } from '../../http/protocol.ts'
import { RETRY_AFTER_SECONDS } from '../../limits.ts'
import {
  badRequest,
  baseError,
  fieldErrors,
  forbidden,
  notFound,
  plainError,
  unauthorized,
} from './answers.ts'
import { CORS } from './headers.ts'

/** Why a command was refused. Texts of broken rules stand under their fields, those of no field under `base` (shape B). */
export const render = (rejection: Rejection): Answer => RENDERED[rejection.kind](rejection)

/** What went wrong before, around or below the protocol. */
export const renderError = (failure: HttpFailure): Answer => {
  const answer = FAILURES[failure._tag]()
  return { ...answer, headers: { ...answer.headers, ...CORS } }
}

const retryAfter = (answer: Answer, seconds = RETRY_AFTER_SECONDS): Answer => ({
  ...answer,
  headers: { ...answer.headers, 'Retry-After': String(seconds) },
})

const unprocessable = ({ fields }: Rejection): Answer =>
  fields === undefined ? baseError(422, 'The request is invalid') : fieldErrors(fields)

const tooMany = (): Answer => plainError(429, 'Too Many Requests')
const unavailable = (): Answer => plainError(503, 'Service Unavailable')

const RENDERED: Readonly<Record<RejectionKind, (rejection: Rejection) => Answer>> = {
  Invalid: unprocessable,
  Unprocessable: unprocessable,
  Conflict: unprocessable,
  NotAcceptable: unprocessable,
  Unauthenticated: unauthorized,
  Forbidden: forbidden,
  NotFound: notFound,
  Gone: notFound,
  TooLarge: badRequest,
  TooMany: ({ retryAfterSeconds }) => retryAfter(tooMany(), retryAfterSeconds),
  Unavailable: ({ retryAfterSeconds }) => retryAfter(unavailable(), retryAfterSeconds),
}

const FAILURES: Readonly<Record<HttpFailure['_tag'], () => Answer>> = {
  BadRequest: badRequest,
  BodyTooLarge: badRequest,
  HeadersTooLarge: badRequest,
  UnsupportedEncoding: badRequest,
  UnsupportedMediaType: badRequest,
  Timeout: () => plainError(408, 'Request Timeout'),
  NotFound: notFound,
  MethodNotAllowed: notFound,
  TooMany: tooMany,
  Internal: () => plainError(500, 'Internal Server Error'),
  Unavailable: unavailable,
  ShuttingDown: unavailable,
}
