import { sha256Hex } from '../../crypto/hashes.ts'
import { familyStream } from '../../domain/timelimit/names.ts'
import { TIMELIMIT_TOKEN_MS } from '../../limits.ts'
import type { Vault } from '../../vault/port.ts'
import { textIn, type OneTimeTokens, type OneTimeUse } from '../one-time.ts'

/** Codes by which a new device gets into a family (timelimit 2.9, 2.10): of each family only the newest is good. */
export type AddDeviceCodes = {
  readonly issue: (words: string, family: string, deviceId: string) => Promise<void>
  readonly reserve: (words: string, purpose: string) => Promise<OneTimeUse | undefined>
}

export const createAddDeviceCodes = (vault: Vault, tokens: OneTimeTokens): AddDeviceCodes => ({
  issue: async (words, family, deviceId) => {
    const code = words.toLowerCase()
    const subject = familyStream(family)
    const earlier = await newestOf(vault, family)
    await vault.put(NEWEST, family, { key: sha256Hex(code) }, { ttlMs: TIMELIMIT_TOKEN_MS, subject })
    if (earlier !== undefined) await vault.delete(ADD_DEVICE, earlier)
    await tokens.issue(ADD_DEVICE, code, { family, deviceId }, subject)
  },
  reserve: async (words, purpose) => {
    const code = words.toLowerCase()
    const known = await tokens.find(ADD_DEVICE, code)
    const newest = known === undefined ? undefined : await newestOf(vault, textIn(known, 'family'))
    return newest === sha256Hex(code) ? tokens.reserve(ADD_DEVICE, code, purpose) : undefined
  },
})

const ADD_DEVICE = 'timelimit.add-device'
/** By family: the key of its newest code. */
const NEWEST = 'timelimit.add-device-of'

const newestOf = async (vault: Vault, family: string): Promise<string | undefined> => {
  const key = (await vault.get(NEWEST, family))?.value['key']
  return typeof key === 'string' ? key : undefined
}
