import { isRunning } from '../commands/whereabouts.ts'
import type { Config } from '../config.ts'
import { adminSocketPath, directoryHolder } from '../embedded/directory.ts'
import { isObject, plainText, type Json, type JsonObject } from '../json.ts'
import { openMongoServer } from '../servers.ts'
import { askServer } from './admin.ts'
import { unlockJob } from './unlock.ts'

/** Who has the data directory, and what `unlockJob` answers where the vault is. Makes nothing, and opens no embedded stores. */
export const unlockWhere = async (config: Config, input: JsonObject): Promise<JsonObject> => {
  const { dataDir, eventStoreUrl, mongoUrl } = config.storage
  const directory =
    eventStoreUrl === undefined || mongoUrl === undefined ? await directoryJson(dataDir) : undefined
  const shown = directory === undefined ? {} : { directory }
  if (mongoUrl !== undefined) return { ...shown, ...(await inMongo(mongoUrl, input)) }
  if (directory?.['held'] === true)
    return { ...shown, ...objectOf(await askServer(await adminSocketPath(dataDir), 'unlock', input, ignore)) }
  // Whoever opens an embedded vault is alone with it, and forgets the leases of the dead.
  return { ...shown, leases: [], released: [], free: [], kept: [] }
}

/** The same for people. */
export const directoryText = ({ directory }: JsonObject): readonly string[] => {
  if (!isObject(directory)) return []
  const { path, held, pid, alive } = directory
  const who = pid === undefined ? 'another process' : `process ${plainText(pid)}`
  if (held === true)
    return [`${plainText(path)} is held by ${who}${alive === false ? ', which is in another container' : ''}`]
  return [`${plainText(path)} is free${pid === undefined ? '' : `; ${who} had it last`}`]
}

const directoryJson = async (dataDir: string): Promise<JsonObject> => {
  const { held, pid } = await directoryHolder(dataDir).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new Error(`There is no data directory at ${dataDir}`)
    throw error
  })
  return { path: dataDir, held, ...(pid === undefined ? {} : { pid, alive: isRunning(pid) }) }
}

const inMongo = async (url: string, input: JsonObject): Promise<JsonObject> => {
  const mongo = await openMongoServer(url)
  try {
    const vault = mongo.vault(Date.now)
    const job = { tell: ignore, signal: new AbortController().signal }
    return await unlockJob(vault)(input, job).finally(vault.close)
  } finally {
    await mongo.close()
  }
}

const ignore = (): void => undefined

const objectOf = (value: Json): JsonObject => (isObject(value) ? value : {})
