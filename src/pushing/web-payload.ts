import type { Content } from './content.ts'
import type { Refused } from './gateway.ts'

export type WebMessage = {
  /** What the page's service worker gets. */
  readonly text: string
  /** How long the push service keeps it. */
  readonly ttlSeconds: number
}

/** A notice as a browser's service worker gets it; `now` in milliseconds since the Unix epoch. */
export const webMessage = (content: Content, now: number): WebMessage | Refused => {
  const text =
    content.is === 'payload' ? content.text : JSON.stringify({ ...content.custom, message: content.message })
  const expiration = content.is === 'payload' ? undefined : content.expiration
  const ttlSeconds =
    expiration === undefined ? TTL_SECONDS : Math.min(Math.floor(expiration - now / 1_000), TTL_SECONDS)
  if (ttlSeconds <= 0) return { refused: 'late' }
  return Buffer.byteLength(text) > BYTES_MAX ? { refused: 'too-large' } : { text, ttlSeconds }
}

const TTL_SECONDS = 4 * 7 * 24 * 60 * 60
/** What push services must take, encrypted (RFC 8030, 7.2): of 4,096 bytes 86 are the header, 16 the tag and one the padding (RFC 8291, 4). */
const BYTES_MAX = 4_096 - 86 - 16 - 1
