import type { Config } from '../../config.ts'
import { openEmbeddedDocuments } from '../../documents/embedded/documents.ts'
import { blobsPath, documentsPath, keyringPath, vaultPath } from '../../embedded/directory.ts'
import type { History } from '../../history/port.ts'
import { openMongoServer } from '../../servers.ts'
import { openEmbeddedKeyring } from '../../vault/embedded/keyring.ts'
import { openEmbeddedVault } from '../../vault/embedded/vault.ts'
import type { Keyring, Vault } from '../../vault/port.ts'
import { openHistory, readable, realDirectory, together, type Keep, type Storage } from '../read-only.ts'
import type { Manifest } from './format.ts'

/** What a copy is made of: read beside running servers, or from stopped ones. Nothing is locked, made or changed. */
export type Sources = {
  readonly kinds: Manifest['source']
  /** As it is stored. */
  readonly history: History
  readonly keyring?: Keyring
  readonly vault?: Vault
  /** Where the documents stand, as text; empty if there are none. */
  readonly checkpoints: () => Promise<{ readonly [name: string]: string }>
  readonly close: () => Promise<void>
}

export type Wanted = { readonly keys: boolean; readonly vault: boolean }

/** Throws if something of it is not there. */
export const openSources = ({ storage }: Config, wanted: Wanted): Promise<Sources> =>
  together(async (keep) => {
    const { eventStoreUrl, mongoUrl } = storage
    const history = await openHistory(storage, keep)
    const secrets =
      mongoUrl === undefined ? await embedded(storage, wanted, keep) : await remote(mongoUrl, wanted, keep)
    return {
      ...secrets,
      history,
      kinds: {
        history: eventStoreUrl === undefined ? 'embedded' : 'eventstoredb',
        vault: mongoUrl === undefined ? 'embedded' : 'mongodb',
      } as const,
    }
  })

type Secrets = Pick<Sources, 'keyring' | 'vault' | 'checkpoints'>

const embedded = async (storage: Storage, wanted: Wanted, keep: Keep): Promise<Secrets> => {
  if (!wanted.keys && !wanted.vault) return { checkpoints: () => Promise.resolve({}) }
  const directory = await realDirectory(storage)
  const keyring = wanted.keys
    ? keep(await openEmbeddedKeyring({ path: keyringPath(directory), readOnly: true }))
    : undefined
  const vault = wanted.vault
    ? keep(
        await openEmbeddedVault({
          path: vaultPath(directory),
          blobsPath: blobsPath(directory),
          now: Date.now,
          readOnly: true,
        }),
      )
    : undefined
  const checkpoints = async (): Promise<{ readonly [name: string]: string }> => {
    const path = documentsPath(directory)
    const documents = await openEmbeddedDocuments({ path, readOnly: true }).catch(() => undefined)
    if (documents === undefined) return {}
    return asText(await documents.checkpoints().finally(documents.close))
  }
  return { ...(keyring && { keyring }), ...(vault && { vault }), checkpoints }
}

const remote = async (url: string, wanted: Wanted, keep: Keep): Promise<Secrets> => {
  const mongo = keep(await readable('MONGODB_URL', () => openMongoServer(url)))
  return {
    ...(wanted.keys ? { keyring: keep(mongo.keyring()) } : {}),
    ...(wanted.vault ? { vault: keep(mongo.vault(Date.now)) } : {}),
    checkpoints: async () => asText(await keep(mongo.documents()).checkpoints()),
  }
}

const asText = (checkpoints: ReadonlyMap<string, bigint>): { readonly [name: string]: string } =>
  Object.fromEntries([...checkpoints].map(([name, position]) => [name, String(position)]))
