/**
 * What a TimeLimit device computes, written from the wire's text and from nothing of the server's: password strings (timelimit 1.3), encrypted
 * second hashes (1.4), security keys (1.5), and the proofs of actions (3.3, 4.4).
 */
import {
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto'
import type { JsonObject } from '../../src/json.ts'

export type Password = { readonly hash: string; readonly secondHash: string; readonly secondSalt: string }
export type DhKey = { readonly v: string; readonly k: string }
export type Envelope = {
  readonly integrity: string
  readonly type: 'appLogic' | 'parent' | 'child'
  readonly userId: string
}
/** Makes the envelope of an action when the pushing device, its number and the text are known. */
export type Prove = (deviceId: string, sequenceNumber: number, encoded: string) => Envelope
export type Act = { readonly prove: Prove; readonly encoded: string }

/** A well-formed password; the same name gives the same one. */
export const passwordOf = (name: string): Password => {
  const text = createHash('sha512').update(name).digest('base64').replaceAll('+', '.').replaceAll('=', '')
  const secondSalt = `$2a$12$${text.slice(0, 22)}`
  return {
    hash: `$2a$12$${text.slice(20, 73)}`,
    secondSalt,
    secondHash: `${secondSalt}${text.slice(40, 71)}`,
  }
}

const act = (action: JsonObject | string, prove: Prove): Act => ({
  prove,
  encoded: typeof action === 'string' ? action : JSON.stringify(action),
})

export const appLogic = (action: JsonObject | string): Act =>
  act(action, () => ({ integrity: '', type: 'appLogic', userId: '' }))
/** As the user who is kept signed in at the device. */
export const byDevice =
  (userId: string) =>
  (action: JsonObject | string): Act =>
    act(action, () => ({ integrity: 'device', type: 'parent', userId }))
/** As a child that limits itself. */
export const bySelf =
  (userId: string) =>
  (action: JsonObject | string): Act =>
    act(action, () => ({ integrity: 'childDevice', type: 'parent', userId }))
/** With any text as the proof. */
export const byText =
  (userId: string, integrity: string, type: Envelope['type'] = 'parent') =>
  (action: JsonObject | string): Act =>
    act(action, () => ({ integrity, type, userId }))
export const bySha =
  (userId: string, { secondHash }: Password, type: 'parent' | 'child' = 'parent') =>
  (action: JsonObject | string): Act =>
    act(action, (deviceId, sequenceNumber, encoded) => ({
      integrity: sha512(`${sequenceNumber}${deviceId}${secondHash}${encoded}`),
      type,
      userId,
    }))
export const byHmac =
  (userId: string, { secondHash }: Password) =>
  (action: JsonObject | string): Act =>
    act(action, (...about) => ({
      integrity: `password:${mac(Buffer.from(secondHash), messageOf(...about)).toString('base64')}`,
      type: 'parent',
      userId,
    }))
/** With a security key that the family knows, over the server's key of the pushing device. */
export const byU2f =
  (userId: string, key: SecurityKey, dh: DhKey) =>
  (action: JsonObject | string): Act =>
    act(action, (...about) => ({
      integrity: key.answer(dh, messageOf(...about)),
      type: 'parent',
      userId,
    }))

export const sha512 = (text: string): string => createHash('sha512').update(text).digest('hex')

/** The message of 3.3.3. */
export const messageOf: (...about: Parameters<Prove>) => Buffer = (deviceId, sequenceNumber, encoded) => {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(sequenceNumber))
  return Buffer.concat([number, counted(Buffer.from(deviceId)), counted(Buffer.from(encoded))])
}

const mac = (key: Buffer, message: Buffer): Buffer => createHmac('sha256', key).update(message).digest()
const sha256 = (...parts: readonly Buffer[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()
const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}
const counted = (bytes: Buffer): Buffer => Buffer.concat([u32(bytes.length), bytes])

export type KeyPair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }

const ephemeral = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })
const serverKeyOf = ({ k }: DhKey): KeyObject =>
  createPublicKey({ key: Buffer.from(k, 'base64'), format: 'der', type: 'spki' })

