import { env, stderr, stdout } from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig, type Config } from './config.ts'
import { createLog } from './http/log.ts'
import { SHUTDOWN_MS_MAX } from './limits.ts'
import { startNode } from './node.ts'
import { openStores } from './stores.ts'

/** Exit codes: 0 stopped as asked, 1 could not start, 2 configuration, 75 the disk refused a write (try again when it is mended). */
const EXIT = { failed: 1, configuration: 2, disk: 75 } as const

const run = async (config: Config): Promise<void> => {
  const log = createLog(config.logLevel)
  const leave = (code: number, error: unknown, message: string): void => {
    log.fatal({ err: error }, message)
    log.flush()
    process.exit(code)
  }
  const stores = await openStores(config, {
    onFatal: (error) => leave(EXIT.disk, error, 'the disk refused a write'),
    onRepair: (reason) => log.warn({ reason }, 'the documents are made anew from the history'),
  })
  log.info({ directory: stores.directory }, 'stores opened')
  const starting = startNode({
    config,
    stores,
    log,
    announce: (login, password) => stdout.write(`First start: sign in as ${login} with ${password}\n`),
    announceKeys: (app, keys) =>
      stdout.write(`First start: ConnectyCube application ${app} has ${JSON.stringify(keys)}\n`),
    onBroken: (error) => leave(EXIT.failed, error, 'a part of the server cannot go on'),
  })
  const stop = async (signal: string): Promise<void> => {
    log.info({ signal }, 'stopping')
    const node = await starting
    const ended = await node.close(SHUTDOWN_MS_MAX)
    if (ended || !stores.isLocal) await stores.close()
    log.info('stopped')
    log.flush(() => process.exit(0))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal))
  await starting
}

// What is written is for this user alone, also in a directory that others may read.
process.umask(0o077)

const config = readConfig(env)
if (E.isLeft(config)) {
  stderr.write(`${config.left.join('\n')}\n`)
  process.exitCode = EXIT.configuration
} else {
  run(config.right).catch((error: unknown) => {
    stderr.write(`Headwater could not start: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(EXIT.failed)
  })
}
