import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { VAULT_PAGE_ENTRIES } from '../../limits.ts'
import { counterName, expiryOf, keyAt, placeOf, placePrefix, placeToWrite } from '../names.ts'
import type { Entry, KeyedEntry, PutOptions, Vault } from '../port.ts'
import { promised } from '../promised.ts'
import { openBlobs } from './blobs.ts'
import { openEnvironment, type Environment } from './environment.ts'
import {
  decodeRecord,
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
  /** Told once when the disk has refused a write. Nothing is written from then on: the process has to end (code 75). */
  readonly onFatal?: (error: Error) => void
}

/** The vault in LMDB, with blobs as files, of which this process is the only opener. */
export const openEmbeddedVault = async (options: EmbeddedVaultOptions): Promise<Vault> => {
  const { path, blobsPath, now, onFatal } = options
  const environment = await openEnvironment({ directory: path, names: TABLES, onFatal })
  const { deleteBlobs, ...blobs } = await openBlobs(blobsPath)
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
    ...(options?.subject === undefined ? {} : { subject: options.subject }),
  }
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
  let range: { readonly start: Buffer; readonly exclusiveStart?: boolean } = { start: first }
  for (;;) {
    const { entries } = environment.tables()
    const found = [...entries.getRange({ ...range, end, limit: VAULT_PAGE_ENTRIES })]
    const last = found.at(-1)
    if (last === undefined) return
    const at = now()
    const page = found.flatMap(({ key, value }) => {
      const entry = liveEntry(decodeRecord(value), at)
      return entry === undefined ? [] : [{ key: keyAt(key), ...entry }]
    })
    if (page.length > 0) yield page
    range = { start: last.key, exclusiveStart: true }
    await nextTurn()
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
  for (;;) {
    const found = [...environment.tables().subjects.getRange({ ...bounds, limit: VAULT_PAGE_ENTRIES })]
    if (found.length === 0) return
    await environment.write((transaction) => {
      for (const { value: place } of found) {
        const record = recordAt(transaction, place)
        if (record?.subject === subject) replaceRecord(transaction, place, record, undefined)
      }
    })
  }
}
