/**
 * Proves that an embedded history that is served to clients of EventStoreDB keeps the contract: our adapter reads, follows and appends over
 * gRPC what lies in LMDB, in the mode in which appends to every stream are taken. All cases share one history.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestFn } from 'ava'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import type { History } from '../../src/history/port.ts'
import { serveEventStore } from '../../src/serving/eventstoredb/serve.ts'
import { historyContract } from './history.ts'

let url = ''
let end: (() => Promise<void>) | undefined

test.before(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-served-'))
  const history = openEmbeddedHistory({ path: join(directory, 'history.mdb') })
  const served = await serveEventStore({
    history,
    host: '127.0.0.1',
    port: 0,
    mode: 'import',
    token: 'secret',
  })
  url = served.url.replace('esdb://', 'esdb://headwater:secret@')
  end = async () => {
    await served.close(1_000)
    await history.close()
    await rm(directory, { recursive: true, force: true })
  }
})
test.after.always(() => end?.())

historyContract(test.serial as TestFn, 'served', () => {
  const open = (): History => openEventStoreHistory({ url })
  let history = open()
  const reopen = async (): Promise<History> => {
    await history.close()
    return (history = open())
  }
  return Promise.resolve({ history, reopen, close: () => history.close() })
})
