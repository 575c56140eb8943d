import { existsSync } from 'node:fs'
import { once } from 'node:events'
import type { Config } from '../../src/config.ts'
import { documentsPath, historyPath, keyringPath, openDirectory } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { CopyRefused } from '../../src/operating/copies/format.ts'
import { print } from '../support.ts'
import { leave } from './running.ts'

/** Serves an embedded history that nobody has begun to a client that copies one here, until it is told to end. */
export const listenForCopier = async (
  { storage }: Config,
  { firstPosition, signal }: { readonly firstPosition: bigint; readonly signal: AbortSignal },
): Promise<void> => {
  const { listen, listenToken: token, eventStoreUrl, dataDir } = storage
  if (listen === undefined || eventStoreUrl !== undefined)
    throw new Error('--listen is for an embedded history: unset EVENTSTORE_URL')
  const directory = await openDirectory(dataDir)
  try {
    for (const path of [documentsPath(directory.path), keyringPath(directory.path)])
      if (existsSync(path)) throw new CopyRefused(`${directory.path} is not empty: a server has used it`)
    const history = openEmbeddedHistory({ path: historyPath(directory.path), firstPosition, onFatal: leave })
    try {
      const { serveEventStore } = await import('../../src/serving/eventstoredb/serve.ts')
      const served = await serveEventStore({ ...listen, history, token, mode: 'import' })
      print(`${served.url} takes events until it is interrupted; begin at position ${firstPosition}`)
      if (!signal.aborted) await once(signal, 'abort')
      await served.close(GRACE_MS)
      print(`The last position is ${await history.head()}; put the keys there with import --from`)
    } finally {
      await history.close()
    }
  } finally {
    await directory.close()
  }
}

const GRACE_MS = 2_000
