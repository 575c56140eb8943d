import { MongoServerError, type IndexDescription, type IndexDescriptionInfo } from 'mongodb'
import type { JsonObject } from '../../json.ts'
import { indexedValues } from '../entries.ts'
import { pathOf } from '../paths.ts'
import type { Index } from '../port.ts'
import { encodePath } from './encoding.ts'
import { doesNotFit, hasCode, INDEX_MISSING, isTaken, NAMESPACE_EXISTS, NAMESPACE_MISSING } from './errors.ts'
import {
  ask,
  collectionOf,
  documentIn,
  takenBy,
  type Engine,
  type Form,
  type Stored,
  type Unique,
} from './stored.ts'

export const ensureIndexes = async (
  engine: Engine,
  name: string,
  indexes: readonly Index[],
): Promise<void> => {
  await createCollection(engine, name)
  const present = new Set((await listed(engine, name)).map((index) => index.name))
  const missing = new Map(
    indexes.filter((index) => !present.has(nameOf(index))).map((index) => [nameOf(index), index]),
  )
  const keysOf = (unique: boolean) =>
    [...missing.values()].filter((index) => (index.unique ?? false) === unique).map(({ keys }) => keys)
  await createPlain(engine, name, keysOf(false))
  for (const keys of keysOf(true)) await createUnique(engine, name, keys)
}

export const formOf = async (engine: Engine, name: string): Promise<Form> => {
  const [unique, limited] = await Promise.all([uniqueOf(engine, name), engine.limited()])
  return { unique, limited }
}

/** The unique indexes of a collection, whoever declared them. */
const uniqueOf = (engine: Engine, name: string): Promise<readonly Unique[]> => {
  const known = engine.unique.get(name)
  if (known) return known
  const asked = listed(engine, name).then((indexes) => indexes.flatMap(uniqueIn))
  engine.unique.set(name, asked)
  asked.catch(() => engine.unique.delete(name))
  return asked
}

/**
 * MongoDB refuses a document that has arrays in two fields of one index, or one with a number for a name where the index counts elements. The port
 * does not, so an index that one of the documents does not fit into gives way to one of its first path.
 */
export const loosenIndexes = async (
  engine: Engine,
  name: string,
  documents: readonly JsonObject[],
): Promise<void> => {
  for (const index of await listed(engine, name)) {
    const keys = plainKeys(index)
    if (keys === undefined || !documents.some((document) => isTooStrict(keys, document))) continue
    await dropIndex(engine, name, index.name ?? '')
    await createPlain(engine, name, [loosened(keys)])
  }
}

const UNIQUE = 'u.'
const PLAIN = 'v '
const BACKWARDS = ' -'

/** Of its keys alone: what one process declared another knows. */
const encodedKeys = (keys: readonly string[]): string =>
  keys.map((key) => encodeURIComponent(key).replaceAll('.', '%2E')).join(',')

const nameOf = ({ keys, unique }: Index): string => (unique ? UNIQUE : PLAIN) + encodedKeys(keys)

const uniqueIn = ({ name }: IndexDescriptionInfo): readonly Unique[] => {
  if (name?.startsWith(UNIQUE) !== true) return []
  const field = name.slice(UNIQUE.length)
  return [{ name: field, keys: field.split(',').map(decodeURIComponent) }]
}

const plainKeys = ({ name }: IndexDescriptionInfo): readonly string[] | undefined =>
  name?.startsWith(PLAIN) === true
    ? name.slice(PLAIN.length).replace(BACKWARDS, '').split(',').map(decodeURIComponent)
    : undefined

const isTooStrict = (keys: readonly string[], document: JsonObject): boolean =>
  keys.some((key) => COUNTS.test(key)) ||
  keys.filter((key) => indexedValues(document, pathOf(key)).many).length > 1

const COUNTS = /(^|\.)\d+(\.|$)/

const loosened = ([first]: readonly string[]): readonly string[] =>
  first === undefined || COUNTS.test(first) ? [] : [first]

const listed = async (engine: Engine, name: string): Promise<readonly IndexDescriptionInfo[]> => {
  try {
    return await ask(() => collectionOf(engine, name).indexes())
  } catch (error) {
    if (hasCode(error, NAMESPACE_MISSING)) return []
    throw error
  }
}

