import { Command } from 'commander'
import { PROJECTIONS } from '../projections/registry.ts'
import { openReadOnly } from '../src/operating/read-only.ts'
import { placesJson, placesText, projectionStatus, type StatusLine } from '../src/operating/status.ts'
import { configOrExit, EXIT, failWith, print, printJson } from './support.ts'

const command = new Command('status')
  .description('Prints the stores, the head of the history and how far each projection is.')
  .option('--json', 'one JSON object on standard output')
  .addHelpText(
    'after',
    '\nExit codes: 0 nothing stopped, 1 a projection stopped, 2 wrong usage or no stores.',
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .parse()

const asText = ({ projection, version, generation, state, held, position, lag, why }: StatusLine): string =>
  [
    `${projection}@${version}.${generation}: ${state}`,
    ...(held === undefined ? [] : [held === 1 ? '1 stream held' : `${held} streams held`]),
    `position ${position}`,
    `${lag} behind${why === undefined ? '' : ` (${why})`}`,
  ].join(', ')

const run = async (json: boolean): Promise<number> => {
  const stores = await openReadOnly(configOrExit())
  try {
    const { head, projections } = await projectionStatus(stores.history, stores.documents, PROJECTIONS)
    const stopped = projections.some(({ state }) => state === 'stopped')
    if (json) {
      printJson({
        stores: placesJson(stores.places),
        head,
        projections: [...projections],
      })
    } else {
      print(`stores: ${placesText(stores.places)}`)
      print(`head: ${head}`)
      projections.forEach((line) => print(asText(line)))
    }
    return stopped ? EXIT.holdsNot : EXIT.holds
  } finally {
    await stores.close()
  }
}

process.exitCode = await run(command.opts<{ readonly json?: true }>().json === true).catch(failWith)
