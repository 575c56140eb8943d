import { existsSync } from 'node:fs'
import { CLAIMS_SEALED } from './commands/claims.ts'
import { forgetLeases } from './commands/lease.ts'
import type { Config } from './config.ts'
import { openEmbeddedDocuments } from './documents/embedded/documents.ts'
import type { Documents } from './documents/port.ts'
import { STORES_SEALED } from './domain/stores/events.ts'
import {
  blobsPath,
  documentsPath,
  historyPath,
  keyringPath,
  openDirectory,
  vaultPath,
} from './embedded/directory.ts'
import { refuseMissing } from './embedded/missing.ts'
import { openEmbeddedHistory } from './history/embedded/history.ts'
import type { History } from './history/port.ts'
import { sealedHistory } from './history/sealing.ts'
import { openEmbeddedVault } from './vault/embedded/vault.ts'
import { openEmbeddedKeyring } from './vault/embedded/keyring.ts'
import type { Keyring, Vault } from './vault/port.ts'

/** The opened ports, whichever adapters are behind them. */
export type Stores = {
  /** The embedded stores' directory, with links resolved. */
  readonly directory: string
  /** Sealed fields are sealed on append and opened when read. */
  readonly history: History
  readonly documents: Documents
  readonly vault: Vault
  readonly keyring: Keyring
  readonly close: () => Promise<void>
}

export type StoreEvents = {
  /** The disk refused a write: nothing is written from here on, and the process has to end with code 75. */
  readonly onFatal: (error: Error) => void
  /** The documents could not be trusted and begin anew; the projections fill them. */
  readonly onRepair: (reason: string) => void
}

/** Throws `DirectoryInUse` if another process has them open, or what is damaged or missing. What was opened is closed again when a later part fails. */
export const openStores = async (config: Config, events: StoreEvents): Promise<Stores> => {
  const opened: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closing of opened.splice(0).reverse()) await closing()
  }
  const keep = <T extends { readonly close: () => Promise<void> }>(part: T): T => {
    opened.push(part.close)
    return part
  }
  refuseRemote(config)
  const { onFatal } = events
  try {
    const { path } = keep(await openDirectory(config.storage.dataDir))
    refuseMissing(path)
    const keyring = keep(await openEmbeddedKeyring({ path: keyringPath(path), onFatal }))
    const vault = keep(
      await openEmbeddedVault({
        path: vaultPath(path),
        blobsPath: blobsPath(path),
        now: Date.now,
        onFatal,
      }),
    )
    await forgetLeases(vault)
    const history = keep(openEmbeddedHistory({ path: historyPath(path), onFatal }))
    if (!existsSync(documentsPath(path)) && (await history.head()) > 0n) events.onRepair('they are gone')
    const documents = keep(await openEmbeddedDocuments({ path: documentsPath(path), ...events }))
    return {
      directory: path,
      history: sealedHistory(history, keyring, SEALED),
      documents,
      vault,
      keyring,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const SEALED = { ...CLAIMS_SEALED, ...STORES_SEALED }

/** Data must not end up in other stores than the operator named: what is not built yet is refused, not passed over. */
export const refuseRemote = ({ storage }: Pick<Config, 'storage'>): void => {
  const named = [
    ...(storage.eventStoreUrl === undefined ? [] : ['EVENTSTORE_URL']),
    ...(storage.mongoUrl === undefined ? [] : ['MONGODB_URL']),
    ...(storage.listen === undefined ? [] : ['EVENTSTORE_LISTEN']),
  ]
  if (named.length > 0) throw new Error(`${named.join(', ')}: this version has embedded stores only`)
}
