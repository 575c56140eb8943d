import { createDecipheriv, createECDH } from 'node:crypto'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { P256, pointOfSpki } from './p256.ts'

/** Versions of server keys: without the dot that separates the parts of what carries them (timelimit 1.4). */
export const isDhKeyVersion = (text: string): boolean => KEY_VERSION.test(text)

/**
 * The X coordinate, 32 bytes, of a server's private key (base64 scalar) and a client's public key (base64 DER SubjectPublicKeyInfo).
 * Undefined if that is no public key on P-256.
 */
export const sharedSecret = (privateKey: string, clientPublicKey: string): Buffer | undefined => {
  const point = pointOfSpki(Buffer.from(clientPublicKey, 'base64'))
  if (point === undefined) return undefined
  return pipe(
    O.tryCatch(() => {
      const ecdh = createECDH(P256)
      ecdh.setPrivateKey(privateKey, 'base64')
      return ecdh.computeSecret(point)
    }),
    O.toUndefined,
  )
}

/** The parts of a password that are not secret; a container belongs to them. */
export type PasswordFrame = { readonly hash: string; readonly secondSalt: string }

/**
 * Opens a container `A.B.C` (timelimit 1.4). `keyOf` gives the private key of a version if it may be used. Undefined if anything is wrong;
 * the form of what was inside is not checked.
 */
export const decryptSecondHash = (
  container: string,
  frame: PasswordFrame,
  keyOf: (version: string) => string | undefined,
): { readonly secondHash: string; readonly keyVersion: string } | undefined => {
  const [sealed, clientPublicKey, keyVersion, ...more] = container.split('.', 4)
  if (sealed === undefined || clientPublicKey === undefined || keyVersion === undefined) return undefined
  if (more.length > 0 || !isDhKeyVersion(keyVersion)) return undefined
  const privateKey = keyOf(keyVersion)
  const secret = privateKey === undefined ? undefined : sharedSecret(privateKey, clientPublicKey)
  if (secret === undefined) return undefined
  const secondHash = open(Buffer.from(sealed, 'base64'), secret.subarray(0, KEY_BYTES), frame)
  return secondHash === undefined ? undefined : { secondHash, keyVersion }
}

const KEY_VERSION = /^[A-Za-z0-9]{4}$/
const KEY_BYTES = 16
const IV_BYTES = 12
const TAG_BYTES = 16

const open = (sealed: Buffer, key: Buffer, { hash, secondSalt }: PasswordFrame): string | undefined => {
  if (sealed.length < IV_BYTES + TAG_BYTES) return undefined
  const cipher = createDecipheriv('aes-128-gcm', key, sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  })
  cipher.setAAD(Buffer.from(`ParentPassword:${hash}:${secondSalt}`))
  cipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const text = cipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES))
  return pipe(
    O.tryCatch(() => cipher.final()),
    O.map(() => text.toString('latin1')),
    O.toUndefined,
  )
}
