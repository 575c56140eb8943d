/** What could not be done waits for another try, ever longer, as long as this process remembers it. */
export type Retries = {
  /** It failed before. */
  readonly isKnown: (id: string) => boolean
  readonly isWaiting: (id: string) => boolean
  /** It failed again. */
  readonly later: (id: string) => void
  /** There is nothing more to try. */
  readonly forget: (id: string) => void
  /** How many wait, at most. */
  readonly waiting: () => number
}

/** @param now milliseconds since the Unix epoch */
export const createRetries = (now: () => number): Retries => {
  const waits = new Map<string, { readonly until: number; readonly ms: number }>()
  return {
    isKnown: (id) => waits.has(id),
    isWaiting: (id) => (waits.get(id)?.until ?? 0) > now(),
    later: (id) => {
      const ms = waits.get(id)?.ms ?? RETRY_MS
      waits.set(id, { until: now() + ms, ms: Math.min(2 * ms, RETRY_MS_MAX) })
    },
    forget: (id) => {
      waits.delete(id)
    },
    waiting: () => {
      // Those that went without a word are never tried again.
      for (const [id, { until }] of waits) if (until + RETRY_MS_MAX < now()) waits.delete(id)
      return waits.size
    },
  }
}

const RETRY_MS = 10_000
const RETRY_MS_MAX = 30 * 60_000
