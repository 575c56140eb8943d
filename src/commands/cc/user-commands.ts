import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { userActor, userStream } from '../../domain/cc/names.ts'
import { NO_SUCH_USER, userDecider } from '../../domain/cc/user-decide.ts'
import type { MailOrder, UserCommand, UserState, Who } from '../../domain/cc/user.ts'
import type { Claim } from '../../domain/decider.ts'
import { rejection, type Fields, type Rejection } from '../../domain/rejection.ts'
import { findUser, type UserDocument } from '../../queries/cc/users.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import type { Endings } from '../endings.ts'
import type { Engine } from '../engine.ts'
import type { Hasher, Passwords } from '../passwords.ts'
import { createMailTokens, type MailTokenParts } from './mail-tokens.ts'

/** What joining and changing have in common. */
export type UserParts = MailTokenParts & {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Vault
  readonly passwords: Passwords
  readonly newId: (at: number) => string
  readonly ending: Endings['ending']
  /** The stream that has a unique name. */
  readonly holderOf: (claim: Pick<Claim, 'kind' | 'value'>) => Promise<string | undefined>
  readonly sessions: {
    readonly closeAllOf: (app: number, user: number, except?: string) => Promise<Either<Rejection, void>>
  }
}

export type How = {
  /** For links in mails. */
  readonly baseUrl: string
  /** SHA-256 of the caller's own token: a new password ends all others. */
  readonly tokenHash?: string
}

export type Answered<A> = Promise<Either<Rejection, A>>

type Ran = { readonly actor?: string; readonly commandId?: string; readonly at?: number }

export const run = (
  { engine, now }: Pick<UserParts, 'engine' | 'now'>,
  { app, user }: Who,
  command: UserCommand | ((state: UserState) => Promise<UserCommand>),
  more: Ran = {},
) =>
  engine.execute({
    ...{ commandId: randomUUID(), actor: userActor(app, user), at: now() },
    ...more,
    stream: userStream(app, user),
    decider: userDecider(app),
    command,
    via: { protocol: 'connectycube' },
  })()

/** What hashes has to wait for its place. */
export const hashed = async <A>(
  { passwords }: UserParts,
  task: (hasher: Hasher) => Answered<A>,
): Answered<A> => E.flatten(await passwords.run(task))

export const invalid = (fields: Fields): Either<Rejection, never> =>
  E.left(rejection('Unprocessable', 'invalid_fields', { fields }))

export const shown = async (reader: Reader, app: number, user: number): Answered<UserDocument> => {
  const found = await findUser(reader, app, user)
  return found === undefined ? E.left(NO_SUCH_USER) : E.right(found)
}

export const orderFor = ({ newId, now }: UserParts, baseUrl: string): MailOrder => ({
  mail: newId(now()),
  params: { baseUrl },
})

/** The token is there before the mail that has it is asked for. */
export const confirmation = async (
  parts: UserParts,
  who: Who,
  email: string | null | undefined,
  baseUrl: string,
): Promise<MailOrder | undefined> => {
  if (email === null || email === undefined) return undefined
  const order = orderFor(parts, baseUrl)
  await createMailTokens(parts).issue('confirmation', order.mail, { ...who, email })
  return order
}
