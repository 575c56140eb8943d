import { Command, InvalidArgumentError } from 'commander'
import type { History } from '../src/history/port.ts'
import { openReadOnly, openReadOnlyHistory } from '../src/operating/read-only.ts'
import { readTime } from '../src/protocols/rightech/window.ts'
import { createHistoryReading } from '../src/queries/history/reading.ts'
import type { Selection, Wanted } from '../src/queries/history/selection.ts'
import { configOrExit, count, eventPrinter, EXIT, failWith, isUnread, warn } from './support.ts'

const number =
  (what: string) =>
  (text: string): bigint => {
    if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError(`a ${what} counts from 0`)
    return BigInt(text)
  }
const time = (text: string): number => {
  const read = readTime(text)
  if (read !== undefined) return read
  throw new InvalidArgumentError('milliseconds since 1970, or 2026-01-31T12:00Z')
}

const command = new Command('history')
  .description(
    'Prints the events of one stream, or of the whole history, as they are stored: sealed fields stay sealed. What is selected by has to hold altogether.',
  )
  .argument('[stream]', 'stores.labels-…')
  .option('--type <type>', 'of that type')
  .option('--actor <actor>', 'by that actor: stores:user:…')
  .option('--subject <subject>', 'with fields sealed for that subject, or about its erasure')
  .option('--command <id>', 'of the command with that id')
  .option('--since <time>', 'at that time or later: ISO 8601, UTC without a zone, or milliseconds', time)
  .option('--until <time>', 'at that time or earlier', time)
  .option('--after <position>', 'behind that position of the history', number('position'))
  .option('--before <position>', 'before that position', number('position'))
  .option('--from <revision>', 'of a stream: the first revision to print', number('revision'))
  .option('--limit <events>', 'at most so many', count)
  .option('--backwards', 'the newest first')
  .option('--json', 'one JSON object a line')
  .addHelpText('after', '\nExit codes: 0 printed, 1 there is no such event, 2 wrong usage or no history.')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .parse()

type Options = Omit<Selection, 'stream'> & {
  readonly after?: bigint
  readonly before?: bigint
  readonly from?: bigint
  readonly limit?: number
  readonly backwards?: true
  readonly json?: true
}

/** Without documents, of a copy that has none, the history is read whole. */
const openStores = async (needsDocuments: boolean) => {
  const config = configOrExit()
  const opened = needsDocuments ? await openReadOnly(config).catch(() => undefined) : undefined
  return opened ?? { ...(await openReadOnlyHistory(config)), documents: undefined }
}

/** From a revision on; nothing, if there is none from there on. */
const beginning = async (
  history: History,
  stream: string,
  from: bigint,
  direction: Wanted['direction'],
): Promise<Pick<Wanted, 'after' | 'before'>> => {
  for await (const [event] of history.read(stream, { from, direction, limit: 1 })) {
    if (event === undefined) break
    const { position } = event
    return direction === 'forwards' ? { after: position - 1n } : { after: 0n, before: position + 1n }
  }
  return { after: 0n, before: 0n }
}

const wantedOf = async (history: History, stream: string | undefined, options: Options): Promise<Wanted> => {
  const { after, before, from, limit: _limit, backwards, json: _json, ...rest } = options
  const direction = backwards === true ? 'backwards' : 'forwards'
  if (stream === undefined) return { selection: rest, direction, ...betweenOf(after, before) }
  const range =
    from === undefined ? betweenOf(after, before) : await beginning(history, stream, from, direction)
  return { selection: { ...rest, stream }, direction, ...range }
}

const betweenOf = (after = 0n, before?: bigint): Pick<Wanted, 'after' | 'before'> =>
  before === undefined ? { after } : { after, before }

const isContradictory = (stream: string | undefined, { from, after, before }: Options): boolean =>
  from !== undefined && (stream === undefined || after !== undefined || before !== undefined)

const run = async (stream: string | undefined, options: Options): Promise<number> => {
  if (isContradictory(stream, options))
    return command.error('error: --from is a revision of one stream, and instead of --after and --before')
  const { limit = Infinity, json } = options
  const stores = await openStores(stream === undefined)
  const show = eventPrinter({ json, showsStream: stream === undefined })
  let printed = 0
  try {
    const wanted = await wantedOf(stores.history, stream, options)
    for await (const { events } of createHistoryReading(stores.history, stores.documents).all(wanted)) {
      const due = events.slice(0, limit - printed)
      due.forEach(show)
      printed += due.length
      if (printed >= limit || isUnread()) break
    }
  } finally {
    await stores.close()
  }
  if (printed === 0) warn('There are no such events')
  return printed === 0 ? EXIT.holdsNot : EXIT.holds
}

process.exitCode = await run(command.args[0], command.opts<Options>()).catch(failWith)
