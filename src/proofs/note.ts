import { createPrivateKey, createPublicKey, hash, sign } from 'node:crypto'

/** A head of the tree, signed as a C2SP checkpoint. */
export type SignedHead = {
  readonly origin: string
  readonly size: number
  /** Base64. */
  readonly root: string
  /** The checkpoint as a signed note: what a witness stores. */
  readonly note: string
  /** Whoever has it can verify the note. */
  readonly key: string
}

/** Signs heads with one key, whose own hash names the log: two installations never sign under one name. */
export type Signer = {
  readonly origin: string
  readonly key: string
  readonly sign: (head: { readonly size: number; readonly root: Buffer }) => SignedHead
}

/** `seed`: 32 bytes, of which RFC 8032 makes the Ed25519 key. */
export const createSigner = (seed: Uint8Array): Signer => {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const publicKey = createPublicKey(privateKey)
    .export({ format: 'der', type: 'spki' })
    .subarray(-PUBLIC_KEY_BYTES)
  const origin = `headwater.local/${hash('sha256', publicKey).slice(0, ORIGIN_DIGITS)}`
  const typed = Buffer.concat([ED25519, publicKey])
  const keyId = hash('sha256', Buffer.concat([Buffer.from(`${origin}\n`), typed]), 'buffer').subarray(0, 4)
  const key = `${origin}+${keyId.toString('hex')}+${typed.toString('base64')}`
  return {
    origin,
    key,
    sign: ({ size, root }) => {
      const text = `${origin}\n${size}\n${root.toString('base64')}\n`
      const signature = Buffer.concat([keyId, sign(null, Buffer.from(text), privateKey)])
      const note = `${text}\n— ${origin} ${signature.toString('base64')}\n`
      return { origin, size, root: root.toString('base64'), note, key }
    },
  }
}

/** What stands before the seed in a private key's DER (RFC 8410, 7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_KEY_BYTES = 32
const ORIGIN_DIGITS = 16
/** The kind of key in C2SP's signed notes. */
const ED25519 = Buffer.from([1])
