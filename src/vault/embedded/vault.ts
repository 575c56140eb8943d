import { randomUUID } from 'node:crypto'
import { VAULT_PAGE_ENTRIES } from '../../limits.ts'
import {
  counterName,
  expiryOf,
  keyAt,
  partsOf,
  placeOf,
  placePrefix,
  placeToWrite,
  subjectDigest,
} from '../names.ts'
import type { Entry, HeldEntry, KeyedEntry, PutOptions, Vault, VaultHolding } from '../port.ts'
import { promised } from '../promised.ts'
import { blobsBeside, openBlobs } from './blobs.ts'
import { openEnvironment, openEnvironmentBeside, tablePages, type Environment } from './environment.ts'
import {
  decodeRecord,
  digestOf,
  expiryBound,
  isExpired,
  liveEntry,
  recordAt,
  replaceRecord,
  subjectBounds,
  TABLES,
  type EntryRecord,
  type TableName,
  type VaultTransaction,
} from './records.ts'

export type EmbeddedVaultOptions = {
  /** A directory of its own. */
  readonly path: string
  readonly blobsPath: string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Beside a server that has it open: what would write is refused. Throws `VaultUnavailable` if there is no vault. */
  readonly readOnly?: boolean
  /** Told once when the disk has refused a write. Nothing is written from then on: the process has to end (code 75). */
  readonly onFatal?: (error: Error) => void
}

/** The vault in LMDB, with blobs as files, of which this process is the only writer. */
export const openEmbeddedVault = async (options: EmbeddedVaultOptions): Promise<Vault> => {
  const { path, blobsPath, now, onFatal, readOnly = false } = options
  const environment = readOnly
    ? openEnvironmentBeside(path, TABLES)
    : await openEnvironment({ directory: path, names: TABLES, onFatal })
  const { deleteBlobs, holding, ...blobs } = readOnly ? blobsBeside(blobsPath) : await openBlobs(blobsPath)
  return {
    ...entriesOf(environment, now),
    ...countersOf(environment),
    ...blobs,
    deleteSubject: async (subject) => {
      await removeSubject(environment, subject)
      await deleteBlobs(subject)
    },
    sweep: () => sweep(environment, now()),
    rewrite: environment.rewrite,
    holding: { ...holdingOf(environment, now), ...holding },
    close: environment.close,
  }
}

type VaultEnvironment = Environment<TableName>

const entriesOf = (
  environment: VaultEnvironment,
  now: () => number,
): Pick<Vault, 'put' | 'get' | 'take' | 'delete' | 'compareAndSet' | 'list'> => ({
  put: async (space, key, value, options) => {
    const place = placeToWrite(space, key)
    const next = newRecord(value, options, now())
    await environment.write((transaction) =>
      replaceRecord(transaction, place, recordAt(transaction, place), next),
    )
  },
  get: (space, key) =>
    promised(() => {
      const place = placeOf(space, key)
      const bytes = place && environment.tables().entries.get(place)
      return bytes && liveEntry(decodeRecord(bytes), now())
    }),
  take: async (space, key) => {
    const place = placeOf(space, key)
    return place && environment.write((transaction) => remove(transaction, place, now()))
  },
  delete: async (space, key) => {
    const place = placeOf(space, key)
    if (place === undefined) return false
    return (await environment.write((transaction) => remove(transaction, place, now()))) !== undefined
  },
  compareAndSet: async (space, key, expected, next) => {
    const place = placeToWrite(space, key)
    const record = next && newRecord(next.value, next.options, now())
    return environment.write((transaction) => {
      const old = recordAt(transaction, place)
      if ((liveEntry(old, now())?.version ?? 'absent') !== expected) return false
      replaceRecord(transaction, place, old, record)
      return true
    })
  },
  list: (space, prefix = '') => list(environment, now, space, prefix),
})

const countersOf = (environment: VaultEnvironment): Pick<Vault, 'next' | 'raise'> => ({
  next: async (counter) => {
    const name = counterName(counter)
    return environment.write((transaction) => {
      const number = lastNumber(transaction, name) + 1n
      transaction.put('counters', name, Buffer.from(String(number)))
      return number
    })
  },
  raise: async (counter, atLeast) => {
    const name = counterName(counter)
    await environment.write((transaction) => {
      if (lastNumber(transaction, name) < atLeast)
        transaction.put('counters', name, Buffer.from(String(atLeast)))
    })
  },
})

