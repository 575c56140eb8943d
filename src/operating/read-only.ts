import { access, constants, realpath } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { openEmbeddedDocuments } from '../documents/embedded/documents.ts'
import type { Documents } from '../documents/port.ts'
import { documentsPath, historyPath } from '../embedded/directory.ts'
import { openEmbeddedHistory } from '../history/embedded/history.ts'
import type { History } from '../history/port.ts'
import { refuseRemote } from '../stores.ts'

/** The history as a reader beside a running server, of a stopped one, or of a copied directory: nothing is locked, made or changed. */
export type ReadOnlyHistory = {
  readonly directory: string
  /** Sealed fields stay sealed. */
  readonly history: History
  readonly close: () => Promise<void>
}

export type ReadOnlyStores = ReadOnlyHistory & { readonly documents: Documents }

/** Throws if there is none: what an operator named wrongly is not made. */
export const openReadOnlyHistory = async (config: Config): Promise<ReadOnlyHistory> => {
  refuseRemote(config)
  const { storage } = config
  const directory = await realpath(storage.dataDir).catch(() => {
    throw new Error(`There is no data directory at ${storage.dataDir}`)
  })
  await access(historyPath(directory), constants.R_OK).catch((error: unknown) => {
    throw new Error(`There is no history to read in ${directory}: ${String(error)}`)
  })
  const history = openEmbeddedHistory({ path: historyPath(directory), readOnly: true })
  return { directory, history, close: history.close }
}

/** Throws also if there are no documents. */
export const openReadOnly = async (config: Config): Promise<ReadOnlyStores> => {
  const { directory, history, close } = await openReadOnlyHistory(config)
  try {
    const documents = await openEmbeddedDocuments({ path: documentsPath(directory), readOnly: true })
    return { directory, history, documents, close: () => documents.close().then(close) }
  } catch (error) {
    await close()
    throw error
  }
}
