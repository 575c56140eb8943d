/** Why a command or a query is refused: one closed union that each protocol renders in its own status and body. */
export type Rejection = {
  readonly kind: RejectionKind
  /** Machine-readable: snake_case, stable, never shown as prose. */
  readonly reason: string
  /** Broken rules by path, where a protocol names them (rightech 4.6). */
  readonly fields?: Fields
  /** What the refused thing is, where a protocol names it: a store, an action. */
  readonly about?: string
  readonly retryAfterSeconds?: number
}

export type RejectionKind =
  | 'Invalid'
  | 'Unprocessable'
  | 'Unauthenticated'
  | 'Forbidden'
  | 'NotFound'
  | 'Gone'
  | 'Conflict'
  | 'NotAcceptable'
  | 'TooMany'
  | 'TooLarge'
  | 'Unavailable'

export type Fields = { readonly [path: string]: readonly string[] }

export const rejection = (
  kind: RejectionKind,
  reason: string,
  more: Omit<Rejection, 'kind' | 'reason'> = {},
): Rejection => ({ kind, reason, ...more })
