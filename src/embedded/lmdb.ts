import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { open, type RootDatabase, type RootDatabaseOptions } from 'lmdb'
import { EMPTY, lmdbFault } from './lmdb-file.ts'

/**
 * - `durable`: a commit answers after its pages and its root are flushed (history, vault, keyring).
 * - `lazy`: commits are not flushed; `root.flushed` means nothing, call `syncLmdb`. The death of the process loses nothing, a
 *   loss of power may lose the last commits or damage the file: only for what can be rebuilt (documents).
 * - `readOnly`: beside a process that writes; the file has to be there.
 */
export type LmdbMode = 'durable' | 'lazy' | 'readOnly'

/**
 * Opens an LMDB environment in one file, `path` (its reader table is `path` + `-lock`). The databases in it are opened with
 * `root.openDB`, each with the encodings its caller wants. What is put in one turn of the event loop is one transaction.
 * Throws if the file is damaged.
 */
export const openLmdb = (path: string, mode: LmdbMode, databasesMax = 16): RootDatabase<Buffer, Buffer> => {
  const isNew = !existsSync(path)
  const fault = isNew ? undefined : lmdbFault(path)
  if (fault !== undefined && (fault !== EMPTY || mode === 'readOnly'))
    throw new Error(`${path} is damaged: ${fault}`)
  const root = open<Buffer, Buffer>({ ...OPTIONS[mode], path, noSubdir: true, maxDbs: databasesMax })
  if (isNew) syncDirectory(dirname(path))
  return root
}

/** Forces every commit so far to disk. */
export const syncLmdb = (root: RootDatabase<Buffer, Buffer>): Promise<void> =>
  new Promise((resolve, reject) => {
    const { sync } = root as unknown as { sync: (done: (error: Error | null | undefined) => void) => void }
    sync.call(root, (error) => (error ? reject(error) : resolve()))
  })

const common: RootDatabaseOptions = {
  encoding: 'binary',
  keyEncoding: 'binary',
  // With the default (true) a flush that the disk refuses leaves the refused write in the store.
  overlappingSync: false,
}

const OPTIONS: Readonly<Record<LmdbMode, RootDatabaseOptions>> = {
  durable: common,
  lazy: { ...common, noSync: true },
  readOnly: { ...common, readOnly: true },
}

/** LMDB flushes what is in its file; that the file is there has to be flushed as well. */
const syncDirectory = (path: string): void => {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