/** The password object of an action with its second hash encrypted (1.4). */
export const encrypted = (
  { hash, secondHash, secondSalt }: Password,
  dh: DhKey,
  { pair = ephemeral(), iv = randomBytes(12) }: { readonly pair?: KeyPair; readonly iv?: Buffer } = {},
): JsonObject => {
  const { publicKey, privateKey } = pair
  const shared = diffieHellman({ privateKey, publicKey: serverKeyOf(dh) })
  const cipher = createCipheriv('aes-128-gcm', shared.subarray(0, 16), iv)
  cipher.setAAD(Buffer.from(`ParentPassword:${hash}:${secondSalt}`))
  const text = Buffer.concat([cipher.update(secondHash), cipher.final()])
  const sealed = Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64')
  return {
    hash,
    secondHash: [sealed, derOf(publicKey).toString('base64'), dh.v].join('.'),
    secondSalt,
    encrypted: true,
  }
}

export type SecurityKey = {
  readonly keyHandle: string
  readonly publicKey: string
  /** Of 1.5. */
  readonly id: string
  /** `u2f:…` over this message. */
  readonly answer: (dh: DhKey, message: Buffer) => string
}

export const DIRECT = Buffer.from('direct action')

export const securityKey = (name: string): SecurityKey => {
  const { publicKey, privateKey } = ephemeral()
  const point = derOf(publicKey).subarray(-65)
  const handle = sha256(Buffer.from(name))
  const id = keyIdOf(handle, point)
  let counter = 0
  return {
    keyHandle: handle.toString('base64'),
    publicKey: point.toString('base64'),
    id,
    answer: (dh, message) => {
      const mine = ephemeral()
      const client = derOf(mine.publicKey)
      const shared = diffieHellman({ privateKey: mine.privateKey, publicKey: serverKeyOf(dh) })
      const presence = Buffer.concat([Buffer.from([1]), u32((counter += 1))])
      const signature = sign('sha256', signedPart(presence, dh, client), privateKey)
      const parts = [
        dh.v,
        client.toString('base64'),
        id,
        Buffer.concat([presence, signature]).toString('base64'),
        mac(shared, message).toString('base64'),
      ]
      return `u2f:${parts.join('.')}`
    },
  }
}

export const keyIdOf = (handle: Buffer, point: Buffer): string =>
  sha256(counted(handle), counted(point)).subarray(0, 6).toString('base64')

/** What the security key signs (3.3.4, step 5). */
const signedPart = (presence: Buffer, dh: DhKey, client: Buffer): Buffer =>
  Buffer.concat([sha256(Buffer.from('https://timelimit.io')), presence, challengeOf(dh, client)])

export const challengeOf = (dh: DhKey, client: Buffer): Buffer =>
  sha256(counted(Buffer.from(dh.v)), counted(Buffer.from(dh.k, 'base64')), counted(client))

/** The members of `CHANGE_PARENT_PASSWORD` (4.4.1). */
export const passwordChange = (
  userId: string,
  old: Password,
  next: Password,
  random: { readonly iv: Buffer; readonly salt: string } = {
    iv: randomBytes(16),
    salt: randomBytes(16).toString('hex'),
  },
): JsonObject => {
  const { iv, salt } = random
  const key = createHash('sha512')
    .update(old.secondHash + salt)
    .digest()
    .subarray(0, 16)
  const cipher = createCipheriv('aes-128-ctr', key, iv)
  const text = Buffer.concat([cipher.update(next.secondHash), cipher.final()])
  const secondHashEncrypted = iv.toString('hex') + salt + text.toString('hex')
  const { hash, secondSalt } = next
  const integrity = sha512(old.secondHash + userId + hash + secondSalt + secondHashEncrypted)
  return { type: 'CHANGE_PARENT_PASSWORD', userId, hash, secondSalt, secondHashEncrypted, integrity }
}

/** The proof that a parent may be removed (4.4, `REMOVE_USER`). */
export const removalOf = (userId: string, { secondHash }: Password): string =>
  sha512(`${userId}${secondHash}remove`).slice(0, 16)
