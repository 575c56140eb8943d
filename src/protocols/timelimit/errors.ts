import { STATUS_CODES } from 'node:http'
import type { Rejection, RejectionKind } from '../../domain/rejection.ts'
import type { Answer, HttpFailure, HttpRequest } from '../../http/protocol.ts'
import { RETRY_AFTER_SECONDS } from '../../limits.ts'

/** A page that says no more than the status (timelimit 8.1): clients look at nothing else. */
export const errorPage = (status: number, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers },
  body: `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>${STATUS_CODES[status] ?? ''}</pre>
</body>
</html>
`,
})

export const BAD_REQUEST = errorPage(400)
export const UNAUTHORIZED = errorPage(401)
export const CONFLICT = errorPage(409)
/** What the reference could not take, and failed at (timelimit A11): no fault of ours. */
export const FAILED = errorPage(500)

export const rejected = ({ kind, retryAfterSeconds }: Rejection): Answer => {
  const status = STATUS_OF[kind]
  const waits = status === 429 || status === 503
  const seconds = retryAfterSeconds ?? (waits ? RETRY_AFTER_SECONDS : undefined)
  return errorPage(status, seconds === undefined ? {} : { 'Retry-After': String(seconds) })
}

/** What went wrong before, around or below the protocol. Browsers of operators may read it too (timelimit 2.18). */
export const failure = ({ _tag }: HttpFailure, { path }: HttpRequest): Answer =>
  errorPage(STATUS_OF_FAILURE[_tag], isAdminPath(path) ? CORS : {})

export const isAdminPath = (path: string): boolean => path === '/admin' || path.startsWith('/admin/')

export const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Accept',
  'Access-Control-Allow-Methods': 'GET, POST',
} as const

const STATUS_OF: Readonly<Record<RejectionKind, number>> = {
  Invalid: 400,
  Unprocessable: 400,
  NotAcceptable: 400,
  Unauthenticated: 401,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  Gone: 410,
  TooLarge: 413,
  TooMany: 429,
  Unavailable: 503,
}

const STATUS_OF_FAILURE: Readonly<Record<HttpFailure['_tag'], number>> = {
  BadRequest: 400,
  NotFound: 404,
  MethodNotAllowed: 404,
  Timeout: 408,
  BodyTooLarge: 413,
  UnsupportedEncoding: 415,
  UnsupportedMediaType: 415,
  TooMany: 429,
  HeadersTooLarge: 431,
  Internal: 500,
  Unavailable: 503,
  ShuttingDown: 503,
}
