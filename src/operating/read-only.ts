import { access, constants, realpath } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { openEmbeddedDocuments } from '../documents/embedded/documents.ts'
import type { Documents } from '../documents/port.ts'
import { documentsPath, historyPath, keyringPath } from '../embedded/directory.ts'
import { openEmbeddedHistory } from '../history/embedded/history.ts'
import type { History } from '../history/port.ts'
import { openEventStoreServer, openMongoServer, type MongoServer } from '../servers.ts'
import { openedHistory } from '../stores.ts'
import { openEmbeddedKeyring } from '../vault/embedded/keyring.ts'

/**
 * The history as a reader beside running servers, of a stopped one, or of a copied directory: nothing is locked, made or changed.
 * A server that does not answer shows as `HistoryUnavailable` when it is asked, within some seconds.
 */
export type ReadOnlyHistory = {
  /** Sealed fields stay sealed. */
  readonly history: History
  readonly close: () => Promise<void>
}

export type ReadOnlyStores = ReadOnlyHistory & { readonly documents: Documents; readonly places: Places }

/** What is where. */
export type Places = {
  readonly history: 'embedded' | 'eventstoredb'
  readonly documents: 'embedded' | 'mongodb'
  /** Of what is embedded, with links resolved. */
  readonly directory?: string
}

/** Throws if there is none: what an operator named wrongly is not made. */
export const openReadOnlyHistory = (config: Config): Promise<ReadOnlyHistory> =>
  together(async (keep) => ({ history: await openHistory(config.storage, keep) }))

/** Throws also if there are no documents. */
export const openReadOnly = (config: Config): Promise<ReadOnlyStores> =>
  together(async (keep) => {
    const { history, documents, places } = await openBoth(config, keep)
    return { history, documents, places }
  })

/** Sealed fields are opened, with the keys that there are. Throws also if there is no keyring. */
export const openReadOnlyUnsealed = (config: Config): Promise<ReadOnlyStores> =>
  together(async (keep) => {
    const { history, documents, places, mongo } = await openBoth(config, keep)
    const keyring = keep(
      mongo === undefined
        ? await openEmbeddedKeyring({
            path: keyringPath(await realDirectory(config.storage)),
            readOnly: true,
          })
        : mongo.keyring(),
    )
    return { history: openedHistory(history, keyring), documents, places }
  })

export type Storage = Config['storage']
export type Keep = <T extends { readonly close: () => Promise<void> }>(part: T) => T

/** What was opened is closed again in reverse, also when a later part fails. */
export const together = async <T>(
  open: (keep: Keep) => Promise<T>,
): Promise<T & { readonly close: () => Promise<void> }> => {
  const opened: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closing of opened.splice(0).reverse()) await closing()
  }
  try {
    const stores = await open((part) => {
      opened.push(part.close)
      return part
    })
    return { ...stores, close }
  } catch (error) {
    await close()
    throw error
  }
}

type Opened = Omit<ReadOnlyStores, 'close'> & { readonly mongo: MongoServer | undefined }

const openBoth = async ({ storage }: Config, keep: Keep): Promise<Opened> => {
  const { eventStoreUrl, mongoUrl } = storage
  const history = await openHistory(storage, keep)
  const mongo =
    mongoUrl === undefined ? undefined : keep(await readable('MONGODB_URL', () => openMongoServer(mongoUrl)))
  const isLocal = eventStoreUrl === undefined || mongoUrl === undefined
  const places: Places = {
    history: eventStoreUrl === undefined ? 'embedded' : 'eventstoredb',
    documents: mongoUrl === undefined ? 'embedded' : 'mongodb',
    ...(isLocal ? { directory: await realDirectory(storage) } : {}),
  }
  const documents = keep(
    mongo === undefined
      ? await openEmbeddedDocuments({ path: documentsPath(await realDirectory(storage)), readOnly: true })
      : mongo.documents(),
  )
  return { history, documents, places, mongo }
}

export const openHistory = async (storage: Storage, keep: Keep): Promise<History> => {
  const url = storage.eventStoreUrl
  if (url !== undefined) return keep(await readable('EVENTSTORE_URL', () => openEventStoreServer(url)))
  const directory = await realDirectory(storage)
  const path = historyPath(directory)
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw new Error(`There is no history to read in ${directory}${whyOf(error)}`)
  })
  return keep(openEmbeddedHistory({ path, readOnly: true }))
}

/** Nothing more, if it simply is not there. */
const whyOf = (error: unknown): string =>
  error instanceof Error && !('code' in error && error.code === 'ENOENT') ? `: ${error.message}` : ''

export const realDirectory = ({ dataDir }: Storage): Promise<string> =>
  realpath(dataDir).catch(() => {
    throw new Error(`There is no data directory at ${dataDir}`)
  })

/** What a client says of a URL that it cannot read may show the URL, and with it a password. */
export const readable = async <T>(name: string, open: () => Promise<T>): Promise<T> => {
  try {
    return await open()
  } catch {
    throw new Error(`${name}: this is no URL that the client can read`)
  }
}
