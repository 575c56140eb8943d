import { existsSync } from 'node:fs'
import type { Config } from '../config.ts'
import { adminSocketPath, DirectoryInUse, historyPath } from '../embedded/directory.ts'
import type { Json, JsonObject } from '../json.ts'
import { openStores, type StoreEvents, type Stores } from '../stores.ts'
import { askServer, type Job } from './admin.ts'

export type AtStores = StoreEvents & {
  /** Its name at the admin socket of a server that has the directory. */
  readonly job: string
  readonly input: JsonObject
  readonly onLine: (line: JsonObject) => void
  readonly signal: AbortSignal
  /** The same in this process: over a stopped server's stores, or over shared ones beside the nodes. */
  readonly here: (stores: Stores, ...job: Parameters<Job>) => Promise<JsonObject>
}

/** Runs a job where the stores can be written to. Rejects if there are none: what an operator named wrongly is not made. */
export const atStores = async (config: Config, { job, input, onLine, ...how }: AtStores): Promise<Json> => {
  const { dataDir, eventStoreUrl } = config.storage
  if (eventStoreUrl === undefined && !existsSync(historyPath(dataDir)))
    throw new Error(`There is no history in ${dataDir}`)
  const stores = await openStores(config, how).catch((error: unknown) => {
    if (error instanceof DirectoryInUse) return error
    throw error
  })
  if (stores instanceof DirectoryInUse)
    return askServer(await adminSocketPath(stores.path), job, input, onLine)
  try {
    return await how.here(stores, input, { tell: onLine, signal: how.signal })
  } finally {
    await stores.close()
  }
}
