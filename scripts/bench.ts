import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { measureAfrodite } from './bench/afrodite.ts'
import { measureDelivery } from './bench/delivery.ts'
import { fdatasyncRate } from './bench/disk.ts'
import { measureEventStore } from './bench/event-store.ts'
import { measureGrowth } from './bench/growth.ts'
import { measureHistory } from './bench/histories.ts'
import { measurePackets } from './bench/packets.ts'
import { measureRequests } from './bench/requests.ts'
import { startFloor, startServer } from './bench/server.ts'
import { heading, perSecond, row } from './bench/table.ts'
import { measureTimelimitCold } from './bench/timelimit-cold.ts'
import { measureTimelimit } from './bench/timelimit.ts'
import { configOrExit, EXIT, failWith } from './support.ts'

const count = (text: string): number => {
  const number = Number(text)
  if (!/^\d{1,9}$/.test(text) || number === 0)
    throw new InvalidArgumentError('It has to be a whole number above 0.')
  return number
}

const command = new Command('bench')
  .description('Measures, each figure beside a floor of the same run: machines differ, ratios less so.')
  .option('--seconds <n>', 'for each load', count, 5)
  .option('--events <n>', 'for the history and the rebuilds', count, 100_000)
  .option('--entities <n>', 'of the large store', count, 100_000)
  .option('--family <n>', 'events of the large TimeLimit family', count, 10_000)
  .option('--packets <n>', 'of the objects', count, 100_000)
  .option('--gzip', 'TimeLimit bodies compressed, as its clients send them')
  .addOption(
    new Option('--only <part>', 'one part alone').choices([
      'requests',
      'delivery',
      'history',
      'growth',
      'eventstore',
      'timelimit',
      'timelimit-cold',
      'afrodite',
      'packets',
    ]),
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .parse()

type Options = Readonly<Record<'seconds' | 'events' | 'entities' | 'family' | 'packets', number>> & {
  readonly gzip?: true
  readonly only?: string
}

const options = command.opts<Options>()
const wanted = (part: string): boolean => options.only === undefined || options.only === part

const overHttp = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  const floor = await startFloor()
  const server = await startServer(directory)
  try {
    row('raw fdatasync of the same minute', perSecond(fdatasyncRate(tmpdir())))
    if (wanted('requests')) await measureRequests(server, floor, options.seconds)
    if (wanted('delivery')) await measureDelivery(server, floor)
  } finally {
    await server.child.stop()
    await floor.child.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

const overTime = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  try {
    await measureGrowth({
      directory,
      start: () => startServer(directory),
      entities: options.entities,
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const overPackets = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  const floor = await startFloor()
  try {
    row('raw fdatasync of the same minute', perSecond(fdatasyncRate(tmpdir())))
    await measurePackets({ start: () => startServer(directory), floor, packets: options.packets })
  } finally {
    await floor.child.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

const overTimelimit = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  const floor = await startFloor()
  try {
    const { seconds, gzip = false } = options
    row('raw fdatasync of the same minute', perSecond(fdatasyncRate(tmpdir())))
    await measureTimelimit(directory, floor, { seconds, gzip })
  } finally {
    await floor.child.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

const overLongFamily = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  try {
    await measureTimelimitCold(directory, options.family)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const overAfrodite = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  const floor = await startFloor()
  try {
    await measureAfrodite(directory, floor, options.seconds)
  } finally {
    await floor.child.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Needs a server: `EVENTSTORE_URL`. */
const onEventStore = async (): Promise<void> => {
  const url = configOrExit().storage.eventStoreUrl
  if (url !== undefined) await measureEventStore(url, options.seconds)
  else row('EventStoreDB', 'SKIPPED', 'EVENTSTORE_URL is not set')
}

const run = async (): Promise<number> => {
  heading(`Node ${process.version}, ${cpus().length} cores; server and generator are processes of their own`)
  if (wanted('requests') || wanted('delivery')) await overHttp()
  if (wanted('history')) await measureHistory(options.events)
  if (wanted('growth')) await overTime()
  if (wanted('eventstore')) await onEventStore()
  if (wanted('timelimit')) await overTimelimit()
  if (wanted('timelimit-cold')) await overLongFamily()
  if (wanted('afrodite')) await overAfrodite()
  if (wanted('packets')) await overPackets()
  return 0
}

process.exitCode = await run().catch(failWith)
