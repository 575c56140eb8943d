import type { Rejection, RejectionKind } from '../../domain/rejection.ts'
import type { Answer, BadRequestReason, CorsPolicy, HttpFailure } from '../../http/protocol.ts'
import { RETRY_AFTER_SECONDS } from '../../limits.ts'
import { json } from './replies.ts'

/** Clients look at nothing but the status. */
export const bare = (status: number, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers,
  body: '',
})

/** Only what is wrong with a body is said in JSON (afrodite 5). */
export const badBody = (status: 400 | 413 | 415 | 422): Answer => ({ ...json({ status }), status })

export const BAD_REQUEST = bare(400)
export const UNAUTHORIZED = bare(401)
/** Whatever a handler cannot do and has no status of its own (afrodite 5): clients know it as that. */
export const FAILED = bare(500)

export const rejected = ({ kind, retryAfterSeconds = RETRY_AFTER_SECONDS }: Rejection): Answer => {
  const status = STATUS_OF[kind] ?? 500
  return bare(status, status === 503 || status === 429 ? { 'Retry-After': String(retryAfterSeconds) } : {})
}

/** What went wrong before, around or below the protocol. */
export const renderError = (failure: HttpFailure): Answer => {
  switch (failure._tag) {
    case 'BadRequest':
      return NOT_OF_BODIES.has(failure.reason) ? BAD_REQUEST : badBody(400)
    case 'BodyTooLarge':
      return badBody(413)
    case 'UnsupportedEncoding':
    case 'UnsupportedMediaType':
      return badBody(415)
    case 'MethodNotAllowed':
      return bare(405, { Allow: failure.allow })
    default:
      return bare(STATUS_OF_FAILURE[failure._tag])
  }
}

/** What browsers of a listed origin may do (one-port 3). */
export const CORS: CorsPolicy = {
  methods: 'GET, HEAD, POST, PUT, DELETE',
  requestHeaders: 'x-access-token, Content-Type',
  exposedHeaders: 'Retry-After',
}

const NOT_OF_BODIES: ReadonlySet<BadRequestReason> = new Set(['handshake', 'http', 'upgrade with body'])

const STATUS_OF: { readonly [kind in RejectionKind]?: number } = {
  NotAcceptable: 406,
  NotFound: 404,
  TooMany: 429,
  Unavailable: 503,
}

const STATUS_OF_FAILURE = {
  NotFound: 404,
  Timeout: 408,
  TooMany: 429,
  HeadersTooLarge: 431,
  Internal: 500,
  Unavailable: 503,
  ShuttingDown: 503,
} as const
