/**
 * Proves that a server does not start over events of a newer version: it ends with code 1 and names type, schema, position and stream. Nor do
 * the scripts that bring documents forward by themselves pass over them. Others' events are no hindrance.
 */
import test from 'ava'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { documentsPath, historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { append, newEvent } from '../support/events.ts'
import { run } from '../support/processes.ts'
import {
  cleanUp,
  environment,
  freshDirectory,
  runScript,
  startServer,
  type RunningServer,
} from '../support/server.ts'

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

const isShared = process.env['STORES'] === 'shared'

;(isShared ? test.skip : test)('what a newer version has written is not passed over', async (t) => {
  const dataDir = await freshDirectory()
  await (await startServer({ dataDir })).stop('SIGTERM')
  const write = async (stream: string, type: string, schema: number): Promise<bigint> => {
    const history = openEmbeddedHistory({
      path: historyPath(dataDir),
      onFatal: (error) => t.fail(String(error)),
    })
    const position = await append(history, stream, newEvent(type, {}, { schema }))
    await history.close()
    return position
  }
  await write('orders-1', 'Ordered', 9)
  server = await startServer({ dataDir })
  await server.stop('SIGTERM')
  const position = await write('stores.labels-000000000000000000000001', 'EntityCreated', 99)
  await write('stores.labels-000000000000000000000001', 'EntityPainted', 1)
  const { code, output } = await run('main', [], environment(dataDir)).exited
  t.is(code, 1)
  const place = 'in stores.labels-000000000000000000000001'
  t.regex(output, new RegExp(`EntityCreated at schema 99, first at position ${position} ${place}`))
  t.regex(output, new RegExp(`EntityPainted at schema 1, first at position ${position + 1n} ${place}`))
  t.notRegex(output, /Ordered/)

  const subject = 'stores.user-000000000000000000000001'
  const scripts: readonly (readonly [name: string, parameters: readonly string[]])[] = [
    ['erase', ['--subject', subject]],
    ['quarantine', ['hold', 'stores']],
    ['rebuild', ['stores']],
  ]
  for (const [name, parameters] of scripts) {
    const exit = await runScript(name, parameters, dataDir)
    t.is(exit.code, 2, exit.output)
    t.regex(exit.output, /events that this version does not know/, name)
  }
  const documents = await openEmbeddedDocuments({ path: documentsPath(dataDir), readOnly: true })
  const checkpoints = await documents.checkpoints().finally(documents.close)
  t.true(checkpoints.size > 0)
  for (const [name, upTo] of checkpoints) t.true(upTo < position, name)
})
