import { randomUUID } from 'node:crypto'
import type { Vault } from '../vault/port.ts'
import { whereabouts } from './whereabouts.ts'

/** Space of the vault: the leases of jobs by name, each with its `holder` and where that is. */
export const LEASES = 'platform.leases'

/** The right of one process to run a job (decisions 19). */
export type Lease = {
  /** Takes it, or keeps it for another `ttlMs`; false while another process has it. */
  readonly hold: () => Promise<boolean>
  /** Gives it up, so that another process need not wait. */
  readonly release: () => Promise<void>
}

export const createLease = (vault: Vault, job: string, ttlMs: number): Lease => {
  const holder = randomUUID()
  return {
    hold: async () => {
      const entry = await vault.get(LEASES, job)
      if (entry !== undefined && entry.value['holder'] !== holder) return false
      return vault.compareAndSet(LEASES, job, entry?.version ?? 'absent', {
        value: { holder, ...whereabouts() },
        options: { ttlMs },
      })
    },
    release: async () => {
      const entry = await vault.get(LEASES, job)
      if (entry?.value['holder'] === holder) await vault.compareAndSet(LEASES, job, entry.version, undefined)
    },
  }
}

/** For who alone has the vault open: whoever held a lease is dead, and nobody need wait until it runs out. */
export const forgetLeases = async (vault: Vault): Promise<void> => {
  for await (const page of vault.list(LEASES)) for (const { key } of page) await vault.delete(LEASES, key)
}
