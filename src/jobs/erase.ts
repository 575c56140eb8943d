import { setTimeout as pause } from 'node:timers/promises'
import type { Erasure } from '../commands/erasure.ts'
import { ERASURE_RETRY_MS } from '../limits.ts'

export type Erase = {
  readonly erasure: Erasure
  /** A round that failed; the next one tries again. */
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/** Finishes what a crash or a fault left of erasures, at the start and again and again (decisions 8). Stopping closes the erasure. */
export const startErasing = ({
  erasure,
  onFailure,
  everyMs = ERASURE_RETRY_MS,
}: Erase): { readonly stop: () => Promise<void> } => {
  const stopping = new AbortController()
  const { signal } = stopping
  const rounds = async (): Promise<void> => {
    while (!signal.aborted) {
      await erasure.resume().catch(onFailure)
      await pause(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
  const ended = rounds()
  return {
    stop: async () => {
      stopping.abort()
      await erasure.close()
      await ended
    },
  }
}
