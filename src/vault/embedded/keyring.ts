import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { KEYRING_CACHE_ENTRIES_MAX, KEYRING_PAGE_KEYS } from '../../limits.ts'
import { isSameKey } from '../names.ts'
import { KeyConflict, VaultUnavailable, type HeldKey, type Keyring } from '../port.ts'
import { promised } from '../promised.ts'
import { openEnvironment, openEnvironmentBeside, tablePages, type Environment } from './environment.ts'
import type { Table } from './files.ts'

export type EmbeddedKeyringOptions = {
  /** A directory of its own. */
  readonly path: string
  /**
   * Beside a server that has it open: what would make or destroy a key is refused. Throws `VaultUnavailable` if there is no
   * keyring.
   */
  readonly readOnly?: boolean
  /** Told once when the disk has refused a write. Nothing is written from then on: the process has to end (code 75). */
  readonly onFatal?: (error: Error) => void
}

/** The keyring in an LMDB environment of its own (decisions 8). `find` never answers with a promise. */
export const openEmbeddedKeyring = async (options: EmbeddedKeyringOptions): Promise<Keyring> =>
  options.readOnly === true ? openBeside(options.path) : openAlone(options)

const openAlone = async ({ path, onFatal }: EmbeddedKeyringOptions): Promise<Keyring> => {
  const environment = await openEnvironment({ directory: path, names: TABLES, onFatal })
  // Filled with what is flushed only, so that no key in here outlives its destruction.
  const cache = new LRUCache<string, Buffer>({ max: KEYRING_CACHE_ENTRIES_MAX })
  const find = (subject: string): Buffer | undefined => {
    const cached = cache.get(subject)
    if (cached !== undefined) return cached
    const found = keyIn(environment.tables().keys, subjectKey(subject))
    if (!isKey(found)) return undefined
    cache.set(subject, found)
    return found
  }
  return {
    find,
    obtain: async (subject) => find(subject) ?? made(environment, subjectKey(subject)),
    destroy: async (subject) => {
      const key = subjectKey(subject)
      await environment.write((transaction) => transaction.put('keys', key, DESTROYED))
      cache.delete(subject)
    },
    installation: async (name) => installationIn(await made(environment, installationKey(name))),
    findInstallation: (name) =>
      promised(() => presentIn(keyIn(environment.tables().keys, installationKey(name)))),
    rewrite: environment.rewrite,
    held: () => held(environment),
    putBack: (keys) => putBack(environment, keys),
    close: async () => {
      cache.clear()
      await environment.close()
    },
  }
}

/** Keeps no key in memory: it cannot be told when one is destroyed. */
const openBeside = (path: string): Keyring => {
  const environment = openEnvironmentBeside(path, TABLES)
  const lookUp = (key: Buffer): Found => {
    const found = keyIn(environment.tables().keys, key)
    return found === undefined && environment.follow() ? keyIn(environment.tables().keys, key) : found
  }
  const refused = (): Promise<never> =>
    Promise.reject(new VaultUnavailable('the keyring is open for reading only'))
  return {
    find: (subject) => {
      const found = lookUp(subjectKey(subject))
      return isKey(found) ? found : undefined
    },
    obtain: async (subject) => lookUp(subjectKey(subject)) ?? refused(),
    destroy: refused,
    installation: async (name) => installationIn(lookUp(installationKey(name)) ?? (await refused())),
    findInstallation: (name) => promised(() => presentIn(lookUp(installationKey(name)))),
    rewrite: refused,
    held: () => held(environment),
    putBack: refused,
    close: environment.close,
  }
}

const TABLES = ['keys'] as const
const KEY_BYTES = 32
/** Stands in the place of a key: it must never be made again. */
const DESTROYED = Buffer.from('destroyed')

type Found = Buffer | 'destroyed' | undefined

const SUBJECT = Buffer.from('subject')
const subjectKey = (subject: string): Buffer => Buffer.from(`subject\0${subject}`)
const installationKey = (name: string): Buffer => Buffer.from(`installation\0${name}`)

const keyIn = (keys: Table, key: Buffer): Found => foundIn(keys.get(key))
const foundIn = (bytes: Buffer | undefined): Found =>
  bytes?.length === KEY_BYTES ? bytes : bytes && 'destroyed'
const isKey = (found: Found): found is Buffer => typeof found === 'object'

const made = (environment: Environment<'keys'>, key: Buffer): Promise<Buffer | 'destroyed'> =>
  environment.write((transaction) => {
    const found = foundIn(transaction.get('keys', key))
    if (found !== undefined) return found
    const fresh = randomBytes(KEY_BYTES)
    transaction.put('keys', key, fresh)
    return fresh
  })

async function* held(environment: Environment<'keys'>): AsyncGenerator<readonly HeldKey[], void> {
  environment.follow()
  for await (const page of tablePages(environment, 'keys', { page: KEYRING_PAGE_KEYS }))
    yield page.map(({ key, value }) => heldKey(key, foundIn(value) ?? 'destroyed'))
}

const heldKey = (place: Buffer, key: Buffer | 'destroyed'): HeldKey => {
  const name = place.toString('utf8', place.indexOf(0) + 1)
  const isSubject = place.subarray(0, place.indexOf(0)).equals(SUBJECT)
  return isSubject ? { of: 'subject', name, key } : { of: 'installation', name, key: installationIn(key) }
}

const putBack = (environment: Environment<'keys'>, keys: readonly HeldKey[]): Promise<void> =>
  environment.write((transaction) => {
    const missing = keys.flatMap(({ of, name, key }) => {
      const place = of === 'subject' ? subjectKey(name) : installationKey(name)
      const there = foundIn(transaction.get('keys', place))
      if (there === undefined) return [{ place, key }]
      if (isSameKey(there, key)) return []
      throw new KeyConflict(`another key of ${name} is there`)
    })
    for (const { place, key } of missing)
      transaction.put('keys', place, key === 'destroyed' ? DESTROYED : Buffer.from(key))
  })

const installationIn = (found: Exclude<Found, undefined>): Buffer => {
  if (isKey(found)) return found
  throw new VaultUnavailable('the key of the installation is damaged')
}

const presentIn = (found: Found): Buffer | undefined => found && installationIn(found)
