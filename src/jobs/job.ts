import { setTimeout as pause } from 'node:timers/promises'
import { createLease } from '../commands/lease.ts'
import type { Vault } from '../vault/port.ts'

export type JobParts = {
  /** Names the lease: of all nodes one runs it (decisions 19). */
  readonly name: string
  readonly vault: Vault
  /** Between two rounds. */
  readonly everyMs: number
  /** Before the first one. */
  readonly firstMs?: number
  /** How long nobody else takes over after a crash; a round may not take much more than half of it. */
  readonly leaseMs?: number
  /** A round that failed; the next one tries again, a little later each time. */
  readonly onFailure: (error: unknown) => void
}

export type Job = { readonly stop: () => Promise<void> }

export type WakeableJob = Job & {
  /** There is something to do: the next round begins at once, if this node has the lease. */
  readonly wake: () => void
}

/**
 * Runs `round` again and again, on one node at a time; after a crash another takes over when the lease has run out. A round that answers
 * `more` has left some of its work, so that it did not take too long: the next one begins at once.
 */
export const startJob = (parts: JobParts, round: (signal: AbortSignal) => Promise<unknown>): WakeableJob => {
  const { vault, name, everyMs, firstMs = 0, onFailure } = parts
  const ttlMs = parts.leaseMs ?? Math.max(2 * everyMs, LEASE_MS_MIN)
  const lease = createLease(vault, name, ttlMs)
  let renewAt = 0
  /** Each renewal is flushed, so a frequent job does not renew at each round. */
  const holds = async (): Promise<boolean> => {
    if (performance.now() < renewAt) return true
    const isHeld = await lease.hold()
    renewAt = isHeld ? performance.now() + ttlMs / 2 - everyMs : 0
    return isHeld
  }
  const stopping = new AbortController()
  const { signal } = stopping
  const isStopping = (): boolean => signal.aborted
  let woken = false
  let wakeUp = (): void => undefined
  const wait = async (ms: number): Promise<void> => {
    if (!woken && !signal.aborted) {
      const waiting = new AbortController()
      wakeUp = () => waiting.abort()
      await pause(ms, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined)
    }
    woken = false
  }
  const rounds = async (): Promise<void> => {
    if (firstMs > 0) await wait(firstMs)
    for (let failures = 0; !signal.aborted;) {
      try {
        const left = (await holds()) ? await round(signal) : undefined
        failures = 0
        if (left === 'more') continue
      } catch (error) {
        failures += 1
        // A store that is closed under it, or away, is no news when it stops.
        if (!isStopping()) onFailure(error)
      }
      await wait(Math.max(everyMs, Math.min(everyMs * 2 ** failures, FAILED_MS_MAX)))
    }
    await lease.release().catch(() => undefined)
  }
  const ended = rounds()
  return {
    stop: () => {
      stopping.abort()
      wakeUp()
      return ended
    },
    wake: () => {
      woken = true
      wakeUp()
    },
  }
}

const LEASE_MS_MIN = 15_000
/** A frequent job waits no longer than that, however often it has failed. */
const FAILED_MS_MAX = 30_000
