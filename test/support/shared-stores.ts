/**
 * Stores that several nodes share: EventStoreDB (the stand-in, or the server that `EVENTSTORE_URL` names) and MongoDB (FerretDB, or the server that
 * `MONGODB_URL` names).
 */
import { startEventStore, eventStoreUrl, type EventStore } from './eventstore.ts'
import { freshMongoUrl } from './mongodb.ts'

/** Where all nodes of a cluster keep what they know. */
export type SharedStores = {
  readonly env: { readonly EVENTSTORE_URL: string; readonly MONGODB_URL: string }
  /** The stand-in; `undefined` with a server that the environment names. */
  readonly eventStore: EventStore | undefined
}

const stores: EventStore[] = []

/** With a real EventStoreDB the database is the one that the environment names too: the keys have to fit the history. */
export const sharedStores = async (): Promise<SharedStores> => {
  const given = eventStoreUrl()
  const mongoUrl = process.env['MONGODB_URL']
  if (given !== undefined && mongoUrl !== undefined)
    return { env: { EVENTSTORE_URL: given, MONGODB_URL: mongoUrl }, eventStore: undefined }
  const eventStore = await startEventStore()
  stores.push(eventStore)
  return { env: { EVENTSTORE_URL: eventStore.url, MONGODB_URL: await freshMongoUrl() }, eventStore }
}

/** Ends the stand-ins and forgets what was in them. */
export const endSharedStores = async (): Promise<void> => {
  await Promise.all(stores.splice(0).map((store) => store.cleanUp()))
}
