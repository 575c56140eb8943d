import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { SIGN_INS, signInKey } from '../../commands/sign-ins.ts'
import { rejection } from '../../domain/rejection.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { PASSWORD_QUEUE_MAX, SIGN_IN_FAILURES_MAX, SIGN_IN_WINDOW_MS } from '../../limits.ts'
import type { Vault } from '../../vault/port.ts'

/** Counts failed attempts to sign in (rightech 4.3). */
export type Attempts = {
  /**
   * One attempt of a login from an address; those of the same pair wait for each other, so that guessing in parallel gains nothing. Refused with
   * `TooMany` while the pair has failed too often, with `Unavailable` if too many wait.
   */
  readonly guard: <A>(
    login: string,
    address: string,
    attempt: () => Promise<Either<Rejection, A>>,
  ) => Promise<Either<Rejection, A>>
}

export const createAttempts = (vault: Vault, now: () => number): Attempts => {
  const turns = new Map<string, Promise<unknown>>()
  let waiting = 0
  const guarded = async <A>(
    key: string,
    attempt: () => Promise<Either<Rejection, A>>,
  ): Promise<Either<Rejection, A>> => {
    const refused = await tooMany(vault, key, now())
    if (refused !== undefined) return E.left(refused)
    const result = await attempt()
    if (E.isLeft(result) && result.left.kind === 'Unauthenticated') await countFailure(vault, key, now())
    return result
  }
  return {
    guard: async (login, address, attempt) => {
      if (waiting >= PASSWORD_QUEUE_MAX) return E.left(BUSY)
      waiting += 1
      const key = signInKey(login, address)
      const turn = (turns.get(key) ?? Promise.resolve()).then(() => guarded(key, attempt))
      const ended = turn.catch(() => undefined)
      turns.set(key, ended)
      try {
        return await turn
      } finally {
        waiting -= 1
        if (turns.get(key) === ended) turns.delete(key)
      }
    },
  }
}

const BUSY = rejection('Unavailable', 'sign_ins_busy', { retryAfterSeconds: 1 })

const tooMany = async (vault: Vault, key: string, at: number): Promise<Rejection | undefined> => {
  const entry = await vault.get(SIGN_INS, key)
  if (entry === undefined || failuresOf(entry.value) < SIGN_IN_FAILURES_MAX) return undefined
  const leftMs = Math.max((entry.expiresAt ?? at) - at, 1)
  return rejection('TooMany', 'sign_ins', { retryAfterSeconds: Math.ceil(leftMs / 1000) })
}

/** Another process may count the same pair: the window stays that of the first failure. */
const countFailure = async (vault: Vault, key: string, at: number): Promise<void> => {
  for (;;) {
    const entry = await vault.get(SIGN_INS, key)
    const failures = entry === undefined ? 1 : failuresOf(entry.value) + 1
    const ttlMs = entry?.expiresAt === undefined ? SIGN_IN_WINDOW_MS : Math.max(entry.expiresAt - at, 1)
    const next = { value: { failures }, options: { ttlMs } }
    if (await vault.compareAndSet(SIGN_INS, key, entry?.version ?? 'absent', next)) return
  }
}

const failuresOf = (value: { readonly [key: string]: unknown }): number =>
  typeof value['failures'] === 'number' ? value['failures'] : 0
