import { randomUUID } from 'node:crypto'
import type { Either } from 'fp-ts/lib/Either.js'
import { accountDecider } from '../../domain/afrodite/account-decide.ts'
import type { AccountCommand, AccountState } from '../../domain/afrodite/account.ts'
import { accountStream } from '../../domain/afrodite/names.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Engine, Outcome } from '../engine.ts'

export type Accounts = {
  /** The present state, fresh from the history. */
  readonly load: (aid: string) => Promise<AccountState>
  readonly run: (
    aid: string,
    command: AccountCommand,
    more?: AccountCause,
  ) => Promise<Either<Rejection, Outcome<AccountState>>>
}

export type AccountCause = {
  /** Without it the account itself. */
  readonly actor?: string
  /** Without it the command is one of its own. */
  readonly commandId?: string
  /** The account's id was made for this command. */
  readonly isNew?: true
}

/** @param parts.now milliseconds since the Unix epoch */
export const createAccounts = (parts: { readonly engine: Engine; readonly now: () => number }): Accounts => ({
  load: async (aid) => (await parts.engine.load(accountStream(aid), accountDecider)).state,
  run: (aid, command, more = {}) =>
    parts.engine.execute({
      commandId: randomUUID(),
      actor: `afrodite:account:${aid}`,
      ...more,
      stream: accountStream(aid),
      decider: accountDecider,
      command,
      at: parts.now(),
      via: { protocol: 'afrodite' },
    })(),
})
