import { closeSync, existsSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { open, type RootDatabase, type RootDatabaseOptions } from 'lmdb'
import { EMPTY, isBlankFile, LmdbDamaged, lmdbFault } from './lmdb-file.ts'

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
 * Throws `LmdbDamaged` if the file is damaged.
 */
export const openLmdb = (path: string, mode: LmdbMode, databasesMax = 16): RootDatabase<Buffer, Buffer> => {
  const fault = existsSync(path) ? lmdbFault(path) : undefined
  if (fault !== undefined && (fault !== EMPTY || mode === 'readOnly'))
    throw new LmdbDamaged(`${path} is damaged: ${fault}`)
  const openRoot = (): RootDatabase<Buffer, Buffer> =>
    open<Buffer, Buffer>({ ...OPTIONS[mode], path, noSubdir: true, maxDbs: databasesMax })
  return mode === 'readOnly' ? openRoot() : openToWrite(path, openRoot)
}

/**
 * LMDB flushes with its commits what they wrote, and not the first pages of a new file, nor that the file is there. What the disk refuses of that
 * must not be there for the next start, which would find it in the memory of the system and believe it.
 */
const openToWrite = (
  path: string,
  openRoot: () => RootDatabase<Buffer, Buffer>,
): RootDatabase<Buffer, Buffer> => {
  const isNew = isBlankFile(path)
  // LMDB begins a file of no length, and none of zeros.
  if (isNew) remove(path)
  const root = openRoot()
  try {
    if (isNew) sync(path)
    sync(dirname(path))
  } catch (error) {
    void root.close()
    if (isNew) remove(path)
    throw error
  }
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

const sync = (path: string): void => {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

const remove = (path: string): void => {
  for (const file of [path, `${path}-lock`]) rmSync(file, { force: true })
}
