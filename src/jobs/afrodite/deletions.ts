import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Accounts } from '../../commands/afrodite/accounts.ts'
import type { Sessions } from '../../commands/afrodite/sessions.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { dueDeletions, endedAccounts, type Found } from '../../queries/afrodite/accounts.ts'
import type { Reader } from '../../queries/reader.ts'
import { uuidV5 } from '../../uuid.ts'
import type { Vault } from '../../vault/port.ts'
import { atOnce } from '../at-once.ts'
import { startJob, type Job } from '../job.ts'

export type AfroditeDeletions = {
  readonly reader: Pick<Reader, 'find'>
  readonly accounts: Pick<Accounts, 'load' | 'run'>
  readonly sessions: Pick<Sessions, 'endForGood'>
  readonly vault: Vault
  /** Destroys what can be read of a deleted account. */
  readonly erase: (aid: string) => Promise<void>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
}

/** Deletes the accounts whose time has come (afrodite 4.5, 7.1): the account, its session, then what can be read of both. */
export const startAfroditeDeletions = (parts: AfroditeDeletions): Job =>
  startJob({ ...parts, name: 'afrodite-deletions', everyMs: MINUTE }, async (signal) => {
    await eraseEnded(parts, signal)
    await deleteDue(parts, signal)
  })

const MINUTE = 60_000
/** Accounts a round. */
const ACCOUNTS_MAX = 256
/** With shared stores each takes some seconds: until no node has its key any more. */
const ERASED_AT_ONCE = 16

export const deleteDue = async (parts: AfroditeDeletions, signal: AbortSignal): Promise<void> => {
  const due = await dueDeletions(parts.reader, parts.now(), ACCOUNTS_MAX)
  await each(parts, due, signal, async (aid) => {
    const { deletion } = await parts.accounts.load(aid)
    // It was cancelled since.
    if (deletion === null) return
    const name = JSON.stringify(['delete', aid, deletion.deleteAt])
    const more = { actor: ACTOR, commandId: uuidV5(name, NAMESPACE) }
    done(await parts.accounts.run(aid, { type: 'Delete', at: parts.now() }, more))
    await finish(parts, aid)
  })
}

/** Accounts that were deleted by somebody who died before he was through. */
export const eraseEnded = async (parts: AfroditeDeletions, signal: AbortSignal): Promise<void> =>
  each(parts, await endedAccounts(parts.reader, ACCOUNTS_MAX), signal, (aid) => finish(parts, aid))

const ACTOR = 'platform:job:afrodite-deletions'
/** Of the command ids: the same deletion is the same command (decisions 19). */
const NAMESPACE = 'd0f5bd8e-6e0c-4c0a-9d54-1a1f6f7f6a53'

/** From here on nobody acts for the account, and its sockets are closed; every step can be repeated. */
const finish = async ({ sessions, erase }: AfroditeDeletions, aid: string): Promise<void> => {
  done(await sessions.endForGood(aid, ACTOR))
  await erase(aid)
}

/** One that fails is reported and stops no other. When all stops, the erasure does too, which is no news. */
const each = (
  { onFailure }: AfroditeDeletions,
  accounts: readonly Found[],
  signal: AbortSignal,
  work: (aid: string) => Promise<void>,
): Promise<void> =>
  atOnce(
    accounts,
    ({ aid }) =>
      work(aid).catch((error: unknown) => {
        if (!signal.aborted) onFailure(error)
      }),
    { atMost: ERASED_AT_ONCE, goesOn: () => !signal.aborted },
  )

const done = (answer: Either<Rejection, unknown>): void => {
  if (E.isLeft(answer))
    throw new Error(`an account is not deleted: ${answer.left.kind} ${answer.left.reason}`)
}
