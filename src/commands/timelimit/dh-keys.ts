import { createDhKeyPair } from '../../crypto/create-dh-key-pair.ts'
import type { DhKey } from '../../domain/timelimit/actions/action.ts'
import { ALPHANUMERIC, familyStream } from '../../domain/timelimit/names.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { COMMAND_TRIES_MAX } from '../../limits.ts'
import { VaultUnavailable, type Entry, type Vault } from '../../vault/port.ts'
import { randomText } from './random.ts'

/** The server's key pairs for each device (timelimit 1.4): in the vault, because pulls make them and time ends them. */
export type DhKeys = {
  /** The current key's public part; made if there is none or it is of yesterday. */
  readonly current: (of: Owner, now: number) => Promise<PublicKey & { readonly isNew: boolean }>
  /** What may still be used, by version. */
  readonly usable: (of: Owner, now: number) => Promise<{ readonly [version: string]: DhKey }>
  /** It was used: from here on it has an end. */
  readonly use: (of: Owner, version: string, now: number) => Promise<void>
}

export type Owner = { readonly family: string; readonly device: string }
export type PublicKey = { readonly v: string; readonly k: string }

export const DH_KEYS = 'timelimit.dh'

export const createDhKeys = (vault: Vault, random: (bytes: number) => Uint8Array): DhKeys => {
  const change = async <T>(
    of: Owner,
    now: number,
    step: (keys: readonly Key[]) => Changed<T>,
  ): Promise<T> => {
    for (let tries = 0; tries < COMMAND_TRIES_MAX; tries++) {
      const entry = await vault.get(DH_KEYS, nameOf(of))
      const { keys, answer } = step(keysOf(entry))
      if (keys === undefined) return answer
      const options = { subject: familyStream(of.family), ...endOf(keys, now) }
      const next = { value: { keys: keys.map((key): JsonObject => ({ ...key })) }, options }
      if (await vault.compareAndSet(DH_KEYS, nameOf(of), entry?.version ?? 'absent', next)) return answer
    }
    throw new VaultUnavailable('the keys of a device are changed too often at once')
  }

  return {
    current: (of, now) =>
      change<PublicKey & { readonly isNew: boolean }>(of, now, (keys) => {
        const current = keys.find(({ expiresAt }) => expiresAt === undefined)
        if (current !== undefined && isFresh(current, now)) {
          const left = live(keys, now)
          const answer = { ...shown(current), isNew: false }
          return left.length === keys.length ? { answer } : { keys: left, answer }
        }
        const key = { ...createDhKeyPair(), version: newVersion(keys, random), createdAt: hourOf(now) }
        return {
          keys: [...live(keys.map(ending(now)), now), key].slice(-KEYS_MAX),
          answer: { ...shown(key), isNew: true },
        }
      }),
    usable: async (of, now) => {
      const entry = await vault.get(DH_KEYS, nameOf(of))
      return Object.fromEntries(live(keysOf(entry), now).map((key) => [key.version, key]))
    },
    use: (of, version, now) =>
      change(of, now, (keys) => {
        const used = keys.find((key) => key.version === version && key.expiresAt === undefined)
        if (used === undefined) return { answer: undefined }
        return { keys: keys.map((key) => (key === used ? ending(now)(key) : key)), answer: undefined }
      }),
  }
}

/** Milliseconds since the epoch. Without an end it is the current one. */
type Key = DhKey & { readonly version: string; readonly createdAt: number; readonly expiresAt?: number }

/** Without keys nothing is written. */
type Changed<T> = { readonly keys?: readonly Key[]; readonly answer: T }

const HOUR = 3_600_000
const QUARTER = 900_000
const LIFE = 24 * HOUR
const LIFE_AFTER_USE = 2 * HOUR
const KEYS_MAX = 8
const VERSION_LENGTH = 4

const nameOf = ({ family, device }: Owner): string => `${family}/${device}`

const isFresh = ({ createdAt }: Key, now: number): boolean => createdAt <= now && createdAt + LIFE > now

const shown = ({ version, publicKey }: Key): PublicKey => ({ v: version, k: publicKey })

const live = (keys: readonly Key[], now: number): readonly Key[] =>
  keys.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)

/** Secrets that nobody may use any more are not kept: what has only such keys left goes with the last of them. */
const endOf = (keys: readonly Key[], now: number): { readonly ttlMs?: number } => {
  const last = Math.max(...keys.map(({ expiresAt }) => expiresAt ?? Infinity))
  return Number.isFinite(last) ? { ttlMs: Math.max(last - now, 1) } : {}
}

const hourOf = (now: number): number => Math.floor(now / HOUR) * HOUR

const ending =
  (now: number) =>
  (key: Key): Key =>
    key.expiresAt === undefined
      ? { ...key, expiresAt: Math.floor((now + LIFE_AFTER_USE) / QUARTER) * QUARTER + QUARTER }
      : key

const newVersion = (keys: readonly Key[], random: (bytes: number) => Uint8Array): string => {
  for (;;) {
    const version = randomText(VERSION_LENGTH, ALPHANUMERIC, random)
    if (!keys.some((key) => key.version === version)) return version
  }
}

const keysOf = (entry: Entry | undefined): readonly Key[] => {
  const keys: Json | undefined = entry?.value['keys']
  return Array.isArray(keys) ? keys.filter(isKey) : []
}

const isKey = (value: unknown): value is Key =>
  isObject(value) && typeof value['version'] === 'string' && typeof value['privateKey'] === 'string'
