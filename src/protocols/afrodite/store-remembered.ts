import { accountStream } from '../../domain/afrodite/names.ts'
import { AFRODITE_REMEMBERED_MS } from '../../limits.ts'
import type { Vault } from '../../vault/port.ts'

/** A login's counts as of the last sync step or sent event, by the number of the type (afrodite 9.2). */
export type Remembered = {
  readonly get: (type: number) => number | undefined
  readonly set: (type: number, count: number) => void
  /** Writes them if they changed or would soon be forgotten. A crash before leaves older ones: one more full read. */
  readonly save: () => Promise<void>
}

const SPACE = 'afrodite.remembered'

/** Throws `VaultUnavailable`. @param parts.now milliseconds since the Unix epoch */
export const openRemembered = async (
  { vault, now }: { readonly vault: Pick<Vault, 'get' | 'put'>; readonly now: () => number },
  { aid, loginId }: { readonly aid: string; readonly loginId: string },
): Promise<Remembered> => {
  const entry = await vault.get(SPACE, loginId)
  const counts = new Map<string, number>()
  for (const [type, count] of Object.entries(entry?.value ?? {}))
    if (typeof count === 'number') counts.set(type, count)
  let isSaved = entry === undefined || (entry.expiresAt ?? 0) - now() > AFRODITE_REMEMBERED_MS / 2
  let saving: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    if (isSaved) return
    isSaved = true
    const options = { ttlMs: AFRODITE_REMEMBERED_MS, subject: accountStream(aid) }
    try {
      await vault.put(SPACE, loginId, Object.fromEntries(counts), options)
    } catch (error) {
      isSaved = false
      throw error
    }
  }
  return {
    get: (type) => counts.get(String(type)),
    set: (type, count) => {
      if (counts.get(String(type)) === count) return
      counts.set(String(type), count)
      isSaved = false
    },
    save: () => {
      const run = saving.then(write)
      saving = run.catch(() => undefined)
      return run
    },
  }
}
