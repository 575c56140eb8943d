import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Engine } from '../../commands/engine.ts'
import type { DemoEntry } from '../../config/demo.ts'
import { equalTexts, sha256Hex } from '../../crypto/hashes.ts'
import { demoDecider } from '../../domain/afrodite/demo.ts'
import { demoStream } from '../../domain/afrodite/names.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { DEMO_DELAY_MS, DEMO_TOKEN_MS, DEMO_WAITING_MAX, DEMO_WAITING_PER_ADDRESS_MAX } from '../../limits.ts'
import type { Entry, Keyring, Vault } from '../../vault/port.ts'

/** Two passwords, each for a token (afrodite 4.3). */
export type DemoMode = {
  /** The first password. Right or wrong, it takes its time; `TooMany` if too many wait for that. */
  readonly login: (password: string, address: string) => Promise<Either<Rejection, DemoAnswer>>
  /** The second. A wrong one locks the entry until the operator gives it other passwords. */
  readonly confirm: (password: string, token: string) => Promise<Either<Rejection, DemoAnswer>>
  /** The entry that a token of the second step opens, while it lives. */
  readonly entryOf: (token: string) => Promise<DemoEntry | undefined>
}

export type DemoAnswer = { readonly locked: boolean; readonly token: string | null }

export type DemoParts = {
  readonly engine: Engine
  readonly vault: Vault
  readonly keyring: Pick<Keyring, 'installation'>
  readonly settings: { readonly demo: readonly DemoEntry[] | undefined }
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly delayMs?: number
}

/**
 * Of the vault: the tokens by their hash, and each entry's generation: a login begins a new one, which ends all tokens of the last. So do
 * other passwords.
 */
export const DEMO_TOKENS = 'afrodite.demo-tokens'
export const DEMO_ENTRIES = 'afrodite.demo-entries'

export const createDemoMode = (parts: DemoParts): DemoMode => {
  const { vault, now, delayMs = DEMO_DELAY_MS } = parts
  const entries = parts.settings.demo ?? []
  const locks = createLocks(parts)
  const waiting = createWaiting()

  const issue = async (content: Omit<Token, 'expiresAt'>): Promise<DemoAnswer> => {
    const token = Buffer.from(parts.random(TOKEN_BYTES)).toString('base64')
    await vault.put(DEMO_TOKENS, sha256Hex(token), content, { ttlMs: DEMO_TOKEN_MS })
    return { locked: false, token }
  }
  const keep = (key: string, { expiresAt, ...content }: Token): Promise<void> =>
    vault.put(DEMO_TOKENS, key, content, { ttlMs: Math.max(expiresAt - now(), 1) })
  const begin = async (entry: DemoEntry): Promise<DemoAnswer> => {
    const generation = randomUUID()
    const passwords = await locks.passwordsOf(entry)
    // A token of the second step may outlive the one that it was got with by its whole life.
    await vault.put(DEMO_ENTRIES, keyOf(entry), { generation, passwords }, { ttlMs: 2 * DEMO_TOKEN_MS })
    return issue({ entry: entry.database_id, step: 0, generation })
  }
  const configured = ({ entry: id }: Token): DemoEntry | undefined =>
    entries.find((one) => one.database_id === id)
  const isCurrent = async ({ generation }: Token, entry: DemoEntry): Promise<boolean> => {
    const standing = (await vault.get(DEMO_ENTRIES, keyOf(entry)))?.value
    return (
      standing?.['generation'] === generation && standing['passwords'] === (await locks.passwordsOf(entry))
    )
  }

  const guess = async (
    entry: DemoEntry,
    held: Token,
    password: string,
  ): Promise<Either<Rejection, DemoAnswer>> => {
    if (await locks.isLocked(entry)) return E.right(LOCKED)
    if (!(await isCurrent(held, entry))) return E.right(NOTHING)
    if (equalTexts(entry.password_stage1, password))
      return E.right(await issue({ entry: held.entry, step: 1, generation: held.generation }))
    // First, so that what was got before stays ended, also under other passwords.
    await vault.delete(DEMO_ENTRIES, keyOf(entry))
    return E.map(() => LOCKED)(await locks.lock(entry))
  }

  return {
    login: async (password, address) => {
      const leave = waiting.enter(address)
      if (leave === undefined) return E.left(BUSY)
      await pause(delayMs).finally(leave)
      const [entry] = entries.filter((one) => equalTexts(one.password_stage0, password))
      if (entry === undefined) return E.right(NOTHING)
      return E.right((await locks.isLocked(entry)) ? LOCKED : await begin(entry))
    },
    confirm: async (password, token) => {
      const key = sha256Hex(token)
      if (tokenIn(await vault.get(DEMO_TOKENS, key), 0) === undefined) return E.right(NOTHING)
      // Only one has it at a time: guesses at once are one guess.
      const held = tokenIn(await vault.take(DEMO_TOKENS, key), 0)
      const entry = held && configured(held)
      if (held === undefined || entry === undefined) return E.right(NOTHING)
      const answer = await guess(entry, held, password)
      if (E.isRight(answer) && answer.right !== NOTHING) await keep(key, held)
      return answer
    },
    entryOf: async (token) => {
      const held = tokenIn(await vault.get(DEMO_TOKENS, sha256Hex(token)), 1)
      const entry = held && configured(held)
      if (held === undefined || entry === undefined) return undefined
      return (await isCurrent(held, entry)) && !(await locks.isLocked(entry)) ? entry : undefined
    },
  }
}