const newRecord = (
  value: EntryRecord['value'],
  options: PutOptions | undefined,
  now: number,
): EntryRecord => {
  const expiresAt = expiryOf(now, options?.ttlMs)
  return {
    value,
    version: randomUUID(),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(options?.subject === undefined ? {} : { subject: subjectDigest(options.subject).toString('hex') }),
  }
}

const holdingOf = (
  environment: VaultEnvironment,
  now: () => number,
): Pick<VaultHolding, 'entries' | 'counters' | 'putEntries'> => ({
  entries: async function* () {
    environment.follow()
    for await (const found of tablePages(environment, 'entries', { page: VAULT_PAGE_ENTRIES })) {
      const at = now()
      const page = found.flatMap(({ key, value }) => heldEntry(key, decodeRecord(value), at))
      if (page.length > 0) yield page
    }
  },
  counters: async function* () {
    environment.follow()
    for await (const found of tablePages(environment, 'counters', { page: VAULT_PAGE_ENTRIES }))
      yield found.map(({ key, value }) => ({ name: key.toString(), last: BigInt(value.toString()) }))
  },
  putEntries: async (entries) => {
    const places = entries.map(({ space, key }) => placeToWrite(space, key))
    await environment.write((transaction) =>
      places.forEach((place, index) => putEntry(transaction, place, entries[index], now())),
    )
  },
})

const heldEntry = (
  place: Buffer,
  { value, expiresAt, subject }: EntryRecord,
  now: number,
): readonly HeldEntry[] => {
  if (expiresAt !== undefined && expiresAt <= now) return []
  return [
    {
      ...partsOf(place),
      value,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(subject === undefined ? {} : { subject: digestOf(subject) }),
    },
  ]
}

const putEntry = (
  transaction: VaultTransaction,
  place: Buffer,
  held: HeldEntry | undefined,
  now: number,
): void => {
  if (held === undefined || isExpired(held, now)) return
  const { value, expiresAt, subject } = held
  replaceRecord(transaction, place, recordAt(transaction, place), {
    value,
    version: randomUUID(),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(subject === undefined ? {} : { subject }),
  })
}

/** What was live is answered; what had expired goes too. */
const remove = (transaction: VaultTransaction, place: Buffer, now: number): Entry | undefined => {
  const old = recordAt(transaction, place)
  replaceRecord(transaction, place, old, undefined)
  return liveEntry(old, now)
}

const lastNumber = (transaction: VaultTransaction, name: Buffer): bigint =>
  BigInt(transaction.get('counters', name)?.toString() ?? 0)

async function* list(
  environment: VaultEnvironment,
  now: () => number,
  space: string,
  prefix: string,
): AsyncIterable<readonly KeyedEntry[]> {
  const first = placePrefix(space, prefix)
  if (placeOf(space, prefix) === undefined) return
  const end = Buffer.concat([first, Buffer.of(0xff)])
  const range = { start: first, end, page: VAULT_PAGE_ENTRIES }
  for await (const found of tablePages(environment, 'entries', range)) {
    const at = now()
    const page = found.flatMap(({ key, value }) => {
      const entry = liveEntry(decodeRecord(value), at)
      return entry === undefined ? [] : [{ key: keyAt(key), ...entry }]
    })
    if (page.length > 0) yield page
  }
}

/** Reads only what has expired, some hundred entries a transaction. */
const sweep = async (environment: VaultEnvironment, now: number): Promise<number> => {
  const end = expiryBound(now)
  let count = 0
  for (;;) {
    const due = [...environment.tables().expiries.getRange({ end, limit: VAULT_PAGE_ENTRIES })]
    if (due.length === 0) return count
    count += await environment.write((transaction) => {
      const places = due
        .map(({ value }) => value)
        .filter((place) => {
          const record = recordAt(transaction, place)
          return record !== undefined && isExpired(record, now)
        })
      for (const place of places) replaceRecord(transaction, place, recordAt(transaction, place), undefined)
      return places.length
    })
  }
}

const removeSubject = async (environment: VaultEnvironment, subject: string): Promise<void> => {
  const bounds = subjectBounds(subject)
  const digest = subjectDigest(subject).toString('hex')
  for (;;) {
    const found = [...environment.tables().subjects.getRange({ ...bounds, limit: VAULT_PAGE_ENTRIES })]
    if (found.length === 0) return
    await environment.write((transaction) => {
      for (const { value: place } of found) {
        const record = recordAt(transaction, place)
        if (record?.subject !== undefined && digestOf(record.subject) === digest)
          replaceRecord(transaction, place, record, undefined)
      }
    })
  }
}
