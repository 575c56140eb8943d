import { existsSync } from 'node:fs'
import { CLAIMS_SEALED } from './commands/claims.ts'
import { forgetLeases } from './commands/lease.ts'
import { ownKeyring } from './commands/own-keyring.ts'
import type { Config } from './config.ts'
import { openEmbeddedDocuments } from './documents/embedded/documents.ts'
import type { Documents } from './documents/port.ts'
import { AFRODITE_SEALED } from './domain/afrodite/events.ts'
import { CC_SEALED } from './domain/cc/events.ts'
import { isOurStream, UPCASTERS } from './domain/event-types.ts'
import { STORES_SEALED } from './domain/stores/events.ts'
import { TIMELIMIT_SEALED } from './domain/timelimit/events.ts'
import {
  blobsPath,
  documentsPath,
  historyPath,
  keyringPath,
  makeDirectory,
  openDirectory,
  vaultPath,
} from './embedded/directory.ts'
import { refuseMissing } from './embedded/missing.ts'
import { openEmbeddedHistory } from './history/embedded/history.ts'
import type { History } from './history/port.ts'
import { sealedHistory, type SealTable } from './history/sealing.ts'
import { upcastingHistory } from './history/upcasting.ts'
import { openEventStoreServer, openMongoServer, type MongoServer } from './servers.ts'
import { openEmbeddedVault } from './vault/embedded/vault.ts'
import { openEmbeddedKeyring } from './vault/embedded/keyring.ts'
import type { Keyring, Vault } from './vault/port.ts'

/** The opened ports, whichever adapters are behind them. */
export type Stores = {
  /** Of the embedded stores and of the socket for operators' scripts, with links resolved. */
  readonly directory: string
  /** Something is embedded: this process alone has the directory. */
  readonly isLocal: boolean
  /** Something is in a server of its own, which other nodes may use too. */
  readonly isShared: boolean
  /** Sealed fields are sealed on append and opened when read, and every event has the current schema of its type. */
  readonly history: History
  /** The same as it is stored: sealed fields stay sealed, older schemas as they are. */
  readonly stored: History
  readonly documents: Documents
  readonly vault: Vault
  readonly keyring: Keyring
  /** Whether the history was begun. Throws `StrangeKeyring` if that was with another keyring: then no key is used. */
  readonly isFounded: () => Promise<boolean>
  readonly close: () => Promise<void>
}

export type StoreEvents = {
  /** The disk refused a write: nothing is written from here on, and the process has to end with code 75. */
  readonly onFatal: (error: Error) => void
  /** The documents could not be trusted and begin anew; the projections fill them. */
  readonly onRepair: (reason: string) => void
}

/**
 * Servers are not asked whether they are there: whoever uses them waits. Throws `DirectoryInUse` if another process has the embedded
 * stores open, or what is damaged or missing. What was opened is closed again when a later part fails.
 */
export const openStores = async (config: Config, events: StoreEvents): Promise<Stores> => {
  const opened: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closing of opened.splice(0).reverse()) await closing()
  }
  const keep: Keep = (part) => {
    opened.push(part.close)
    return part
  }
  const { dataDir, eventStoreUrl, mongoUrl } = config.storage
  const isLocal = eventStoreUrl === undefined || mongoUrl === undefined
  try {
    const directory = isLocal ? keep(await openDirectory(dataDir)).path : await makeDirectory(dataDir)
    const place = { ...events, directory, keep }
    refuseMissing(directory, { history: eventStoreUrl === undefined, documents: mongoUrl === undefined })
    const mongo = mongoUrl === undefined ? undefined : keep(await openMongoServer(mongoUrl))
    const { keyring, vault } = mongo === undefined ? await embeddedVault(place) : remoteVault(mongo, keep)
    const history = keep(
      eventStoreUrl === undefined
        ? openEmbeddedHistory({ path: historyPath(directory), onFatal: events.onFatal })
        : await openEventStoreServer(eventStoreUrl),
    )
    const documents = keep(mongo === undefined ? await embeddedDocuments(place, history) : mongo.documents())
    const own = ownKeyring(keyring, upcasting(history))
    const isShared = eventStoreUrl !== undefined || mongoUrl !== undefined
    // Servers may be away for now: then it shows when a key is needed.
    if (!isShared) await own.isFounded()
    return {
      ...{ directory, isLocal, isShared, documents, vault, close, stored: history, ...own },
      history: openedHistory(history, own.keyring),
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Keep = <T extends { readonly close: () => Promise<void> }>(part: T) => T
type Place = StoreEvents & { readonly directory: string; readonly keep: Keep }
type Secrets = { readonly keyring: Keyring; readonly vault: Vault }

const embeddedVault = async ({ directory, keep, onFatal }: Place): Promise<Secrets> => {
  const keyring = keep(await openEmbeddedKeyring({ path: keyringPath(directory), onFatal }))
  const vault = keep(
    await openEmbeddedVault({
      path: vaultPath(directory),
      blobsPath: blobsPath(directory),
      now: Date.now,
      onFatal,
    }),
  )
  await forgetLeases(vault)
  return { keyring, vault }
}

const remoteVault = (mongo: MongoServer, keep: Keep): Secrets => ({
  keyring: keep(mongo.keyring()),
  vault: keep(mongo.vault(Date.now)),
})

const embeddedDocuments = async (
  { directory, onFatal, onRepair }: Place,
  history: History,
): Promise<Documents> => {
  const path = documentsPath(directory)
  const wereThere = existsSync(path) || !existsSync(historyPath(directory)) || (await history.head()) === 0n
  if (!wereThere) onRepair('they are gone')
  return openEmbeddedDocuments({ path, onFatal, onRepair })
}

/** A stored history as deciders and projections read it. */
export const openedHistory = (stored: History, keyring: Keyring): History =>
  upcasting(sealedHistory(stored, keyring, SEALED))

const upcasting = (history: History): History =>
  upcastingHistory(history, { steps: UPCASTERS, isOurs: isOurStream })

/** What of the events is sealed. */
export const SEALED: SealTable = {
  ...CLAIMS_SEALED,
  ...STORES_SEALED,
  ...TIMELIMIT_SEALED,
  ...AFRODITE_SEALED,
  ...CC_SEALED,
}
