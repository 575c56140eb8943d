import * as E from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { applicationDecider } from '../../domain/cc/application.ts'
import type { ApplicationKeys } from '../../domain/cc/application-events.ts'
import { applicationStream } from '../../domain/cc/names.ts'
import type { Vault } from '../../vault/port.ts'
import type { Engine } from '../engine.ts'
import { createLease } from '../lease.ts'

export type Provisioning = {
  readonly engine: Engine
  readonly vault: Vault
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly app: number
  /** What the operator set: they win over what is there. */
  readonly keys: Partial<ApplicationKeys>
  /** Values that everybody knows: where the operator set nothing they are replaced. */
  readonly known: Partial<ApplicationKeys>
  /** Called with keys that were made, before the application has them: in the clear they are nowhere else. */
  readonly announce: (app: number, keys: Partial<ApplicationKeys>) => void
  /** Ends the wait for another node that is at it. */
  readonly signal?: AbortSignal
}

/**
 * The server's own application (connectycube 1, 12.3): registered at the first start with the keys that are set, and with random ones in
 * place of those that are not; given other keys when other ones are set. Of two nodes that start at once, one does it.
 * Throws if the history or the documents cannot take it, or if the signal aborts.
 */
export const provisionApplication = async (parts: Provisioning): Promise<void> => {
  const lease = createLease(parts.vault, `cc-application-${parts.app}`, LEASE_MS)
  for (;;) {
    if ((await missingOf(parts)) === undefined) return
    if (await lease.hold()) return provide(parts).finally(lease.release)
    await pause(POLL_MS, undefined, { signal: parts.signal })
  }
}

const LEASE_MS = 30_000
const POLL_MS = 250
const ACTOR = 'platform:job:cc-application'
const KEY_BYTES = 24
const NAMES = ['authKey', 'authSecret', 'adminKey'] as const

type Missing = { readonly keys: Partial<ApplicationKeys>; readonly unset: readonly (keyof ApplicationKeys)[] }

/** What it has and keeps, and what has to be made; nothing if all is as it should be. */
const missingOf = async ({ engine, app, keys, known }: Provisioning): Promise<Missing | undefined> => {
  const { state } = await engine.load(applicationStream(app), applicationDecider)
  const kept = NAMES.flatMap((name) => {
    const there = state.keys?.[name]
    const isKnown = there !== undefined && there === known[name]
    const value = keys[name] ?? (isKnown ? undefined : there)
    return value === undefined ? [] : [[name, value] as const]
  })
  const unset = NAMES.filter((name) => !kept.some(([one]) => one === name))
  const isSame = state.exists && kept.every(([name, value]) => state.keys?.[name] === value)
  return isSame && unset.length === 0 ? undefined : { keys: Object.fromEntries(kept), unset }
}

/** Looks once more, because another node may have been at it until the lease was free. */
const provide = async (parts: Provisioning): Promise<void> => {
  const { engine, app, now, random, announce } = parts
  const missing = await missingOf(parts)
  if (missing === undefined) return
  const made = Object.fromEntries(
    missing.unset.map((name) => [name, Buffer.from(random(KEY_BYTES)).toString('base64url')]),
  )
  if (missing.unset.length > 0) announce(app, made)
  const {
    authKey = '',
    authSecret = '',
    adminKey = '',
  }: Partial<ApplicationKeys> = { ...missing.keys, ...made }
  const outcome = await engine.execute({
    stream: applicationStream(app),
    decider: applicationDecider,
    command: { type: 'ProvideApplication', app, keys: { authKey, authSecret, adminKey } },
    commandId: randomUUID(),
    actor: ACTOR,
    at: now(),
  })()
  if (E.isLeft(outcome)) throw new Error(`the application could not be registered: ${outcome.left.reason}`)
}
