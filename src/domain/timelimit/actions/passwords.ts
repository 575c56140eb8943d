import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { isBcryptHash, isBcryptSalt } from '../../../crypto/bcrypt-forms.ts'
import { decryptSecondHash } from '../../../crypto/dh.ts'
import { fact } from '../events.ts'
import { at } from '../state.ts'
import type { ActionContext, Decision, Effect } from './action.ts'
import { bool, strictObject, text } from './codec.ts'

/** A password as actions carry it (timelimit 1.3). With `encrypted`, `secondHash` is a container (1.4). */
export const pwd = strictObject({ hash: text, secondHash: text, secondSalt: text }, { encrypted: bool })
export type Pwd = t.TypeOf<typeof pwd>

export type OpenPassword = {
  readonly hash: string
  readonly secondHash: string
  readonly secondSalt: string
  /** The server's key that was used up to open it. */
  readonly effects: readonly Effect[]
}

/** VALUE: a part has not the form of what it should be; AUTH: the container cannot be opened with a key of the pushing device. */
export const openPassword = (
  { hash, secondHash, secondSalt, encrypted }: Pwd,
  { dhKeys }: Pick<ActionContext, 'dhKeys'>,
): Either<'VALUE' | 'AUTH', OpenPassword> => {
  if (!isBcryptHash(hash) || !isBcryptSalt(secondSalt)) return E.left('VALUE')
  if (encrypted !== true) return formed({ hash, secondHash, secondSalt, effects: [] })
  const opened = decryptSecondHash(
    secondHash,
    { hash, secondSalt },
    (version) => at(dhKeys, version)?.privateKey,
  )
  if (opened === undefined) return E.left('AUTH')
  const effects: readonly Effect[] = [{ type: 'use-dh-key', version: opened.keyVersion }]
  return formed({ hash, secondHash: opened.secondHash, secondSalt, effects })
}

/** The decision that it is a child's password from now on. */
export const childPasswordChanged =
  (userId: string) =>
  ({ effects, ...sealed }: OpenPassword): Decision => ({
    facts: [fact('ChildPasswordChanged', { userId, sealed })],
    effects,
  })

const formed = (password: OpenPassword): Either<'VALUE', OpenPassword> =>
  isBcryptHash(password.secondHash) ? E.right(password) : E.left('VALUE')
