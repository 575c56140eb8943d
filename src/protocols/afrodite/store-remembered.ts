import { accountStream } from '../../domain/afrodite/names.ts'
import { isObject, type JsonObject } from '../../json.ts'
import { AFRODITE_REMEMBERED_MS } from '../../limits.ts'
import type { Vault } from '../../vault/port.ts'

/** A login's counts as of the last sync step or sent event (afrodite 9.2), by the scope whose they are, and the number of the type. */
export type Remembered = {
  readonly get: (scope: string, type: number) => number | undefined
  /** Those of another group or family are forgotten: the account is linked to somebody else since. */
  readonly set: (scope: string, type: number, count: number) => void
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
  const scopes = new Map<string, Counts>()
  for (const [scope, counts] of Object.entries(entry?.value ?? {}))
    if (isObject(counts)) scopes.set(scope, countsIn(counts))
  let isSaved = entry === undefined || (entry.expiresAt ?? 0) - now() > AFRODITE_REMEMBERED_MS / 2
  let saving: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    if (isSaved) return
    isSaved = true
    const options = { ttlMs: AFRODITE_REMEMBERED_MS, subject: accountStream(aid) }
    try {
      await vault.put(SPACE, loginId, written(scopes), options)
    } catch (error) {
      isSaved = false
      throw error
    }
  }
  return {
    get: (scope, type) => scopes.get(scope)?.get(String(type)),
    set: (scope, type, count) => {
      const counts = scopes.get(scope) ?? begin(scopes, scope)
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

type Counts = Map<string, number>

const begin = (scopes: Map<string, Counts>, scope: string): Counts => {
  for (const other of scopes.keys()) if (kindOf(other) === kindOf(scope)) scopes.delete(other)
  const counts: Counts = new Map()
  scopes.set(scope, counts)
  return counts
}
const kindOf = (scope: string): string => scope.slice(0, scope.indexOf(':'))

const countsIn = (counts: JsonObject): Counts =>
  new Map(
    Object.entries(counts).flatMap(([type, count]) => (typeof count === 'number' ? [[type, count]] : [])),
  )
const written = (scopes: ReadonlyMap<string, Counts>): JsonObject =>
  Object.fromEntries(Array.from(scopes, ([scope, counts]) => [scope, Object.fromEntries(counts)]))
