import type { Engine } from '../../commands/engine.ts'
import type { AddDeviceCodes } from '../../commands/timelimit/add-device-codes.ts'
import type { Connectivity } from '../../commands/timelimit/connectivity.ts'
import type { DhKeys } from '../../commands/timelimit/dh-keys.ts'
import type { MailCodes } from '../../commands/timelimit/mail-codes.ts'
import type { OneTimeTokens } from '../../commands/one-time.ts'
import type { Pusher } from '../../commands/timelimit/push.ts'
import type { Claim } from '../../domain/decider.ts'
import type { Log } from '../../http/log.ts'
import type { Mailer } from '../../mail/mailer.ts'
import type { MailRates } from '../../mail/rate.ts'
import type { Pull } from '../../queries/timelimit/pull.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import type { TimelimitLive } from './live.ts'
import type { Counters } from './counters.ts'

/** What changes the protocol (timelimit 8.5). Unset secrets turn off what needs them. */
export type TimelimitSettings = {
  readonly adminToken: string | undefined
  readonly signSecret: string | undefined
  readonly alwaysPro: boolean
  readonly disableSignup: boolean
  readonly mailWhitelist: readonly string[]
  readonly mailServerBlacklist: readonly string[]
  readonly pingSeconds: number
  /** Base64 DER SubjectPublicKeyInfo. */
  readonly googlePlayPublicKey: string | undefined
}

/** What the TimeLimit protocol is built on, as far as it is not its own. */
export type TimelimitParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Vault
  readonly mailer: Pick<Mailer, 'send'>
  readonly rates: MailRates
  /** Operators' words at the end of each mail. */
  readonly imprint: string | undefined
  /** Destroys what can be read of a family that was deleted. */
  readonly erase: (family: string) => Promise<void>
  /** The stream that has a unique name. */
  readonly holderOf: (claim: Pick<Claim, 'kind' | 'value'>) => Promise<string | undefined>
  readonly settings: TimelimitSettings
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly log: Log
}

export type Services = TimelimitParts & {
  readonly dhKeys: DhKeys
  readonly push: Pusher
  readonly pull: Pull
  readonly connected: Connectivity
  readonly tokens: OneTimeTokens
  readonly mailCodes: MailCodes
  readonly addDeviceCodes: AddDeviceCodes
  readonly counters: Counters
  readonly live: Pick<TimelimitLive, 'signOut' | 'broadcast' | 'clients'>
}
