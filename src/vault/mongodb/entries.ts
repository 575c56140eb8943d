import { randomUUID } from 'node:crypto'
import type { Collection, Filter } from 'mongodb'
import type { JsonObject } from '../../json.ts'
import { VAULT_PAGE_ENTRIES } from '../../limits.ts'
import type { Mongo } from '../../mongodb/connection.ts'
import { expiryOf, keyAt, partsOf, placeOf, placePrefix, placeToWrite, subjectDigest } from '../names.ts'
import type { Entry, HeldEntry, KeyedEntry, PutOptions, Vault, VaultHolding } from '../port.ts'
import { pagesOf } from './pages.ts'
import { inTurns, reaching, unlessDuplicate, untilWon } from './turns.ts'

export type Entries = Pick<Vault, 'put' | 'get' | 'take' | 'delete' | 'compareAndSet' | 'list'> & {
  readonly deleteEntries: (subject: string) => Promise<void>
  readonly sweepEntries: () => Promise<number>
  readonly holding: Pick<VaultHolding, 'entries' | 'putEntries'>
}

/** Entries as documents of `vault.entries`, each operation on one of them. */
export const entriesOf = ({ db }: Mongo, now: () => number): Entries => {
  const entries = db.collection<EntryDocument>('vault.entries')
  const turn = inTurns()
  const indexed = indexedOnce(entries)

  const found = (place: string) => entries.findOne({ _id: place })

  /** The version is in the condition: what somebody put anew stays, and of many takers one deletes. */
  const remove = (place: string): Promise<Entry | undefined> =>
    untilWon(async () => {
      const old = await found(place)
      if (old === null) return NOTHING
      const { deletedCount } = await entries.deleteOne({ _id: place, version: old.version })
      return deletedCount === 1 ? { entry: liveEntry(old, now()) } : undefined
    }).then(({ entry }) => entry)

  const setAbsent = (place: string, next: EntryDocument | undefined): Promise<boolean> =>
    untilWon(async () => {
      const old = await found(place)
      if (liveEntry(old, now()) !== undefined) return false
      if (next === undefined) return true
      if (old === null) return unlessDuplicate(() => entries.insertOne(next))
      // Nobody made it anew or swept it in between.
      const { matchedCount } = await entries.replaceOne({ _id: place, version: old.version }, next)
      return matchedCount === 1 ? true : undefined
    })

  const setVersion = async (
    place: string,
    version: string,
    next: EntryDocument | undefined,
  ): Promise<boolean> => {
    const expected = stillOf(place, version, now())
    if (next === undefined) return (await entries.deleteOne(expected)).deletedCount === 1
    return (await entries.replaceOne(expected, next)).matchedCount === 1
  }

  const take = async (space: string, key: string): Promise<Entry | undefined> => {
    const place = placeOf(space, key)?.toString()
    return place === undefined ? undefined : turn(place, () => reaching(() => remove(place)))
  }

  return {
    put: async (space, key, value, options) => {
      const next = newDocument(placeToWrite(space, key).toString(), value, options, now())
      await turn(next._id, () =>
        reaching(async () => {
          await indexed()
          await untilWon(() =>
            unlessDuplicate(() => entries.replaceOne({ _id: next._id }, next, { upsert: true })),
          )
        }),
      )
    },
    get: async (space, key) => {
      const place = placeOf(space, key)?.toString()
      return place === undefined ? undefined : liveEntry(await reaching(() => found(place)), now())
    },
    take,
    delete: async (space, key) => (await take(space, key)) !== undefined,
    compareAndSet: async (space, key, expected, next) => {
      const place = placeToWrite(space, key).toString()
      const document = next && newDocument(place, next.value, next.options, now())
      return turn(place, () =>
        reaching(async () => {
          await indexed()
          return expected === ABSENT ? setAbsent(place, document) : setVersion(place, expected, document)
        }),
      )
    },
    list: (space, prefix = '') => list(entries, now, space, prefix),
    deleteEntries: async (subject) => {
      await reaching(() => deleteWhere(entries, { subject: subjectDigest(subject).toString('hex') }))
    },
    sweepEntries: () => reaching(() => deleteWhere(entries, { expiresAt: { $lte: now() } })),
    holding: holdingOf(entries, indexed, now),
  }
}

const ABSENT = 'absent'
const NOTHING = { entry: undefined }

type EntryDocument = {
  /** Space, a zero byte, key: the order of `_id` is the order of the keys' UTF-8. */
  readonly _id: string
  /** JSON: names of fields may begin with `$` and contain dots. */
  readonly text: string
  /** Random, so that no two writes of any node have the same. */
  readonly version: string
  readonly expiresAt?: number
  /** SHA-256 of its name. */
  readonly subject?: string
}

/** That very write, not expired. */
const stillOf = (place: string, version: string, now: number): Filter<EntryDocument> => ({
  _id: place,
  version,
  expiresAt: { $not: { $lte: now } },
})

const newDocument = (
  place: string,
  value: JsonObject,
  options: PutOptions | undefined,
  now: number,
): EntryDocument => {
  const expiresAt = expiryOf(now, options?.ttlMs)
  const subject = options?.subject
  return {
    _id: place,
    text: JSON.stringify(value),
    version: randomUUID(),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(subject === undefined ? {} : { subject: subjectDigest(subject).toString('hex') }),
  }
}

