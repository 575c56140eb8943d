import { setTimeout as pause } from 'node:timers/promises'
import type { Health } from '../http/health.ts'
import { REACHABLE_CHECK_MS } from '../limits.ts'

/** `/ready` says which store of another process does not answer, and turns green again by itself. */
export const watchReachable = (
  health: Health,
  probes: { readonly [store: string]: () => Promise<unknown> },
): { readonly close: () => Promise<void> } => {
  const closing = new AbortController()
  const { signal } = closing
  const watch = async ([store, probe]: readonly [string, () => Promise<unknown>]): Promise<void> => {
    let trouble: string | undefined = 'it was not asked yet'
    health.add(store, () => trouble)
    while (!signal.aborted) {
      trouble = await probe().then(
        () => undefined,
        (error: unknown) => `it cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      )
      await pause(REACHABLE_CHECK_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  const watching = Promise.all(Object.entries(probes).map(watch))
  return {
    close: async () => {
      closing.abort()
      await watching
    },
  }
}
