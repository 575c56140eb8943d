import { sha256 } from '../../crypto/hashes.ts'

/** An access and a refresh token, always issued together (afrodite 1.2). */
export type Pair = { readonly access: Buffer; readonly refresh: Buffer }

export const newPair = (random: (bytes: number) => Uint8Array): Pair => ({
  access: Buffer.from(random(ACCESS_BYTES)),
  refresh: Buffer.from(random(REFRESH_BYTES)),
})

/** What we keep of a token: lower-case hex SHA-256 of its raw bytes (afrodite 1.6). */
export const hashOf = (bytes: Buffer): string => sha256(bytes).toString('hex')

/** 43 characters of base64url. */
export const accessText = (access: Buffer): string => access.toString('base64url')

/** 512 characters of base64. */
export const refreshText = (refresh: Buffer): string => refresh.toString('base64')

/** The bytes of an access token; four texts have the same, and one of them is the token (afrodite 1.2). */
export const readAccessText = (text: string): Buffer | undefined => {
  if (text.length !== ACCESS_CHARACTERS) return undefined
  const bytes = Buffer.from(text, 'base64url')
  return accessText(bytes) === text ? bytes : undefined
}

const ACCESS_BYTES = 32
const ACCESS_CHARACTERS = 43
const REFRESH_BYTES = 384
