import { resolve } from 'node:path'
import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { makeCopy, type Made } from '../../src/operating/copies/make.ts'
import { openSources, type Wanted } from '../../src/operating/copies/sources.ts'
import type { JsonObject } from '../../src/json.ts'
import { configOrExit, EXIT, print, printJson, warn } from '../support.ts'
import { running, telling } from './running.ts'

/** `npm run export` and `npm run backup`: the same copy, with more in it or less. Answers the exit code. */
export const copyOut = (to: string, json: boolean, wanted: Wanted): Promise<number> =>
  running(async (signal) => {
    const sources = await openSources(configOrExit(), wanted)
    try {
      const made = await makeCopy(sources, resolve(to), {
        version: packageJson.version,
        now: Date.now,
        signal,
        onProgress: telling(),
        onNotice: warn,
      })
      if (json) printJson(madeJson(made))
      else print(madeText(made, resolve(to)))
      for (const blob of made.vault?.damaged ?? [])
        warn(`The blob ${blob} is damaged in the vault, and not in the copy`)
      return (made.vault?.damaged.length ?? 0) === 0 ? EXIT.holds : EXIT.holdsNot
    } finally {
      await sources.close()
    }
  })

const madeJson = ({ manifest, kept, keys, vault }: Made): JsonObject => {
  const { events, firstPosition, lastPosition, root, parts } = manifest
  return {
    ...{ events, kept, firstPosition, lastPosition, root },
    ...(keys === undefined ? {} : { keys }),
    ...(vault === undefined
      ? {}
      : {
          entries: vault.entries,
          counters: vault.counters,
          blobs: vault.blobs,
          damaged: [...vault.damaged],
        }),
    parts: parts.map((part) => ({ ...part })),
  }
}

const madeText = ({ manifest, kept, keys, vault }: Made, directory: string): string => {
  const { events, lastPosition, root } = manifest
  return [
    `${directory}: ${events} events up to position ${lastPosition} (${kept} were there), root ${root}`,
    ...(keys === undefined
      ? ['  without keys: what is sealed can never be opened with it alone']
      : [`  ${keys} keys`]),
    ...(vault === undefined
      ? []
      : [`  ${vault.entries} entries and ${vault.counters} counters of the vault, ${vault.blobs} blobs`]),
  ].join('\n')
}

/** What `export` and `backup` have in common. */
export const copyCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .requiredOption('--to <directory>', 'made if it is missing, mode 0700; its files have mode 0600')
    .option('--json', 'one JSON object on standard output')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))

export const COPY_HELP = `
Nothing in the stores is changed, and servers may run. The history is copied up to its head of the beginning, then what is needed to open it.
Interrupted in whatever way, the same command goes on where it was; a complete copy of the same history is brought up to date, and stays as
it was until the last moment. history.ndjson is one event a line, as it is stored, with its leaf of the tree; manifest.json is written last.

Exit codes: 0 the copy is whole; 1 the directory has something else in it, or a blob in the vault is damaged and was left out;
2 wrong usage, interrupted, disk full, or no stores.`
