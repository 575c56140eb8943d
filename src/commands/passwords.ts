import * as argon2 from '@node-rs/argon2'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { randomBytes } from 'node:crypto'
import { rejection } from '../domain/rejection.ts'
import type { Rejection } from '../domain/rejection.ts'
import { PASSWORD_QUEUE_MAX, PASSWORD_WORKERS } from '../limits.ts'

/** Password verifiers: argon2id, 19 MiB, 2 passes (decisions 2), a few at once, so that a flood of sign-ins cannot take all memory. */
export type Passwords = {
  /** Runs a task that may hash, as soon as a place is free; `Unavailable` if too many wait already. */
  readonly run: <A>(task: (hasher: Hasher) => Promise<A>) => Promise<Either<Rejection, A>>
}

export type Hasher = {
  readonly hash: (password: string) => Promise<string>
  /** Without a verifier, or with a broken one, it takes as long and says no. */
  readonly verify: (verifier: string | null | undefined, password: string) => Promise<boolean>
}

export const createPasswords = (workers = PASSWORD_WORKERS, queueMax = PASSWORD_QUEUE_MAX): Passwords => {
  const hasher = createHasher()
  const waiting: (() => void)[] = []
  let running = 0
  const enter = async (): Promise<void> => {
    if (running < workers) running += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }
  /** Hands the place to the next one, or frees it. */
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
  return {
    run: async (task) => {
      if (waiting.length >= queueMax) return E.left(BUSY)
      await enter()
      try {
        return E.right(await task(hasher))
      } finally {
        leave()
      }
    },
  }
}

/** The library's algorithm is argon2id unless it is told otherwise; memory in KiB. */
const OPTIONS = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const

const BUSY = rejection('Unavailable', 'passwords_busy', { retryAfterSeconds: 1 })

const createHasher = (): Hasher => {
  let nobody: Promise<string> | undefined
  return {
    hash: (password) => argon2.hash(password, OPTIONS),
    verify: async (verifier, password) => {
      const usable = typeof verifier === 'string' && verifier.startsWith('$argon2')
      nobody ??= usable ? undefined : argon2.hash(randomBytes(32), OPTIONS)
      const against = usable ? verifier : ((await nobody) ?? '')
      const matches = await argon2.verify(against, password).catch(() => false)
      return usable && matches
    },
  }
}
