import { env } from 'node:process'
import { Command, InvalidArgumentError } from 'commander'
import { listenForCopier } from './copies/listening.ts'
import { putInto, putJson, putText } from './copies/putting.ts'
import { running } from './copies/running.ts'
import { configOrExit, EXIT, print, printJson } from './support.ts'

const position = (text: string): bigint => {
  if (!/^[1-9]\d{0,17}$/.test(text)) throw new InvalidArgumentError('a position is a number from 1')
  return BigInt(text)
}

const command = new Command('import')
  .description(
    'Puts a copied history, and the keyring that opens it, into the empty stores that the environment names.',
  )
  .option('--from <directory>', 'a copy that export or backup has made')
  .option(
    '--listen <host:port>',
    'instead: serve the empty embedded history to a copier that speaks EventStoreDB’s protocol',
  )
  .option('--first-position <position>', 'with --listen: of its first event, else 1', position)
  .option('--json', 'one JSON object on standard output')
  .addHelpText(
    'after',
    `
Every event is checked against its leaf before it is written, keeps its id, stream, revision, data and meta, and the whole is read back
and compared. An embedded history keeps its positions in another embedded one, and goes on above those of EventStoreDB; in EventStoreDB
positions are new. Interrupted in whatever way, the same command goes on; no server starts on half an import. The documents are made
when the server starts. With --listen a host that is not loopback needs EVENTSTORE_LISTEN_TOKEN.

Exit codes: 0 all of it is there; 1 the copy is damaged, or the stores are not empty; 2 wrong usage, interrupted, disk full, or no stores.`,
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .parse()

type Options = {
  readonly from?: string
  readonly listen?: string
  readonly firstPosition?: bigint
  readonly json?: true
}
const { from, listen, firstPosition, json } = command.opts<Options>()
if ((from === undefined) === (listen === undefined)) command.error('error: name either --from or --listen')
// A copy says itself where its events were.
if (from !== undefined && firstPosition !== undefined)
  command.error('error: --first-position goes with --listen')

process.exitCode = await running(async (signal) => {
  if (from === undefined) {
    // The same rules for the address as a server's.
    env['EVENTSTORE_LISTEN'] = listen
    await listenForCopier(configOrExit(), { firstPosition: firstPosition ?? 1n, signal })
    return EXIT.holds
  }
  const { put, notices } = await putInto(configOrExit(), from, { withVault: false, signal })
  if (json === true) printJson({ ...putJson(put), notices: [...notices] })
  else print(putText(put))
  return EXIT.holds
})
