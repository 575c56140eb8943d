import type { Either } from 'fp-ts/lib/Either.js'
import type { Config, Environment } from '../../config.ts'
import type { Documents } from '../../documents/port.ts'
import type { History } from '../../history/port.ts'
import type { Keyring } from '../../vault/port.ts'

/** What a check says. `todo`: what an operator can do about it. */
export type Finding = { readonly level: Level; readonly text: string; readonly todo?: string }
/** `warn`: it works, and somebody should know; `fail`: it does not, or will not at the next start. */
export type Level = 'ok' | 'warn' | 'fail'

export type Check = {
  readonly name: string
  /** What has to be there before it can be looked at; what is missing has a check of its own. */
  readonly needs: readonly Need[]
  readonly look: (on: Subject) => readonly Finding[] | Promise<readonly Finding[]>
}

export type Need = 'configuration' | 'directory' | 'history' | 'documents' | 'keyring'

/** The documents of a history that was just put there, or whose documents were removed: a server makes them. */
export class NoneYet extends Error {
  override readonly name = 'NoneYet'
}

/** The machine, as far as it is looked at. */
export type Machine = {
  readonly env: Environment
  readonly nodeVersion: string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Bytes that may still be written where the directory is. */
  readonly freeBytes: (directory: string) => Promise<number>
  /** Whether this process may read and write it. */
  readonly mayUse: (path: string) => Promise<boolean>
  /** Of this process; `undefined` where there are none. */
  readonly user: number | undefined
  readonly temporary: string
}

/** What is examined: opened when it is asked for, once, for reading only. */
export type Subject = Machine & {
  readonly read: Either<readonly string[], Config>
  /** Throws if it has faults. */
  readonly config: () => Config
  /** With links resolved; rejects if it is not there. */
  readonly directory: () => Promise<string>
  /** Sealed fields stay sealed. */
  readonly history: () => Promise<History>
  /** Rejects with `NoneYet` if nobody has made them. */
  readonly documents: () => Promise<Documents>
  readonly keyring: () => Promise<Keyring>
  /** Resolves when the vault can be read. */
  readonly vault: () => Promise<void>
  /** Milliseconds since the Unix epoch by the clocks of servers that tell theirs, by name. */
  readonly clocks: () => Promise<ReadonlyMap<string, number>>
}

export const ok = (text: string): Finding => ({ level: 'ok', text })
export const warn = (text: string, todo: string): Finding => ({ level: 'warn', text, todo })
export const fail = (text: string, todo: string): Finding => ({ level: 'fail', text, todo })

/** Everything is embedded, so far as that part is concerned. */
export const isEmbedded = ({ config }: Pick<Subject, 'config'>): Embedded => {
  const { eventStoreUrl, mongoUrl } = config().storage
  return { history: eventStoreUrl === undefined, documents: mongoUrl === undefined }
}
export type Embedded = { readonly history: boolean; readonly documents: boolean }

export const hasDirectory = (on: Pick<Subject, 'config'>): boolean => {
  const { history, documents } = isEmbedded(on)
  return history || documents
}
