import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { createLease } from '../src/commands/lease.ts'
import { isObject, type Json, type JsonObject } from '../src/json.ts'
import { adminSocketPath, DirectoryInUse, historyPath } from '../src/embedded/directory.ts'
import { PROJECTOR_LEASE_MS, REPLACED_KEEP_MS } from '../src/limits.ts'
import { askServer } from '../src/operating/admin.ts'
import { allHold, rebuildJob, resultTexts, type ProgressLine } from '../src/operating/rebuild.ts'
import { openStores, type Stores } from '../src/stores.ts'
import { keepLease } from '../src/projecting/projector.ts'
import { startRunner } from '../src/projecting/runner.ts'
import { PROJECTIONS } from '../projections/registry.ts'
import { configOrExit, EXIT, failWith, print, printJson, warn } from './support.ts'

const command = new Command('rebuild')
  .description('Builds read models anew from the history, beside the serving ones, and lets them take over.')
  .argument('[names...]', 'projections; without any, all of them')
  .option('--check', 'compare with the serving documents byte for byte instead of taking over')
  .option('--json', 'one JSON object on standard output')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT.holds : EXIT.usage))
  .addHelpText(
    'after',
    '\nExit codes: 0 it holds, 1 something differs or stopped, 2 wrong usage, interrupted or no stores.',
  )
  .parse()

// As the server does.
process.umask(0o077)

const options = command.opts<{ readonly check?: true; readonly json?: true }>()
const config = configOrExit()

const onLine = (line: JsonObject): void => {
  if (options.json === true || !isObject(line.progress)) return
  const { projection, position, head, eventsPerSecond, secondsLeft } = line.progress as ProgressLine
  const share = head === '0' ? 100 : Math.floor((Number(position) / Number(head)) * 100)
  print(
    `${projection}: ${share} % (${position} of ${head}), ${eventsPerSecond} events/s, ${secondsLeft} s left`,
  )
}

const leave = (error: unknown): void => process.exit(failWith(error))

type Ending = {
  /** An operator breaks it off. */
  readonly stop: AbortSignal
  /** Somebody else keeps the documents now. */
  readonly lost?: AbortSignal
}

const rebuildHere = async (stores: Stores, input: JsonObject, { stop, lost }: Ending): Promise<Json> => {
  // Shared documents that are ahead of a strange or empty history are not its own, and would begin anew.
  if (stores.isShared && !(await stores.isFounded())) throw new Error('Nobody has begun this history')
  const runner = await startRunner({
    ...stores,
    projections: PROJECTIONS,
    onApplied: () => undefined,
    onStopped: (name, { position, error }) => warn(`${name} stops at ${position}: ${error}`),
    onBroken: leave,
    ...(stores.isShared ? { keepReplacedMs: REPLACED_KEEP_MS } : {}),
  })
  lost?.addEventListener('abort', () => void runner.close())
  if (lost?.aborted === true) await runner.close()
  try {
    return await rebuildJob(runner)(input, {
      tell: onLine,
      signal: AbortSignal.any([stop, ...(lost === undefined ? [] : [lost])]),
    })
  } finally {
    await runner.close()
  }
}

/** Of all who share the documents one keeps them: as long as this rebuilds them, it does. */
const rebuildWithLease = async (stores: Stores, input: JsonObject, { stop }: Ending): Promise<Json> => {
  const lease = createLease(stores.vault, 'projector', PROJECTOR_LEASE_MS)
  if (!(await lease.hold())) throw new Error(KEPT_ELSEWHERE)
  const lost = new AbortController()
  const done = new AbortController()
  const keeping = keepLease(lease, done.signal).then(() => {
    if (!done.signal.aborted) lost.abort()
  })
  try {
    return await rebuildHere(stores, input, { stop, lost: lost.signal })
  } catch (error) {
    throw lost.signal.aborted ? new Error(LEASE_LOST) : error
  } finally {
    done.abort()
    await keeping
    await lease.release().catch(() => undefined)
  }
}

const KEPT_ELSEWHERE =
  'A projector elsewhere keeps the documents: run this there, with the same DATA_DIR, or stop it (if it was killed, wait some seconds)'
const LEASE_LOST =
  'The right to keep the documents was lost, to another process or because the server was away; what was begun goes on with the next rebuild'

const open = async (): Promise<Stores | DirectoryInUse> => {
  try {
    return await openStores(config, {
      onFatal: leave,
      onRepair: (reason) => warn(`The documents are made anew: ${reason}`),
    })
  } catch (error) {
    if (error instanceof DirectoryInUse) return error
    throw error
  }
}

/** `undefined`: no process with this DATA_DIR keeps the documents. */
const askHere = async (input: JsonObject): Promise<Json | undefined> => {
  try {
    return await askServer(await adminSocketPath(config.storage.dataDir), 'rebuild', input, onLine)
  } catch (error) {
    if (isNobody(error) || (error instanceof Error && isNobody(error.cause))) return undefined
    throw error
  }
}

/** No socket there, or one that a dead process left. */
const isNobody = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')

const run = async (input: JsonObject): Promise<Json> => {
  const { dataDir, eventStoreUrl, mongoUrl } = config.storage
  if (eventStoreUrl !== undefined && mongoUrl !== undefined) {
    const answer = await askHere(input)
    if (answer !== undefined) return answer
  }
  // Opening would make what is not there.
  if (eventStoreUrl === undefined && !existsSync(historyPath(dataDir)))
    throw new Error(`There is no history in ${dataDir}`)
  const stores = await open()
  if (stores instanceof DirectoryInUse)
    return askServer(await adminSocketPath(stores.path), 'rebuild', input, onLine)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  try {
    return await (stores.isShared ? rebuildWithLease : rebuildHere)(stores, input, { stop: stop.signal })
  } finally {
    await stores.close()
  }
}

const main = async (): Promise<number> => {
  const result = await run({ names: command.args, check: options.check === true })
  if (options.json === true) printJson(result)
  else resultTexts(result).forEach(print)
  return allHold(result) ? EXIT.holds : EXIT.holdsNot
}

process.exitCode = await main().catch(failWith)