const holdingOf = (
  entries: Collection<EntryDocument>,
  indexed: () => Promise<unknown>,
  now: () => number,
): Entries['holding'] => ({
  entries: async function* () {
    for await (const found of pagesOf(entries)) {
      const page = found.flatMap((document) => heldEntries(document, now()))
      if (page.length > 0) yield page
    }
  },
  putEntries: (held) =>
    reaching(async () => {
      await indexed()
      await putHeld(entries, held, now())
    }),
})

const heldEntries = (document: EntryDocument, now: number): readonly HeldEntry[] => {
  const entry = liveEntry(document, now)
  if (entry === undefined) return []
  const { version: _version, ...rest } = entry
  const { subject } = document
  return [{ ...partsOf(Buffer.from(document._id)), ...rest, ...(subject === undefined ? {} : { subject }) }]
}

const putHeld = async (
  entries: Collection<EntryDocument>,
  held: readonly HeldEntry[],
  now: number,
): Promise<void> => {
  const writes = held.flatMap(({ space, key, value, expiresAt, subject }) => {
    const _id = placeToWrite(space, key).toString()
    if (expiresAt !== undefined && expiresAt <= now) return []
    const replacement: Omit<EntryDocument, '_id'> = {
      text: JSON.stringify(value),
      version: randomUUID(),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(subject === undefined ? {} : { subject }),
    }
    return [{ replaceOne: { filter: { _id }, replacement, upsert: true } }]
  })
  if (writes.length > 0) await entries.bulkWrite(writes, { ordered: false })
}

/** Expired is absent at once (decisions 20). */
const liveEntry = (found: EntryDocument | null, now: number): Entry | undefined => {
  if (found === null) return undefined
  const { text, version, expiresAt } = found
  if (expiresAt !== undefined && expiresAt <= now) return undefined
  const value = JSON.parse(text) as JsonObject
  return expiresAt === undefined ? { value, version } : { value, version, expiresAt }
}

/** Tries again at the next call if it failed. What is there is left alone: FerretDB may break a connection that declares it once more. */
const indexedOnce = (entries: Collection<EntryDocument>): (() => Promise<unknown>) => {
  let indexing: Promise<unknown> | undefined
  return () => {
    indexing ??= declareIndexes(entries).catch((error: unknown) => {
      indexing = undefined
      throw error
    })
    return indexing
  }
}

const declareIndexes = async (entries: Collection<EntryDocument>): Promise<void> => {
  const present = await entries.indexes().catch(() => [])
  for (const field of ['expiresAt', 'subject']) {
    if (present.some(({ key }) => field in key)) continue
    await entries.createIndexes([{ key: { [field]: 1 }, sparse: true }])
  }
}

/** A page at a time, the condition checked again in the deletion: what was put anew in between stays. */
const deleteWhere = async (
  entries: Collection<EntryDocument>,
  condition: Filter<EntryDocument>,
): Promise<number> => {
  for (let count = 0; ;) {
    const page = await entries
      .find(condition, { projection: { _id: 1 }, limit: VAULT_PAGE_ENTRIES, batchSize: BATCH })
      .toArray()
    if (page.length === 0) return count
    const { deletedCount } = await entries.deleteMany({
      ...condition,
      _id: { $in: page.map(({ _id }) => _id) },
    })
    count += deletedCount
    if (page.length < VAULT_PAGE_ENTRIES) return count
  }
}

/** More than the limit, so that the server keeps no cursor open. */
const BATCH = VAULT_PAGE_ENTRIES + 1

async function* list(
  entries: Collection<EntryDocument>,
  now: () => number,
  space: string,
  prefix: string,
): AsyncIterable<readonly KeyedEntry[]> {
  if (placeOf(space, prefix) === undefined) return
  const first = placePrefix(space, prefix).toString()
  const $lt = endOf(first)
  for (let from: { readonly $gte: string } | { readonly $gt: string } = { $gte: first }; ;) {
    const found = await reaching(() =>
      entries
        .find({ _id: { ...from, $lt } }, { sort: { _id: 1 }, limit: VAULT_PAGE_ENTRIES, batchSize: BATCH })
        .toArray(),
    )
    const at = now()
    const page = found.flatMap((document) => {
      const entry = liveEntry(document, at)
      return entry === undefined ? [] : [{ key: keyAt(Buffer.from(document._id)), ...entry }]
    })
    if (page.length > 0) yield page
    const last = found.at(-1)
    if (last === undefined || found.length < VAULT_PAGE_ENTRIES) return
    from = { $gt: last._id }
  }
}

/** The first text behind all that begin with `prefix`, which has a character that is not the last of all. */
const endOf = (prefix: string): string => {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  while (points.at(-1) === LAST_POINT) points.pop()
  const last = points.pop() ?? 0
  return String.fromCodePoint(...points, last === BEFORE_SURROGATES ? BEHIND_SURROGATES : last + 1)
}

const LAST_POINT = 0x10ffff
const BEFORE_SURROGATES = 0xd7ff
const BEHIND_SURROGATES = 0xe000
