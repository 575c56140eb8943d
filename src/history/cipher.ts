import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'
import { isObject, type Json, type JsonObject } from '../json.ts'

/**
 * A sealed value: `{ "$sealed": base64url(nonce | ciphertext | tag) }`, AES-256-GCM over the value's JSON. `place` is authenticated
 * with it, so a sealed value opens nowhere but where it was sealed. Empty: sealed after its key was destroyed, for nobody.
 */
export const seal = (value: Json, key: Uint8Array, place: string): JsonObject => {
  const nonce = nextNonce()
  const cipher = createCipheriv(ALGORITHM, key, nonce)
  cipher.setAAD(Buffer.from(place))
  const content = cipher.update(JSON.stringify(value), 'utf8')
  cipher.final()
  return { [MARK]: Buffer.concat([nonce, content, cipher.getAuthTag()]).toString('base64url') }
}

/** Opens to null, like everything whose key is destroyed, but there never was anything in it. */
export const SEALED_FOR_NOBODY: JsonObject = { $sealed: '' }

export const isSealed = (value: Json | undefined): value is { readonly $sealed: string } =>
  isObject(value) && typeof value[MARK] === 'string' && Object.keys(value).length === 1

/** Throws if it was sealed with another key or elsewhere, or was changed since. */
export const open = ({ $sealed }: { readonly $sealed: string }, key: Uint8Array, place: string): Json => {
  if ($sealed === '') return null
  const bytes = Buffer.from($sealed, 'base64url')
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) throw new Error('a sealed value is cut off')
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)).toString('utf8')
  decipher.final()
  return JSON.parse(text) as Json
}

const ALGORITHM = 'aes-256-gcm'
const MARK = '$sealed'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Random bytes for many nonces at once: asking for twelve costs as much as the encryption. */
const pool = Buffer.alloc(NONCE_BYTES * 1_024)
let used = pool.length
const nextNonce = (): Buffer => {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += NONCE_BYTES
  return pool.subarray(used - NONCE_BYTES, used)
}