const createCollection = async ({ db }: Engine, name: string): Promise<void> => {
  try {
    await ask(() => db.createCollection(name))
  } catch (error) {
    if (!hasCode(error, NAMESPACE_EXISTS)) throw error
  }
}

/** Another process may have dropped it already. */
const dropIndex = async (engine: Engine, name: string, index: string): Promise<void> => {
  try {
    await ask(() => collectionOf(engine, name).dropIndex(index))
  } catch (error) {
    if (!hasCode(error, INDEX_MISSING)) throw error
  }
}

/** All at once; what a document does not fit into is found one by one. */
const createPlain = async (
  engine: Engine,
  name: string,
  all: readonly (readonly string[])[],
): Promise<void> => {
  const indexes = all.flatMap(plainIndexes)
  if (indexes.length === 0) return
  try {
    await createIndexes(engine, name, indexes)
  } catch (error) {
    if (!(error instanceof MongoServerError) || !doesNotFit(error.code)) throw error
    const [keys = [], ...others] = all
    if (others.length > 0) for (const one of all) await createPlain(engine, name, [one])
    else if (loosened(keys).length < keys.length) await createPlain(engine, name, [loosened(keys)])
  }
}

/** Two of them, because ties are by `_id` ascending in both directions. */
const plainIndexes = (keys: readonly string[]): readonly IndexDescription[] => {
  const fields = Object.fromEntries(keys.map((key) => [encodePath(key), 1]))
  if (keys.length === 0 || '_id' in fields) return []
  const name = nameOf({ keys })
  return [
    { key: { ...fields, _id: 1 }, name },
    { key: { ...fields, _id: -1 }, name: name + BACKWARDS },
  ]
}

const createIndexes = (
  engine: Engine,
  name: string,
  indexes: readonly IndexDescription[],
): Promise<unknown> => ask(() => collectionOf(engine, name).createIndexes([...indexes]))

/**
 * Writes know it before the documents that are there are entered, and the server last: if it has the index, everything is in it.
 */
const createUnique = async (engine: Engine, name: string, keys: readonly string[]): Promise<void> => {
  const known = await uniqueOf(engine, name)
  const unique: Unique = { name: encodedKeys(keys), keys }
  engine.unique.set(name, Promise.resolve([...known, unique]))
  try {
    await enterAll(engine, name, unique)
    const index = nameOf({ keys, unique: true })
    await createIndexes(engine, name, [{ key: { [index]: 1 }, name: index, unique: true, sparse: true }])
  } catch (error) {
    engine.unique.delete(name)
    if (!isTaken(error)) throw error
    throw new Error(`unique index ${keys.join(', ')} has a value twice`, { cause: error })
  }
}

/** Entries of one round trip. */
const PIECE = 500

const enterAll = async (engine: Engine, name: string, unique: Unique): Promise<void> => {
  const field = UNIQUE + unique.name
  const collection = collectionOf(engine, name)
  const missing = { v: { $exists: true }, [field]: { $exists: false } }
  let after = ''
  for (;;) {
    const page = await ask(() =>
      collection
        .find({ ...missing, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(PIECE)
        .toArray(),
    )
    const last = page.at(-1)
    if (!last) return
    after = last._id
    const operations = page.flatMap((stored) => entryOf(stored, unique))
    // A document that has moved on meanwhile was entered by whoever moved it.
    if (operations.length > 0) await ask(() => collection.bulkWrite(operations, { ordered: false }))
  }
}

type Entry = {
  readonly updateOne: {
    readonly filter: Pick<Stored, '_id' | 'at'>
    readonly update: { readonly $set: Readonly<Record<string, unknown>> }
  }
}

const entryOf = (stored: Stored, unique: Unique): readonly Entry[] => {
  const { _id, at } = stored
  const document = documentIn(stored)
  const taken = document && takenBy(document, [unique])?.[unique.name]
  if (taken === undefined) return []
  return [{ updateOne: { filter: { _id, at }, update: { $set: { [UNIQUE + unique.name]: taken } } } }]
}
