import { createPublicKey, hash, verify } from 'node:crypto'

/** A key that verifies signed heads, in the text of C2SP's signed notes: `<name>+<8 hex digits>+<base64 of algorithm and key>`. */
export type VerifierKey = {
  readonly text: string
  readonly name: string
  readonly id: Buffer
  readonly key: Buffer
}

/** A signed head: C2SP's checkpoint in a signed note, with one signature. */
export type Note = {
  readonly text: string
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  readonly keyId: Buffer
  readonly signature: Buffer
}

/** `undefined` if it is none, or not of Ed25519. */
export const parseKey = (text: string): VerifierKey | undefined => {
  const [, name = '', idText = '', keyText = ''] = KEY.exec(text) ?? []
  const key = Buffer.from(keyText, 'base64')
  if (key.length !== 1 + KEY_BYTES || key[0] !== ED25519 || key.toString('base64') !== keyText)
    return undefined
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), key]), 'buffer').subarray(0, ID_BYTES)
  if (id.toString('hex') !== idText) return undefined
  return { text, name, id, key: key.subarray(1) }
}

/** `undefined` if it is not well formed. Says nothing about the signature. */
export const parseNote = (text: string): Note | undefined => {
  const found = NOTE.exec(text)?.slice(1)
  if (found === undefined) return undefined
  const [origin = '', size, hash, signer, signed] = found
  const [root, bytes] = [bytesOf(hash, ROOT_BYTES), bytesOf(signed, ID_BYTES + SIGNATURE_BYTES)]
  if (root === undefined || bytes === undefined || signer !== origin) return undefined
  const [keyId, signature] = [bytes.subarray(0, ID_BYTES), bytes.subarray(ID_BYTES)]
  return { text, origin, size: Number(size), root, keyId, signature }
}

/** `undefined` unless it is so many bytes, written in the one way. */
const bytesOf = (base64 = '', length: number): Buffer | undefined => {
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length === length && bytes.toString('base64') === base64 ? bytes : undefined
}

/** Whether it is a note of that key's origin, signed by it. */
export const isSignedBy = (
  { text, origin, keyId, signature }: Note,
  { name, id, key }: VerifierKey,
): boolean => {
  if (origin !== name || !keyId.equals(id)) return false
  const body = text.slice(0, text.indexOf('\n\n') + 1)
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, key]), format: 'der', type: 'spki' })
  return verify(null, Buffer.from(body), publicKey, signature)
}

/** The name that an installation with that key signs under. */
export const originOf = (key: Buffer): string =>
  `headwater.local/${hash('sha256', key, 'hex').slice(0, ORIGIN_DIGITS)}`

const KEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/
const NOTE = /^([^\s+]+)\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]+=*)\n\n— (\S+) ([A-Za-z0-9+/]+=*)\n$/
const ED25519 = 1
const KEY_BYTES = 32
const ID_BYTES = 4
const ROOT_BYTES = 32
const SIGNATURE_BYTES = 64
const ORIGIN_DIGITS = 16
/** What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
