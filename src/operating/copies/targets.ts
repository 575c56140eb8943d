import { existsSync } from 'node:fs'
import type { Config } from '../../config.ts'
import { openEmbeddedDocuments } from '../../documents/embedded/documents.ts'
import type { Documents } from '../../documents/port.ts'
import {
  blobsPath,
  documentsPath,
  historyPath,
  keyringPath,
  openDirectory,
  vaultPath,
} from '../../embedded/directory.ts'
import { openEmbeddedHistory } from '../../history/embedded/history.ts'
import type { History } from '../../history/port.ts'
import { openEventStoreServer, openMongoServer, type MongoServer } from '../../servers.ts'
import { openEmbeddedKeyring } from '../../vault/embedded/keyring.ts'
import { openEmbeddedVault } from '../../vault/embedded/vault.ts'
import type { Keyring, Vault } from '../../vault/port.ts'
import { readable, together, type Keep, type Storage } from '../read-only.ts'
import { CopyRefused } from './format.ts'

/** The stores that a copy is put into, as they are: nothing is sealed, and no job runs. */
export type Targets = {
  readonly history: History
  readonly keyring: Keyring
  readonly vault: Vault
  readonly kind: 'embedded' | 'eventstoredb'
  /** Of the embedded stores. */
  readonly directory?: string
  readonly close: () => Promise<void>
}

export type TargetOptions = {
  /** Of the first event, in an embedded history that is empty. */
  readonly firstPosition: bigint
  /** The disk refused a write: the process has to end. */
  readonly onFatal: (error: Error) => void
}

/** Makes what is missing. Throws `DirectoryInUse` beside a server, and `CopyRefused` if there are documents: these are made out of a history. */
export const openTargets = ({ storage }: Config, options: TargetOptions): Promise<Targets> =>
  together(async (keep) => {
    const { dataDir, eventStoreUrl, mongoUrl } = storage
    const isLocal = eventStoreUrl === undefined || mongoUrl === undefined
    const place = isLocal ? { directory: keep(await openDirectory(dataDir)).path } : {}
    if (mongoUrl === undefined && place.directory !== undefined)
      await refuseLocalDocuments(documentsPath(place.directory))
    const mongo =
      mongoUrl === undefined
        ? undefined
        : keep(await readable('MONGODB_URL', () => openMongoServer(mongoUrl)))
    if (mongo !== undefined) await refuseDocuments(mongo.documents(), 'The database of MONGODB_URL')
    const secrets = await openSecrets(mongo, place.directory, { ...options, keep })
    const history = keep(await openTarget(storage, place.directory, options))
    return {
      ...place,
      ...secrets,
      history,
      kind: eventStoreUrl === undefined ? 'embedded' : 'eventstoredb',
    } as const
  })

/** Most of what a flush of an import writes are pages of the index of streams, and they are nearly the same for more events. */
const COMMIT_EVENTS_MAX = 40_000

/** A server that was started on half an import, and refused it, has left an empty file. */
const refuseLocalDocuments = async (path: string): Promise<void> => {
  if (!existsSync(path)) return
  const documents = await openEmbeddedDocuments({ path, readOnly: true })
  await refuseDocuments(documents, path).finally(documents.close)
}

const refuseDocuments = async (documents: Documents, where: string): Promise<void> => {
  const [collection] = await documents.collections()
  const checkpoints = await documents.checkpoints()
  if (collection !== undefined || checkpoints.size > 0)
    throw new CopyRefused(`${where} is not empty: it has documents, which are made out of a history`)
}

type Opening = TargetOptions & { readonly keep: Keep }

const openSecrets = async (
  mongo: MongoServer | undefined,
  directory: string | undefined,
  { keep, onFatal }: Opening,
): Promise<Pick<Targets, 'keyring' | 'vault'>> => {
  if (mongo !== undefined) return { keyring: keep(mongo.keyring()), vault: keep(mongo.vault(Date.now)) }
  if (directory === undefined) throw new Error('no place for the keyring')
  const keyring = keep(await openEmbeddedKeyring({ path: keyringPath(directory), onFatal }))
  const paths = { path: vaultPath(directory), blobsPath: blobsPath(directory) }
  return { keyring, vault: keep(await openEmbeddedVault({ ...paths, now: Date.now, onFatal })) }
}

const openTarget = async (
  { eventStoreUrl }: Storage,
  directory: string | undefined,
  { firstPosition, onFatal }: TargetOptions,
): Promise<History> => {
  if (eventStoreUrl !== undefined)
    return readable('EVENTSTORE_URL', () => openEventStoreServer(eventStoreUrl))
  if (directory === undefined) throw new Error('no place for the history')
  return openEmbeddedHistory({
    path: historyPath(directory),
    firstPosition,
    onFatal,
    commitEventsMax: COMMIT_EVENTS_MAX,
  })
}
