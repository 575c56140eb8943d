import { Command, InvalidArgumentError } from 'commander'
import { openReadOnlyHistory } from '../src/operating/read-only.ts'
import { configOrExit, count, eventPrinter, EXIT, failWith, warn } from './support.ts'

const revision = (text: string): bigint => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a revision counts from 0')
  return BigInt(text)
}
const command = new Command('history')
  .description('Prints the events of one stream, as they are stored: sealed fields stay sealed.')
  .argument('<stream>', 'stores.labels-…')
  .option('--from <revision>', 'the first revision to print', revision)
  .option('--limit <events>', 'at most so many', count)
  .option('--backwards', 'the newest first')
  .option('--json', 'one JSON object a line')
  .addHelpText('after', '\nExit codes: 0 printed, 1 the stream has no events, 2 wrong usage or no history.')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .parse()

type Options = {
  readonly from?: bigint
  readonly limit?: number
  readonly backwards?: true
  readonly json?: true
}

const run = async (stream: string, options: Options): Promise<number> => {
  const stores = await openReadOnlyHistory(configOrExit())
  const { from, limit, backwards } = options
  const show = eventPrinter({ json: options.json, showsStream: false })
  let printed = 0
  try {
    const pages = stores.history.read(stream, {
      ...(from === undefined ? {} : { from }),
      ...(limit === undefined ? {} : { limit }),
      ...(backwards === true ? { direction: 'backwards', from: from ?? 'end' } : {}),
    })
    for await (const page of pages) {
      page.forEach(show)
      printed += page.length
    }
  } finally {
    await stores.close()
  }
  if (printed === 0) warn(`The stream ${stream} has no events`)
  return printed === 0 ? EXIT.holdsNot : EXIT.holds
}

process.exitCode = await run(command.args[0] ?? '', command.opts<Options>()).catch(failWith)
