/** What time does to writes in MongoDB: a process was frozen and does not know yet that another took its place, or the server is slow. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { Collection, Db } from 'mongodb'
import { openMongoDocuments } from '../../src/documents/mongodb/documents.ts'
import type { Write } from '../../src/documents/port.ts'
import { openMongo } from '../../src/mongodb/connection.ts'
import { endMongo, freshMongoUrl, mongoTest } from '../support/mongodb.ts'

test.after.always(endMongo)

/** Longer than a FerretDB's documents are believed, shorter than a lease. */
const FROZEN_MS = 2_500

/** The database whose collections act otherwise. */
const withCollections = (db: Db, change: (collection: Collection) => void): Db => {
  const collection = (name: string): Collection => {
    const found = db.collection(name)
    change(found)
    return found
  }
  return Object.assign(Object.create(db) as Db, { collection })
}

/** The first page that is read of a collection arrives after `meanwhile`, as if the process had stood still. */
const frozenOnce = (db: Db, meanwhile: () => Promise<void>): Db => {
  let isDue = true
  return withCollections(db, (collection) => {
    const find = collection.find.bind(collection)
    collection.find = ((filter: object) => {
      const cursor = find(filter)
      const toArray = cursor.toArray.bind(cursor)
      cursor.toArray = async () => {
        const page = await toArray()
        if (isDue) {
          isDue = false
          await meanwhile()
          await pause(FROZEN_MS)
        }
        return page
      }
      return cursor
    }) as typeof collection.find
  })
}

mongoTest(
  'who was frozen between reading and writing leaves what the other one wrote meanwhile',
  async (t) => {
    const url = await freshMongoUrl()
    const [mongo, others] = [openMongo(url), openMongo(url)]
    t.teardown(() => Promise.all([mongo.close(), others.close()]).then(() => undefined))
    const other = openMongoDocuments(others)
    const counted = (at: bigint): Write => ({ collection: 'c', id: 'a', at, update: { $inc: { n: 1 } } })
    await other.apply([{ collection: 'c', id: 'a', at: 1n, put: { n: 1 } }], [])
    const frozen = openMongoDocuments({
      ...mongo,
      db: frozenOnce(mongo.db, () => other.apply([counted(2n), counted(3n), counted(4n)], [])),
    })
    await frozen.apply([counted(2n), counted(3n)], [])
    await other.apply([counted(5n)], [])
    t.deepEqual(await other.get('c', 'a'), { at: 5n, value: { _id: 'a', n: 5 } })
  },
)

/** Two round trips are all that one look at the documents allows for on FerretDB. */
const SLOW_MS = 1_100
const MANY = 150

/** Every write takes long. */
const slow = (db: Db): Db =>
  withCollections(db, (collection) => {
    const bulkWrite = collection.bulkWrite.bind(collection)
    collection.bulkWrite = async (...write) => {
      await pause(SLOW_MS)
      return bulkWrite(...write)
    }
  })

mongoTest('a slow server gets through many documents, if a few at a time', async (t) => {
  const mongo = openMongo(await freshMongoUrl())
  t.teardown(mongo.close)
  const documents = openMongoDocuments({ ...mongo, db: slow(mongo.db) })
  const writes = Array.from({ length: MANY }, (_, n): Write => ({
    ...{ collection: 'c', id: `d${n}`, at: BigInt(n + 1) },
    put: { n },
  }))
  await documents.apply(writes, [])
  t.is(await documents.count('c', {}), MANY)
})
