import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { isObject, type Json, type JsonObject } from '../src/json.ts'
import { adminSocketPath, DirectoryInUse, historyPath } from '../src/embedded/directory.ts'
import { askServer } from '../src/operating/admin.ts'
import { allHold, rebuildJob, resultTexts, type ProgressLine } from '../src/operating/rebuild.ts'
import { openStores, type Stores } from '../src/stores.ts'
import { startRunner } from '../src/projecting/runner.ts'
import { PROJECTIONS } from '../projections/registry.ts'
import { configOrExit, EXIT, failWith, print, printJson, warn } from './support.ts'

const command = new Command('rebuild')
  .description('Builds read models anew from the history, beside the serving ones, and lets them take over.')
  .argument('[names...]', 'projections; without any, all of them')
  .option('--check', 'compare with the serving documents byte for byte instead of taking over')
  .option('--json', 'one JSON object on standard output')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .addHelpText(
    'after',
    '\nExit codes: 0 it holds, 1 something differs or stopped, 2 wrong usage, interrupted or no stores.',
  )
  .parse()

// As the server does.
process.umask(0o077)

const options = command.opts<{ readonly check?: true; readonly json?: true }>()
const config = configOrExit()

const onLine = (line: JsonObject): void => {
  if (options.json === true || !isObject(line.progress)) return
  const { projection, position, head, eventsPerSecond, secondsLeft } = line.progress as ProgressLine
  const share = head === '0' ? 100 : Math.floor((Number(position) / Number(head)) * 100)
  print(
    `${projection}: ${share} % (${position} of ${head}), ${eventsPerSecond} events/s, ${secondsLeft} s left`,
  )
}

const leave = (error: unknown): void => process.exit(failWith(error))

const rebuildHere = async (stores: Stores, input: JsonObject): Promise<Json> => {
  const runner = await startRunner({
    ...stores,
    projections: PROJECTIONS,
    onApplied: () => undefined,
    onStopped: (name, { position, error }) => warn(`${name} stops at ${position}: ${error}`),
    onBroken: leave,
  })
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  try {
    return await rebuildJob(runner)(input, { tell: onLine, signal: stop.signal })
  } finally {
    await runner.close()
  }
}

const run = async (input: JsonObject): Promise<Json> => {
  const { dataDir } = config.storage
  // Opening would make what is not there.
  if (!existsSync(historyPath(dataDir))) throw new Error(`There is no history in ${dataDir}`)
  const stores = await openStores(config, {
    onFatal: leave,
    onRepair: (reason) => warn(`The documents are made anew: ${reason}`),
  }).catch((error: unknown) => error)
  if (stores instanceof DirectoryInUse) {
    return askServer(await adminSocketPath(stores.path), 'rebuild', input, onLine)
  }
  if (stores instanceof Error) throw stores
  const opened = stores as Stores
  try {
    return await rebuildHere(opened, input)
  } finally {
    await opened.close()
  }
}

const main = async (): Promise<number> => {
  const result = await run({ names: command.args, check: options.check === true })
  if (options.json === true) printJson(result)
  else resultTexts(result).forEach(print)
  return allHold(result) ? EXIT.holds : EXIT.holdsNot
}

process.exitCode = await main().catch(failWith)