const TOKEN_BYTES = 384
const NOTHING: DemoAnswer = { locked: false, token: null }
const LOCKED: DemoAnswer = { locked: true, token: null }
const BUSY = rejection('TooMany', 'demo_logins', { retryAfterSeconds: 1 })

type Token = {
  readonly entry: number
  /** Of which password it is. */
  readonly step: 0 | 1
  readonly generation: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
}

const tokenIn = (found: Entry | undefined, step: Token['step']): Token | undefined => {
  const { entry, generation } = found?.value ?? {}
  if (found?.value['step'] !== step || typeof entry !== 'number' || typeof generation !== 'string')
    return undefined
  return { entry, step, generation, expiresAt: found.expiresAt ?? 0 }
}

const keyOf = ({ database_id: id }: DemoEntry): string => String(id)

/** A lock is of the passwords too: an operator takes it off by giving others. */
const createLocks = ({ engine, keyring, now }: DemoParts) => {
  const passwordsOf = async ({ password_stage0: first, password_stage1: second }: DemoEntry) =>
    createHmac('sha256', await keyring.installation(LOCK_KEY))
      .update(JSON.stringify([first, second]))
      .digest('hex')
  return {
    passwordsOf,
    isLocked: async (entry: DemoEntry): Promise<boolean> => {
      const { state } = await engine.load(demoStream(entry.database_id), demoDecider)
      return state !== null && state === (await passwordsOf(entry))
    },
    lock: async (entry: DemoEntry): Promise<Either<Rejection, unknown>> => {
      const id = entry.database_id
      return engine.execute({
        stream: demoStream(id),
        decider: demoDecider,
        command: { type: 'LockDemo', entry: id, passwords: await passwordsOf(entry) },
        commandId: randomUUID(),
        actor: `afrodite:demo:${id}`,
        at: now(),
        via: { protocol: 'afrodite' },
      })()
    },
  }
}

const LOCK_KEY = 'afrodite-demo'

/** Who waits for the answer to a first password, of each address and altogether. */
const createWaiting = () => {
  const counts = new Map<string, number>()
  let all = 0
  const leave = (address: string): void => {
    all -= 1
    const left = (counts.get(address) ?? 1) - 1
    if (left === 0) counts.delete(address)
    else counts.set(address, left)
  }
  return {
    /** What to call at the end; `undefined`: there is no room. */
    enter: (address: string): (() => void) | undefined => {
      const mine = counts.get(address) ?? 0
      if (all >= DEMO_WAITING_MAX || mine >= DEMO_WAITING_PER_ADDRESS_MAX) return undefined
      all += 1
      counts.set(address, mine + 1)
      return () => leave(address)
    },
  }
}
