import { hash } from 'node:crypto'

/**
 * A name-based UUID, version 5 (RFC 9562, 5.5): the same name in the same namespace is the same UUID. Every event needs one, and the
 * one-shot hash takes a fifth of the time that a library needs with a hash object.
 */
export const uuidV5 = (name: string, namespace: string): string => {
  const bytes = Buffer.allocUnsafe(NAMESPACE_BYTES + Buffer.byteLength(name))
  bytes.write(namespace.replaceAll('-', ''), 'hex')
  bytes.write(name, NAMESPACE_BYTES)
  const hex = hash('sha1', bytes, 'hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const NAMESPACE_BYTES = 16
