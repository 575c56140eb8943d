import type { IncomingMessage } from 'node:http'
import type { Endings } from '../../commands/endings.ts'
import type { Engine } from '../../commands/engine.ts'
import type { Passwords } from '../../commands/passwords.ts'
import type { ObjectIds } from '../../object-id.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Principals } from '../../queries/stores-principals.ts'
import type { Vault } from '../../vault/port.ts'

/** What the stores protocol is built on. */
export type Services = {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Vault
  /** Shared with the live side; the wiring calls `invalidate` for every event that the documents show. */
  readonly principals: Principals
  readonly passwords: Passwords
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly newId: ObjectIds
  /** Runs what deletes whom sealed fields speak of, who is erased behind the answer then (decisions 8). */
  readonly ending: Endings['ending']
  /** There is a build of a report to be made. */
  readonly wakeBuilder: () => void
  /** Life of a token by password (`RIGHTECH_TOKEN_SECONDS`). */
  readonly tokenSeconds: number
  /** What becomes of commands to objects that are offline (`RIGHTECH_OFFLINE_COMMANDS`, rightech 3.4). */
  readonly offlineCommands: 'accept' | 'refuse'
  /** The client came through TLS, or `PUBLIC_URL` says so: its cookie is for TLS only. */
  readonly isSecure: (message: IncomingMessage) => boolean
}
