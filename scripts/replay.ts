import { Command, InvalidArgumentError } from 'commander'
import { PROJECTIONS } from '../projections/registry.ts'
import { openReadOnlyHistory, openReadOnlyUnsealed } from '../src/operating/read-only.ts'
import { replay, selectEvents, type Selection } from '../src/operating/replay.ts'
import type { Difference } from '../src/operating/replay-compare.ts'
import { differenceJson, differenceText, replayedJson, replayedText } from '../src/operating/replay-text.ts'
import type { Projection } from '../src/projecting/projection.ts'
import {
  configOrExit,
  count,
  eventPrinter,
  EXIT,
  failWith,
  isUnread,
  print,
  printJson,
  warn,
} from './support.ts'

const position = (text: string): bigint => {
  if (!/^\d{1,19}$/.test(text)) throw new InvalidArgumentError('a position is a number from 0')
  return BigInt(text)
}
const projectionNamed = (name: string): Projection => {
  const found = PROJECTIONS.find((projection) => projection.name === name)
  if (found !== undefined) return found
  throw new InvalidArgumentError(`there are ${PROJECTIONS.map(({ name: known }) => known).join(', ')}`)
}

const EXAMPLES = 20

const command = new Command('replay')
  .description(
    'Prints events in the order of the history, as they are stored: sealed fields stay sealed. With --projection feeds them to a projection in documents of its own, and shows which of these differ from the serving ones.',
  )
  .option('--stream <stream>', 'all events of one stream')
  .option('--from <position>', 'all events from that position of the history on, itself included', position)
  .option('--to <position>', 'the last position, itself included; without it, up to the head', position)
  .option('--projection <name>', 'compare what this projection makes of them', projectionNamed)
  .option(
    '--limit <count>',
    `at most so many events, or differences (${EXAMPLES}; with --json all of them)`,
    count,
  )
  .option('--json', 'one JSON object a line')
  .addHelpText(
    'after',
    `
Either --stream, or --from with or without --to.

With --projection nothing in the stores is written; the documents are made in the system's temporary directory and removed. Personal values
in them are shown. Compared is each document that the events make or delete. It differs also if events that are not replayed changed it:
compare whole streams, or everything up to the head (--from 0); positions tell which event made each side. A document whose beginning is
not among the events is not compared. What serves although no event made it, rebuild --check finds.

Exit codes: 0 printed, or nothing differs; 1 there is no such event, something differs, or a poison event; 2 wrong usage, interrupted or
no stores.`,
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .parse()

type Options = {
  readonly stream?: string
  readonly from?: bigint
  readonly to?: bigint
  readonly projection?: Projection
  readonly limit?: number
  readonly json?: true
}

const selectionOf = ({ stream, from, to }: Options): Selection => {
  if (stream === undefined && from !== undefined) return { from, to }
  if (stream !== undefined && from === undefined && to === undefined) return { stream }
  return command.error('error: name either --stream, or --from with or without --to')
}

const printEvents = async (selection: Selection, { limit = Infinity, json }: Options): Promise<number> => {
  const stores = await openReadOnlyHistory(configOrExit())
  const show = eventPrinter({ json, showsStream: !('stream' in selection) })
  let printed = 0
  try {
    for await (const page of selectEvents(stores.history, selection)()) {
      for (const event of page.slice(0, limit - printed)) {
        show(event)
        printed += 1
      }
      if (printed >= limit || isUnread()) break
    }
  } finally {
    await stores.close()
  }
  if (printed === 0) warn('There are no such events')
  return printed === 0 ? EXIT.holdsNot : EXIT.holds
}

const printDifferences = async (
  selection: Selection,
  projection: Projection,
  { json, limit = json === true ? Infinity : EXAMPLES }: Options,
): Promise<number> => {
  const stores = await openReadOnlyUnsealed(configOrExit())
  let left = limit
  const onDifference = (difference: Difference): void => {
    if (left <= 0) return
    left -= 1
    if (json === true) printJson(differenceJson(difference))
    else print(differenceText(difference))
  }
  try {
    const replayed = await replay({ ...stores, projection, selection, onDifference, onProgress: telling() })
    if (json === true) printJson({ result: replayedJson(projection.name, replayed) })
    else print(replayedText(projection.name, replayed))
    return replayed.outcome === 'compared' && replayed.differences === 0 ? EXIT.holds : EXIT.holdsNot
  } finally {
    await stores.close()
  }
}

/** Who waits for long is told that it moves. */
const telling = (): ((events: number) => void) => {
  let told = performance.now()
  return (events) => {
    if (performance.now() - told < PROGRESS_MS) return
    told = performance.now()
    warn(`${events} events replayed`)
  }
}

const PROGRESS_MS = 2_000

const run = (): Promise<number> => {
  const options = command.opts<Options>()
  const selection = selectionOf(options)
  return options.projection === undefined
    ? printEvents(selection, options)
    : printDifferences(selection, options.projection, options)
}

// What it makes goes when the process ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(failWith('Interrupted')))
process.umask(0o077)

process.exitCode = await run().catch(failWith)
