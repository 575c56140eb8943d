import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Binary, type Collection } from 'mongodb'
import { KEYRING_CACHE_ENTRIES_MAX, KEYRING_CHECK_MS } from '../../limits.ts'
import { isDuplicate, type Mongo } from '../../mongodb/connection.ts'
import { isSameKey } from '../names.ts'
import { KeyConflict, VaultUnavailable, type HeldKey, type Keyring } from '../port.ts'
import { pagesOf } from './pages.ts'
import { reaching, unlessDuplicate, untilWon } from './turns.ts'

/**
 * Keys as documents of `vault.keys`. What this process has in memory is good while the count of destructions, which every node raises
 * behind each of its own, is seen unchanged; it is read again every `KEYRING_CHECK_MS` while somebody asks for keys. So a key that
 * another node destroyed opens nothing here that much after its `destroy` has answered, and if the server cannot be asked, nothing at all.
 */
export const openMongoKeyring = ({ db }: Mongo): Keyring => {
  const keys = db.collection<KeyDocument>('vault.keys')
  const memory = memoryOf(keys)

  const lookUp = async (subject: string): Promise<Buffer | undefined> => {
    const remember = await memory.checked()
    const cached = memory.get(subject)
    if (cached !== undefined) return cached
    const _id = subjectId(subject)
    // Who seals takes keys out of memory, so no election may lose one that is in there; the last word is what the primary has.
    const [found, durable] = await Promise.all([
      keys.findOne({ _id }).then(keyIn),
      keys.findOne({ _id }, { readConcern: { level: 'majority' } }).then(keyIn),
    ])
    if (!isKey(found)) return undefined
    if (isKey(durable) && durable.equals(found)) remember(subject, found)
    return found
  }

  const obtain = async (subject: string): Promise<Buffer | 'destroyed'> => {
    const remember = await memory.checked()
    const cached = memory.get(subject)
    if (cached !== undefined) return cached
    const found = await made(keys, subjectId(subject))
    if (isKey(found)) remember(subject, found)
    return found
  }

  return {
    find: (subject) => memory.fresh(subject) ?? reaching(() => lookUp(subject)),
    obtain: (subject) => reaching(() => obtain(subject)),
    destroy: (subject) => {
      memory.forget(subject)
      return reaching(async () => {
        await destroyIn(keys, subjectId(subject))
        await memory.raise()
        memory.forget(subject)
      })
    },
    installation: async (name) => installationIn(await reaching(() => made(keys, installationId(name)))),
    findInstallation: async (name) => {
      const found = await reaching(() => keys.findOne({ _id: installationId(name) }).then(keyIn))
      return found && installationIn(found)
    },
    /**
     * Nothing to do: the files are the server's. WiredTiger writes over the blocks of what was destroyed as it needs them; oplog and
     * backups keep a destroyed key for as long as the operator set them to.
     */
    rewrite: () => Promise.resolve(),
    held: () => held(keys),
    putBack: (all) => reaching(() => putBack(keys, all)),
    close: () => {
      memory.clear()
      return Promise.resolve()
    },
  }
}

type KeyDocument = {
  readonly _id: string
  readonly key?: Binary
  readonly destroyed?: true
  readonly count?: bigint
}
type Found = Buffer | 'destroyed' | undefined

const KEY_BYTES = 32
/** How often keys were destroyed; no subject's and no installation's name. */
const DESTRUCTIONS = 'destructions'

const subjectId = (subject: string): string => `subject:${subject}`
const installationId = (name: string): string => `installation:${name}`

const installationIn = (found: Exclude<Found, undefined>): Buffer => {
  if (isKey(found)) return found
  throw new VaultUnavailable('the key of the installation is damaged')
}

const isKey = (found: Found): found is Buffer => typeof found === 'object'

/** A copy: the driver's bytes are part of what it received. */
const keyIn = (document: KeyDocument | null): Found => {
  if (document === null) return undefined
  const { key } = document
  return key?.length() === KEY_BYTES ? Buffer.from(key.buffer.subarray(0, KEY_BYTES)) : 'destroyed'
}

