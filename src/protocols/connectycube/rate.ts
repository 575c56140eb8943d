import { LRUCache } from 'lru-cache'
import { CONNECTYCUBE_ADDRESSES_REMEMBERED } from '../../limits.ts'

/** How long a client has to wait, in whole seconds; 0: it may. */
export type RateLimit = (address: string) => number

/** A bucket an address, which a minute fills: so many requests at once, and in the long run as many a minute. */
export const createRateLimit = (perMinute: number, now: () => number): RateLimit => {
  const buckets = new LRUCache<string, Bucket>({ max: CONNECTYCUBE_ADDRESSES_REMEMBERED })
  const refillMs = MINUTE_MS / perMinute
  return (address) => {
    const at = now()
    const { left, since } = buckets.get(address) ?? { left: perMinute, since: at }
    // A clock that goes back gives nothing.
    const filled = Math.min(perMinute, left + Math.max(0, at - since) / refillMs)
    const isAllowed = filled >= 1
    buckets.set(address, { left: isAllowed ? filled - 1 : filled, since: at })
    return isAllowed ? 0 : Math.ceil(((1 - filled) * refillMs) / 1_000)
  }
}

type Bucket = { readonly left: number; readonly since: number }

const MINUTE_MS = 60_000
