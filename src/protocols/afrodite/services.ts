import type { Accounts } from '../../commands/afrodite/accounts.ts'
import type { Sessions } from '../../commands/afrodite/sessions.ts'
import type { Sessions as ConnectycubeSessions } from '../../commands/cc/sessions.ts'
import type { Engine } from '../../commands/engine.ts'
import type { MinClient } from '../../config/decoders.ts'
import type { DemoEntry } from '../../config/demo.ts'
import type { Claim } from '../../domain/decider.ts'
import type { Log } from '../../http/log.ts'
import type { NodeLease } from '../../live/node-lease.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Principals } from '../../queries/stores-principals.ts'
import type { Keyring, Vault } from '../../vault/port.ts'
import type { DemoMode } from './demo-mode.ts'
import type { Google } from './google-identity.ts'

/** What changes the protocol (afrodite, appendix A). */
export type AfroditeSettings = {
  readonly botLogin: boolean
  /** The internal routes are on the public listeners: bot login is on and has no port of its own (one-port 2, row 10). */
  readonly internalRoutes: boolean
  readonly keepaliveSeconds: number
  /** 0: never. */
  readonly testSeconds: number
  readonly handshakeSeconds: number
  readonly nodeLeaseSeconds: number
  readonly ipBinding: boolean
  readonly revokeOnMalformed: boolean
  readonly minClients: readonly MinClient[]
  readonly demo: readonly DemoEntry[] | undefined
  readonly google: {
    readonly clientIds: {
      readonly web: string | undefined
      readonly server: string | undefined
      readonly android: string | undefined
      readonly ios: string | undefined
    }
    readonly keysUrl: string
  }
  /** Unset: the version of the package. */
  readonly backendVersion: string | undefined
}

/** What the Afrodite protocol is built on, as far as it is not its own. */
export type AfroditeParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Vault
  readonly keyring: Keyring
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly nodes: Pick<NodeLease, 'node' | 'isAlive'>
  readonly settings: AfroditeSettings
  /** Of the stores: who a credential there stands for. */
  readonly principals: Pick<Principals, 'find'>
  /** Of ConnectyCube, where it is on: whose a live token is. */
  readonly connectycubeSession?: ConnectycubeSessions['find'] | undefined
  /** The stream that has a unique name. */
  readonly holderOf: (claim: Pick<Claim, 'kind' | 'value'>) => Promise<string | undefined>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly log: Log
}

export type Services = AfroditeParts & { readonly google: Google; readonly demo: DemoMode }
