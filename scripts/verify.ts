import { readFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { parseKey, type VerifierKey } from '../src/verifying/notes.ts'
import { READER_ARGUMENT, serveReader } from '../src/verifying/reading/child.ts'
import { startPool } from '../src/verifying/reading/pool.ts'
import { verdictJson, verdictText } from '../src/verifying/report.ts'
import { verifyTarget, type Target } from '../src/verifying/targets.ts'
import { configOrExit, EXIT, failWith, print, printJson, warn } from './support.ts'

const verifierKey = (text: string): VerifierKey => {
  const key = parseKey(text.trim())
  if (key === undefined) throw new InvalidArgumentError('a verifier key is <origin>+<8 hex digits>+<base64>')
  return key
}

type Options = {
  readonly url?: string
  readonly tokenFile?: string
  readonly key?: VerifierKey
  readonly json?: true
}

const targetOf = async (command: Command): Promise<Target> => {
  const { url, tokenFile } = command.opts<Options>()
  const [path] = command.args
  if (url === undefined) {
    // Faults of the environment are said by this process, not by those that read.
    if (path === undefined) configOrExit()
    return path === undefined ? { kind: 'stores' } : { kind: 'path', path }
  }
  if (path !== undefined || tokenFile === undefined)
    return command.error('error: --url goes with --token-file and without a path')
  if (!URL.canParse(url)) return command.error('error: --url: this is no URL')
  return { kind: 'server', url, token: (await readFile(tokenFile, 'utf8')).trim() }
}

/** Who waits for long is told that it moves. */
const telling = (): ((events: number) => void) => {
  let told = performance.now()
  return (events) => {
    if (performance.now() - told < PROGRESS_MS) return
    told = performance.now()
    warn(`${events} events verified`)
  }
}

const PROGRESS_MS = 2_000

const main = async (script: string): Promise<number> => {
  const command = new Command('verify')
    .description(
      'Verifies a history against its tree and its signed heads, in a program that shares no code with what writes them: the stores that the environment names, of a running or stopped server or a copied directory; a copy or an exported history; or a server over HTTP.',
    )
    .argument('[path]', "a copy's directory, or an exported history.ndjson")
    .option('--url <url>', 'a running server')
    .option('--token-file <file>', 'with --url: holds the token of a stores user who may read the history')
    .option('--key <key>', 'the verifier key that every signed head has to be of', verifierKey)
    .option('--json', 'one JSON object on standard output')
    .addHelpText(
      'after',
      `
Nothing is changed. Whatever does not fit is named with the first position where it does not. Events that were appended since the tree or
the newest signed head are counted as not yet covered.

Exit codes: 0 it holds; 1 it does not hold, or is damaged; 2 wrong usage, interrupted, or nothing there or to be reached.`,
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
    .parse()
  const { key, json } = command.opts<Options>()
  const verdict = await verifyTarget(await targetOf(command), (source) => startPool(source, script), {
    key,
    onProgress: telling(),
  })
  if (json === true) printJson(verdictJson(verdict))
  else print(verdictText(verdict))
  return verdict.faults.length === 0 ? EXIT.holds : EXIT.holdsNot
}

const [, script = '', argument] = process.argv
if (argument === READER_ARGUMENT) serveReader(configOrExit)
else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(failWith('Interrupted')))
  process.exitCode = await main(script).catch(failWith)
}
