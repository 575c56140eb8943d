import { Command } from 'commander'
import { PROJECTIONS } from '../projections/registry.ts'
import { isObject, type JsonObject } from '../src/json.ts'
import { atKeeper } from '../src/operating/at-keeper.ts'
import {
  isAsAsked,
  listTexts,
  quarantineJob,
  quarantineList,
  quarantineTexts,
} from '../src/operating/quarantine.ts'
import { openReadOnly } from '../src/operating/read-only.ts'
import { progressText } from '../src/operating/rebuild.ts'
import { configOrExit, EXIT, failWith, print, printJson, warn } from './support.ts'

const list = async (json: boolean): Promise<number> => {
  const stores = await openReadOnly(configOrExit())
  try {
    const projections = await quarantineList(stores.documents, PROJECTIONS)
    if (json) printJson({ projections: [...projections] })
    else listTexts(projections).forEach(print)
    return projections.every(isAsAsked) ? EXIT.holds : EXIT.holdsNot
  } finally {
    await stores.close()
  }
}

const ask = async (input: JsonObject, json: boolean): Promise<number> => {
  // As the server does.
  process.umask(0o077)
  const stop = new AbortController()
  const result = await atKeeper(configOrExit(), {
    job: 'quarantine',
    input,
    here: quarantineJob,
    projections: PROJECTIONS,
    onLine: ({ progress }) => {
      if (isObject(progress)) warn(progressText(progress))
    },
    warn,
    interruptible: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
      return stop.signal
    },
    onFatal: (error) => process.exit(failWith(error)),
    onRepair: (reason) => warn(`The documents are made anew: ${reason}`),
  })
  if (json) printJson(result)
  else quarantineTexts(result).forEach(print)
  return isAsAsked(result) ? EXIT.holds : EXIT.holdsNot
}

const main = async (run: (json: boolean) => Promise<number>): Promise<void> => {
  process.exitCode = await run(command.opts<{ readonly json?: true }>().json === true).catch(failWith)
}

const command = new Command('quarantine')
  .description(
    'Lets a projection that stopped go on without the stream of the event it stopped at. Without more, lists what is stopped and held.',
  )
  .option('--json', 'one JSON object on standard output')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .addHelpText(
    'after',
    [
      '\nWhat is held is not shown, and writes to its stream are refused, until it is released after the code was mended.',
      'Interrupted it goes on where it was, by itself or with the same command again.',
      '\nExit codes: 0 nothing is in the way, 1 a poison event is, 2 wrong usage, interrupted or no stores.',
    ].join('\n'),
  )
  .action(() => main(list))

command
  .command('hold')
  .argument('<projection>')
  .description('holds the event that the projection stopped at, with everything behind it in its stream')
  .action((projection: string) => main((json) => ask({ action: 'hold', projection }, json)))

command
  .command('release')
  .argument('<projection>')
  .argument('[stream]', 'without it, all that the projection holds')
  .description('builds the projection anew without the hold, beside the serving one, and lets it take over')
  .action((projection: string, stream?: string) =>
    main((json) => ask({ action: 'release', projection, ...(stream === undefined ? {} : { stream }) }, json)),
  )

await command.parseAsync()
