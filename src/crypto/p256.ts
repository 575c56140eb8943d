/**
 * Public keys on P-256 as DER SubjectPublicKeyInfo: of an uncompressed point it is always this head and the 65 bytes of the point. Reading
 * it here instead of with a DER parser admits no other curve, and nothing behind the key.
 */
export const spkiOfPoint = (point: Buffer): Buffer => Buffer.concat([SPKI_HEAD, point])

/** The point within a DER SubjectPublicKeyInfo; undefined if that is no such key. Whether it is on the curve is not known yet. */
export const pointOfSpki = (spki: Buffer): Buffer | undefined => {
  const point = spki.subarray(SPKI_HEAD.length)
  return isPoint(point) && spki.subarray(0, SPKI_HEAD.length).equals(SPKI_HEAD) ? point : undefined
}

/** Whether the bytes have the form of an uncompressed point. */
export const isPoint = (bytes: Buffer): boolean => bytes.length === POINT_BYTES && bytes[0] === UNCOMPRESSED

/** The curve's name in OpenSSL. */
export const P256 = 'prime256v1'

const SPKI_HEAD = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')
const POINT_BYTES = 65
const UNCOMPRESSED = 4
