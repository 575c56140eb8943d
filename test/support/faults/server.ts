/** The server as `src/main.ts` runs it, over stores that kill its process where the file `FAULT` says: see `points.ts`. */
import * as E from 'fp-ts/lib/Either.js'
import { readConfig } from '../../../src/config.ts'
import { createLog } from '../../../src/http/log.ts'
import { SHUTDOWN_MS_MAX } from '../../../src/limits.ts'
import { startNode } from '../../../src/node.ts'
import { openStores } from '../../../src/stores.ts'
import { mortalStores } from './points.ts'

const config = readConfig(process.env)
if (E.isLeft(config)) throw new Error(config.left.join('\n'))
const log = createLog(config.right.logLevel)
const leave = (error: unknown): void => {
  log.fatal({ err: error }, 'broken')
  log.flush()
  process.exit(1)
}
const stores = await openStores(config.right, {
  onFatal: leave,
  onRepair: (reason) => log.warn({ reason }, 'the documents are made anew from the history'),
})
const node = await startNode({
  config: config.right,
  stores: mortalStores(stores, process.env['FAULT'] ?? ''),
  log,
  announce: () => undefined,
  announceKeys: () => undefined,
  onBroken: leave,
})
process.once('SIGTERM', () => {
  void node
    .close(SHUTDOWN_MS_MAX)
    .then(stores.close)
    .then(() => process.exit(0))
})
