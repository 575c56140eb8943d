import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { documentsPath, historyPath, keyringPath } from './directory.ts'
import { isBlankFile } from './lmdb-file.ts'

/**
 * Throws if a part that cannot be made anew is gone. A first start makes the keyring, then the history, then the documents; so where a
 * later one is without an earlier one, somebody took it away, and to begin with an empty one would show that nothing had ever happened
 * or that everybody was erased. What is in a server of its own cannot be looked for here.
 */
export const refuseMissing = (
  directory: string,
  embedded: { readonly history: boolean; readonly documents: boolean },
): void => {
  if (!embedded.history) return
  const hasHistory = !isBlankFile(historyPath(directory))
  if (!hasHistory && existsSync(documentsPath(directory))) throw missing(directory, 'history', 'documents')
  if (hasHistory && embedded.documents && !hasKeyring(keyringPath(directory)))
    throw missing(directory, 'keyring', 'a history')
}

const missing = (directory: string, part: string, others: string): Error =>
  new Error(
    `${directory} has ${others} and no ${part}: put the ${part} back, or name another directory to begin anew`,
  )

const hasKeyring = (path: string): boolean =>
  existsSync(path) &&
  readdirSync(path).some((name) => /^\d+\.mdb$/.test(name) && !isBlankFile(join(path, name)))
