/** Two processes keep documents in MongoDB, because one was frozen and does not know yet that the other took its place. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { Db } from 'mongodb'
import { openMongoDocuments } from '../../src/documents/mongodb/documents.ts'
import type { Write } from '../../src/documents/port.ts'
import { openMongo } from '../../src/mongodb/connection.ts'
import { endMongo, freshMongoUrl, mongoTest } from '../support/mongodb.ts'

test.after.always(endMongo)

/** Longer than a FerretDB's documents are believed, shorter than a lease. */
const FROZEN_MS = 2_500

/** The first page that is read of a collection arrives after `meanwhile`, as if the process had stood still. */
const frozenOnce = (db: Db, meanwhile: () => Promise<void>): Db => {
  let isDue = true
  const collection: Db['collection'] = (name: string) => {
    const found = db.collection(name)
    const find = found.find.bind(found)
    found.find = ((filter: object) => {
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
    }) as typeof found.find
    return found as never
  }
  return Object.assign(Object.create(db) as Db, { collection })
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
