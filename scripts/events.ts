import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { eventCatalog } from './events/catalog.ts'
import { catalogPage } from './events/page.ts'
import { EXIT, failWith, print, printJson, warn } from './support.ts'

const command = new Command('events')
  .description('The catalog of events, made from their codecs: docs/events.md.')
  .option('--write', 'writes the page')
  .option('--check', 'whether the page is what it should be')
  .option('--json', 'as JSON')
  .addHelpText(
    'after',
    '\nExit codes: 0 printed, written or up to date, 1 the page is another, 2 wrong usage.',
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .parse()

type Options = { readonly write?: true; readonly check?: true; readonly json?: true }

const PAGE = join('docs', 'events.md')

const run = async ({ write, check, json }: Options): Promise<number> => {
  const entries = eventCatalog()
  if (json === true) {
    printJson(entries)
    return EXIT.holds
  }
  const { format, resolveConfig } = await import('prettier')
  const page = await format(catalogPage(entries), { ...(await resolveConfig(PAGE)), filepath: PAGE })
  if (check === true) {
    if (readFileSync(PAGE, 'utf8') === page) return EXIT.holds
    warn(`${PAGE} is not what the codecs say: npm run events -- --write`)
    return EXIT.holdsNot
  }
  if (write === true) writeFileSync(PAGE, page)
  else print(page.trimEnd())
  return EXIT.holds
}

process.exitCode = await run(command.opts<Options>()).catch(failWith)
