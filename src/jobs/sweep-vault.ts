import { setTimeout as pause } from 'node:timers/promises'
import { VAULT_SWEEP_MS } from '../limits.ts'
import type { Vault } from '../vault/port.ts'

export type SweepVault = {
  readonly vault: Pick<Vault, 'sweep'>
  /** A round that failed; the next one tries again. */
  readonly onFailure: (error: unknown) => void
}

/** Deletes what has expired (decisions 20). Two nodes may do it at once: what is gone is gone. */
export const startSweeping = ({ vault, onFailure }: SweepVault): { readonly stop: () => Promise<void> } => {
  const stopping = new AbortController()
  const { signal } = stopping
  const rounds = async (): Promise<void> => {
    while (await passed(VAULT_SWEEP_MS, signal)) await vault.sweep().catch(onFailure)
  }
  const ended = rounds()
  return {
    stop: () => {
      stopping.abort()
      return ended
    },
  }
}

/** False if the wait was broken off. */
const passed = (ms: number, signal: AbortSignal): Promise<boolean> =>
  pause(ms, true, { signal, ref: false }).catch(() => false)
