import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { equalTexts, sha256Hex } from '../../crypto/hashes.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { TIMELIMIT_TOKEN_MS } from '../../limits.ts'
import type { Vault } from '../../vault/port.ts'
import { textIn } from '../one-time.ts'

/** Codes that are mailed to show that the address is the client's (timelimit 2.2, 2.3). */
export type MailCodes = {
  readonly store: (token: string, code: string, about: MailProof) => Promise<void>
  /** `Gone`: there is no such code any more. `Forbidden`: a wrong one, and another attempt is left. The right one works once. */
  readonly redeem: (token: string, code: string) => Promise<Either<Rejection, MailProof>>
}

export type MailProof = { readonly mail: string; readonly locale: string }

export const createMailCodes = (
  vault: Vault,
  random: (bytes: number) => Uint8Array,
  now: () => number,
): MailCodes => ({
  store: (token, code, { mail, locale }) => {
    const salt = Buffer.from(random(SALT_BYTES)).toString('base64')
    const value = { mail, locale, salt, code: hashOf(salt, code), attempts: ATTEMPTS_MAX }
    return vault.put(MAIL_LOGINS, sha256Hex(token), value, { ttlMs: TIMELIMIT_TOKEN_MS })
  },
  redeem: async (token, code) => {
    const key = sha256Hex(token)
    // Whatever the guess is, it counts only if nobody has guessed since the entry was read: parallel guesses gain nothing.
    for (;;) {
      const entry = await vault.get(MAIL_LOGINS, key)
      if (entry === undefined) return E.left(GONE)
      const { value, version, expiresAt } = entry
      const isRight = equalTexts(hashOf(textIn(value, 'salt'), code), textIn(value, 'code'))
      const attempts = Number(value['attempts']) - 1
      const ttlMs = expiresAt === undefined ? TIMELIMIT_TOKEN_MS : Math.max(expiresAt - now(), 1)
      const next =
        isRight || attempts <= 0 ? undefined : { value: { ...value, attempts }, options: { ttlMs } }
      if (!(await vault.compareAndSet(MAIL_LOGINS, key, version, next))) continue
      if (isRight) return E.right({ mail: textIn(value, 'mail'), locale: textIn(value, 'locale') })
      return E.left(next === undefined ? GONE : WRONG)
    }
  },
})

const MAIL_LOGINS = 'timelimit.mail-logins'
const ATTEMPTS_MAX = 3
const SALT_BYTES = 16
const GONE = rejection('Gone', 'mail_login_token')
const WRONG = rejection('Forbidden', 'mail_code')

const hashOf = (salt: string, code: string): string =>
  sha256Hex(`${salt} ${code.replace(/[ *]/g, '').toLowerCase()}`)
