import { createHmac } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { isList } from '../json.ts'
import type { Entry, Vault } from '../vault/port.ts'
import type { MailKind } from './texts.ts'

/** How many mails go out (timelimit 8.2), counted in the vault: over restarts, and of all nodes together. */
export type MailRates = {
  /** Whether that mail to that address may be sent now; only then it counts. Addresses that differ in case count as one. */
  readonly admit: (kind: MailKind, address: string) => Promise<boolean>
}

/**
 * @param now milliseconds since the Unix epoch
 * @param key names the counters: from a plain hash anybody could tell whose they are (decisions 4)
 */
export const openMailRates = (vault: Vault, now: () => number, key: () => Promise<Uint8Array>): MailRates => {
  const { room, take, giveBack } = countersIn(vault, now)
  return {
    admit: async (kind, address) => {
      const rule = RULES[kind]
      if (rule === undefined) return true
      const digest = createHmac('sha256', await key())
        .update(address.toLowerCase())
        .digest('hex')
      const own = { key: `${rule.counter}/${digest}`, limits: rule.perAddress }
      if (rule.global === undefined) return (await take(own)) !== undefined
      const all = { key: `${rule.counter}/all`, limits: rule.global }
      // Spares two writes for each mail that is refused while all together are too many.
      if ((await room(all)) === 0) return false
      const at = await take(own)
      if (at === undefined) return false
      if ((await take(all)) !== undefined) return true
      await giveBack(own, at)
      return false
    },
  }
}

type Limit = { readonly mails: number; readonly windowMs: number }
type Rule = {
  /** Kinds with the same counter share their limits. */
  readonly counter: string
  readonly perAddress: readonly Limit[]
  readonly global?: readonly Limit[]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const WARNINGS: Rule = {
  counter: 'warning',
  perAddress: [
    { mails: 2, windowMs: MINUTE_MS },
    { mails: 20, windowMs: DAY_MS },
  ],
}

const RULES: { readonly [K in MailKind]: Rule | undefined } = {
  'login-code': {
    counter: 'login-code',
    perAddress: [
      { mails: 2, windowMs: 5 * MINUTE_MS },
      { mails: 6, windowMs: DAY_MS },
    ],
    global: [
      { mails: 100, windowMs: MINUTE_MS },
      { mails: 500, windowMs: HOUR_MS },
      { mails: 1_000, windowMs: DAY_MS },
    ],
  },
  manipulation: WARNINGS,
  uninstall: WARNINGS,
  'task-done': {
    counter: 'task-done',
    perAddress: [
      { mails: 1, windowMs: MINUTE_MS },
      { mails: 3, windowMs: 5 * MINUTE_MS },
      { mails: 5, windowMs: HOUR_MS },
      { mails: 10, windowMs: DAY_MS },
    ],
  },
  'password-reset': undefined,
  'device-linked': undefined,
  'account-deleted': undefined,
}

const SPACE = 'timelimit.mail-rates'
/** Other nodes count in the same entry. */
const ATTEMPTS_MAX = 20
const PAUSE_MS_MAX = 20

type Counter = { readonly key: string; readonly limits: readonly Limit[] }
type Counters = {
  /** How many more mails there may be now. */
  readonly room: (counter: Counter) => Promise<number>
  /** Counts one; answers the time it is counted at, `undefined` if it may not be. */
  readonly take: (counter: Counter) => Promise<number | undefined>
  /** Takes back one that was counted at that time. */
  readonly giveBack: (counter: Counter, at: number) => Promise<void>
}

const countersIn = (vault: Vault, now: () => number): Counters => {
  /** Counts as many as there is room for, `wanted` at most. */
  const count = async ({ key, limits }: Counter, wanted: number): Promise<Counted> => {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const at = now()
      const entry = await vault.get(SPACE, key)
      const times = timesIn(entry, limits, at)
      const mails = Math.min(wanted, roomIn(times, limits, at))
      if (mails === 0) return { at, mails }
      const next = replacement([...times, ...Array.from({ length: mails }, () => at)], limits)
      if (await vault.compareAndSet(SPACE, key, entry?.version ?? 'absent', next)) return { at, mails }
      await pause(Math.random() * PAUSE_MS_MAX)
    }
    return { at: now(), mails: 0 }
  }
  return {
    room: async ({ key, limits }) => {
      const at = now()
      return roomIn(timesIn(await vault.get(SPACE, key), limits, at), limits, at)
    },
    take: combining(count),
    giveBack: async ({ key, limits }, at) => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const entry = await vault.get(SPACE, key)
        const times = timesIn(entry, limits, now())
        const index = times.indexOf(at)
        if (entry === undefined || index < 0) return
        const next = replacement(times.toSpliced(index, 1), limits)
        if (await vault.compareAndSet(SPACE, key, entry.version, next)) return
        await pause(Math.random() * PAUSE_MS_MAX)
      }
    },
  }
}

type Counted = { readonly at: number; readonly mails: number }
type Waiter = {
  readonly resolve: (at: number | undefined) => void
  readonly reject: (reason: unknown) => void
}

/** Those of this process that want the same counter while it is written go into its next write together, and do not fight. */
const combining = (count: (counter: Counter, wanted: number) => Promise<Counted>): Counters['take'] => {
  const waiting = new Map<string, readonly Waiter[]>()
  const countAll = async (counter: Counter): Promise<void> => {
    for (;;) {
      const waiters = waiting.get(counter.key) ?? []
      if (waiters.length === 0) break
      waiting.set(counter.key, [])
      try {
        const { at, mails } = await count(counter, waiters.length)
        waiters.forEach(({ resolve }, index) => resolve(index < mails ? at : undefined))
      } catch (error) {
        waiters.forEach(({ reject }) => reject(error))
      }
    }
    waiting.delete(counter.key)
  }
  return (counter) =>
    new Promise((resolve, reject) => {
      const others = waiting.get(counter.key)
      waiting.set(counter.key, [...(others ?? []), { resolve, reject }])
      if (others === undefined) void countAll(counter)
    })
}

/** The mails that still count. Those of a clock that was far ahead do not. */
const timesIn = (entry: Entry | undefined, limits: readonly Limit[], at: number): readonly number[] => {
  const times = entry?.value['times']
  const longest = longestOf(limits)
  return isList(times)
    ? times.filter((time) => typeof time === 'number').filter((time) => Math.abs(at - time) < longest)
    : []
}

const roomIn = (times: readonly number[], limits: readonly Limit[], at: number): number =>
  Math.max(
    0,
    Math.min(
      ...limits.map(({ mails, windowMs }) => mails - times.filter((time) => at - time < windowMs).length),
    ),
  )

const replacement = (times: readonly number[], limits: readonly Limit[]) => ({
  value: { times },
  options: { ttlMs: longestOf(limits) },
})

const longestOf = (limits: readonly Limit[]): number => Math.max(...limits.map(({ windowMs }) => windowMs))
