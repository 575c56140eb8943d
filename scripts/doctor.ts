import { access, constants } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { env, getuid, version } from 'node:process'
import { Command } from 'commander'
import { freeBytes } from '../src/embedded/directory.ts'
import { examine, hasFailed, toldJson, toldText, type Told } from '../src/operating/doctor/doctor.ts'
import { openSubject } from '../src/operating/doctor/open.ts'
import { EXIT, failWith, print, printJson } from './support.ts'

const command = new Command('doctor')
  .description(
    'Looks whether a server can run here, and what is wrong; changes nothing, also beside a running one.',
  )
  .option('--json', 'one JSON object on standard output')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .addHelpText('after', '\nExit codes: 0 nothing failed, 1 something did, 2 wrong usage.')
  .parse()

const main = async (json: boolean): Promise<number> => {
  const { subject, close } = openSubject({
    ...{ env, freeBytes, nodeVersion: version, now: Date.now, temporary: tmpdir() },
    user: getuid?.(),
    mayUse: (path) =>
      access(path, constants.R_OK | constants.W_OK).then(
        () => true,
        () => false,
      ),
  })
  try {
    const all: Told[] = []
    for await (const told of examine(subject)) {
      all.push(told)
      if (!json) print(toldText(told))
    }
    if (json) printJson(toldJson(all))
    return hasFailed(all) ? EXIT.holdsNot : EXIT.holds
  } finally {
    await close()
  }
}

process.exitCode = await main(command.opts<{ readonly json?: true }>().json === true).catch(failWith)
