import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import type { Engine } from '../engine.ts'

export type UserEndingParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Pick<Vault, 'delete'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** What of a user has to end when he does, besides his own stream. Repeated after a crash, so a second time it does nothing. */
export type UserEnding = (parts: UserEndingParts, app: number, user: number) => Promise<void>
