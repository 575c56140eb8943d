import { accessSync, constants } from 'node:fs'
import { realpath } from 'node:fs/promises'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig } from '../../config.ts'
import { openEmbeddedDocuments } from '../../documents/embedded/documents.ts'
import type { Documents } from '../../documents/port.ts'
import { documentsPath, historyPath, keyringPath, vaultPath } from '../../embedded/directory.ts'
import { openEmbeddedHistory } from '../../history/embedded/history.ts'
import { openEventStoreServer, openMongoServer, type MongoServer } from '../../servers.ts'
import { openEnvironmentBeside } from '../../vault/embedded/environment.ts'
import { openEmbeddedKeyring } from '../../vault/embedded/keyring.ts'
import { TABLES } from '../../vault/embedded/records.ts'
import { NoneYet, type Machine, type Subject } from './check.ts'

/** What the environment names, each part opened when it is asked for, for reading only: nothing is locked, made or changed. */
export const openSubject = (
  machine: Machine,
): { readonly subject: Subject; readonly close: () => Promise<void> } => {
  const opened: (() => Promise<void>)[] = []
  const keep = <T extends { readonly close: () => Promise<void> }>(part: T): T => {
    opened.push(part.close)
    return part
  }
  const read = readConfig(machine.env)
  const config: Subject['config'] = () => {
    if (E.isRight(read)) return read.right
    throw new Error('the configuration has faults')
  }
  const directory = once(() => realDirectory(config().storage.dataDir))
  /** The server if the URL names one, else the file in the directory. */
  const either = async <T extends { readonly close: () => Promise<void> }>(
    path: (directory: string) => string,
    embedded: (path: string) => T | Promise<T>,
    remote: (mongo: MongoServer) => T,
  ): Promise<T> => {
    const url = config().storage.mongoUrl
    return keep(url === undefined ? await embedded(path(await directory())) : remote(await mongo(url)))
  }
  let connection: Promise<MongoServer> | undefined
  const mongo = (url: string): Promise<MongoServer> => (connection ??= openMongoServer(url).then(keep))
  const subject: Subject = {
    ...{ ...machine, read, config, directory },
    history: once(async () => {
      const url = config().storage.eventStoreUrl
      return keep(
        url === undefined
          ? openEmbeddedHistory({ path: there(historyPath(await directory())), readOnly: true })
          : await openEventStoreServer(url),
      )
    }),
    documents: once(() =>
      either(
        documentsPath,
        (path) => openDocuments(path),
        (server) => server.documents(),
      ),
    ),
    keyring: once(() =>
      either(
        keyringPath,
        (path) => openEmbeddedKeyring({ path: there(path), readOnly: true }),
        (server) => server.keyring(),
      ),
    ),
    vault: async () => {
      const url = config().storage.mongoUrl
      if (url === undefined) keep(openEnvironmentBeside(there(vaultPath(await directory())), TABLES)).tables()
      else await keep((await mongo(url)).vault(machine.now)).get('platform.leases', 'projector')
    },
    clocks: async () => {
      const url = config().storage.mongoUrl
      const clock = url === undefined ? undefined : await (await mongo(url)).clock()
      return new Map(clock === undefined ? [] : [['MongoDB', clock]])
    },
  }
  return {
    subject,
    close: async () => {
      for (const closing of opened.splice(0).reverse()) await closing()
    },
  }
}

const once = <T>(open: () => Promise<T>): (() => Promise<T>) => {
  let opening: Promise<T> | undefined
  return () => (opening ??= open())
}

const realDirectory = (path: string): Promise<string> =>
  realpath(path).catch(() => {
    throw new Error(`there is no data directory at ${path}`)
  })

/** Opening would make what is not there, or say it less clearly. */
const there = (path: string): string => {
  const why = whyNot(path)
  if (why === undefined) return path
  throw why === 'ENOENT' ? new Error(`${path} is not there`) : why
}

const whyNot = (path: string): 'ENOENT' | Error | undefined => {
  try {
    accessSync(path, constants.R_OK)
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return 'code' in error && error.code === 'ENOENT' ? 'ENOENT' : error
  }
}

/** What is made out of the history and is damaged need not come from a backup, which has none. */
const openDocuments = async (path: string): Promise<Documents> => {
  if (whyNot(path) === 'ENOENT') throw new NoneYet('there are none yet')
  return openEmbeddedDocuments({ path: there(path), readOnly: true })
}