/** A write also if the key is there: its answer waits until a majority has what it found. */
const made = (keys: Collection<KeyDocument>, _id: string): Promise<Buffer | 'destroyed'> =>
  untilWon(async () =>
    keyIn(
      await keys
        .findOneAndUpdate(
          { _id },
          { $setOnInsert: { key: new Binary(randomBytes(KEY_BYTES)) } },
          { upsert: true, returnDocument: 'after' },
        )
        .catch((error: unknown) => {
          if (isDuplicate(error)) return null
          throw error
        }),
    ),
  )

const destroyIn = (keys: Collection<KeyDocument>, _id: string): Promise<true> =>
  untilWon(() =>
    unlessDuplicate(() =>
      keys.updateOne({ _id }, { $set: { destroyed: true }, $unset: { key: '' } }, { upsert: true }),
    ),
  )

async function* held(keys: Collection<KeyDocument>): AsyncGenerator<readonly HeldKey[], void> {
  for await (const found of pagesOf(keys)) {
    const page = found.flatMap(heldKeys)
    if (page.length > 0) yield page
  }
}

const heldKeys = (document: KeyDocument): readonly HeldKey[] => {
  const { _id } = document
  const key = keyIn(document) ?? 'destroyed'
  const nameBehind = (prefix: string): string => _id.slice(prefix.length)
  if (_id.startsWith(subjectId(''))) return [{ of: 'subject', name: nameBehind(subjectId('')), key }]
  if (!_id.startsWith(installationId(''))) return []
  return [{ of: 'installation', name: nameBehind(installationId('')), key: installationIn(key) }]
}

/** What it puts is put before the answer; after a conflict others of the page may be there. */
const putBack = async (keys: Collection<KeyDocument>, all: readonly HeldKey[]): Promise<void> => {
  const ids = new Map(
    all.map((held) => [(held.of === 'subject' ? subjectId : installationId)(held.name), held] as const),
  )
  const missing = new Map(ids)
  for (const document of await keys.find({ _id: { $in: [...ids.keys()] } }).toArray()) {
    const wanted = ids.get(document._id)
    missing.delete(document._id)
    if (wanted !== undefined && !isSameKey(keyIn(document) ?? 'destroyed', wanted.key))
      throw new KeyConflict(`another key of ${wanted.name} is there`)
  }
  if (missing.size === 0) return
  await keys.insertMany(
    [...missing].map(([_id, { key }]) =>
      key === 'destroyed' ? { _id, destroyed: true } : { _id, key: new Binary(key) },
    ),
  )
}

type Remember = (subject: string, key: Buffer) => void

const memoryOf = (keys: Collection<KeyDocument>) => {
  const cache = new LRUCache<string, Buffer>({ max: KEYRING_CACHE_ENTRIES_MAX })
  let destructions: bigint | undefined
  let checkedAt = -Infinity
  let checking: Promise<void> | undefined
  // What is looked up while something is forgotten is not remembered.
  let epoch = 0

  const clear = (): void => {
    epoch += 1
    cache.clear()
  }
  const age = (): number => performance.now() - checkedAt
  const check = async (): Promise<void> => {
    const at = performance.now()
    const count = (await keys.findOne({ _id: DESTRUCTIONS }))?.count ?? 0n
    if (count !== destructions) clear()
    destructions = count
    checkedAt = at
  }
  const checkNow = (): Promise<void> => {
    checking ??= check().finally(() => (checking = undefined))
    return checking
  }
  const isFresh = (): boolean => {
    if (age() >= KEYRING_CHECK_MS) return false
    // In good time, so that nobody has to wait; whoever comes too late will be told if it fails.
    if (age() >= KEYRING_CHECK_MS / 2) checkNow().catch(() => undefined)
    return true
  }
  return {
    clear,
    get: (subject: string): Buffer | undefined => cache.get(subject),
    /** At once, if it may be used without asking. */
    fresh: (subject: string): Buffer | undefined => (isFresh() ? cache.get(subject) : undefined),
    checked: async (): Promise<Remember> => {
      if (!isFresh()) await checkNow()
      const then = epoch
      return (subject, key) => {
        if (then === epoch) cache.set(subject, key)
      }
    },
    forget: (subject: string): void => {
      epoch += 1
      cache.delete(subject)
    },
    raise: (): Promise<true> =>
      untilWon(() =>
        unlessDuplicate(() =>
          keys.updateOne({ _id: DESTRUCTIONS }, { $inc: { count: 1n } }, { upsert: true }),
        ),
      ),
  }
}
