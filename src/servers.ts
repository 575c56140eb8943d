import type { Documents } from './documents/port.ts'
import type { History } from './history/port.ts'
import type { Keyring, Vault } from './vault/port.ts'

/** Stores in a MongoDB, over one connection. Each part is opened when it is asked for and closed by itself, before the connection. */
export type MongoServer = {
  readonly documents: () => Documents
  readonly keyring: () => Keyring
  /** `now` answers milliseconds since the Unix epoch. */
  readonly vault: (now: () => number) => Vault
  /** What time it is there, in milliseconds since the Unix epoch; `undefined` if it does not say. */
  readonly clock: () => Promise<number | undefined>
  readonly close: () => Promise<void>
}

/**
 * Connects at the first use; throws only for a URL that is none. The client is loaded here and not at the start of the process, whose time
 * on embedded stores it would lengthen by a third, together with that of EventStoreDB.
 */
export const openMongoServer = async (url: string): Promise<MongoServer> => {
  const [{ openMongo }, { openMongoDocuments }, { openMongoKeyring }, { openMongoVault }] = await Promise.all(
    [
      import('./mongodb/connection.ts'),
      import('./documents/mongodb/documents.ts'),
      import('./vault/mongodb/keyring.ts'),
      import('./vault/mongodb/vault.ts'),
    ],
  )
  const mongo = openMongo(url)
  return {
    documents: () => openMongoDocuments(mongo),
    keyring: () => openMongoKeyring(mongo),
    vault: (now) => openMongoVault(mongo, { now }),
    clock: async () => {
      const { localTime } = await mongo.db.command({ hello: 1 })
      return localTime instanceof Date ? localTime.getTime() : undefined
    },
    close: mongo.close,
  }
}

/** The same for a history in an EventStoreDB. */
export const openEventStoreServer = async (url: string): Promise<History> => {
  const { openEventStoreHistory } = await import('./history/eventstoredb/history.ts')
  return openEventStoreHistory({ url })
}
