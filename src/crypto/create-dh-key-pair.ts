import { createECDH } from 'node:crypto'
import { P256, spkiOfPoint } from './p256.ts'

export type DhKeyPair = {
  /** The scalar, base64. */
  readonly privateKey: string
  /** DER SubjectPublicKeyInfo, base64: what clients get. */
  readonly publicKey: string
}

/** A random key pair (timelimit 1.4). The one function of this directory that is not pure: it has a file of its own, closed to the domain. */
export const createDhKeyPair = (): DhKeyPair => {
  const ecdh = createECDH(P256)
  const point = ecdh.generateKeys()
  return { privateKey: ecdh.getPrivateKey('base64'), publicKey: spkiOfPoint(point).toString('base64') }
}
