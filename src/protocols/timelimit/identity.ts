import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { errors, jwtVerify, SignJWT } from 'jose'
import { IdentityClaims } from './codecs.ts'

/** A token that a parent hands to the support, to have premium added to the family (timelimit 2.15). */
export const identityToken = async (
  secret: string,
  about: { readonly familyId: string; readonly userId: string; readonly mail: string },
  now: number,
): Promise<string> => {
  const jwt = await new SignJWT({ purpose: 'purchase', ...about })
    .setProtectedHeader({ alg: ALGORITHM })
    .setExpirationTime(Math.floor(now / 1000) + LIFE_SECONDS)
    .sign(Buffer.from(secret))
  return Buffer.from(jwt).toString('base64').replace(LINE, '$&\n').trimEnd()
}

/** What the token says, or what is wrong with it. */
export const readIdentityToken = async (
  secret: string,
  token: string,
  now: number,
  toleranceSeconds: number,
): Promise<Either<string, t.TypeOf<typeof IdentityClaims>>> => {
  try {
    const jwt = Buffer.from(token.replace(/\s/g, ''), 'base64').toString('latin1')
    const { payload } = await jwtVerify<unknown>(jwt, Buffer.from(secret), {
      algorithms: [ALGORITHM],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(now),
    })
    return IdentityClaims.is(payload) ? E.right(payload) : E.left('unexpected claims')
  } catch (error) {
    if (error instanceof errors.JOSEError) return E.left(error.message)
    throw error
  }
}

const ALGORITHM = 'HS512'
const LIFE_SECONDS = 7 * 24 * 60 * 60
/** A text of such lines can be read out and typed in. */
const LINE = /.{32}/g
