import { LRUCache } from 'lru-cache'
import { familyStream } from '../../domain/timelimit/names.ts'
import { TIMELIMIT_DEVICES_REMEMBERED } from '../../limits.ts'
import type { Vault } from '../../vault/port.ts'
import type { Owner } from './dh-keys.ts'
import { CONNECTIVITY } from './effects.ts'

/** Notes that a device was there, by halves of a day (timelimit 5.2): for the clean-up of families that nobody uses. */
export type Connectivity = (of: Owner, now: number) => void | Promise<void>

export const createConnectivity = (vault: Vault): Connectivity => {
  /** What the vault has, as far as this process knows. */
  const noted = new LRUCache<string, number>({ max: TIMELIMIT_DEVICES_REMEMBERED })
  return ({ family, device }, now) => {
    const key = `${family}/${device}`
    const at = Math.floor(now / STEP_MS) * STEP_MS
    return noted.get(key) === at ? undefined : note(key, family, at)
  }

  async function note(key: string, family: string, at: number): Promise<void> {
    const entry = await vault.get(CONNECTIVITY, key)
    if (entry?.value['at'] !== at)
      await vault.put(CONNECTIVITY, key, { at, family }, { subject: familyStream(family) })
    noted.set(key, at)
  }
}

const STEP_MS = 12 * 60 * 60_000
