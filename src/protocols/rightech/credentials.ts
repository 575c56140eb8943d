import { parseCookie } from 'cookie'
import { hash, randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** What a request brings along to say who it is (rightech 4.1, 4.2), and the hash under which we may know it. */
export type Credential = { readonly kind: 'cookie' | 'bearer'; readonly hash: string }

/**
 * The credential that decides; `undefined` if there is none or it cannot be good. An `Authorization` header alone decides, also next to
 * a good cookie, and any scheme but Bearer counts as a bad token.
 */
export const credentialOf = (headers: IncomingHttpHeaders): Credential | undefined => {
  const { authorization, cookie } = headers
  if (authorization !== undefined) return bearer(authorization)
  const sid = cookie === undefined ? undefined : parseCookie(cookie)['sid']
  return sid === undefined || sid === '' ? undefined : { kind: 'cookie', hash: hashOf(sid) }
}

/** A token that came another way (the query of a socket). */
export const bearerCredential = (token: string): Credential => ({ kind: 'bearer', hash: hashOf(token) })

/** Of every token we keep the SHA-256 only (decisions 1). */
export const hashOf = (secret: string): string => hash('sha256', secret, 'base64url')

/** 256 random bits, url-safe. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

const bearer = (authorization: string): Credential | undefined => {
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
  return token === undefined ? undefined : bearerCredential(token)
}
