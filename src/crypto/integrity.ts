import { createHmac } from 'node:crypto'
import { equalBytes, sha512Hex } from './hashes.ts'

/** What a pushed action is signed over. `sequenceNumber` is a safe integer from 0; `deviceId` is the pushing device's. */
export type Signable = {
  readonly sequenceNumber: number
  readonly deviceId: string
  /** The exact text that was sent. */
  readonly encodedAction: string
}

/** With the secret of the acting user. */
export type Signed = Signable & { readonly secondHash: string }

/** The legacy form, and the only one of child actions: lower-case hex (timelimit 3.3.2). */
export const sha512Integrity = ({ sequenceNumber, deviceId, secondHash, encodedAction }: Signed): string =>
  sha512Hex(`${sequenceNumber}${deviceId}${secondHash}${encodedAction}`)

/** What an HMAC of an action is made over (timelimit 3.3.3): lengths are those of the UTF-8. */
export const hmacMessage = ({ sequenceNumber, deviceId, encodedAction }: Signable): Buffer => {
  const deviceBytes = Buffer.byteLength(deviceId)
  const actionBytes = Buffer.byteLength(encodedAction)
  const message = Buffer.allocUnsafe(16 + deviceBytes + actionBytes)
  message.writeUInt32BE(Math.floor(sequenceNumber / 2 ** 32) >>> 0, 0)
  message.writeUInt32BE(sequenceNumber >>> 0, 4)
  message.writeUInt32BE(deviceBytes, 8)
  message.write(deviceId, 12)
  message.writeUInt32BE(actionBytes, 12 + deviceBytes)
  message.write(encodedAction, 16 + deviceBytes)
  return message
}

/** The form of current clients: `password:` and the base64 of an HMAC-SHA256 (timelimit 3.3.3). */
export const passwordIntegrity = (signed: Signed): string => PASSWORD + passwordMac(signed).toString('base64')

/** Whether `integrity` is that of `sha512Integrity`. Nothing is signed with an empty `secondHash`: such a user has no password. */
export const verifySha512 = (signed: Signed, integrity: string): boolean =>
  signed.secondHash !== '' && equalBytes(Buffer.from(integrity), Buffer.from(sha512Integrity(signed)))

/** Whether `integrity` carries the bytes of `passwordIntegrity`. Nothing is signed with an empty `secondHash`. */
export const verifyPassword = (signed: Signed, integrity: string): boolean =>
  signed.secondHash !== '' &&
  integrity.startsWith(PASSWORD) &&
  equalBytes(Buffer.from(integrity.slice(PASSWORD.length), 'base64'), passwordMac(signed))

const PASSWORD = 'password:'

const passwordMac = (signed: Signed): Buffer =>
  createHmac('sha256', signed.secondHash).update(hmacMessage(signed)).digest()
