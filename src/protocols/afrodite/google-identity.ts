import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import type { Log } from '../../http/log.ts'
import { createGoogleKeys } from './google-keys.ts'

/** Who an ID token of Google stands for. */
export type Google = {
  /** `undefined`: it is not good here, or cannot be looked at now. */
  readonly identityOf: (idToken: string) => Promise<GoogleIdentity | undefined>
}

export type GoogleIdentity = { readonly sub: string; readonly email: string | null }

type ClientIds = { readonly [client in 'web' | 'server' | 'android' | 'ios']: string | undefined }

export type GoogleParts = {
  readonly settings: { readonly google: { readonly clientIds: ClientIds; readonly keysUrl: string } }
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly log: Pick<Log, 'debug' | 'warn'>
  readonly keys?: JWTVerifyGetKey
}

/** Checks tokens as afrodite 4.4 says; without client ids none is good. */
export const createGoogle = ({
  settings: { google },
  now,
  log,
  keys = createGoogleKeys({ url: google.keysUrl, now }),
}: GoogleParts): Google => ({
  identityOf: async (idToken) => {
    if (!isConfigured(google.clientIds)) return undefined
    try {
      const { payload } = await jwtVerify(idToken, keys, {
        algorithms: ['RS256'],
        issuer: ISSUERS,
        requiredClaims: ['exp'],
        currentDate: new Date(now()),
      })
      return identityIn(payload, google.clientIds)
    } catch (error) {
      // What came with the token is the client's fault; that of the keys is the operator's to know.
      if (error instanceof errors.JOSEError) log.debug({ code: error.code }, 'an ID token was refused')
      else log.warn({ err: error }, 'an ID token could not be verified')
      return undefined
    }
  },
})

const ISSUERS = ['accounts.google.com', 'https://accounts.google.com']

const isConfigured = ({ web, server, android, ios }: ClientIds): boolean =>
  web !== undefined || (server !== undefined && (android ?? ios) !== undefined)

const identityIn = (payload: JWTPayload, clientIds: ClientIds): GoogleIdentity | undefined => {
  const { sub, email } = payload
  if (sub === undefined || sub === '' || !isForUs(payload, clientIds) || payload['email_verified'] !== true)
    return undefined
  return { sub, email: typeof email === 'string' ? email : null }
}

const isForUs = ({ aud, azp }: JWTPayload, { web, server, android, ios }: ClientIds): boolean => {
  if (typeof azp !== 'string') return false
  return azp === web || (typeof aud === 'string' && aud === server && (azp === android || azp === ios))
}
