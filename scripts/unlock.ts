import { Command } from 'commander'
import { directoryText, unlockWhere } from '../src/operating/unlock-where.ts'
import { allReleased, unlockTexts } from '../src/operating/unlock.ts'
import { configOrExit, EXIT, failWith, print, printJson } from './support.ts'

const command = new Command('unlock')
  .description('Shows who has the data directory and who holds which lease, and releases those of the dead.')
  .argument('[leases...]', 'leases to release')
  .option('--all-dead', 'release every lease whose holder is dead')
  .option('--force', 'also one whose holder may be alive')
  .option('--sign-in <login>', 'forget the failed attempts of a login, from the address in --from')
  .option('--from <address>', 'as the server sees the caller')
  .option('--json', 'one JSON object on standard output')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .addHelpText(
    'after',
    [
      '\nThe operating system holds the lock on a data directory and drops it with its process: there is nothing to unlock there.',
      'Leases run out by themselves; releasing one of a dead holder saves that time. A dead holder is known as such on the',
      'machine, and in the container, that it ran on; elsewhere --force is needed.',
      '\nExit codes: 0 shown, and what was to be released is; 1 something was not released; 2 wrong usage or no stores.',
    ].join('\n'),
  )
  .parse()

const options = command.opts<{
  readonly allDead?: true
  readonly force?: true
  readonly signIn?: string
  readonly from?: string
  readonly json?: true
}>()
const config = configOrExit()

const main = async (): Promise<number> => {
  const { allDead = false, force = false, signIn: login, from: address } = options
  if ((login === undefined) !== (address === undefined))
    return failWith('--sign-in and --from belong together')
  const result = await unlockWhere(config, {
    release: [...command.args],
    ...{ allDead, force },
    ...(login === undefined || address === undefined ? {} : { signIn: { login, address } }),
  })
  if (options.json === true) printJson(result)
  else [...directoryText(result), ...unlockTexts(result)].forEach(print)
  return allReleased(result) ? EXIT.holds : EXIT.holdsNot
}

process.exitCode = await main().catch(failWith)
