/** The stand-in for EventStoreDB as a process: takes its options as JSON in its only argument and faults as messages. */
import { ServerCredentials, status } from '@grpc/grpc-js'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEmbeddedHistory } from '../../../src/history/embedded/history.ts'
import { Refusal } from '../../../src/serving/eventstoredb/refusals.ts'
import { makeService } from '../../../src/serving/eventstoredb/service.ts'
import { envelopeCodec } from './envelope.ts'
import { makeFaults, type Fault } from './faults.ts'
import { makeLiveQueue } from './live-queue.ts'
import { offsets } from './offsets.ts'
import { withRecentIds } from './recent-ids.ts'
import { withSystemEvents } from './system-events.ts'

export type MainOptions = {
  readonly directory: string
  /** 0: any. */
  readonly port: number
  /** How long what is open hangs after SIGTERM before it ends. */
  readonly hangMs: number
  readonly liveBuffer?: number
}
/** `done` answers the fault with the same number. */
export type ToParent = { readonly listening: number } | { readonly done: number }
export type FromParent = { readonly number: number; readonly fault: Fault }

const HOST = '127.0.0.1'
/** For the last answers to leave. */
const DRAIN_MS_MAX = 250
const options = JSON.parse(process.argv[2] ?? '{}') as MainOptions
const embedded = openEmbeddedHistory({
  path: join(options.directory, 'history.mdb'),
  onFatal: () => process.exit(75),
})
const history = withRecentIds(await withSystemEvents(embedded, envelopeCodec))
const faults = makeFaults()
const server = makeService({
  history,
  codec: envelopeCodec,
  positions: offsets,
  subscriber: (output) => makeLiveQueue(output, options.liveBuffer),
  ...faults,
})

const tell = (message: ToParent): void => void process.send?.(message)

server.bindAsync(`${HOST}:${options.port}`, ServerCredentials.createInsecure(), (error, bound) => {
  if (error !== null) throw error
  tell({ listening: bound })
})

process.on('message', (message: FromParent) => {
  faults.apply(message.fault)
  tell({ done: message.number })
})

/** Without whoever started it, it is of no use. */
process.on('disconnect', () => process.exit(0))

process.once('SIGTERM', () => {
  const stop = async (): Promise<void> => {
    const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
    await sleep(options.hangMs)
    const ended = new Refusal('dropped', status.INTERNAL, 'The server shut down')
    faults.endAll('subscription', ended)
    faults.endAll('batch', ended)
    await Promise.race([drained, sleep(DRAIN_MS_MAX)])
    await history.close()
    process.exit(0)
  }
  void stop()
})
