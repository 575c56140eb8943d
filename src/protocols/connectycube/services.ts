import type { IncomingMessage } from 'node:http'
import type { IdentityProviders } from '../../commands/cc/identity-providers.ts'
import type { Sessions } from '../../commands/cc/sessions.ts'
import type { Users } from '../../commands/cc/users.ts'
import type { Endings } from '../../commands/endings.ts'
import type { Engine } from '../../commands/engine.ts'
import type { Passwords } from '../../commands/passwords.ts'
import type { Config } from '../../config.ts'
import type { Claim } from '../../domain/decider.ts'
import type { Log } from '../../http/log.ts'
import type { Mailer } from '../../mail/mailer.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Unfurler } from '../../unfurling/unfurl.ts'
import type { Keyring, Vault } from '../../vault/port.ts'

/** What the ConnectyCube protocol is built on, as far as it is not its own. */
export type ConnectycubeParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Vault
  readonly keyring: Keyring
  readonly passwords: Passwords
  readonly mailer: Mailer
  readonly settings: Config['connectycube']
  /** The stream that has a unique name. */
  readonly holderOf: (claim: Pick<Claim, 'kind' | 'value'>) => Promise<string | undefined>
  /** Runs what deletes the subject's entity; if it did, the subject is erased behind the answer, also after a crash. */
  readonly ending: Endings['ending']
  /** Destroys the subject's key and purges what shows it; resolves when no document does. */
  readonly erase: (subject: string) => Promise<void>
  /** 24 lower-case hex digits, growing (2.8). */
  readonly newId: (at: number) => string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly log: Log
  /** Scheme, host and prefix that the client uses, without a trailing slash. */
  readonly baseUrl: (message: IncomingMessage) => string
}

/** With what all parts of the protocol share. */
export type Services = ConnectycubeParts & {
  readonly sessions: Sessions
  readonly users: Users
  /** Who has a chat connection with initial presence, ascending (connectycube 4.4): nobody before there are any. */
  readonly online: (app: number) => Promise<readonly number[]>
  readonly identityProviders: IdentityProviders
  /** Looks at pages that links lead to; nothing where the operator does not want that (10.4). */
  readonly unfurler: Unfurler | undefined
}
