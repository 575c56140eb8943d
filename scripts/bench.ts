import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { measureDelivery } from './bench/delivery.ts'
import { fdatasyncRate } from './bench/disk.ts'
import { measureGrowth } from './bench/growth.ts'
import { measureHistory } from './bench/histories.ts'
import { measureRequests } from './bench/requests.ts'
import { startFloor, startServer } from './bench/server.ts'
import { heading, perSecond, row } from './bench/table.ts'
import { failWith } from './support.ts'

const command = new Command('bench')
  .description('Measures, each figure beside a floor of the same run: machines differ, ratios less so.')
  .option('--seconds <n>', 'for each load', '5')
  .option('--events <n>', 'for the history and the rebuilds', '100000')
  .option('--entities <n>', 'of the large store', '100000')
  .option('--only <part>', 'requests, delivery, history or growth')
  .parse()

type Options = Readonly<Record<'seconds' | 'events' | 'entities', string>> & { readonly only?: string }

const options = command.opts<Options>()
const wanted = (part: string): boolean => options.only === undefined || options.only === part

const overHttp = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  const floor = await startFloor()
  const server = await startServer(directory)
  try {
    row('raw fdatasync of the same minute', perSecond(fdatasyncRate(tmpdir())))
    if (wanted('requests')) await measureRequests(server, floor, Number(options.seconds))
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
      entities: Number(options.entities),
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const run = async (): Promise<number> => {
  heading(`Node ${process.version}, ${cpus().length} cores; server and generator are processes of their own`)
  if (wanted('requests') || wanted('delivery')) await overHttp()
  if (wanted('history')) await measureHistory(Number(options.events))
  if (wanted('growth')) await overTime()
  return 0
}

process.exitCode = await run().catch(failWith)
