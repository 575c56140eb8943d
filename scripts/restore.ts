import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { isObject, type Json } from '../src/json.ts'
import { putInto, putJson, putText } from './copies/putting.ts'
import { running } from './copies/running.ts'
import { configOrExit, EXIT, print, printJson } from './support.ts'

const command = new Command('restore')
  .description(
    'Puts a backup into the empty stores that the environment names, and verifies what stands there then.',
  )
  .requiredOption('--from <directory>', 'a copy that backup has made')
  .option('--without-damaged', 'leave out blobs whose bytes are not what their name says')
  .option('--json', 'one JSON object on standard output')
  .addHelpText(
    'after',
    `
History, keyring, vault and blobs; the documents are made when the server starts. Interrupted in whatever way, the same command goes on; no
server starts on half a restore. A backup brings back whoever was erased since it was made: erase again.

Exit codes: 0 all of it is there and verified; 1 the backup is damaged (also where that was left out), the stores are not empty, or
verify finds something; 2 wrong usage, interrupted, disk full, or no stores.`,
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .parse()

const { from, withoutDamaged, json } = command.opts<{
  readonly from: string
  readonly withoutDamaged?: true
  readonly json?: true
}>()

/** A program of its own, as always. */
const verify = async (): Promise<{ readonly code: number; readonly said: string }> => {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'verify.js')
  const child = spawn(process.execPath, [script, ...(json === true ? ['--json'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said, [code]] = await Promise.all([
    text(child.stdout),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code: code ?? EXIT.usage, said: said.trim() }
}

const parsed = (said: string): Json => {
  try {
    const value: unknown = JSON.parse(said)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

process.exitCode = await running(async (signal) => {
  const how = { withVault: true, withoutDamaged: withoutDamaged === true, signal }
  const { put, notices } = await putInto(configOrExit(), from, how)
  if (json !== true) print(putText(put))
  const { code, said } = await verify()
  if (json === true) printJson({ ...putJson(put), notices: [...notices], verify: parsed(said) })
  else print(said)
  return code === EXIT.holds && put.damaged.length > 0 ? EXIT.holdsNot : code
})
