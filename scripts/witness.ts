import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { READER_ARGUMENT, serveReader } from '../src/verifying/reading/child.ts'
import { startPool } from '../src/verifying/reading/pool.ts'
import type { Target } from '../src/verifying/targets.ts'
import { witness, type Outcome } from '../src/verifying/witnessing/witness.ts'
import { configOrExit, EXIT, failWith, print, printJson } from './support.ts'

type Options = {
  readonly to: string
  readonly url?: string
  readonly tokenFile?: string
  readonly json?: true
}

const textOf = (outcome: Outcome): string => {
  switch (outcome.is) {
    case 'added':
      return `Witnessed ${outcome.size} events.\n${outcome.note}`
    case 'known':
      return `Nothing new: ${outcome.size} events are witnessed already.`
    case 'refused':
      return `Not witnessed: ${outcome.why}`
    case 'forked':
      return `FORK: ${outcome.why}\nThe evidence is in ${outcome.evidence}`
  }
}

const serverOf = async (command: Command, url: string, tokenFile: string | undefined): Promise<Target> => {
  if (tokenFile === undefined || !URL.canParse(url))
    return command.error('error: --url is a URL and goes with --token-file')
  return { kind: 'server', url, token: (await readFile(tokenFile, 'utf8')).trim() }
}

const main = async (script: string): Promise<number> => {
  const command = new Command('witness')
    .description(
      "Adds the newest signed head to a file that is kept elsewhere, after it has made sure that the history goes on from the last one there: over a server's proofs, or by reading the history of the stores that the environment names.",
    )
    .requiredOption('--to <file>', 'the file with the heads; the first head pins the key')
    .option('--url <url>', 'a running server')
    .option('--token-file <file>', 'with --url: holds the token of a stores user who may read the history')
    .option('--json', 'one JSON object on standard output')
    .addHelpText(
      'after',
      `
If the history forked or shrank, or the key changed, nothing is added, and both heads are put into FILE.fork. May be interrupted and
repeated at any time.

Exit codes: 0 witnessed, or nothing new; 1 it forked, shrank, has another key or does not hold; 2 wrong usage, interrupted, or no signed
head to be had.`,
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
    .parse()
  const { to, url, tokenFile, json } = command.opts<Options>()
  if (url === undefined) configOrExit()
  const target = url === undefined ? ({ kind: 'stores' } as const) : await serverOf(command, url, tokenFile)
  const outcome = await witness(target, to, (source) => startPool(source, script))
  if (json === true) printJson(outcome)
  else print(textOf(outcome))
  return outcome.is === 'added' || outcome.is === 'known' ? EXIT.holds : EXIT.holdsNot
}

const [, script = '', argument] = process.argv
if (argument === READER_ARGUMENT) serveReader(configOrExit)
else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(failWith('Interrupted')))
  process.exitCode = await main(script).catch(failWith)
}
