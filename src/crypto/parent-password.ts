import { createDecipheriv, hash as digest } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { isBcryptHash, isBcryptSalt } from './bcrypt-forms.ts'
import { equalTexts, sha512Hex } from './hashes.ts'

export type ChangedPassword = {
  /** The second hash until now: the secret under which the new one was sent. */
  readonly old: string
  readonly userId: string
  readonly hash: string
  readonly secondSalt: string
  /** Hex of the IV (32 characters), a salt (32 characters, used as text), hex of the ciphertext. */
  readonly secondHashEncrypted: string
  readonly integrity: string
}

/** The new second hash of CHANGE_PARENT_PASSWORD (timelimit 4.4.1). AUTH: not made with `old`; VALUE: no passwords inside. */
export const openChangedPassword = (change: ChangedPassword): E.Either<'AUTH' | 'VALUE', string> => {
  const { old, userId, hash, secondSalt, secondHashEncrypted, integrity } = change
  const expected = sha512Hex(old + userId + hash + secondSalt + secondHashEncrypted)
  if (!equalTexts(integrity, expected)) return E.left('AUTH')
  if (!isBcryptHash(hash) || !isBcryptSalt(secondSalt) || !SEALED.test(secondHashEncrypted))
    return E.left('VALUE')
  const secondHash = open(secondHashEncrypted, old)
  return isBcryptHash(secondHash) ? E.right(secondHash) : E.left('VALUE')
}

/** What proves to REMOVE_USER that the password of the parent to be removed is known (timelimit 4.4). */
export const removeUserProof = (userId: string, secondHash: string): string =>
  sha512Hex(`${userId}${secondHash}remove`).slice(0, REMOVE_PROOF_CHARACTERS)

/** Whether `proof` is that of `removeUserProof`. */
export const verifyRemoveUser = (userId: string, secondHash: string, proof: string): boolean =>
  equalTexts(proof, removeUserProof(userId, secondHash))

const REMOVE_PROOF_CHARACTERS = 16
const IV_END = 32
const SALT_END = 64
const KEY_BYTES = 16
/** More than 70 characters, of an even number. */
const SEALED = /^(?:[0-9a-f]{2}){36,}$/

const open = (sealed: string, old: string): string => {
  const key = digest('sha512', old + sealed.slice(IV_END, SALT_END), 'buffer').subarray(0, KEY_BYTES)
  const cipher = createDecipheriv('aes-128-ctr', key, Buffer.from(sealed.slice(0, IV_END), 'hex'))
  return cipher.update(sealed.slice(SALT_END), 'hex', 'latin1') + cipher.final('latin1')
}
