import { Command } from 'commander'
import { PROJECTIONS } from '../projections/registry.ts'
import { isObject, type JsonObject } from '../src/json.ts'
import { atKeeper } from '../src/operating/at-keeper.ts'
import { allHold, progressText, rebuildJob, resultTexts } from '../src/operating/rebuild.ts'
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
  if (isObject(line.progress)) warn(progressText(line.progress))
}

const stop = new AbortController()
const interruptible = (): AbortSignal => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}

const main = async (): Promise<number> => {
  const result = await atKeeper(config, {
    job: 'rebuild',
    input: { names: command.args, check: options.check === true },
    here: rebuildJob,
    projections: PROJECTIONS,
    ...{ onLine, warn, interruptible },
    onFatal: (error) => process.exit(failWith(error)),
    onRepair: (reason) => warn(`The documents are made anew: ${reason}`),
  })
  if (options.json === true) printJson(result)
  else resultTexts(result).forEach(print)
  return allHold(result) ? EXIT.holds : EXIT.holdsNot
}

process.exitCode = await main().catch(failWith)
