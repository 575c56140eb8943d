import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { CloseCause, LoginMethod } from '../../domain/afrodite/events.ts'
import { sessionStream } from '../../domain/afrodite/names.ts'
import { sessionDecider } from '../../domain/afrodite/session-decide.ts'
import type { NewConnection, SessionCommand, SessionState } from '../../domain/afrodite/session.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import type { Vault } from '../../vault/port.ts'
import type { Engine, Outcome } from '../engine.ts'
import type { Accounts } from './accounts.ts'
import { hashOf, newPair, type Pair } from './tokens.ts'

/** Who may act for an account (afrodite 7.2). Every answer comes after all nodes' access checks know it. */
export type Sessions = {
  /** A new pair for an account that is there (afrodite 4); the one before is dead, and its push token forgotten. */
  readonly startLogin: (aid: string, method: LoginMethod, ip: string) => Promise<Either<Rejection, Pair>>
  /** Steps 2 to 4 of the handshake (afrodite 3.4). */
  readonly exchange: (
    aid: string,
    presented: Buffer,
    connection: NewConnection,
    isSupported: boolean,
  ) => Promise<Either<Rejection, Exchanged>>
  readonly refuseMalformed: (aid: string, connectionId: string, step: 1 | 2 | 5) => Answer
  readonly end: (aid: string, connectionId: string, cause: CloseCause) => Answer
  readonly logout: (aid: string) => Answer
  /** Of an account that was deleted. */
  readonly endForGood: (aid: string, actor: string) => Answer
}

export type Exchanged =
  | {
      readonly _tag: 'Exchanged'
      readonly pair: Pair
      readonly loginId: string
      readonly position: bigint
    }
  /** The token was right, and the operator refuses clients of that version. */
  | { readonly _tag: 'Unsupported' }
  /** It was not the current token: the session is over. */
  | { readonly _tag: 'Refused' }

type Answer = Promise<Either<Rejection, Outcome<SessionState>>>

export type SessionParts = {
  readonly engine: Engine
  readonly accounts: Pick<Accounts, 'load'>
  readonly vault: Pick<Vault, 'delete'>
  readonly random: (bytes: number) => Uint8Array
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Whether what is malformed ends the session (afrodite 3.6). */
  readonly revokeOnMalformed: boolean
}

/** Of the vault: the account's token at the push service. */
export const PUSH_TOKENS = 'afrodite.push'

export const createSessions = (parts: SessionParts): Sessions => {
  const { engine, accounts, vault, random, now, revokeOnMalformed } = parts
  const run = (aid: string, command: SessionCommand, actor = `afrodite:account:${aid}`): Answer =>
    engine.execute({
      stream: sessionStream(aid),
      decider: sessionDecider,
      command,
      commandId: randomUUID(),
      actor,
      at: now(),
      via: { protocol: 'afrodite' },
    })()

  return {
    startLogin: async (aid, method, ip) => {
      if ((await accounts.load(aid)).life !== 'there') return E.left(rejection('NotFound', 'no_account'))
      const pair = newPair(random)
      await vault.delete(PUSH_TOKENS, aid)
      const started = await run(aid, {
        type: 'StartLogin',
        loginId: randomUUID(),
        method,
        ip,
        ...hashes(pair),
      })
      return E.map(() => pair)(started)
    },
    exchange: async (aid, presented, connection, isSupported) => {
      const pair = newPair(random)
      const { accessHash: newAccessHash, refreshHash: newRefreshHash } = hashes(pair)
      const presentedHash = hashOf(presented)
      const done = await run(aid, {
        type: 'ExchangeTokens',
        ...{ presentedHash, newAccessHash, newRefreshHash, connection, isSupported, at: now() },
      })
      return E.map((outcome: Outcome<SessionState>) => exchanged(outcome, pair, presentedHash))(done)
    },
    refuseMalformed: (aid, connectionId, step) =>
      run(aid, { type: 'RefuseMalformed', connectionId, step, revoke: revokeOnMalformed, at: now() }),
    end: (aid, connectionId, cause) =>
      run(
        aid,
        { type: 'EndConnection', connectionId, cause },
        cause === 'node-lost' ? LOST_NODES_JOB : undefined,
      ),
    logout: (aid) => run(aid, { type: 'Logout' }),
    endForGood: (aid, actor) => run(aid, { type: 'EndForGood' }, actor),
  }
}

/** Nobody is there who could say it of himself. */
const LOST_NODES_JOB = 'platform:job:afrodite-lost-nodes'

const hashes = ({ access, refresh }: Pair) => ({ accessHash: hashOf(access), refreshHash: hashOf(refresh) })

/** By the state alone: a command that was found to be done already has no facts. */
const exchanged = (
  { state: { login }, position }: Outcome<SessionState>,
  pair: Pair,
  presentedHash: string,
): Exchanged => {
  if (login?.refreshHash === hashOf(pair.refresh))
    return { _tag: 'Exchanged', pair, loginId: login.loginId, position }
  return { _tag: login?.refreshHash === presentedHash ? 'Unsupported' : 'Refused' }
}
