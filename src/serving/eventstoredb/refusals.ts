import { Metadata, status } from '@grpc/grpc-js'

/** Ends a call: what is thrown, or emitted as its error, becomes its status. On a batch only `invalid` does that. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly kind: RefusalKind
  readonly code: status
  readonly details: string
  readonly metadata: Metadata

  constructor(
    kind: RefusalKind,
    code: status,
    details: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(details)
    this.kind = kind
    this.code = code
    this.details = details
    this.metadata = Metadata.fromHttp2Headers(headers)
  }
}

export type RefusalKind = 'invalid' | 'too-large' | 'timeout' | 'unavailable' | 'denied' | 'dropped'

/** Of an argument that the server's own code throws at. */
export const invalid = (reason: string): Refusal =>
  new Refusal('invalid', status.UNKNOWN, `Exception was thrown by handler. ${reason}`)

export const invalidArgument = (reason: string): Refusal =>
  new Refusal('invalid', status.INVALID_ARGUMENT, reason)

export const tooLarge = (bytesMax: number): Refusal =>
  new Refusal('too-large', status.INVALID_ARGUMENT, `Maximum Append Size of ${bytesMax} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(bytesMax),
  })

export const timedOut = (): Refusal => new Refusal('timeout', status.ABORTED, 'Operation timed out')

export const unavailable = (reason: string): Refusal => new Refusal('unavailable', status.UNAVAILABLE, reason)

/** The header is what the client makes its `AccessDeniedError` of. */
export const accessDenied = (reason: string): Refusal =>
  new Refusal('denied', status.PERMISSION_DENIED, reason, { exception: 'access-denied' })

export const unauthenticated = (): Refusal =>
  new Refusal('denied', status.UNAUTHENTICATED, 'This server asks for its token')

/** More than this process takes at once. */
export const exhausted = (reason: string): Refusal =>
  new Refusal('dropped', status.RESOURCE_EXHAUSTED, reason)

export const consumerTooSlow = (): Refusal => new Refusal('dropped', status.ABORTED, 'Consumer too slow')

/** Anything thrown as the status of the call. */
export const refusalOf = (error: unknown): Refusal =>
  error instanceof Refusal ? error : invalid(error instanceof Error ? error.message : String(error))
