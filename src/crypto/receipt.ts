import { createPublicKey, verify } from 'node:crypto'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'

export type Receipt = {
  /** The exact text that was signed. */
  readonly receipt: string
  /** Base64. */
  readonly signature: string
  /** The shop's key: base64 DER SubjectPublicKeyInfo. */
  readonly publicKey: string
}

/** Whether a receipt of Google Play is signed with RSA-SHA1 (PKCS #1 v1.5) by the key (timelimit 2.17); false too if that is no RSA key. */
export const verifyReceipt = ({ receipt, signature, publicKey }: Receipt): boolean =>
  pipe(
    O.tryCatch(() => {
      const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
      return (
        key.asymmetricKeyType === 'rsa' &&
        verify('sha1', Buffer.from(receipt), key, Buffer.from(signature, 'base64'))
      )
    }),
    O.getOrElse(() => false),
  )
