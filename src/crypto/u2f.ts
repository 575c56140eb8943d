import { createHmac, createPublicKey, verify } from 'node:crypto'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { isDhKeyVersion, sharedSecret } from './dh.ts'
import { equalBytes, sha256 } from './hashes.ts'
import { isPoint, spkiOfPoint } from './p256.ts'

/** The message of the HMAC where no action is pushed (timelimit 2.8). */
export const DIRECT_ACTION: Buffer = Buffer.from('direct action')

/** The parts of a U2F integrity text; the last two are base64, and so is the public key (DER SubjectPublicKeyInfo). */
export type U2fIntegrity = {
  readonly dhVersion: string
  readonly clientPublicKey: string
  readonly keyId: string
  readonly response: string
  readonly hmac: string
}

/** The id of a security key, both parts of which are base64: 8 characters (timelimit 1.5). */
export const u2fKeyId = (keyHandle: string, publicKey: string): string =>
  sha256(
    Buffer.concat([...sized(Buffer.from(keyHandle, 'base64')), ...sized(Buffer.from(publicKey, 'base64'))]),
  )
    .subarray(0, KEY_ID_BYTES)
    .toString('base64')

/** `u2f:` and five parts (timelimit 3.3.4); undefined for any other text. */
export const parseU2fIntegrity = (text: string): U2fIntegrity | undefined => {
  if (!text.startsWith(PREFIX)) return undefined
  const parts = text.slice(PREFIX.length).split('.', PARTS + 1)
  const [dhVersion = '', clientPublicKey = '', keyId = '', response = '', hmac = ''] = parts
  if (parts.length !== PARTS || !isDhKeyVersion(dhVersion)) return undefined
  return { dhVersion, clientPublicKey, keyId, response, hmac }
}

export type U2fProof = {
  readonly parsed: U2fIntegrity
  /** The pair of version `parsed.dhVersion`: base64 scalar, base64 DER SubjectPublicKeyInfo. */
  readonly serverPrivateKey: string
  readonly serverPublicKey: string
  /** The key with id `parsed.keyId`: base64 of an uncompressed point. */
  readonly u2fPublicKey: string
  /** `hmacMessage` of the action, or `DIRECT_ACTION`. */
  readonly message: Buffer
}

/**
 * Checks the HMAC and the security key's signature (timelimit 3.3.4, steps 3 and 5). Gives the counter that the key sent; undefined if
 * anything is wrong.
 */
export const verifyU2f = (proof: U2fProof): { readonly counter: number } | undefined => {
  const { parsed, message } = proof
  const secret = sharedSecret(proof.serverPrivateKey, parsed.clientPublicKey)
  if (secret === undefined) return undefined
  const hmac = createHmac('sha256', secret).update(message).digest()
  if (!equalBytes(Buffer.from(parsed.hmac, 'base64'), hmac)) return undefined
  const response = Buffer.from(parsed.response, 'base64')
  return isResponse(proof, response) ? { counter: response.readUInt32BE(1) } : undefined
}

const PREFIX = 'u2f:'
const PARTS = 5
const KEY_ID_BYTES = 6
/** User presence and counter: what the signature covers of the response. */
const RESPONSE_HEAD_BYTES = 5
const APPLICATION = sha256('https://timelimit.io')

const sized = (bytes: Buffer): readonly [Buffer, Buffer] => {
  const size = Buffer.allocUnsafe(4)
  size.writeUInt32BE(bytes.length)
  return [size, bytes]
}

const challengeOf = ({ parsed, serverPublicKey }: U2fProof): Buffer =>
  sha256(
    Buffer.concat([
      ...sized(Buffer.from(parsed.dhVersion)),
      ...sized(Buffer.from(serverPublicKey, 'base64')),
      ...sized(Buffer.from(parsed.clientPublicKey, 'base64')),
    ]),
  )

const isResponse = (proof: U2fProof, response: Buffer): boolean => {
  const point = Buffer.from(proof.u2fPublicKey, 'base64')
  if (response.length <= RESPONSE_HEAD_BYTES || !isPoint(point)) return false
  const data = Buffer.concat([APPLICATION, response.subarray(0, RESPONSE_HEAD_BYTES), challengeOf(proof)])
  return pipe(
    O.tryCatch(() => {
      const key = createPublicKey({ key: spkiOfPoint(point), format: 'der', type: 'spki' })
      return verify('sha256', data, key, response.subarray(RESPONSE_HEAD_BYTES))
    }),
    O.getOrElse(() => false),
  )
}
