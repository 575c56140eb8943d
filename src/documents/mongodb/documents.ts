import type { Mongo } from '../../mongodb/connection.ts'
import type { Documents, Versioned } from '../port.ts'
import { applyWrites } from './apply.ts'
import { CHECKPOINTS, forgetCheckpoint, readCheckpoint, readCheckpoints } from './checkpoints.ts'
import { encodeText } from './encoding.ts'
import { count, find, scan } from './find.ts'
import { ensureIndexes } from './indexes.ts'
import { ask, collectionOf, documentIn, engineOn, type Engine } from './stored.ts'

/**
 * The documents in MongoDB, one collection each, and the checkpoints in one of their own. Guarded writes of single documents are all that it
 * needs: no transactions, no change streams, and several processes may apply the same writes at once. A batch that is refused midway leaves
 * what was written before. What was applied has been acknowledged by a majority, so there is nothing to flush; the connection
 * is the caller's to close.
 */
export const openMongoDocuments = (mongo: Mongo): Documents => {
  const engine = engineOn(mongo)
  return {
    apply: (writes, checkpoints) => applyWrites(engine, writes, checkpoints),
    get: (collection, id) => get(engine, collection, id),
    find: (collection, filter, options) => find(engine, collection, filter, options),
    count: (collection, filter) => count(engine, collection, filter),
    scan: (collection, after) => scan(engine, collection, after),
    ensureIndexes: (collection, indexes) => ensureIndexes(engine, collection, indexes),
    drop: (collection) => drop(engine, collection),
    collections: () => collections(engine),
    checkpoint: (name) => readCheckpoint(engine, name),
    checkpoints: () => readCheckpoints(engine),
    forgetCheckpoint: (name) => forgetCheckpoint(engine, name),
    flush: () => Promise.resolve(),
    rewrite: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}

const get = async (engine: Engine, name: string, id: string): Promise<Versioned | undefined> => {
  const stored = await ask(() => collectionOf(engine, name).findOne({ _id: encodeText(id) }))
  const value = stored && documentIn(stored)
  return stored && value ? { at: stored.at, value } : undefined
}

const drop = async ({ db, unique }: Engine, name: string): Promise<void> => {
  await ask(() => db.dropCollection(name))
  unique.delete(name)
}

const collections = async ({ db }: Engine): Promise<readonly string[]> => {
  const listed = await ask(() => db.listCollections({}, { nameOnly: true }).toArray())
  return listed.map(({ name }) => name).filter((name) => name !== CHECKPOINTS && !OTHERS.test(name))
}

/** The vault, and the server's own. */
const OTHERS = /^(vault|system)\./
