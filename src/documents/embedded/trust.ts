import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { lmdbFault } from '../../embedded/lmdb-file.ts'
import { syncDirectory } from '../../embedded/sync-directory.ts'

/**
 * Commits are not flushed, so a loss of power may tear the file in ways that LMDB cannot see. A small file beside it tells
 * whether to believe it:
 * - `clean`: flushed and closed.
 * - `open` and the boot of the machine: its process died, but the machine kept all it had written, unless it was started again since.
 * - `opening`: the process died over it.
 * - `failed`: the disk refused a flush.
 */
export type Mark = 'clean' | 'open' | 'opening' | 'failed'

/** Why the store at `path` cannot be believed; `undefined` if it can, or if there is none. */
export const reasonForDistrust = async (path: string): Promise<string | undefined> => {
  if (!existsSync(path)) return undefined
  const [mark, boot] = (await readFile(markPath(path), 'utf8').catch(() => '')).trim().split(' ')
  if (mark === 'opening') return 'the last start ended while it was opened'
  if (mark === 'failed') return 'the disk refused a flush'
  if (mark === 'open' && boot !== (await bootId())) return 'the machine was restarted while it was open'
  if (mark !== 'open' && mark !== 'clean') return 'nothing tells how it was closed'
  return lmdbFault(path)
}

/** On disk when it answers; a full disk leaves the mark that was there. */
export const putMark = async (path: string, mark: Mark): Promise<void> => {
  const text = mark === 'open' ? `${mark} ${await bootId()}\n` : `${mark}\n`
  const aside = `${markPath(path)}.new`
  await writeFile(aside, text, { flush: true })
  await rename(aside, markPath(path))
  await syncDirectory(dirname(path))
}

/** Removes the store's files; they may hold personal data, so none is kept aside. */
export const removeStore = async (path: string): Promise<void> => {
  for (const file of [path, `${path}-lock`]) await rm(file, { force: true })
}

const markPath = (path: string): string => `${path}-state`

/** Where the system does not name its boots every unclean end is taken for a restart. */
const bootId = async (): Promise<string> => {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => crypto.randomUUID())
  return id.trim()
}
