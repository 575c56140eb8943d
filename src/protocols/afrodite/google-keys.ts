import * as t from 'io-ts'
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import {
  GOOGLE_KEYS_AGAIN_MS,
  GOOGLE_KEYS_BYTES_MAX,
  GOOGLE_KEYS_FETCH_MS_MAX,
  GOOGLE_KEYS_KEPT_MS,
  GOOGLE_KEYS_KEPT_MS_MAX,
} from '../../limits.ts'

/** The key set cannot be had now, or is none. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'
}

export type GoogleKeysParts = {
  readonly url: string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly timeoutMs?: number
}

/**
 * Finds the published key that a token's header names (afrodite 4.4). The set is kept as long as the reply's `max-age` says; who comes
 * while it is fetched waits for the same fetch. A key that is not in it may be a new one: then the set is fetched again, but not for
 * every token that somebody makes up. Throws `KeysUnavailable`, or a `JOSEError` if there is no such key.
 */
export const createGoogleKeys = ({
  url,
  now,
  timeoutMs = GOOGLE_KEYS_FETCH_MS_MAX,
}: GoogleKeysParts): JWTVerifyGetKey => {
  let kept: Kept | undefined
  let loading: Promise<Kept> | undefined
  let askedAgainAt = -Infinity

  const fresh = (): Kept | undefined => (kept !== undefined && now() < kept.until ? kept : undefined)
  const load = (): Promise<Kept> => {
    loading ??= fetchKeys(url, timeoutMs)
      .then(({ find, keptMs }) => (kept = { find, until: now() + keptMs }))
      .finally(() => {
        loading = undefined
      })
    return loading
  }
  const newerThan = async (known: Kept): Promise<Kept | undefined> => {
    const other = loading ?? fresh()
    if (other !== undefined && other !== known) return other
    if (now() - askedAgainAt < GOOGLE_KEYS_AGAIN_MS) return undefined
    askedAgainAt = now()
    return load()
  }

  return async (header, token) => {
    if (typeof header.kid !== 'string') throw new errors.JWKSNoMatchingKey()
    const known = fresh()
    const keys = known ?? (await load())
    try {
      return await keys.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || known === undefined) throw error
      const newer = await newerThan(known)
      if (newer === undefined) throw error
      return newer.find(header, token)
    }
  }
}

type Kept = { readonly find: JWTVerifyGetKey; readonly until: number }

const KeySet = t.type({ keys: t.array(t.type({ kty: t.string })) })

const fetchKeys = async (
  url: string,
  timeoutMs: number,
): Promise<{ readonly find: JWTVerifyGetKey; readonly keptMs: number }> => {
  try {
    // Also ends an answer that comes a byte now and then.
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    const text = await textOf(response)
    if (response.status !== 200) throw new Error(`status ${response.status}`)
    const keys: unknown = JSON.parse(text)
    if (!KeySet.is(keys)) throw new Error('no key set')
    return { find: createLocalJWKSet(keys), keptMs: keptMsOf(response.headers.get('cache-control') ?? '') }
  } catch (error) {
    throw new KeysUnavailable('the keys that verify sign-ins cannot be had', { cause: error })
  }
}

const textOf = async ({ body }: Response): Promise<string> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const sent: AsyncIterable<Uint8Array> | readonly Uint8Array[] = body ?? []
  for await (const chunk of sent) {
    bytes += chunk.length
    // Leaving the loop cancels the rest.
    if (bytes > GOOGLE_KEYS_BYTES_MAX) throw new Error('too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const keptMsOf = (cacheControl: string): number => {
  const seconds = Number(/(?:^|[\s,])max-age="?(\d+)/i.exec(cacheControl)?.[1] ?? 0)
  return seconds === 0 ? GOOGLE_KEYS_KEPT_MS : Math.min(seconds * 1000, GOOGLE_KEYS_KEPT_MS_MAX)
}
