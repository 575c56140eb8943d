import { Command } from 'commander'
import { isObject, plainText, type JsonObject } from '../src/json.ts'
import { ERASURE_WAIT_SECONDS } from '../src/limits.ts'
import { atStores, type AtStores } from '../src/operating/at-stores.ts'
import { eraseHere } from '../src/operating/erase-here.ts'
import { allErased, eraseTexts } from '../src/operating/erase.ts'
import { SUBJECT_KINDS } from '../src/commands/subjects.ts'
import { configOrExit, count, EXIT, failWith, print, printJson, warn } from './support.ts'

const gather = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

const command = new Command('erase')
  .description(
    'Erases subjects for ever: ends what lives of them, destroys their keys, purges their documents, rewrites the files.',
  )
  .requiredOption('--subject <subject>', 'whom; may be repeated', gather)
  .option('--reason <reason>', 'kept in the clear for ever, so it must name nobody')
  .option(
    '--wait <seconds>',
    'for the files to be rewritten; what is unfinished then goes on by itself',
    count,
    ERASURE_WAIT_SECONDS,
  )
  .option('--json', 'one JSON object on standard output')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .addHelpText(
    'after',
    [
      '\nSubjects:',
      ...SUBJECT_KINDS.map(({ prefix, means }) => `  ${prefix}<id>  ${means}`),
      '\nA live one is ended first as its own protocol would do it. Nothing brings it back.',
      'Interrupted it goes on where it was, with the next start of a server or the same command again.',
      '\nExit codes: 0 it is through, 1 unfinished, 2 wrong usage, no such subject, or no stores (nobody is erased then).',
    ].join('\n'),
  )
  .parse()

// As the server does.
process.umask(0o077)

const options = command.opts<{
  readonly subject: readonly string[]
  readonly reason?: string
  readonly wait: number
  readonly json?: true
}>()
const config = configOrExit()

const onLine = ({ progress }: JsonObject): void => {
  if (!isObject(progress)) return
  const { subject, step } = progress
  warn(typeof subject === 'string' ? `${subject}: ${plainText(step)}` : plainText(step))
}

const stop = new AbortController()
const here: AtStores['here'] = (stores, ...job) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  return eraseHere(stores, warn, ...job)
}

const main = async (): Promise<number> => {
  const { subject, reason, wait } = options
  const result = await atStores(config, {
    job: 'erase',
    input: { subjects: subject, waitSeconds: wait, ...(reason === undefined ? {} : { reason }) },
    onLine,
    signal: stop.signal,
    here,
    onFatal: (error) => process.exit(failWith(error)),
    onRepair: (why) => warn(`The documents are made anew: ${why}`),
  })
  if (options.json === true) printJson(result)
  else eraseTexts(result).forEach(print)
  return allErased(result) ? EXIT.holds : EXIT.holdsNot
}

process.exitCode = await main().catch(failWith)
