import { DocumentsUnavailable } from '../../documents/port.ts'
import { HistoryUnavailable } from '../../history/port.ts'
import { HttpFailed } from '../../http/protocol.ts'
import { RETRY_AFTER_SECONDS } from '../../limits.ts'
import { VaultUnavailable } from '../../vault/port.ts'

/** A store that cannot be reached is 503 for the client; everything else stays what it is. */
export const unavailable = (error: unknown): never => {
  const down =
    error instanceof DocumentsUnavailable ||
    error instanceof HistoryUnavailable ||
    error instanceof VaultUnavailable
  throw down ? new HttpFailed({ _tag: 'Unavailable', retryAfterSeconds: RETRY_AFTER_SECONDS }) : error
}
