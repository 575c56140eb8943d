import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Accounts } from '../../commands/afrodite/accounts.ts'
import { aidOf } from '../../domain/afrodite/names.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { COMMAND_TRIES_MAX } from '../../limits.ts'
import { uuidV5 } from '../../uuid.ts'
import { FAILED } from './errors.ts'
import type { GoogleIdentity } from './google-identity.ts'
import { failed, loginTo } from './login-result.ts'
import type { Services } from './services.ts'

/** Logs in whom an ID token stands for; the account is registered when he comes first (afrodite 4.4). */
export const signInWithGoogle = async (
  services: Pick<Services, 'accounts' | 'sessions' | 'google' | 'holderOf'>,
  idToken: string,
  ip: string,
): Promise<Answer> => {
  const identity = await services.google.identityOf(idToken)
  if (identity === undefined) return FAILED
  const account = await accountOf(services, identity)
  if (E.isLeft(account)) return failed(account.left)
  const aid = account.right
  const { email } = identity
  if (email !== null) {
    const stored = await services.accounts.run(aid, { type: 'SetEmail', email })
    if (E.isLeft(stored)) return failed(stored.left)
  }
  return loginTo(services, { aid, method: 'google', ip })
}

/** Whoever claims the identity first has it; who lost the race looks again. */
const accountOf = async (
  { accounts, holderOf }: Pick<Services, 'accounts' | 'holderOf'>,
  google: GoogleIdentity,
): Promise<Either<Rejection, string>> => {
  for (let tries = 0; tries < COMMAND_TRIES_MAX; tries++) {
    const holder = await holderOf({ kind: 'afrodite.google', value: google.sub })
    const held = holder === undefined ? undefined : aidOf(holder)
    const life = held === undefined ? 'none' : (await accounts.load(held)).life
    if (held !== undefined && life === 'there') return E.right(held)
    const registered = await register(accounts, google, life === 'none' ? held : undefined)
    if (E.isRight(registered) || registered.left.kind !== 'Conflict') return registered
  }
  return E.left(rejection('Unavailable', 'contention', { retryAfterSeconds: 1 }))
}

/** @param begun has the claim, but is not there: its registration is on its way or was cut short. By the same id it is done once, whoever does it. */
const register = async (
  accounts: Accounts,
  google: GoogleIdentity,
  begun: string | undefined,
): Promise<Either<Rejection, string>> => {
  const aid = begun ?? randomUUID()
  const commandId = uuidV5(JSON.stringify([google.sub, google.email]), aid)
  const more = begun === undefined ? { commandId, isNew: true as const } : { commandId }
  const registered = await accounts.run(aid, { type: 'Register', aid, origin: 'google', google }, more)
  return E.map(() => aid)(registered)
}
